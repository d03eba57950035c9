import { defineConfig } from "vitest/config"

const folders = "{core,request,wrappers,tokens,throttle,sign-in,audit,proof,platform,advisories}"
// Tests that need a server or a separate process, or take longer than all the others.
const left = ["audit/audit-stores", "core/totality", "throttle/parallel-guesses", "tokens/stores"]
// Each of these looks at thousands of values, for seconds.
const long = [
  "a million keys",
  "is total",
  "whatever the options, what is written",
  "whatever it is given, the result",
  "accept exactly their alphabets",
  "no duplicates and no bias",
]

/** The tests that mutations are tried on: those that need only the memory adapter. The root is the copy that Stryker makes. */
export default defineConfig({
  test: {
    include: [`test/${folders}/*.test.ts`],
    exclude: left.map((name) => `test/${name}.test.ts`),
    testNamePattern: new RegExp(`^(?!.*(${long.join("|")}))`),
    testTimeout: 30_000,
  },
})
