import { DatabaseSync } from "node:sqlite"
import { afterAll, describe, expect, test } from "vitest"
import { nodeSqliteExecutor } from "../../adapters/node-sqlite.ts"
import { mysql2Executor } from "../../adapters/mysql2.ts"
import { pgExecutor } from "../../adapters/pg.ts"
import type { DriverExecutor } from "../../adapters/sql/adapter.ts"
import { schema, sqlAdapter } from "../../adapters/sql.ts"
import type { Feature } from "../../adapters/sql.ts"
import { createAuth } from "../../src/index.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import { attemptOf } from "../users/attempts.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { firstTables } from "./first-tables.ts"
import { plainPasskey } from "./plain-passkey.ts"

type User = { id: string; username: string }

const invite = purpose({ expiresIn: "1h" })

const dialects = ["sqlite", "postgres", "mysql"] as const
const userTable = (dialect: string) =>
  dialect === "mysql"
    ? "CREATE TABLE `user` (id VARBINARY(255) PRIMARY KEY, username VARCHAR(255) NOT NULL UNIQUE)"
    : `CREATE TABLE "user" (id TEXT PRIMARY KEY NOT NULL, username TEXT NOT NULL UNIQUE)`

test.each(dialects)("schema() without include makes on %s what the first release made", (dialect) => {
  expect(schema(dialect)).toEqual(firstTables[dialect])
  const all = schema(dialect, { include: ["audit", "passkeys", "totp", "tokens", "throttle"] })
  expect(all.slice(0, firstTables[dialect].length)).toEqual(firstTables[dialect])
  expect(all.slice(firstTables[dialect].length)).toMatchSnapshot()
})

test("schema() includes each feature by name, and refuses others", () => {
  const made = (include: Feature[]) =>
    schema("postgres", { include }).flatMap(
      (sql) => /TABLE IF NOT EXISTS "((?:auth|user)_(?!key)\w+)"/.exec(sql)?.[1] ?? [],
    )
  expect(made(["throttle"])).toEqual(["auth_attempt"])
  expect(made(["audit", "tokens", "tokens"])).toEqual(["auth_token", "auth_event"])
  expect(made(["passkeys", "totp"])).toEqual(["user_totp", "user_passkey"])
  const wrong = JSON.parse('["token"]') as ["tokens"]
  expect(() => schema("sqlite", { include: wrong })).toThrow(
    'include: "token" is not a feature with a table; did you mean "tokens"?',
  )
})

test("schema() gives the tables of features other names, and user ids of the user's type", () => {
  const tables = {
    user: "auth.person",
    token: "auth.token",
    attempt: "auth.attempt",
    totp: "auth.totp",
    event: "auth.event",
  }
  const statements = schema("postgres", {
    tables,
    userIdType: "uuid",
    include: ["tokens", "throttle", "totp", "passkeys", "audit"],
  })
  expect(statements.join("\n")).toContain(`CREATE TABLE IF NOT EXISTS "auth"."token"`)
  expect(statements.join("\n")).toContain(`user_id UUID REFERENCES "auth"."person" (id) ON DELETE CASCADE`)
  expect(statements.join("\n")).toContain(
    `user_id UUID NOT NULL PRIMARY KEY REFERENCES "auth"."person" (id) ON DELETE CASCADE`,
  )
  expect(statements.join("\n")).toContain(`CREATE INDEX IF NOT EXISTS "event_user_id_at" ON "auth"."event"`)
})

const stores = (await Promise.all([sqlite(), postgres(), mysql()])).filter((store) => store !== null)

