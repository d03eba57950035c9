import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, describe, expect, test } from "vitest"

import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { createAuth } from "../../src/index.ts"
import type { SessionAdapter, UserAdapter } from "../../src/index.ts"
import { acceptLuciaTokens } from "../../src/lucia.ts"
import { argon2id, luciaScrypt, passwordHasher } from "../../src/password.ts"
import { createUsers } from "../../src/users.ts"
import { root } from "../package/tarball.ts"
import { mysqlServer, postgresServer } from "../servers.ts"

interface UserRow {
  id: string | number
  username: string
}

type Adapter = SessionAdapter<UserRow> & UserAdapter<UserRow>

/** A database with an old application's tables in it. */
interface Store {
  run(statement: string, values?: unknown[]): Promise<unknown>
  rows(statement: string): Promise<Record<string, unknown>[]>
  adapter(userId: "text" | "integer"): Adapter
}

interface Kind {
  name: string
  types: { text: string; time: string; bytes: string; mark(n: number): string; user: string; date(at: Date): unknown }
  open(): Promise<Store | null>
}

const page = readFileSync(join(root, "docs/migrate-lucia-v3.md"), "utf8")
const day = 86_400_000
const token = "abcdefghijklmnopqrstuvwxyz234567"
const luciaToken = `${token}abcdefgh`
const bytes = Uint8Array.from({ length: 32 }, (_, n) => n)
const designA = `abcdefghijkmnpqr.${Buffer.from(bytes).toString("base64")}`
const designB = "abcdefghijkmnpqrabcdefgh.23456789abcdefgh23456789"
const hash = (value: string | Uint8Array) => createHash("sha256").update(value).digest()
const seconds = Math.floor(Date.now() / 1000)
const expiresAt = new Date((seconds + 20 * 86_400) * 1000)
// Made by lucia 3.2.2's Scrypt and lucia 2.7.6.
const password = "Ｐass wörd ﬁve"
const hashes = {
  Ada: "d7d4fbec7ba6e5534302bd4527aca9ed:63a5ef51441e0214fbb3155bbefe2bda57a141e2f735730d944769e00493fcbb4396f567cc012bb0b11a4c9aa6d900a41b5c3a70a1ca34459063f6c6dc6c63d5",
  grace:
    "s2:b2lho4y660myhx91:d53828ae0b651cfafea571a4086f4048309087861bed34666bacb621919cea1a16104e9422a10ac5d5c3444e36f3b5add5242790ef45b2996562627a891b3cf2",
}

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const utc = (at: Date) => at.toISOString().slice(0, 19).replace("T", " ")
const kinds: Kind[] = [
  {
    name: "SQLite",
    types: { text: "TEXT", time: "INTEGER", bytes: "BLOB", mark: () => "?", user: `"user"`, date: inSeconds },
    open: openSqlite,
  },
  {
    name: "PostgreSQL",
    types: {
      text: "TEXT",
      time: "TIMESTAMPTZ",
      bytes: "BYTEA",
      mark: (n) => `$${n}`,
      user: `"user"`,
      date: (at) => at,
    },
    open: openPostgres,
  },
  {
    name: "MySQL",
    types: { text: "VARCHAR(255)", time: "DATETIME", bytes: "VARBINARY(32)", mark: () => "?", user: "user", date: utc },
    open: openMysql,
  },
]

function inSeconds(at: Date): number {
  return at.getTime() / 1000
}

async function openSqlite(): Promise<Store> {
  const db = new DatabaseSync(":memory:")
  closers.push(() => db.close())
  return {
    run: async (statement, values = []) => db.prepare(statement).run(...(values as string[])),
    rows: async (statement) => db.prepare(statement).all(),
    adapter: (userId) => nodeSqliteAdapter<UserRow>(db, { userId }),
  }
}

async function openPostgres(): Promise<Store | null> {
  const server = await postgresServer({ max: 1 })
  if (!server) return null
  const { pool, close } = server
  closers.push(close)
  return {
    run: (statement, values) => pool.query(statement, values),
    rows: async (statement) => (await pool.query<Record<string, unknown>>(statement)).rows,
    adapter: (userId) => pgAdapter<UserRow>(pool, { userId }),
  }
}

async function openMysql(): Promise<Store | null> {
  const server = await mysqlServer()
  if (!server) return null
  const { pool, close } = server
  closers.push(close)
  return {
    run: (statement, values) => pool.query(statement, values),
    rows: async (statement) => (await pool.query(statement))[0] as Record<string, unknown>[],
    adapter: (userId) => mysql2Adapter<UserRow>(pool, { userId }),
  }
}

/** Runs the statements that the page shows under this heading. */
async function migrate(store: Store, heading: string, change = (text: string) => text) {
  const [, text] = page.split(`-- ${heading}\n`)
  const sql = text?.split("```")[0] ?? expect.fail(`The page has no "${heading}".`)
  for (const statement of change(sql).split(/;\n/)) if (statement.trim()) await store.run(statement)
}

