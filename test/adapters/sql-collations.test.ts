import { afterAll, expect, test } from "vitest"
import { pgAdapter } from "../../adapters/pg.ts"
import { schema } from "../../adapters/sql.ts"
import { postgresServer } from "../servers.ts"

const server = await postgresServer()
afterAll(() => server?.close())

const times = { createdAt: new Date(1), expiresAt: new Date(2) }
const insensitive = `(provider = icu, locale = 'und-u-ks-level2', deterministic = false)`

test.skipIf(!server).for([
  ["text", "TEXT", "TEXT"],
  ["varchar", "VARCHAR(50)", "VARCHAR(50)"],
  ["text under a collation that ignores case", "TEXT COLLATE insensitive", "TEXT"],
  ["text, and the sessions' under a collation of its own", "TEXT", `TEXT COLLATE "C"`],
])("user ids are told apart byte for byte in PostgreSQL's %s", async ([, id, owner]) => {
  if (!server) return
  const { pool } = server
  await pool.query(`DROP TABLE IF EXISTS user_key, session, "user"`)
  await pool.query(`CREATE COLLATION IF NOT EXISTS insensitive ${insensitive}`)
  await pool.query(`CREATE TABLE "user" (id ${id} PRIMARY KEY, username TEXT)`)
  for (const statement of schema("postgres"))
    await pool.query(statement.replaceAll(/user_id TEXT NOT NULL[^,]*/g, `user_id ${owner} NOT NULL`))
  const adapter = pgAdapter<{ id: string; username: string }>(pool)
  await adapter.insertUser({ id: "alice", attributes: { username: "a" } }, null)
  await adapter.insertSession({ id: "s1", userId: "alice", ...times, attributes: {} })

  expect((await adapter.findSession("s1"))?.user).toEqual({ id: "alice", username: "a" })
  expect(await adapter.findUser("alice")).not.toBeNull()
  for (const other of ["Alice", "alice ", "álice"]) {
    expect(await adapter.findUser(other)).toBeNull()
    expect(await adapter.updateUser(other, { username: "b" })).toBe("missing")
    await adapter.deleteUser(other)
    await expect(adapter.insertSession({ id: "s2", userId: other, ...times, attributes: {} })).rejects.toMatchObject({
      code: "user_missing",
    })
  }
  await pool.query(`UPDATE session SET user_id = 'ALICE'`)
  expect((await adapter.findSession("s1"))?.user).toBeNull()
})
