import { readFileSync } from "node:fs"
import { afterAll, describe, expect, test } from "vitest"
import { runtimeMatrix } from "../../../.ci/matrices.mjs"
import { temporaryFolder } from "../../package/tarball.ts"
import { leftOut } from "./left-out.ts"
import packages from "./package.json" with { type: "json" }
import { makeApp, runtimes } from "./runtimes.ts"
import type { CaseResult, Runtime } from "./runtimes.ts"

const isShort = Boolean(process.env.NIGHTLATCH_SHORT)
const due = runtimes.filter((runtime) => runtime.isShort || !isShort)
const { path: folder, remove } = await temporaryFolder()
afterAll(remove)
await makeApp(folder)
const runs: Awaited<ReturnType<typeof runIn>>[] = []
// One after another: each hashes passwords, which takes all of a processor.
for (const runtime of due) runs.push(await runIn(runtime))

// Each case is run by its runtime; here it is told apart and counted.
for (const { title: runtime, error, cases } of runs) {
  describe(runtime, () => {
    test("runs the suite", () => {
      if (error) throw error
    })
    for (const part of new Set(cases.map(({ part }) => part))) {
      describe(part, () => {
        for (const { title, failure, expected } of cases.filter((each) => each.part === part)) {
          test(title, () => (expected ? expect(failure).toMatch(expected) : expect(failure).toBeNull()))
        }
      })
    }
  })
}

test("every runtime runs the same cases", () => {
  const [first = [], ...others] = runs.map(({ cases }) => cases.map(({ part, name }) => `${part}: ${name}`))
  expect(first.length).toBeGreaterThan(200)
  for (const names of others) expect(names).toEqual(first)
  expect(new Set(first).size).toBe(first.length)
})

test("what is left out is a case, in runtimes that there are", () => {
  for (const { part, name, runtimes: those } of leftOut) {
    expect(runs[0]?.cases).toContainEqual(expect.objectContaining({ part, name }))
    expect(runtimes.map((runtime) => runtime.name)).toEqual(expect.arrayContaining(those))
  }
})

test("each runtime has the version that was asked for", async () => {
  const wanted = Object.values({ ...packages.devDependencies, ...packages.optionalDependencies })
  // Miniflare chooses workerd.
  const named = runtimes.filter(({ name }) => !name.startsWith("workerd"))
  const found = await Promise.all(named.map((runtime) => runtime.version()))
  expect(wanted.map((version) => version.split("@").at(-1))).toEqual(expect.arrayContaining(found))
  expect(found.slice(0, 4).map((version) => version.split(".", 1)[0])).toEqual(["20", "22", "24", "26"])
})

test("docs/runtimes.md names the versions", async () => {
  const page = readFileSync("../../../docs/runtimes.md", "utf8")
  for (const runtime of runtimes) expect(page).toContain(await runtime.version())
})

afterAll(() => {
  const assertionResults = runs.flatMap(({ title: runtime, cases }) =>
    cases.map(({ part, title, failure, expected }) => ({
      ancestorTitles: [runtime, part],
      title,
      status: (expected ? expected.test(failure ?? "") : failure === null) ? "passed" : "failed",
    })),
  )
  const lines = leftOut.map(
    ({ name, runtimes: those, reason }) => `Left out in ${those.join(", ")}: ${name} (${reason})`,
  )
  const others = runtimes
    .filter((runtime) => !due.includes(runtime))
    .map(({ name }) => `Not in the short form: ${name}`)
  console.log([runtimeMatrix([{ assertionResults }]), ...lines, ...others].join("\n"))
})

async function runIn(runtime: Runtime) {
  try {
    const title = `${runtime.name} (${await runtime.version()})`
    return { title, error: null, cases: (await runtime.run(folder)).map((result) => judge(runtime, result)) }
  } catch (error) {
    return { title: runtime.name, error, cases: [] }
  }
}

// A case that is left out has a title that says why, and must fail as expected.
function judge({ name: runtime }: Runtime, result: CaseResult) {
  const { part, name } = result
  const exception = leftOut.find((each) => each.part === part && each.name === name && each.runtimes.includes(runtime))
  return { ...result, title: exception ? `left out, ${exception.reason}: ${name}` : name, expected: exception?.failure }
}