for (const executor of stores) {
  const { dialect } = executor
  describe(`the tables of the first release on ${dialect}`, () => {
    const sent: string[] = []
    const watched: DriverExecutor = {
      ...executor,
      query: (sql, params) => (sent.push(sql), executor.query(sql, params)),
      execute: (sql, params) => (sent.push(sql), executor.execute(sql, params)),
      batch: (all) => (sent.push(...all.map(({ sql }) => sql)), executor.batch!(all)),
    }
    const open = () => sqlAdapter<User>({ dialect, executor: watched })

    test("serve an application without any feature that came later", async () => {
      const adapter = open()
      const auth = createAuth({ adapter })
      const users = createUsers({ adapter, passwordHasher: countingHasher() })
      const name = { providerId: "username", providerUserId: "ada" }
      const { user } = await users.createUser({
        key: { ...name, password: "correct horse battery" },
        attributes: { username: "ada" },
      })
      const signed = await users.signInWithPassword(auth, attemptOf("ada", "correct horse battery"))
      expect(signed?.session.userId).toBe(user?.id)
      const { session } = await auth.validateSession(signed!.token)
      expect(session?.userId).toBe(user?.id)
      await users.updateUserPassword({ userId: user!.id, password: "another long password" })
      expect((await auth.validateSession(signed!.token)).session).toBeNull()
      expect(await users.signInWithPassword(auth, attemptOf("ada", "correct horse battery"))).toBeNull()
      expect(await users.signInWithPassword(auth, attemptOf("ada", "another long password"))).not.toBeNull()
      await users.deleteUser(user!.id)
      expect(await users.getKey(name)).toBeNull()
      expect(await adapter.listSessions(user!.id)).toEqual([])
    })

    test("hold no tokens, so that there are none to delete, and cost no statement more", async () => {
      const adapter = open()
      await adapter.insertUser({ id: "grace", attributes: { username: "grace" } }, null)
      await expect(adapter.deleteTokens("grace", { except: [] })).resolves.toBeUndefined()
      expect(await adapter.deletePasskeys("grace")).toBe(0)
      expect(await adapter.deleteTotp("grace")).toBe(false)
      sent.length = 0
      await adapter.findUser("grace")
      await adapter.findSession("a")
      expect(sent).toHaveLength(2)
      await adapter.deleteUser("grace")
      expect(sent.filter((sql) => /^DELETE.*(auth_|user_totp|user_passkey)/s.test(sql))).toEqual([])
      expect(await adapter.findUser("grace")).toBeNull()
    })

    test("are named with the remedy by every other call", async () => {
      const adapter = open()
      const token = { id: "a", purpose: "a", userId: null, expiresAt: null, attempts: 0, data: "" }
      const refused = async (call: Promise<unknown>, owner: string, table: string, feature: string) =>
        expect(call).rejects.toMatchObject({
          code: "invalid_option",
          message: `tables.${owner}: "${table}" does not exist; run the statements of schema("${dialect}", { include: ["${feature}"] }) from "nightlatch/adapters/sql", or name yours`,
        })
      await refused(adapter.insertTokens([token]), "token", "auth_token", "tokens")
      await refused(adapter.findToken("a"), "token", "auth_token", "tokens")
      await refused(adapter.takeToken("a"), "token", "auth_token", "tokens")
      await refused(adapter.tryToken("a", 1), "token", "auth_token", "tokens")
      await refused(adapter.countTokens("a", "a"), "token", "auth_token", "tokens")
      await refused(adapter.deleteExpiredTokens(new Date(), 1), "token", "auth_token", "tokens")
      await refused(adapter.takeAttempt("a", 1, 1, 1), "attempt", "auth_attempt", "throttle")
      await refused(adapter.dropAttempts(["a"]), "attempt", "auth_attempt", "throttle")
      const own = { userId: "a", id: "a" }
      const use = { signCount: 1, backedUp: false, usedAt: new Date() }
      await refused(adapter.insertTotp("a", "a", 1, true), "totp", "user_totp", "totp")
      await refused(adapter.findTotp("a"), "totp", "user_totp", "totp")
      await refused(adapter.takeStep("a", 1), "totp", "user_totp", "totp")
      await refused(adapter.insertPasskey({ ...plainPasskey, ...own }), "passkey", "user_passkey", "passkeys")
      await refused(adapter.findPasskey("a"), "passkey", "user_passkey", "passkeys")
      await refused(adapter.listPasskeys("a"), "passkey", "user_passkey", "passkeys")
      await refused(adapter.recordPasskeyUse("a", { signCount: 0 }, use), "passkey", "user_passkey", "passkeys")
      await refused(adapter.renamePasskey({ ...own, name: "a" }), "passkey", "user_passkey", "passkeys")
      await refused(adapter.deletePasskey(own), "passkey", "user_passkey", "passkeys")
      await refused(adapter.insertEvents([]), "event", "auth_event", "audit")
      await refused(adapter.listEvents("a", null, 1), "event", "auth_event", "audit")
      sent.length = 0
      await adapter.findSession("a")
      expect(sent).toHaveLength(1)
    })

    test("may be joined by those of features while the application runs", async () => {
      const adapter = open()
      const [other, third, fourth] = [open(), open(), open()]
      const key = { providerId: "email", providerUserId: "joan", userId: "joan", passwordHash: null }
      await adapter.insertUser({ id: "joan", attributes: { username: "joan" } }, null)
      await expect(adapter.findToken("a")).rejects.toThrow("does not exist")
      await other.deleteTokens("joan", { except: [] })
      await third.findUser("joan")
      await fourth.insertKey(key)
      expect(await fourth.deleteKey(key)).toBe("last_key")
      for (const statement of schema(dialect, { include: ["tokens", "throttle", "totp", "passkeys", "audit"] }))
        await executor.execute(statement, [])
      const tokens = createTokens({ adapter, purposes: { invite } })
      const token = await tokens.createToken({ purpose: "invite", userId: "joan" })
      expect(await tokens.peekToken(token, "invite")).toMatchObject({ userId: "joan" })
      await other.deleteTokens("joan", { except: [] })
      expect(await tokens.consumeToken(token, "invite")).toBeNull()
      await tokens.createToken({ purpose: "invite", userId: "joan" })
      await adapter.insertTotp("joan", "a", 1, false)
      await adapter.insertPasskey({ ...plainPasskey, userId: "joan", id: "a" })
      expect(await fourth.deleteKey(key)).toBe("deleted")
      await third.deleteUser("joan")
      for (const table of ["auth_token", "user_totp", "user_passkey"])
        expect(await executor.query(`SELECT user_id FROM ${table}`, [])).toEqual([])
    })
  })
}

async function sqlite(): Promise<DriverExecutor> {
  const db = new DatabaseSync(":memory:")
  afterAll(() => db.close())
  // As older versions of SQLite's drivers leave it, and as a client of the application's may.
  db.exec("PRAGMA foreign_keys = OFF")
  return prepared(nodeSqliteExecutor(db))
}

async function postgres(): Promise<DriverExecutor | null> {
  const server = await postgresServer()
  if (!server) return null
  afterAll(server.close)
  return prepared(pgExecutor(server.pool))
}

async function mysql(): Promise<DriverExecutor | null> {
  const server = await mysqlServer()
  if (!server) return null
  afterAll(server.close)
  return prepared(mysql2Executor(server.pool))
}

async function prepared(executor: DriverExecutor): Promise<DriverExecutor> {
  for (const statement of [userTable(executor.dialect), ...firstTables[executor.dialect]])
    await executor.execute(statement, [])
  return executor
}
