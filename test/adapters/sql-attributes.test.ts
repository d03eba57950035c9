import Database from "better-sqlite3"
import { describe, expect, test } from "vitest"
import { betterSqlite3Adapter } from "../../adapters/better-sqlite3.ts"
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
    adapter: (options) => betterSqlite3Adapter<TestUser, TestSession>(db, options),
    run: async (sql) => {
      const statement = db.prepare(sql)
      if (statement.reader) return statement.all() as Row[]
      statement.run()
      return []
    },
  }
}
