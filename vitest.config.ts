import { defineConfig } from "vitest/config"

// What measures time runs one file after another when the rest is done: the other tests would be measured too.
const timed = ["test/core/totality.test.ts", "test/package/size.test.ts", "test/password/*.test.ts"]
// What builds whole Next.js applications runs by a command of its own.
const next = "test/apps/next/**/*.test.ts"

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: "tests", include: ["test/**/*.test.ts"], exclude: [...timed, next, "**/node_modules/**"] },
      },
      { extends: true, test: { name: "next", include: [next], fileParallelism: false, hookTimeout: 300_000 } },
      { extends: true, test: { name: "timed", include: timed, fileParallelism: false, sequence: { groupOrder: 1 } } },
    ],
  },
})
