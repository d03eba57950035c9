import { readFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { nodeSqliteExecutor } from "../../../adapters/node-sqlite.ts"
import { pgExecutor } from "../../../adapters/pg.ts"
import type { Row } from "../../../adapters/sql/executor.ts"
import type { DriverExecutor } from "../../../adapters/sql.ts"
import { testAdapter } from "../../../src/testing.ts"
import { postgresServer } from "../../servers.ts"
import type { TestSession, TestUser } from "../sql-stores.ts"
import { empty, testTables } from "../sql-stores.ts"
import { counterCases, counterSchema, memoryCounters, sqlCounters } from "./counter-port.ts"
import type { ToyClient } from "./toy-driver.ts"
import { toyAdapter, toyExecutor } from "./toy-driver.ts"

const db = new DatabaseSync(":memory:")
const client: ToyClient = {
  async send(sql, params) {
    const statement = db.prepare(sql)
    const rows = statement.columns().length > 0 ? (statement.all(...(params as string[])) as Row[]) : []
    return { rows, changed: rows.length > 0 ? 0 : Number(statement.run(...(params as string[])).changes) }
  },
}
for (const statement of testTables("sqlite", "text")) db.exec(statement)
afterAll(() => db.close())

describe("a new SQL driver", () => {
  testAdapter(test, async () => {
    await empty({ dialect: "sqlite", run: async (sql) => (await client.send(sql, [])).rows })
    const adapter = toyAdapter<TestUser, TestSession, keyof TestUser>(client)
    return {
      adapter,
      addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
    }
  })

  test("takes at most 60 lines", () => {
    expect(linesOf("toy-driver.ts")).toBeLessThanOrEqual(60)
  })
})

describe("a new port", async () => {
  const server = await postgresServer()
  afterAll(() => server?.close())
  const executors: Record<string, DriverExecutor> = {
    "node:sqlite": nodeSqliteExecutor(new DatabaseSync(":memory:")),
    "the toy driver": toyExecutor(client),
    ...(server && { pg: pgExecutor(server.pool) }),
  }
  beforeAll(async () => {
    for (const executor of Object.values(executors))
      for (const statement of counterSchema(executor.dialect)) await executor.execute(statement, [])
  })

  const stores = { memory: memoryCounters, ...over(executors) }
  for (const [name, open] of Object.entries(stores)) {
    const counters = open()
    describe(`over ${name}`, () => {
      for (const { name: sentence, run } of counterCases) test(sentence, () => run(counters))
    })
  }

  test("takes at most 150 lines, with its statements, its table, its store in memory and its cases", () => {
    expect(linesOf("counter-port.ts")).toBeLessThanOrEqual(150)
  })
})

function over(executors: Record<string, DriverExecutor>) {
  return Object.fromEntries(Object.entries(executors).map(([name, executor]) => [name, () => sqlCounters(executor)]))
}

function linesOf(file: string): number {
  return readFileSync(new URL(file, import.meta.url), "utf8")
    .trimEnd()
    .split("\n").length
}
