import { scryptSync } from "node:crypto"
import { readFileSync } from "node:fs"
import { mysql2 } from "@lucia-auth/adapter-mysql"
import { pg } from "@lucia-auth/adapter-postgresql"
import { betterSqlite3 } from "@lucia-auth/adapter-sqlite"
import Database from "better-sqlite3"
import * as real from "lucia"
import { afterEach, describe, expect, test } from "vitest"
import { betterSqlite3Adapter } from "../../../adapters/better-sqlite3.ts"
import { mysql2Adapter } from "../../../adapters/mysql2.ts"
import { pgAdapter } from "../../../adapters/pg.ts"
import { createAuth } from "../../../src/index.ts"
import { acceptLuciaTokens } from "../../../src/lucia.ts"
import * as dropIn from "../../../src/lucia-v2.ts"
import { generateRandomString } from "../../../src/lucia-v2/utils.ts"
import { argon2id, luciaScrypt, passwordHasher } from "../../../src/password.ts"
import { createUsers, normalizeUsername } from "../../../src/users.ts"
import { createWebAuth } from "../../../src/web.ts"
import { mysqlServer, postgresServer } from "../../servers.ts"

/** A row of the users. */
interface OwnUser {
  id: string
  username: string
}

/** What a session has beside its times. */
interface OwnSession {
  label?: string | null
}

const page = readFileSync(new URL("../../../docs/lucia/v2.md", import.meta.url), "utf8")
const names = { user: "auth_user", session: "user_session", key: "user_key" }
const tables = { user: "auth_user" }
const day = 86_400_000
const password = "Ｐass wörd ﬁve"
const getUserAttributes = ({ username }: { username: string }) => ({ username })
const hasher = passwordHasher({ preferred: argon2id(), accepted: [luciaScrypt()] })
// What the page gives the drop-in, and Lucia, so that they know the hashes of Argon2id.
const passwordHash = { generate: hasher.hash, validate: (typed, stored) => hasher.verify(stored, typed) }

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

// The tables of Lucia's documentation, with one column more for users, and one for sessions.
const schemas = {
  SQLite: luciaSchema({ id: "TEXT", user: "TEXT", key: "TEXT", hash: "TEXT", time: "INTEGER" }),
  PostgreSQL: luciaSchema({ id: "TEXT", user: "TEXT", key: "TEXT", hash: "TEXT", time: "BIGINT" }),
  MySQL: luciaSchema({
    ...{ id: "VARCHAR(127)", user: "VARCHAR(15)", key: "VARCHAR(255)" },
    ...{ hash: "VARCHAR(255)", time: "BIGINT UNSIGNED" },
  }),
}

function luciaSchema({ id, user, key, hash, time }) {
  const owner = `user_id ${user} NOT NULL`
  const reference = "FOREIGN KEY (user_id) REFERENCES auth_user (id)"
  return `CREATE TABLE auth_user (id ${user} NOT NULL PRIMARY KEY, username VARCHAR(255));
CREATE TABLE user_key (id ${key} NOT NULL PRIMARY KEY, ${owner}, hashed_password ${hash}, ${reference});
CREATE TABLE user_session (id ${id} NOT NULL PRIMARY KEY, ${owner}, active_expires ${time} NOT NULL,
  idle_expires ${time} NOT NULL, label VARCHAR(255), ${reference})`
}

const stores = {
  async SQLite(luciaNames = names) {
    const db = new Database(":memory:")
    db.pragma("foreign_keys = ON")
    opened.push(() => db.close())
    return {
      run: async (sql) => db.exec(sql),
      rows: async (sql) => db.prepare(sql).all(),
      lucia: betterSqlite3(db, luciaNames),
      own: betterSqlite3Adapter<OwnUser, OwnSession>(db, { tables }),
    }
  },
  async PostgreSQL(luciaNames = names) {
    const server = await postgresServer()
    if (!server) return null
    const { pool, close } = server
    opened.push(close)
    return {
      // All statements of a text run on one connection.
      run: (sql) => pool.query(sql),
      rows: async (sql) => (await pool.query(sql)).rows,
      lucia: pg(pool, luciaNames),
      own: pgAdapter<OwnUser, OwnSession>(pool, { tables }),
    }
  },
  async MySQL(luciaNames = names) {
    const server = await mysqlServer()
    if (!server) return null
    const { pool, close } = server
    opened.push(close)
    return {
      async run(sql) {
        const connection = await pool.getConnection()
        for (const statement of sql.split(/;\n/)) if (statement.trim()) await connection.query(statement)
        connection.release()
      },
      rows: async (sql) => (await pool.query(sql))[0],
      lucia: mysql2(pool, luciaNames),
      own: mysql2Adapter<OwnUser, OwnSession>(pool, { tables }),
    }
  },
}

