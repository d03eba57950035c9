import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, describe, expect, test } from "vitest"
import { adapterCases } from "../../../src/testing/adapter-cases.ts"
import { driverCases } from "../../adapters/driver-cases.ts"
import { testTables } from "../../adapters/sql-stores.ts"

const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
afterAll(() => rmSync(folder, { recursive: true }))

const types = ["text", "integer", "bigint", "uuid"] as const
const cases = await runInBun()

// Each of them is run by Bun; here it is told apart and counted.
describe("bunSqliteAdapter() in Bun", () => {
  test("runs the whole suite for every type of ids, and what every driver must do", () => {
    expect(cases).toHaveLength(types.length * 2 * adapterCases.length + driverCases.length + 1)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  })

  for (const { name, failure } of cases) {
    // The suite's cases are told apart by what they are run with.
    const [, setup, ownName] = /^(\w+ ids, safeIntegers \w+): ([^]*)$/.exec(name) ?? [null, "as every driver", name]
    describe(setup, () => void test(ownName, () => expect(failure).toBeNull()))
  }
})

/** Runs the cases in Bun, and reads what became of each. */
async function runInBun() {
  const report = join(folder, "bun.xml")
  const tables = Object.fromEntries(types.map((type) => [type, testTables("sqlite", type)]))
  const args = ["test", "--reporter=junit", `--reporter-outfile=${report}`, "./bun-cases.ts"]
  const env = { ...process.env, NIGHTLATCH_TABLES: JSON.stringify(tables) }
  const { code, output } = await promisify(execFile)("node_modules/.bin/bun", args, {
    cwd: import.meta.dirname,
    env,
  }).then(
    ({ stderr }) => ({ code: 0, output: stderr }),
    ({ code, stderr, message }) => ({ code, output: stderr ?? message }),
  )
  const found = casesOf(readFileSync(report, "utf8"))
  const isFailed = found.some(({ failure }) => failure !== null)
  if ((code !== 0) !== isFailed) throw new Error(`Bun ended with ${code}: ${output}`)
  return found
}

function casesOf(report) {
  return [...report.matchAll(/<testcase\s([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)].map(([, attributes, inner]) => ({
    name: unescaped(/\bname="([^"]*)"/.exec(attributes)![1]),
    failure: inner?.trim() || null,
  }))
}

function unescaped(text) {
  const entities = { apos: "'", quot: '"', lt: "<", gt: ">", amp: "&" }
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) => (code ? String.fromCodePoint(code) : entities[name]))
}
