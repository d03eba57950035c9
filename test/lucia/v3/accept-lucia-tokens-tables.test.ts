import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, describe, expect, test } from "vitest"

import { mysql2Adapter } from "../../../adapters/mysql2.ts"
import { nodeSqliteAdapter } from "../../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../../adapters/pg.ts"
import { createAuth } from "../../../src/index.ts"
import type { SessionAdapter, UserAdapter } from "../../../src/index.ts"
import { acceptLuciaTokens, fromLuciaAdapter, Lucia } from "../../../src/lucia.ts"
import { argon2id, luciaScrypt, passwordHasher } from "../../../src/password.ts"
import { createUsers } from "../../../src/users.ts"
import { root } from "../../package/tarball.ts"
import { mysqlServer, postgresServer } from "../../servers.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"

interface UserRow {
  id: string | number
  username: string
  password_hash?: string | null
}

type FourTexts = [string, string, string, string]
type Adapter = SessionAdapter<UserRow> & UserAdapter<UserRow>

/** A database with an old application's tables in it. */
interface Store {
  run(statement: string, values?: unknown[]): Promise<unknown>
  /** Runs statements on one connection, as a script is run. */
  script(statements: string[]): Promise<void>
  rows(statement: string): Promise<Record<string, unknown>[]>
  adapter(userIdType: "text" | "integer"): Adapter
}

interface Types {
  text: string
  time: string
  bytes: string
  mark(n: number): string
  user: string
  /** A deadline as the old application's driver wrote it. */
  date(at: Date): unknown
  /** The column with it, and what that means. */
  expiresAt: string
  readDate(value: unknown): Date
}

interface Kind {
  name: string
  types: Types
  open(): Promise<Store | null>
}

const page = readFileSync(join(root, "docs/lucia/v3.md"), "utf8")
const day = 86_400_000
const token = "abcdefghijklmnopqrstuvwxyz234567"
const luciaToken = `${token}abcdefgh`
const otherToken = `${token}hgfedcba`
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

const hasher = passwordHasher({
  preferred: argon2id({ memoryCost: 19_456, timeCost: 2 }),
  accepted: [luciaScrypt()],
})

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const fromUtc = (text: unknown) => new Date(`${String(text).replace(" ", "T")}Z`)
const utc = (at: Date) => at.toISOString().slice(0, 19).replace("T", " ")
const kinds: Kind[] = [
  {
    name: "SQLite",
    types: {
      text: "TEXT",
      time: "INTEGER",
      bytes: "BLOB",
      mark: () => "?",
      user: `"user"`,
      date: inSeconds,
      expiresAt: "expires_at",
      readDate: (value) => new Date(Number(value) * 1000),
    },
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
      expiresAt: "expires_at",
      readDate: (value) => new Date(String(value)),
    },
    open: openPostgres,
  },
  {
    name: "MySQL",
    types: {
      text: "VARCHAR(255)",
      time: "DATETIME",
      bytes: "VARBINARY(32)",
      mark: () => "?",
      user: "user",
      date: utc,
      expiresAt: "CAST(expires_at AS CHAR) AS expires_at",
      readDate: fromUtc,
    },
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
    script: async (statements) => statements.forEach((statement) => db.exec(statement)),
    rows: async (statement) => db.prepare(statement).all(),
    adapter: (userId) => nodeSqliteAdapter<UserRow>(db, { userIdType: userId }),
  }
}

async function openPostgres(): Promise<Store | null> {
  const server = await postgresServer({ max: 1 })
  if (!server) return null
  const { pool, close } = server
  closers.push(close)
  return {
    run: (statement, values) => pool.query(statement, values),
    // The pool has one connection.
    async script(statements) {
      for (const statement of statements) await pool.query(statement)
    },
    rows: async (statement) => (await pool.query<Record<string, unknown>>(statement)).rows,
    adapter: (userId) => pgAdapter<UserRow>(pool, { userIdType: userId }),
  }
}

async function openMysql(): Promise<Store | null> {
  const server = await mysqlServer()
  if (!server) return null
  const { pool, close } = server
  closers.push(close)
  return {
    run: (statement, values) => pool.query(statement, values),
    async script(statements) {
      const connection = await pool.getConnection()
      try {
        for (const statement of statements) await connection.query(statement)
      } finally {
        // Else a transaction that failed would keep its locks.
        connection.destroy()
      }
    },
    rows: async (statement) => (await pool.query(statement))[0] as Record<string, unknown>[],
    adapter: (userId) => mysql2Adapter<UserRow>(pool, { userIdType: userId }),
  }
}

