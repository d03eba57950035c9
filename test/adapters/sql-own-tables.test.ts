import { DatabaseSync } from "node:sqlite"
import { afterAll, expect, test } from "vitest"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { schema } from "../../adapters/sql.ts"
import type { PasskeyRecord } from "../../src/passkeys/passkey-port.ts"
import type { TestAdapter } from "./sql-stores.ts"
import { mysqlServer, postgresServer } from "../servers.ts"

const postgres = await postgresServer()
const mysql = await mysqlServer()
afterAll(async () => {
  await postgres?.close()
  await mysql?.close()
})

const include = ["totp", "passkeys"] as const
const insensitive = `(provider = icu, locale = 'und-u-ks-level2', deterministic = false)`

function passkey(id: string, userId = "ada"): PasskeyRecord {
  const flags = { signCount: 0, backupEligible: false, backedUp: false }
  const rest = { publicKey: "AA", algorithm: -7 as const, aaguid: "", transports: [], name: "", usedAt: null }
  return { id, userId, ...flags, ...rest, createdAt: new Date(1) }
}

test.for(["TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM"])(
  "passkeys and secrets are told apart byte for byte in SQLite's %s",
  async (type) => {
    const db = new DatabaseSync(":memory:")
    db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT)`)
    for (const statement of schema("sqlite", { include }))
      db.exec(statement.replace(/^( +id| +secret) TEXT/gm, `$1 ${type}`))
    await expectExact(nodeSqliteAdapter(db))
  },
)

test.skipIf(!postgres).for(["TEXT COLLATE insensitive", "VARCHAR(1400) COLLATE insensitive"])(
  "passkeys and secrets are told apart byte for byte in PostgreSQL's %s",
  async (type) => {
    if (!postgres) return
    const { pool } = postgres
    await pool.query(`DROP TABLE IF EXISTS user_totp, user_passkey, user_key, session, "user"`)
    await pool.query(`CREATE COLLATION IF NOT EXISTS insensitive ${insensitive}`)
    await pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT)`)
    for (const statement of schema("postgres", { include }))
      await pool.query(statement.replace(/^( +id| +secret) TEXT/gm, `$1 ${type}`))
    await expectExact(pgAdapter(pool))
  },
)

async function expectExact(adapter: TestAdapter): Promise<void> {
  await adapter.insertUser({ id: "ada", attributes: { username: "ada" } }, null)
  expect(await adapter.insertPasskey(passkey("AbC"))).toBe(true)
  expect(await adapter.findPasskey("AbC")).toEqual(passkey("AbC"))
  const use = { signCount: 1, backedUp: false, usedAt: new Date(2) }
  for (const id of ["abc", "ABC", "AbC "]) {
    const own = { userId: "ada", id }
    expect(await adapter.findPasskey(id)).toBeNull()
    expect(await adapter.recordPasskeyUse(id, { signCount: 0 }, use)).toBe(false)
    expect(await adapter.renamePasskey({ ...own, name: "x" })).toBe(false)
    expect(await adapter.deletePasskey(own)).toBe(false)
  }
  await adapter.insertTotp("ada", "Secret", 1, false)
  for (const secret of ["secret", "Secret "]) expect(await adapter.takeStep("ada", 2, "x", secret)).toBe(false)
  expect(await adapter.takeStep("ada", 2, "x", "Secret")).toBe(true)
}

test.skipIf(!mysql).for([
  [
    "VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
    "holds 700 characters, and a passkey's id has up to",
  ],
  ["VARBINARY(255)", "holds 255 characters, and a passkey's id has up to 1400"],
  ["VARCHAR(1400) CHARACTER SET ascii COLLATE ascii_general_ci", "which treats different ids as equal"],
])("a column %s of MariaDB is refused for the ids of passkeys", async ([type = "", problem]) => {
  if (!mysql) return
  const { pool } = mysql
  await pool.query("DROP TABLE IF EXISTS user_passkey, user_key, session, `user`")
  await pool.query("CREATE TABLE user (id VARBINARY(255) PRIMARY KEY)")
  for (const statement of schema("mysql", { include: ["passkeys"] }))
    await pool.query(statement.replace("VARBINARY(1400)", type))
  await expect(mysql2Adapter(pool).findPasskey("a")).rejects.toMatchObject({
    code: "invalid_option",
    message: expect.stringMatching(new RegExp(`${problem}.*make it VARBINARY\\(1400\\)`)),
  })
})

test("a counter of 32 bits is refused in PostgreSQL, which could not hold every authenticator's", async (context) => {
  if (!postgres) return context.skip()
  const { pool } = postgres
  await pool.query(`DROP TABLE IF EXISTS user_totp, user_passkey, user_key, session, "user"`)
  await pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
  for (const statement of schema("postgres", { include }))
    await pool.query(statement.replace("sign_count BIGINT", "sign_count INTEGER"))
  await expect(pgAdapter(pool).findPasskey("a")).rejects.toThrow(
    'its column "sign_count" has the type integer; make it BIGINT, for counters up to 4,294,967,295',
  )
})

test("tables of the same names that are the application's own are left alone", async () => {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT)`)
  for (const statement of schema("sqlite")) db.exec(statement)
  for (const table of ["auth_token", "user_totp", "user_passkey"])
    db.exec(`CREATE TABLE ${table} (credential TEXT, owner TEXT); INSERT INTO ${table} VALUES ('a', 'ada')`)
  const adapter: TestAdapter = nodeSqliteAdapter(db)
  const key = { providerId: "email", providerUserId: "ada", userId: "ada", passwordHash: null }
  await adapter.insertUser({ id: "ada", attributes: { username: "ada" } }, key)
  expect(await adapter.deleteKey(key)).toBe("last_key")
  await adapter.deleteUser("ada")
  expect(await adapter.findUser("ada")).toBeNull()
  expect(db.prepare("SELECT * FROM user_passkey").all()).toHaveLength(1)
})

test("a user table with columns of the same names does not confuse a replaced authenticator", async (context) => {
  if (!mysql) return context.skip()
  const { pool } = mysql
  await pool.query("DROP TABLE IF EXISTS user_totp, user_passkey, user_key, session, `user`")
  await pool.query(
    "CREATE TABLE user (id VARBINARY(255) PRIMARY KEY, username TEXT, secret TEXT, used_step INT, created_at BIGINT)",
  )
  for (const statement of schema("mysql", { include })) await pool.query(statement)
  const adapter: TestAdapter = mysql2Adapter(pool)
  await adapter.insertUser({ id: "ada", attributes: { username: "ada" } }, null)
  for (const secret of ["first", "second"]) expect(await adapter.insertTotp("ada", secret, 5, true)).toBe(true)
  expect(await adapter.findTotp("ada")).toEqual({ secret: "second", usedStep: 5 })
})
