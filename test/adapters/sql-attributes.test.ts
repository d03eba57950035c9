import Database from "better-sqlite3"
import { describe, expect, test } from "vitest"
import { betterSqlite3Adapter } from "../../adapters/better-sqlite3.ts"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import type { Row } from "../../adapters/sql/executor.ts"
import type { AttributeSetup } from "./attribute-cases.ts"
import { attributeCases } from "./attribute-cases.ts"
import { driverStores } from "./driver-stores.ts"
import type { TestSession, TestUser } from "./sql-stores.ts"
import { empty, everyStore, testTables } from "./sql-stores.ts"

const own = (await everyStore()).map((store) => ({ ...store, name: `sqlAdapter() on ${store.dialect}` }))

for (const store of [...own, ...(await driverStores())]) {
  describe(`[F18] ${store.name}`, () => {
    for (const { name, run } of attributeCases) {
      test(name, async () => {
        await empty(store)
        await run(store, expect)
      })
    }
  })
}

// It takes neither booleans nor dates.
describe("[F18] betterSqlite3Adapter()", () => {
  for (const { name, run } of attributeCases) test(name, () => run(openBetterSqlite3(), expect))
})

function openBetterSqlite3(): AttributeSetup {
  const db = new Database(":memory:")
  for (const statement of testTables("sqlite", "text")) db.exec(statement)
  return {
    dialect: "sqlite",
    adapter: (options) => betterSqlite3Adapter<TestUser, TestSession, keyof TestUser>(db, options),
    run: async (sql) => {
      const statement = db.prepare(sql)
      if (statement.reader) return statement.all() as Row[]
      statement.run()
      return []
    },
  }
}

const odd: Record<DialectName, string[]> = {
  sqlite: ["BLOB", "x'00ff01'", "BLOB", "x''"],
  postgres: [
    "TIMESTAMPTZ",
    "'infinity'",
    "DATE",
    "'-infinity'",
    "TIMESTAMPTZ",
    "'2031-02-03T04:05:06.789Z'",
    "INTERVAL",
    "'1 day 02:00:00.5'",
    "POINT",
    "'(1,-2.5)'",
    "CIRCLE",
    "'<(1,2),3>'",
    "BIT(3)",
    "'101'",
  ],
  mysql: ["BIT(1)", "1", "BIT(12)", "2049", "TIME", "'26:00:00'", "YEAR", "2031", "SET('a','b')", "'a,b'"],
}

test.for(await everyStore())(
  "[F18] what sqlAdapter() on $dialect reads can be written by a rotation",
  async (store) => {
    await empty(store)
    const all = odd[store.dialect].flatMap((type, n, list) => (n % 2 ? [] : [[`odd_${n}`, type, list[n + 1]] as const]))
    for (const [name, type] of all) await store.run(`ALTER TABLE session ADD COLUMN ${name} ${type}`)
    const adapter = store.adapter()
    const session = { userId: "alice", createdAt: new Date(1), expiresAt: new Date(2) }
    await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
    await adapter.insertSession({ ...session, id: "s1", attributes: {} })
    await store.run(`UPDATE session SET ${all.map(([name, , value]) => `${name} = ${value}`).join(", ")}`)
    const before = (await adapter.findSession("s1"))?.session.attributes ?? {}
    expect(await adapter.replaceSession("s1", { ...session, id: "s2", attributes: before })).toBe(true)
    expect((await adapter.findSession("s2"))?.session.attributes).toEqual(before)
    for (const [name] of all) await store.run(`ALTER TABLE session DROP COLUMN ${name}`)
  },
)