/** Runs the statements that the page shows under this heading. */
async function migrate(store: Store, heading: string, change = (text: string) => text) {
  const [, text] = page.split(`-- ${heading}\n`)
  const sql = text?.split("```")[0] ?? expect.fail(`The page has no "${heading}".`)
  await store.script(
    change(sql)
      .split(/;\n/)
      .filter((statement) => statement.trim()),
  )
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

  /** A table that refers to users, as those of Lucia's documentation do: without a cascade. */
  async function createReferring(store: Store, table: string, columns: string, isEnforced: boolean) {
    const reference = isEnforced ? `, FOREIGN KEY (user_id) REFERENCES ${types.user} (id)` : ""
    await store.run(`CREATE TABLE ${table} (id ${text} NOT NULL PRIMARY KEY, ${columns}${reference})`)
  }

  /** Lucia v3's tables with two users, and a session for each of these tokens. */
  async function withLuciaV3(tokens: Record<string, string>, isEnforced = true): Promise<Store | null> {
    const store = await withUsers(text)
    if (!store) return null
    await createReferring(store, "session", `expires_at ${time} NOT NULL, user_id ${text} NOT NULL`, isEnforced)
    for (const [username, stored] of Object.entries(hashes))
      await insert(store, types.user, [`user-${username}`, username, stored])
    for (const [oldToken, userId] of Object.entries(tokens))
      await insert(store, "session", [oldToken, types.date(expiresAt), userId])
    return store
  }

  function overOurTables(store: Store) {
    const adapter = store.adapter("text")
    const getUserAttributes = ({ username }: UserRow) => ({ username })
    const auth = acceptLuciaTokens(createAuth({ adapter, getUserAttributes }), { adapter })
    return { adapter, auth, users: createUsers({ adapter, passwordHasher: hasher }) }
  }

  /** The code of step 4, over what is in the session table. */
  async function overLuciaTable(store: Store) {
    const lucia = memoryLuciaAdapter()
    for (const { id, username } of await store.rows(`SELECT id, username FROM ${types.user}`))
      lucia.users.set(String(id), { id: String(id), attributes: { username } })
    for (const { id, user_id, expires_at } of await store.rows(`SELECT id, user_id, ${types.expiresAt} FROM session`))
      await lucia.setSession({
        id: String(id),
        userId: String(user_id),
        expiresAt: types.readDate(expires_at),
        attributes: {},
      })
    const adapter = fromLuciaAdapter<{ id: string }>(lucia)
    return acceptLuciaTokens(createAuth({ adapter, session: { absoluteTimeout: false } }), { adapter })
  }

  test("bring Lucia v3's sessions and passwords over", async ({ skip }) => {
    const store = (await withLuciaV3({ [luciaToken]: "user-Ada" })) ?? skip()

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

    const users = createUsers({ adapter, passwordHasher: hasher })
    for (const username of ["ada", "ADA", "grace"]) {
      expect(
        await users.signInWithPassword(auth, { providerId: "username", providerUserId: username, password: "wrong" }),
      ).toBeNull()
      const signedIn = await users.signInWithPassword(auth, {
        providerId: "username",
        providerUserId: username,
        password,
      })
      expect(signedIn?.session.userId).toBe(username === "grace" ? "user-grace" : "user-Ada")
    }
    const keys = await store.rows("SELECT hashed_password FROM user_key")
    expect(keys.map((key) => String(key.hashed_password))).toEqual([
      expect.stringMatching(/^\$argon2id\$/),
      expect.stringMatching(/^\$argon2id\$/),
    ])
  })

  test("let users of Lucia v3 be deleted who had a session", async ({ skip }) => {
    const store = (await withLuciaV3({ [luciaToken]: "user-Ada", [otherToken]: "user-grace" })) ?? skip()
    await migrate(store, `Lucia v3, ${name}`)
    const { auth, users } = overOurTables(store)
    await users.deleteUser("user-Ada")
    expect(await auth.validateSession(luciaToken)).toMatchObject({ session: null })
    expect(await auth.validateSession(otherToken)).toMatchObject({ user: { username: "grace" } })
    expect(await store.rows(`SELECT id FROM ${types.user}`)).toEqual([{ id: "user-grace" }])
  })

  test("leave sessions of Lucia v3 out whose users are gone", async ({ skip }) => {
    const store = (await withLuciaV3({ [luciaToken]: "user-Ada", [otherToken]: "user-gone" }, false)) ?? skip()
    await migrate(store, `Lucia v3, ${name}`)
    expect((await store.rows("SELECT id FROM session")).map(({ id }) => String(id))).toEqual([luciaToken])
  })

  test("go back to Lucia v3's table: nobody is signed out, and who signed out stays so", async ({ skip }) => {
    const [idle, moved, ended, ofGone] = ["i", "m", "e", "g"].map((letter) => letter.repeat(40)) as FourTexts
    const owners = { [idle]: "user-Ada", [moved]: "user-Ada", [ended]: "user-grace", [ofGone]: "user-gone" }
    const store = (await withLuciaV3({})) ?? skip()
    await insert(store, types.user, ["user-gone", "gone", null])
    for (const [oldToken, userId] of Object.entries(owners))
      await insert(store, "session", [oldToken, types.date(expiresAt), userId])

    await migrate(store, `Lucia v3, ${name}`)
    const { auth, users } = overOurTables(store)
    const came = await auth.validateSession(moved)
    const left = await auth.validateSession(ended)
    await auth.invalidateSession(left.session?.id ?? "")
    await users.deleteUser("user-gone")
    const key = { providerId: "username", providerUserId: "Carol", password }
    const { user: carol } = await users.createUser({ key, attributes: { username: "Carol", password_hash: "" } })
    const fresh = await auth.createSession(carol?.id ?? "")
    await users.updateUserPassword({ userId: "user-grace", password: "another password" })
    await migrate(store, `Back to Lucia v3, ${name}`)

    const before = await overLuciaTable(store)
    for (const kept of [idle, moved, "token" in came ? came.token : ""])
      expect(await before.validateSession(kept)).toMatchObject({ user: { id: "user-Ada" }, session: { expiresAt } })
    const after = await before.validateSession(fresh.token)
    expect(after).toMatchObject({ user: { id: carol?.id } })
    const shift = (after.session?.expiresAt.getTime() ?? 0) - fresh.session.expiresAt.getTime()
    expect(Math.abs(shift)).toBeLessThan(1000)
    for (const over of [ended, ofGone]) expect(await before.validateSession(over)).toMatchObject({ session: null })

    const rows = await store.rows(`SELECT username, password_hash FROM ${types.user}`)
    const stored = new Map(rows.map((row) => [row.username, String(row.password_hash)]))
    expect([...stored.keys()].sort()).toEqual(["Ada", "Carol", "grace"])
    const verify = (username: string, typed: string) => hasher.verify(stored.get(username) ?? "", typed)
    for (const username of ["Ada", "Carol"]) expect(await verify(username, password)).toBe(true)
    expect(await verify("grace", password)).toBe(false)
    expect(await verify("grace", "another password")).toBe(true)
  })

  test("can be run again after rolling back from Lucia v3's table", async ({ skip }) => {
    const store = (await withLuciaV3({ [luciaToken]: "user-Ada" })) ?? skip()
    await migrate(store, `Lucia v3, ${name}`)
    const fresh = await overOurTables(store).auth.createSession("user-grace")
    await migrate(store, `Back to Lucia v3, ${name}`)
    await store.run("DROP TABLE user_key")
    await migrate(store, `Lucia v3, ${name}`)
    const { auth } = overOurTables(store)
    expect(await auth.validateSession(luciaToken)).toMatchObject({ user: { username: "Ada" } })
    expect(await auth.validateSession(fresh.token)).toMatchObject({ user: { username: "grace" } })
  })

  test("bring over sessions whose id is the SHA-256 of a token", async ({ skip }) => {
    const store = (await withUsers("INTEGER")) ?? skip()
    await createReferring(store, "session", `user_id INTEGER NOT NULL, expires_at ${time} NOT NULL`, true)
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
    await adapter.deleteUser(7)
    for (const table of ["session", types.user]) expect(await store.rows(`SELECT id FROM ${table}`)).toEqual([])
  })

  describe.each([
    ["verified within 10 days", designA, hash(bytes), (sql: string) => sql, 10],
    ["made within a day", designB, hash("23456789abcdefgh23456789"), ofOneDay, 1],
  ])("for id.secret, %s,", (_, presented, secretHash, change, days) => {
    const isLasting = days === 10
    const [id = ""] = presented.split(".")
    const other = presented.replace("a", "b")

    async function withSplitTokens(tokens: Record<string, string>, isEnforced = true): Promise<Store | null> {
      const store = await withUsers(text)
      if (!store) return null
      const verifiedAt = isLasting ? ", token_last_verified_at INTEGER NOT NULL" : ""
      const columns = `user_id ${text} NOT NULL, secret_hash ${types.bytes} NOT NULL, created_at INTEGER NOT NULL`
      await createReferring(store, "auth_session", columns + verifiedAt, isEnforced)
      for (const username of ["ada", "grace"]) await insert(store, types.user, [username, username, null])
      for (const [oldToken, userId] of Object.entries(tokens)) {
        const times = isLasting ? [seconds, seconds] : [seconds]
        await insert(store, "auth_session", [oldToken.split(".")[0], userId, secretHash, ...times])
      }
      return store
    }

    function overOurs(store: Store) {
      const adapter = store.adapter("text")
      const auth = acceptLuciaTokens(createAuth({ adapter, session: { idleTimeout: "1d" } }), { adapter })
      return { adapter, auth }
    }

    test("bring sessions over", async ({ skip }) => {
      const store = (await withSplitTokens({ [presented]: "ada" })) ?? skip()
      await migrate(store, `id.secret, ${name}`, change)
      const { auth } = overOurs(store)
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

    test("let users be deleted who had a session", async ({ skip }) => {
      const store = (await withSplitTokens({ [presented]: "ada" })) ?? skip()
      await migrate(store, `id.secret, ${name}`, change)
      await overOurs(store).adapter.deleteUser("ada")
      expect(await store.rows(`SELECT id FROM ${types.user}`)).toEqual([{ id: "grace" }])
      expect(await store.rows("SELECT id FROM session")).toEqual([])
    })

    test("leave sessions out whose users are gone", async ({ skip }) => {
      const store = (await withSplitTokens({ [presented]: "ada", [other]: "gone" }, false)) ?? skip()
      await migrate(store, `id.secret, ${name}`, change)
      expect((await store.rows("SELECT id FROM session")).map((row) => String(row.id))).toEqual([id])
    })

    test("go back with the sessions that the old code can read, and no other", async ({ skip }) => {
      const [came, left] = ["c", "d"].map((letter) => presented.replace("a", letter)) as [string, string]
      const tokens = { [presented]: "ada", [came]: "ada", [left]: "grace", [other]: "grace" }
      const store = (await withSplitTokens(tokens)) ?? skip()
      const before = await store.rows(`SELECT * FROM auth_session WHERE id = '${id}'`)
      await migrate(store, `id.secret, ${name}`, change)
      const { adapter, auth } = overOurs(store)
      await auth.validateSession(came)
      const result = await auth.validateSession(left)
      await auth.invalidateSession(result.session?.id ?? "")
      await auth.createSession("ada")
      await adapter.deleteUser("grace")
      await migrate(store, `Back to id.secret, ${name}`, change)
      expect(await store.rows("SELECT * FROM auth_session")).toEqual(before)
    })
  })
})

// What the page says to write where the table has no such column.
function ofOneDay(sql: string): string {
  const back = sql.replace(", token_last_verified_at)", ")").replace(/, expires_at \S+ 1000 - 864000/, "")
  return back.replaceAll("token_last_verified_at", "created_at").replaceAll("864000", "86400")
}

describe.each(["clear", "rekey", "hashed"] as const)(
  "while the drop-in with %s ids serves beside createAuth",
  (storedIds) => {
    function setUp() {
      const table = memoryLuciaAdapter()
      table.users.set("ada", { id: "ada", attributes: {} })
      const adapter = fromLuciaAdapter<{ id: string }>(table)
      const auth = acceptLuciaTokens(createAuth({ adapter, session: { absoluteTimeout: false } }), { adapter })
      const dropIn = new Lucia(table, { storedIds })
      const isKnown = async (cookie: string) => (await dropIn.validateSession(cookie)).session !== null
      return { table, auth, dropIn, isKnown }
    }

    test("each knows the other's cookies, and who signs out with one is signed out of both", async () => {
      const { auth, dropIn, isKnown } = setUp()
      const made = await auth.createSession("ada")
      expect(await isKnown(made.token)).toBe(true)
      expect(await isKnown(made.session.id)).toBe(false)
      await dropIn.invalidateSession(made.token)
      expect(await auth.validateSession(made.token)).toMatchObject({ session: null })

      const { id: cookie } = await dropIn.createSession("ada", {})
      expect(await auth.validateSession(cookie)).toMatchObject({ user: { id: "ada" } })
    })

    test("the drop-in does not know the old cookie of a session that has moved, but its new one", async () => {
      const { auth, dropIn, isKnown } = setUp()
      const { id: cookie } = await dropIn.createSession("ada", {})
      expect(await isKnown(cookie)).toBe(true)
      const moved = await auth.validateSession(cookie)
      expect(await isKnown(cookie)).toBe(false)
      expect(await isKnown(String("token" in moved && moved.token))).toBe(true)
      expect(await auth.validateSession(cookie)).toMatchObject({ user: { id: "ada" } })
    })

    test("a list of sessions moves those whose ids are in clear", async () => {
      const { auth, dropIn, isKnown } = setUp()
      const { id: cookie } = await dropIn.createSession("ada", {})
      await auth.getUserSessions("ada")
      expect(await isKnown(cookie)).toBe(storedIds !== "clear")
      expect(await auth.validateSession(cookie)).toMatchObject({ user: { id: "ada" } })
    })
  },
)
