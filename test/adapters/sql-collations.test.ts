import { DatabaseSync } from "node:sqlite"
import Database from "better-sqlite3"
import { drizzle as drizzleBetterSqlite3 } from "drizzle-orm/better-sqlite3"
import { drizzle as drizzleMysql } from "drizzle-orm/mysql2"
import * as mysql from "drizzle-orm/mysql-core"
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres"
import * as pg from "drizzle-orm/pg-core"
import * as sqlite from "drizzle-orm/sqlite-core"
import { afterAll, expect, test } from "vitest"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { schema } from "../../adapters/sql.ts"
import type { SessionAdapter, UserAdapter } from "../../src/index.ts"
import { mysqlServer, postgresServer } from "../servers.ts"

const server = await postgresServer()
const onMysql = await mysqlServer()
afterAll(async () => {
  await server?.close()
  await onMysql?.close()
})

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
  "[STO-3] session ids and keys are told apart byte for byte in PostgreSQL's %s",
  async (type) => {
    if (!server) return
    const { pool } = server
    await pool.query(`DROP TABLE IF EXISTS user_key, session, "user"`)
    await pool.query(`CREATE COLLATION IF NOT EXISTS insensitive ${insensitive}`)
    await pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
    for (const statement of schema("postgres")) await pool.query(statement.replace(/^( +id) TEXT/m, `$1 ${type}`))
    await expectExactIds(pgAdapter(pool))
    await pool.query(`DELETE FROM session; DELETE FROM user_key; DELETE FROM "user"`)
    await expectExactIds(drizzleAdapter(drizzlePg(pool), drizzleTables.postgres))
  },
)

test.for(["TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM"])(
  "[STO-3] session ids and keys are told apart byte for byte in SQLite's %s",
  async (type) => {
    const db = new DatabaseSync(":memory:")
    db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
    for (const statement of schema("sqlite")) db.exec(statement.replace(/^( +id) TEXT/m, `$1 ${type}`))
    await expectExactIds(nodeSqliteAdapter(db))
    const other = new Database(":memory:")
    other.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
    for (const statement of schema("sqlite")) other.exec(statement.replace(/^( +id) TEXT/m, `$1 ${type}`))
    await expectExactIds(drizzleAdapter(drizzleBetterSqlite3(other), drizzleTables.sqlite))
  },
)

test
  .skipIf(!onMysql)
  .for([
    "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "CHAR(64) CHARACTER SET ascii COLLATE ascii_bin",
  ])("[STO-3] session ids and keys are told apart byte for byte in MariaDB's %s", async (type) => {
  if (!onMysql) return
  const { pool } = onMysql
  await pool.query("DROP TABLE IF EXISTS user_key, session, `user`")
  const exact = "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
  await pool.query(`CREATE TABLE user (id ${exact} PRIMARY KEY)`)
  for (const statement of schema("mysql"))
    await pool.query(
      statement.replace(/^( +id) VARBINARY\(\d+\)/m, `$1 ${type}`).replaceAll(/VARBINARY\(\d+\)/g, exact),
    )
  // The SQL adapters ask for columns that are exact; with Drizzle the tables are the application's.
  const refusal = { code: "invalid_option", message: expect.stringContaining("VARBINARY(255)") }
  await expect(mysql2Adapter(pool).findSession("ab".repeat(32))).rejects.toMatchObject(refusal)
  await expect(mysql2Adapter(pool).findKey("username", "ada")).rejects.toMatchObject(refusal)
  await expectExactIds(drizzleAdapter(drizzleMysql(pool), drizzleTables.mysql))
})

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

const drizzleTables = {
  sqlite: {
    user: sqlite.sqliteTable("user", { id: sqlite.text().primaryKey() }),
    session: sqlite.sqliteTable("session", {
      id: sqlite.text().primaryKey(),
      userId: sqlite.text("user_id").notNull(),
      createdAt: sqlite.integer("created_at").notNull(),
      expiresAt: sqlite.integer("expires_at").notNull(),
    }),
    key: sqlite.sqliteTable("user_key", {
      id: sqlite.text().primaryKey(),
      userId: sqlite.text("user_id").notNull(),
      hashedPassword: sqlite.text("hashed_password"),
    }),
  },
  postgres: {
    user: pg.pgTable("user", { id: pg.text().primaryKey() }),
    session: pg.pgTable("session", {
      id: pg.text().primaryKey(),
      userId: pg.text("user_id").notNull(),
      createdAt: pg.bigint("created_at", { mode: "number" }).notNull(),
      expiresAt: pg.bigint("expires_at", { mode: "number" }).notNull(),
    }),
    key: pg.pgTable("user_key", {
      id: pg.text().primaryKey(),
      userId: pg.text("user_id").notNull(),
      hashedPassword: pg.text("hashed_password"),
    }),
  },
  mysql: {
    user: mysql.mysqlTable("user", { id: mysql.varchar({ length: 255 }).primaryKey() }),
    session: mysql.mysqlTable("session", {
      id: mysql.varchar({ length: 255 }).primaryKey(),
      userId: mysql.varchar("user_id", { length: 255 }).notNull(),
      createdAt: mysql.bigint("created_at", { mode: "number" }).notNull(),
      expiresAt: mysql.bigint("expires_at", { mode: "number" }).notNull(),
    }),
    key: mysql.mysqlTable("user_key", {
      id: mysql.varchar({ length: 255 }).primaryKey(),
      userId: mysql.varchar("user_id", { length: 255 }).notNull(),
      hashedPassword: mysql.text("hashed_password"),
    }),
  },
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
  expect(await adapter.listSessions("ada")).toMatchObject([{ id }])
  const together = await Promise.all(Array.from({ length: 8 }, () => adapter.findSession("cd".repeat(32))))
  expect(together).toEqual(together.map(() => null))
  expect(await adapter.findSession(id)).toMatchObject({ session: { id, userId: "ada", expiresAt: times.expiresAt } })

  for (const near of [key.providerUserId.toUpperCase(), `${key.providerUserId} `]) {
    expect(await adapter.findKey("username", near)).toBeNull()
    expect(await adapter.replaceKeyPassword({ ...key, providerUserId: near }, null, "hash")).toBe(false)
    const owned = { ...key, userId: "ada", providerUserId: near }
    expect(await adapter.renameKey(owned, "eve")).toBe("missing")
    expect(await adapter.deleteKey(owned, { evenLast: true })).toBe("missing")
  }
  expect(await adapter.findKey("username", key.providerUserId)).toMatchObject({ passwordHash: null })
  expect(await adapter.listKeys("ada")).toEqual([{ ...key, userId: "ada" }])

  await adapter.deleteUserSessions("ada", id.toUpperCase())
  expect(await adapter.findSession(id)).toBeNull()
  await adapter.insertSession(session)
  const passwordKey = { providerId: "username", providerUserId: key.providerUserId }
  expect(await adapter.replaceKeyPassword(passwordKey, null, "hash", { exceptId: id.toUpperCase() })).toBe(true)
  expect(await adapter.findSession(id)).toBeNull()
}
