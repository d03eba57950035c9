import { DatabaseSync } from "node:sqlite"
import { expect, test } from "vitest"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { testAdapter } from "../../src/testing.ts"
import { testTables } from "./sql-stores.ts"

testAdapter(test, () => {
  const db = new DatabaseSync(":memory:")
  for (const statement of testTables("sqlite", "text")) db.exec(statement)
  const insert = db.prepare(`INSERT INTO "user" (id, username) VALUES (?, ?)`)
  return {
    adapter: nodeSqliteAdapter<{ id: string; username: string }, { label?: string | null }>(db),
    addUser: ({ id, username }) => insert.run(String(id), username),
    close: () => db.close(),
  }
})

test("nodeSqliteAdapter() prepares each statement once", async () => {
  const db = new DatabaseSync(":memory:")
  for (const statement of testTables("sqlite", "text")) db.exec(statement)
  const prepared: string[] = []
  const adapter = nodeSqliteAdapter<{ id: string; username: string }>({
    exec: (sql) => db.exec(sql),
    prepare: (sql) => (prepared.push(sql), db.prepare(sql)),
  })
  for (let n = 0; n < 3; n++) {
    await adapter.insertUser({ id: `user-${n}`, attributes: { username: `name-${n}` } }, null)
    await adapter.findSession("a")
    await adapter.listSessions("user-1")
  }
  expect(prepared.length).toBe(new Set(prepared).size)
  db.close()
})

test("nodeSqliteAdapter() reads a row as it is, whatever its numbers look like to the driver", async () => {
  const db = new DatabaseSync(":memory:", { readBigInts: true })
  for (const statement of testTables("sqlite", "integer")) db.exec(statement)
  const adapter = nodeSqliteAdapter<{ id: number; username: string }>(db, { userIdType: "integer" })
  await adapter.insertUser({ id: 7, attributes: { username: "seven" } }, null)
  const times = { createdAt: new Date(1234), expiresAt: new Date(5678) }
  await adapter.insertSession({ id: "a", userId: 7, ...times, attributes: {} })
  expect(await adapter.findSession("a")).toMatchObject({ session: { userId: 7, ...times }, user: { id: 7 } })
  expect(await adapter.deleteSession("a")).toBe(true)
  db.close()
})

test("an attribute `persistent` without a column names the argument that it was meant for", async () => {
  const db = new DatabaseSync(":memory:")
  for (const statement of testTables("sqlite", "text")) db.exec(statement)
  const adapter = nodeSqliteAdapter<{ id: string; username: string }>(db)
  const times = { createdAt: new Date(1), expiresAt: new Date(2) }
  const insert = (attributes: object) => adapter.insertSession({ id: "a", userId: "1", ...times, attributes })
  await expect(insert({ persistent: false })).rejects.toThrow("give it to signIn() as the third argument")
  await expect(insert({ other: 1 })).rejects.toThrow("add it, or leave it out")
  await expect(insert({ constructor: 1 })).rejects.toThrow("add it, or leave it out")
  db.close()
})

test("a session table from before second factors is refused with the columns that it needs", async () => {
  const db = new DatabaseSync(":memory:")
  for (const statement of testTables("sqlite", "text")) db.exec(statement)
  const adapter = nodeSqliteAdapter<{ id: string; username: string }>(db)
  const session = { id: "a", userId: "1", createdAt: new Date(1), expiresAt: new Date(2) }
  for (const name of ["methods", "authenticated_at"]) {
    const inserted = adapter.insertSession({ ...session, attributes: { [name]: 1 } })
    await expect(inserted).rejects.toThrow("add the assuranceColumns to it: methods TEXT, authenticated_at BIGINT")
  }
  db.close()
})