describe.each(kinds)("the statements for $name", ({ name, types, open }) => {
  const { text, time, mark } = types

  async function insert(store: Store, table: string, values: unknown[]) {
    const marks = values.map((_, n) => mark(n + 1)).join(", ")
    await store.run(`INSERT INTO ${table} VALUES (${marks})`, values)
  }

  async function withUsers(id: string): Promise<Store | null> {
    const store = await open()
    if (!store) return null
    await store.run(
      `CREATE TABLE ${types.user} (id ${id} NOT NULL PRIMARY KEY, username ${text}, password_hash ${text})`,
    )
    return store
  }

  test("bring Lucia v3's sessions and passwords over", async ({ skip }) => {
    const store = (await withUsers(text)) ?? skip()
    await store.run(
      `CREATE TABLE session (id ${text} NOT NULL PRIMARY KEY, expires_at ${time} NOT NULL, user_id ${text} NOT NULL)`,
    )
    for (const [username, stored] of Object.entries(hashes))
      await insert(store, types.user, [`user-${username}`, username, stored])
    await insert(store, "session", [luciaToken, types.date(expiresAt), "user-Ada"])

    await migrate(store, `Lucia v3, ${name}`)

    const adapter = store.adapter("text")
    const auth = acceptLuciaTokens(createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) }), {
      adapter,
    })
    const createdAt = new Date(expiresAt.getTime() - 30 * day)
    expect(await auth.validateSession(luciaToken)).toMatchObject({
      user: { username: "Ada" },
      session: { createdAt, expiresAt },
      token: expect.any(String),
    })
    expect(await auth.getUserSessions("user-Ada")).toHaveLength(1)

    const cheap = argon2id({ memoryCost: 19_456, timeCost: 2 })
    const users = createUsers({
      adapter,
      passwordHasher: passwordHasher({ preferred: cheap, accepted: [luciaScrypt()] }),
    })
    for (const username of ["ada", "ADA", "grace"]) {
      expect(await users.signInWithKey(auth, "username", username, "wrong")).toBeNull()
      const signedIn = await users.signInWithKey(auth, "username", username, password)
      expect(signedIn?.session.userId).toBe(username === "grace" ? "user-grace" : "user-Ada")
    }
    const keys = await store.rows("SELECT hashed_password FROM user_key")
    expect(keys.map((key) => String(key.hashed_password))).toEqual([
      expect.stringMatching(/^\$argon2id\$/),
      expect.stringMatching(/^\$argon2id\$/),
    ])
  })

  test("bring over sessions whose id is the SHA-256 of a token", async ({ skip }) => {
    const store = (await withUsers("INTEGER")) ?? skip()
    await store.run(
      `CREATE TABLE session (id ${text} NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL, expires_at ${time} NOT NULL)`,
    )
    await insert(store, types.user, [7, "ada", null])
    await insert(store, "session", [hash(token).toString("hex"), 7, types.date(expiresAt)])

    await migrate(store, `SHA-256, ${name}`)

    const adapter = store.adapter("integer")
    const auth = createAuth({ adapter, cookie: { name: "session" } })
    const createdAt = new Date(expiresAt.getTime() - 30 * day)
    expect(await auth.validateSession(token)).toMatchObject({ user: { id: 7 }, session: { createdAt, expiresAt } })
    const made = await auth.createSession(7)
    expect(await auth.validateSession(made.token)).toMatchObject({ user: { id: 7 } })
    expect(await auth.rotateSession(token)).not.toBeNull()
  })

  test.each([
    ["verified within 10 days", designA, hash(bytes), (sql: string) => sql, 10],
    ["made within a day", designB, hash("23456789abcdefgh23456789"), ofOneDay, 1],
  ])("bring over id.secret, %s", async (_, presented, secretHash, change, days) => {
    const store = await withUsers(text)
    if (!store) return
    const { bytes: blob } = types
    await store.run(
      `CREATE TABLE auth_session (id ${text} NOT NULL PRIMARY KEY, user_id ${text} NOT NULL, secret_hash ${blob} NOT NULL,
        token_last_verified_at INTEGER NOT NULL, created_at INTEGER NOT NULL)`,
    )
    await insert(store, types.user, ["ada", "ada", null])
    await insert(store, "auth_session", [presented.split(".")[0], "ada", secretHash, seconds, seconds])

    await migrate(store, `id.secret, ${name}`, change)

    const adapter = store.adapter("text")
    const auth = acceptLuciaTokens(createAuth({ adapter, session: { idleTimeout: "1d" } }), { adapter })
    const wrong = presented.replace(".", ".2").slice(0, presented.length)
    expect(await auth.validateSession(wrong)).toMatchObject({ session: null })
    const times = { createdAt: new Date(seconds * 1000), expiresAt: new Date((seconds + days * 86_400) * 1000) }
    const result = await auth.validateSession(presented)
    expect(result).toMatchObject({ user: { id: "ada" }, session: times, token: expect.any(String) })
    expect(await auth.validateSession(presented)).toEqual(result)
    expect(await store.rows("SELECT id FROM session WHERE secret_hash IS NOT NULL")).toEqual([])
    const made = await auth.createSession("ada")
    expect(await auth.validateSession(made.token)).toMatchObject({ user: { id: "ada" } })
    expect(await auth.invalidateSession(result.session?.id ?? "")).toBe(true)
    expect(await auth.validateSession(presented)).toMatchObject({ session: null })
  })
})

// What the page says to write where the table has no such column.
function ofOneDay(sql: string): string {
  return sql.replaceAll("token_last_verified_at", "created_at").replaceAll("864000", "86400")
}