/** The statements that the page shows under this heading. */
function textUnder(heading) {
  const [, text] = page.split(`-- ${heading}\n`)
  return text?.split("```")[0] ?? expect.fail(`The page has no "${heading}".`)
}

/** The same with the session's own column, where the page tells to put it. */
function statements(heading) {
  return textUnder(heading)
    .replace(/(expires_at \w+ NOT NULL)/, "$1, label VARCHAR(255)")
    .replace(/(INSERT INTO (?:user_)?session \([^)]*)\)/, "$1, label)")
    .replace(/(idle_expires|expires_at) FROM/, "$1, label FROM")
}

describe.each(Object.keys(stores))("rows, keys and cookies that lucia@2.7.6 made, in %s,", (name) => {
  async function setUp({ skip }) {
    const store = (await stores[name]()) ?? skip()
    await store.run(schemas[name])
    const lucia = real.lucia({ adapter: store.lucia, env: "DEV", getUserAttributes })
    const users: Record<string, { userId: string }> = {}
    for (const username of ["Ada", "bob"]) {
      const key = { providerId: "username", providerUserId: username, password }
      users[username] = await lucia.createUser({ key, attributes: { username } })
    }
    await lucia.createKey({ userId: users.Ada.userId, providerId: "github", providerUserId: "Ab1", password: null })
    return { store, lucia, ada: users.Ada.userId, bob: users.bob.userId }
  }

  async function signIn(lucia, userId) {
    const session = await lucia.createSession({ userId, attributes: { label: "laptop" } })
    return lucia.createSessionCookie(session).serialize().split(";")[0]
  }

  function luciaOver(library, adapter) {
    return library.lucia({ adapter, env: "DEV", getUserAttributes, passwordHash })
  }

  // Who a server with the API of Lucia v2 takes the browser with this cookie for.
  async function seenBy(lucia, cookie) {
    const headers = { origin: null, cookie, authorization: null }
    const request = { request: { method: "GET", headers }, setCookie: () => undefined }
    return (await lucia.handleRequest(request).validate())?.user.username
  }

  function ownApi({ own }: { own: ReturnType<typeof betterSqlite3Adapter<OwnUser, OwnSession>> }) {
    const session = { idleTimeout: "15d" } as const
    const getSessionAttributes = ({ label }: OwnSession) => ({ label })
    const cookie = { name: "auth_session" }
    const made = createAuth({ adapter: own, session, cookie, getUserAttributes, getSessionAttributes })
    const auth = acceptLuciaTokens(made, { adapter: own })
    const generateUserId = () => generateRandomString(15)
    const users = createUsers({ adapter: own, passwordHasher: hasher, generateUserId })
    const { handler } = createWebAuth(auth)
    const handle = handler(async (_, request) => {
      const visitor = await request.validate()
      return Response.json({ user: visitor?.user.username, label: visitor?.session.label })
    })
    return { auth, users, handle }
  }

  async function visit({ handle }, cookie) {
    const response = await handle(new Request("https://example.com/", { headers: { Cookie: cookie } }))
    const [set] = response.headers.getSetCookie()
    return { ...(await response.json()), cookie: set?.split(";")[0] }
  }

  test("go through the page's steps 4 and 5, and nobody is signed out", async (context) => {
    const { store, lucia, ada } = await setUp(context)
    const before = Date.now()
    const cookie = await signIn(lucia, ada)
    await store.run(statements(`Lucia v2, ${name}`))
    expect(await store.rows("SELECT * FROM user_session")).toEqual([])

    const drop = luciaOver(dropIn, store.own)
    expect(await seenBy(drop, cookie)).toBe("Ada")
    const id = cookie.split("=")[1]
    const { activePeriodExpiresAt, idlePeriodExpiresAt } = await drop.getSession(id)
    expect(activePeriodExpiresAt.getTime()).toBeGreaterThanOrEqual(before + day)
    expect(activePeriodExpiresAt.getTime()).toBeLessThanOrEqual(Date.now() + day)
    expect(idlePeriodExpiresAt - activePeriodExpiresAt).toBe(14 * day)
    expect((await drop.useKey("username", normalizeUsername("Ada"), password)).userId).toBe(ada)
    expect((await drop.useKey("github", "Ab1", null)).userId).toBe(ada)

    const own = ownApi(store)
    const visited = await visit(own, cookie)
    expect(visited).toMatchObject({
      user: "Ada",
      label: "laptop",
      cookie: expect.stringMatching(/^auth_session=[a-z2-7]{32}$/),
    })
    for (const presented of [cookie, visited.cookie]) expect((await visit(own, presented)).user).toBe("Ada")
    const [session] = await own.auth.getUserSessions(ada)
    expect(session.label).toBe("laptop")
    expect(session.createdAt.getTime()).toBeGreaterThanOrEqual(before)
    expect(session.createdAt.getTime()).toBeLessThanOrEqual(Date.now())
    expect(JSON.stringify(await store.rows("SELECT id FROM session"))).not.toContain(id)
  })

  test("have passwords that verify, and become hashes of Argon2id when their users sign in", async (context) => {
    const { store, ada } = await setUp(context)
    await store.run(statements(`Lucia v2, ${name}`))
    const { auth, users } = ownApi(store)
    const stored = async () =>
      (await store.rows("SELECT id, hashed_password FROM user_key ORDER BY id")).map((row) => [
        String(row.id),
        String(row.hashed_password).split(/[:$]/).slice(0, 2).join(""),
      ])
    const s2 = expect.stringMatching(/^s2/)
    expect(await stored()).toEqual([
      ["github:Ab1", "null"],
      ["username:ada", s2],
      ["username:bob", s2],
    ])
    expect(
      await users.signInWithPassword(auth, { providerId: "username", providerUserId: "ada", password: "wrong" }),
    ).toBeNull()
    for (const username of ["Ada", "ADA"]) {
      const signedIn = await users.signInWithPassword(auth, {
        providerId: "username",
        providerUserId: username,
        password,
      })
      expect(signedIn?.session.userId).toBe(ada)
    }
    expect(await stored()).toEqual([
      ["github:Ab1", "null"],
      ["username:ada", "argon2id"],
      ["username:bob", s2],
    ])
    expect(await users.getKey({ providerId: "github", providerUserId: "Ab1" })).toMatchObject({ userId: ada })
    expect(await users.getKey({ providerId: "github", providerUserId: "ab1" })).toBeNull()
    const key = { providerId: "username", providerUserId: "Carol", password }
    expect(await users.createUser({ key, attributes: { username: "Carol" } })).toMatchObject({
      user: { username: "Carol" },
    })
  })

  test("belong to users who can be deleted", async (context) => {
    const { store, lucia, ada, bob } = await setUp(context)
    for (const userId of [ada, bob]) await signIn(lucia, userId)
    await store.run(statements(`Lucia v2, ${name}`))
    await ownApi(store).users.deleteUser(ada)
    await luciaOver(dropIn, store.own).deleteUser(bob)
    for (const table of ["auth_user", "user_key", "session"])
      expect(await store.rows(`SELECT id FROM ${table}`)).toEqual([])
  })

  test("go back from step 5 to 4, and from 4 to Lucia's tables, as the page says", async (context) => {
    const { store, lucia, ada, bob } = await setUp(context)
    const [moved, kept, ended] = [await signIn(lucia, ada), await signIn(lucia, bob), await signIn(lucia, bob)]
    await store.run(statements(`Lucia v2, ${name}`))
    const own = ownApi(store)
    const { cookie } = await visit(own, moved)
    const signedIn = await own.users.signInWithPassword(own.auth, {
      providerId: "username",
      providerUserId: "Ada",
      password,
    })
    const signedInCookie = `auth_session=${signedIn!.token}`
    const gone = await own.auth.validateSession(ended.split("=")[1])
    await own.auth.invalidateSession(gone.session!.id)

    async function expectVisitors(server) {
      for (const presented of [cookie, signedInCookie]) expect(await seenBy(server, presented)).toBe("Ada")
      expect(await seenBy(server, kept)).toBe("bob")
      for (const presented of [moved, ended]) expect(await seenBy(server, presented)).toBeUndefined()
      for (const username of ["ada", "bob"])
        expect((await server.useKey("username", username, password)).providerUserId).toBe(username)
      await expect(server.useKey("username", "ada", "wrong")).rejects.toThrow("AUTH_INVALID_PASSWORD")
    }
    await expectVisitors(luciaOver(dropIn, store.own))
    const late = await luciaOver(dropIn, store.own).createSession({ userId: bob, attributes: {} })

    await store.run(statements(`Back to Lucia v2, ${name}`))
    const oldTables = luciaOver(dropIn, store.lucia)
    await expectVisitors(oldTables)
    const { activePeriodExpiresAt, idlePeriodExpiresAt } = late
    expect(await oldTables.getSession(late.sessionId)).toMatchObject({ activePeriodExpiresAt, idlePeriodExpiresAt })
    expect((await store.rows("SELECT label FROM user_session")).map(({ label }) => label).sort()).toEqual(
      ["laptop", "laptop", null, null].sort(),
    )
  })

  test("go back to Lucia itself, for whose sessions are in clear still", async (context) => {
    const { store, lucia, ada, bob } = await setUp(context)
    const [moved, kept] = [await signIn(lucia, ada), await signIn(lucia, bob)]
    await store.run(statements(`Lucia v2, ${name}`))
    const own = ownApi(store)
    const { cookie } = await visit(own, moved)
    await own.users.verifyPassword({ providerId: "username", providerUserId: "ada", password })
    await store.run(statements(`Back to Lucia v2, ${name}`))
    await store.run(textUnder("Back to Lucia itself"))
    const old = luciaOver(real, store.lucia)
    expect(await seenBy(old, kept)).toBe("bob")
    for (const presented of [moved, cookie]) expect(await seenBy(old, presented)).toBeUndefined()
    for (const username of ["ada", "bob"])
      expect((await old.useKey("username", username, password)).providerUserId).toBe(username)
    expect(await store.rows("SELECT id FROM user_session")).toHaveLength(1)
  })

  test("have siblings of lucia@1, which the drop-in knows, and our API does not", async ({ skip }) => {
    const store = (await stores[name]({ user: "auth_user", session: "auth_session", key: "auth_key" })) ?? skip()
    // An id of lucia@1, with capitals, and what its scrypt of those days made.
    const sessionId = "aB3".padEnd(40, "xY9")
    const salt = "saltOfLucia1abcd"
    const hash = `${salt}:${scryptSync(password.normalize("NFKC"), salt, 64, { N: 16_384, r: 8, p: 1 }).toString("hex")}`
    await store.run(`CREATE TABLE auth_user (id VARCHAR(15) NOT NULL PRIMARY KEY, username VARCHAR(31));
CREATE TABLE auth_session (id VARCHAR(127) NOT NULL PRIMARY KEY, user_id VARCHAR(15) NOT NULL,
  active_expires BIGINT NOT NULL, idle_expires BIGINT NOT NULL, FOREIGN KEY (user_id) REFERENCES auth_user (id));
CREATE TABLE auth_key (id VARCHAR(255) NOT NULL PRIMARY KEY, user_id VARCHAR(15) NOT NULL, hashed_password VARCHAR(255),
  primary_key INT2 NOT NULL, expires BIGINT, FOREIGN KEY (user_id) REFERENCES auth_user (id));
INSERT INTO auth_user VALUES ('userOfLucia1', 'Ada');
INSERT INTO auth_session VALUES ('${sessionId}', 'userOfLucia1', ${Date.now() + day}, ${Date.now() + 15 * day});
INSERT INTO auth_key VALUES ('username:Ada', 'userOfLucia1', '${hash}', 1, NULL);
INSERT INTO auth_key VALUES ('reset:once', 'userOfLucia1', NULL, 0, ${Date.now() + day})`)

    await store.run(textUnder("Lucia v1"))
    expect(await store.rows("SELECT id FROM auth_key")).toEqual([{ id: "username:Ada" }])
    const cookie = `auth_session=${sessionId}`
    for (const storedIds of ["clear", "rekey"] as const) {
      const drop = dropIn.lucia({ adapter: store.lucia, env: "DEV", getUserAttributes, storedIds })
      expect(await seenBy(drop, cookie)).toBe("Ada")
      expect((await drop.useKey("username", "Ada", password)).userId).toBe("userOfLucia1")
    }

    // As the names are in the page's statements.
    for (const table of ["session", "key"]) await store.run(`ALTER TABLE auth_${table} RENAME TO user_${table}`)
    await store.run(textUnder(`Lucia v2, ${name}`))
    expect(await seenBy(luciaOver(dropIn, store.own), cookie)).toBe("Ada")
    const own = ownApi(store)
    expect((await visit(own, cookie)).user).toBeUndefined()
    expect(await own.users.verifyPassword({ providerId: "username", providerUserId: "ada", password })).toMatchObject({
      userId: "userOfLucia1",
    })
  })
})
