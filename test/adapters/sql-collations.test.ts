import { DatabaseSync } from "node:sqlite"
import { afterAll, expect, test } from "vitest"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { schema } from "../../adapters/sql.ts"
import type { SessionAdapter, UserAdapter } from "../../src/index.ts"
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

test.skipIf(!server).for(["CHAR(64)", "TEXT COLLATE insensitive"])(
  "session ids and keys are told apart byte for byte in PostgreSQL's %s",
  async (type) => {
    if (!server) return
    const { pool } = server
    await pool.query(`DROP TABLE IF EXISTS user_key, session, "user"`)
    await pool.query(`CREATE COLLATION IF NOT EXISTS insensitive ${insensitive}`)
    await pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
    for (const statement of schema("postgres")) await pool.query(statement.replace(/^( +id) TEXT/m, `$1 ${type}`))
    await expectExactIds(pgAdapter(pool))
  },
)

test.for(["TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM"])(
  "session ids and keys are told apart byte for byte in SQLite's %s",
  async (type) => {
    const db = new DatabaseSync(":memory:")
    db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
    for (const statement of schema("sqlite")) db.exec(statement.replace(/^( +id) TEXT/m, `$1 ${type}`))
    await expectExactIds(nodeSqliteAdapter(db))
  },
)

test.skipIf(!server).for(["CHAR(12)", "TEXT COLLATE insensitive"])(
  "whose a session or a key is, is told byte for byte in PostgreSQL's %s",
  async (type) => {
    if (!server) return
    const { pool } = server
    await pool.query(`DROP TABLE IF EXISTS user_key, session, "user"`)
    await pool.query(`CREATE COLLATION IF NOT EXISTS insensitive ${insensitive}`)
    await pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
    for (const statement of schema("postgres"))
      await pool.query(statement.replaceAll(/user_id TEXT NOT NULL[^,]*/g, `user_id ${type} NOT NULL`))
    // A CHAR keeps no blank at the end.
    await expectExactOwners(pgAdapter(pool), type.startsWith("CHAR") ? ["ADA-ADA-ADA."] : undefined)
  },
)

test.for(["TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM"])(
  "whose a session or a key is, is told byte for byte in SQLite's %s",
  async (type) => {
    const db = new DatabaseSync(":memory:")
    db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
    for (const statement of schema("sqlite"))
      db.exec(statement.replaceAll(/user_id TEXT NOT NULL[^,]*/g, `user_id ${type} NOT NULL`))
    await expectExactOwners(nodeSqliteAdapter(db))
  },
)

/** Ada has nothing that belongs to the others, whose ids differ from hers in case or by a blank. */
async function expectExactOwners(
  adapter: UserAdapter<{ id: string }> & SessionAdapter<{ id: string }>,
  others = ["ADA-ADA-ADA.", "ada-ada-ada. "],
) {
  const key = { providerId: "username", providerUserId: "ada", passwordHash: "hash", userId: "ada-ada-ada." }
  const session = { id: "s1", userId: key.userId, ...times, attributes: {} }
  await adapter.insertUser({ id: key.userId, attributes: {} }, key)
  await adapter.insertSession(session)

  for (const other of others) {
    await adapter.insertUser({ id: other, attributes: {} }, null)
    expect(await adapter.listSessions(other)).toEqual([])
    expect(await adapter.deleteSession("s1", other)).toBe(false)
    await adapter.deleteUserSessions(other)
    await adapter.deleteUserSessions(other, "s2")
    expect(await adapter.listKeys(other)).toEqual([])
    expect(await adapter.replaceUserPasswords(other, ["username"], "other")).toBe(false)
    expect(await adapter.renameKey({ ...key, userId: other }, "eve")).toBe("missing")
    expect(await adapter.deleteKey({ ...key, userId: other })).toBe("missing")
    expect(await adapter.deleteKey({ ...key, userId: other }, { evenLast: true })).toBe("missing")
    const own = { ...key, userId: other, providerUserId: other }
    await adapter.insertKey(own)
    expect(await adapter.deleteKey(own)).toBe("last_key")
    expect(await adapter.replaceUserPasswords(other, ["username"], "other")).toBe(true)
    expect(await adapter.replaceKeyPassword({ ...own }, "other", "new", {})).toBe(true)
    await adapter.deleteUser(other)
    expect(await adapter.findSession("s1")).not.toBeNull()
    expect(await adapter.findKey("username", "ada")).toMatchObject({ passwordHash: "hash" })
  }
  expect(await adapter.listSessions(key.userId)).toHaveLength(1)
  expect(await adapter.listKeys(key.userId)).toHaveLength(1)
}

async function expectExactIds(adapter: UserAdapter<{ id: string }> & SessionAdapter<{ id: string }>) {
  const id = "ab".repeat(32)
  const key = { providerId: "username", providerUserId: "ada".padEnd(55, "x"), passwordHash: null }
  const session = { id, userId: "ada", ...times, attributes: {} }
  await adapter.insertUser({ id: "ada", attributes: {} }, key)
  await adapter.insertSession(session)

  for (const near of [id.toUpperCase(), `${id} `]) {
    expect(await adapter.findSession(near)).toBeNull()
    expect(await adapter.extendSession(near, new Date(9), new Date(8))).toBe(false)
    expect(await adapter.updateSession(near, {})).toBe(false)
    expect(await adapter.replaceSession(near, { ...session, id: "cd".repeat(32) })).toBe(false)
    expect(await adapter.deleteSession(near)).toBe(false)
    expect(await adapter.deleteSession(near, "ada")).toBe(false)
  }
  expect(await adapter.findSession(id)).toMatchObject({ session: { id, userId: "ada", expiresAt: times.expiresAt } })

  for (const near of [key.providerUserId.toUpperCase(), `${key.providerUserId} `]) {
    expect(await adapter.findKey("username", near)).toBeNull()
    expect(await adapter.replaceKeyPassword({ ...key, providerUserId: near }, null, "hash")).toBe(false)
    const owned = { ...key, userId: "ada", providerUserId: near }
    expect(await adapter.renameKey(owned, "eve")).toBe("missing")
    expect(await adapter.deleteKey(owned, { evenLast: true })).toBe("missing")
  }
  expect(await adapter.findKey("username", key.providerUserId)).toMatchObject({ passwordHash: null })
}
