import Database from "better-sqlite3"
import { expect, test } from "vitest"
import { betterSqlite3Adapter } from "../../adapters/better-sqlite3.ts"
import { testAdapter } from "../../src/testing.ts"
import { testTables } from "./sql-stores.ts"

testAdapter(test, () => {
  const db = openDatabase()
  const insert = db.prepare(`INSERT INTO "user" (id, username) VALUES (?, ?)`)
  return {
    adapter: betterSqlite3Adapter<{ id: string; username: string }, { label?: string | null }>(db),
    addUser: ({ id, username }) => insert.run(id, username),
    close: () => db.close(),
  }
})

test("betterSqlite3Adapter() uses the caller's transaction, which decides about everything", async () => {
  const db = openDatabase()
  const adapter = betterSqlite3Adapter<{ id: string; username: string }>(db, { inTransaction: true })
  const key = { providerId: "username", providerUserId: "alice", passwordHash: null }
  db.exec("BEGIN")
  await adapter.insertUser({ id: "user-1", attributes: { username: "alice" } }, key)
  expect(await adapter.insertUser({ id: "user-2", attributes: { username: "bob" } }, key)).toEqual({ taken: "key" })
  expect(db.prepare(`SELECT id FROM "user"`).all()).toEqual([{ id: "user-1" }])
  db.exec("ROLLBACK")
  expect(await adapter.findKey("username", "alice")).toBeNull()
  expect(await adapter.findUser("user-1")).toBeNull()
  db.close()
})

function openDatabase(): Database.Database {
  const db = new Database(":memory:")
  for (const statement of testTables("sqlite", "text")) db.exec(statement)
  return db
}
