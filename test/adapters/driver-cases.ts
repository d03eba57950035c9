import type { ExpectStatic } from "vitest"
import type { SqlOptions } from "../../adapters/sql/database.ts"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import type { Row } from "../../adapters/sql/executor.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { isAuthError } from "../../src/core/errors.ts"
import { asId } from "../../src/testing/hostile-input.ts"
import { attributeCases } from "./attribute-cases.ts"
import type { TestAdapter } from "./sql-stores.ts"

type Adapter = TestAdapter

/** A driver over a separate database with empty tables and text ids. */
export interface DriverSetup {
  dialect: DialectName
  adapter(options?: SqlOptions): Adapter
  /** Runs any SQL, as text and without parameters, past the adapter. */
  run(sql: string): Promise<Row[]>
  /** Every statement that went to the driver since it was last emptied. */
  sent: string[]
  /** Runs in a transaction of the application's, with an adapter inside it, and rolls it back. */
  inTransaction?(run: (inside: Adapter) => Promise<void>): Promise<void>
  close(): Promise<void>
}

/** One requirement of a driver's adapter, for any test runner. */
export interface DriverCase {
  name: string
  run(setup: DriverSetup, expect: ExpectStatic): Promise<void>
}

const times = { createdAt: new Date(1_700_000_000_001), expiresAt: new Date(2_000_000_000_003) }
const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const alice = { id: "alice", attributes: { username: "alice" } }
const bob = { id: "bob", attributes: { username: "bob" } }
const session = { id: "s1", userId: "alice", ...times, attributes: { label: "one" } }

const hostileNames = [`username" = 'x', "role`, "label`", "a.b", "__proto__", "x".repeat(200), "", "👻", "?1", "$1"]
const keptNames = ["user_id", "created_at", "expires_at"]
const hostileIds = [0, true, null, { id: 1 }, ["x", "y"], 1n, new Date(0), new Uint8Array([1])].map(asId)
const nearIds = ["ALICE", "alice ", "álice", "alice\0", "alice\ud800", "a".repeat(300), `alice' OR '1'='1`, "?1", "$1"]

/** The requirements of every driver's adapter besides the cases of `nightlatch/testing`. */
export const driverCases: DriverCase[] = [
  {
    name: "a validation is one statement, and a malformed token none",
    async run({ adapter: make, sent }, expect) {
      const adapter = make()
      const { createSession, validateSession } = createAuth({ adapter })
      await adapter.insertUser(alice, key)
      const { token } = await createSession("alice")
      await validateSession(token)
      sent.length = 0
      expect(await validateSession(token)).toMatchObject({ user: { id: "alice" } })
      expect(sent).toHaveLength(1)
      expect(sent[0]).toMatch(/^SELECT .* JOIN /)
      for (const malformed of ["", "short", `${token}x`, `${token}'--`])
        expect(await validateSession(malformed)).toMatchObject({ session: null, reason: "malformed" })
      expect(sent).toHaveLength(1)
    },
  },
  {
    name: "what is taken is told, and nothing of it is left",
    async run({ adapter: make, run }, expect) {
      const adapter = make()
      await adapter.insertUser(alice, key)
      const free = { ...key, providerUserId: "free" }
      expect(await adapter.insertUser(bob, key)).toEqual({ taken: "key" })
      expect(await adapter.insertUser({ ...bob, id: "alice" }, free)).toEqual({ taken: "id" })
      expect(await adapter.insertUser({ ...alice, id: "bob" }, free)).toEqual({ taken: "attribute" })
      expect(await adapter.insertKey({ ...key, userId: "alice" })).toBe("key_taken")
      expect(await adapter.findUser("bob")).toBeNull()
      expect(await adapter.findKey("username", "free")).toBeNull()
      await adapter.insertUser(bob, null)
      expect(await adapter.updateUser("bob", { username: "alice" })).toBe("taken")
      expect(await run(`SELECT id, username FROM "user" ORDER BY id`)).toMatchObject([
        { id: "alice", username: "alice" },
        { id: "bob", username: "bob" },
      ])
    },
  },
  {
    name: "a batch whose last statement fails leaves everything as it was, and the adapter usable",
    async run(setup, expect) {
      const adapter = setup.adapter()
      await adapter.insertUser(alice, key)
      await adapter.insertSession(session)
      const before = await everything(setup)
      for (const statement of protectedUsers[setup.dialect]) await setup.run(statement)
      await expect(adapter.deleteUser("alice")).rejects.toThrow(/protected/)
      expect((await everything(setup)).slice(0, 3)).toEqual(before.slice(0, 3))
      expect(await adapter.findSession("s1")).toMatchObject({ session, user: { id: "alice" } })
      expect(await adapter.insertUser(bob, { ...key, providerUserId: "bob" })).toHaveProperty("user")
    },
  },
  {
    name: "of twenty callers who want one key a single one gets it",
    async run({ adapter: make, run }, expect) {
      const adapter = make()
      const signUps = Array.from({ length: 20 }, (_, n) =>
        adapter.insertUser({ id: `user-${n}`, attributes: { username: `name-${n}` } }, key),
      )
      const results = await Promise.all(signUps)
      expect(results.filter((result) => "user" in result)).toHaveLength(1)
      expect(results.filter((result) => "taken" in result && result.taken === "key")).toHaveLength(19)
      expect(await run(`SELECT id FROM "user"`)).toHaveLength(1)
      expect(await run(`SELECT id FROM user_key`)).toHaveLength(1)
    },
  },
  {
    name: "the application's transaction rolls all back together, and what is taken leaves it usable",
    async run({ adapter: make, inTransaction }, expect) {
      const adapter = make()
      await adapter.insertUser(alice, key)
      await inTransaction?.(async (inside) => {
        expect(await inside.insertUser(bob, key)).toEqual({ taken: "key" })
        expect(await inside.findUser("bob")).toBeNull()
        expect(await inside.insertUser(bob, { ...key, providerUserId: "bob" })).toMatchObject({ user: { id: "bob" } })
        expect(await inside.updateUser("bob", { username: "alice" })).toBe("taken")
        await inside.insertSession({ ...session, userId: "bob" })
        expect(await inside.findSession("s1")).toMatchObject({ user: { username: "bob" } })
        await inside.deleteUser("alice")
      })
      expect(await adapter.findUser("bob")).toBeNull()
      expect(await adapter.findSession("s1")).toBeNull()
      expect(await adapter.findKey("username", "alice")).toMatchObject({ userId: "alice" })
      expect(await adapter.insertUser(bob, null)).toHaveProperty("user")
    },
  },
  {
    name: "no attribute name reaches the SQL unless it is a column, and none that the library keeps",
    async run(setup, expect) {
      const adapter = setup.adapter()
      await adapter.insertUser(alice, key)
      await adapter.insertSession(session)
      const before = await everything(setup)
      for (const name of [...hostileNames, ...keptNames]) {
        const attributes: object = JSON.parse(`{${JSON.stringify(name)}: "x"}`)
        const calls = [
          adapter.insertSession({ ...session, id: "s2", attributes }),
          adapter.updateSession("s1", attributes),
          adapter.replaceSession("s1", { ...session, attributes }),
          adapter.insertUser({ id: "bob", attributes }, null),
          adapter.updateUser("alice", attributes),
        ]
        expect(await codes(calls), name).toEqual(calls.map(() => "invalid_option"))
      }
      expect(await everything(setup)).toEqual(before)
    },
  },
  {
    name: "no id of another type reaches the driver, and ids are compared byte for byte",
    async run(setup, expect) {
      const adapter = setup.adapter()
      await adapter.insertUser(alice, key)
      await adapter.insertSession(session)
      const before = await everything(setup)
      for (const wrong of hostileIds) {
        const calls = [
          adapter.findSession(wrong),
          adapter.listSessions(wrong),
          adapter.deleteSession(wrong),
          adapter.deleteSession("s1", wrong),
          adapter.deleteUserSessions(wrong),
          adapter.insertSession({ ...session, id: "s2", userId: wrong }),
          adapter.findUser(wrong),
          adapter.deleteUser(wrong),
          adapter.findKey("username", wrong),
        ]
        expect(await codes(calls)).toEqual(calls.map(() => "invalid_option"))
      }
      for (const near of nearIds) {
        expect(await adapter.findUser(near), near).toBeNull()
        expect(await adapter.listSessions(near), near).toEqual([])
        expect(await adapter.deleteSession("s1", near), near).toBe(false)
        expect(await adapter.findSession(near), near).toBeNull()
        expect(await adapter.findKey("username", near), near).toBeNull()
        await adapter.deleteUser(near)
        await adapter.deleteUserSessions(near)
        expect(await codes([adapter.insertSession({ ...session, id: "s2", userId: near })])).toEqual(["user_missing"])
      }
      expect(await everything(setup)).toEqual(before)
    },
  },
  {
    name: "text of any script and milliseconds come back as they were stored",
    async run({ adapter: make }, expect) {
      const adapter = make()
      const name = `Zoë 👩‍👩‍👧 ' " \` \\ ? $1 :x %`
      await adapter.insertUser({ id: name, attributes: { username: name } }, { ...key, providerUserId: name })
      await adapter.insertSession({ ...session, userId: name, attributes: { label: name } })
      const found = await adapter.findSession("s1")
      expect(found?.session).toEqual({ ...session, userId: name, attributes: { label: name } })
      expect(found?.user).toEqual({ id: name, username: name, role: "user", email: null })
      expect(await adapter.extendSession("s1", times.expiresAt, new Date(times.expiresAt.getTime() - 1))).toBe(false)
      expect(await adapter.extendSession("s1", new Date(2_100_000_000_007), times.expiresAt)).toBe(true)
      expect((await adapter.findSession("s1"))?.session.expiresAt).toEqual(new Date(2_100_000_000_007))
    },
  },
  {
    name: "a row without its times is no session, a list skips it, and the others stay",
    async run({ adapter: make, dialect, run }, expect) {
      for (const statement of looseSessions[dialect]) await run(statement)
      const adapter = make()
      const { createSession, validateSession, getUserSessions } = createAuth({ adapter })
      await adapter.insertUser(alice, null)
      const [damaged, sound] = [await createSession("alice"), await createSession("alice")]
      const damages = dialect === "postgres" ? ["NULL"] : ["NULL", "'soon'", "''", "x'00'"]
      for (const column of ["created_at", "expires_at"]) {
        for (const damage of damages) {
          await run(`UPDATE session SET ${column} = ${damage} WHERE id = '${damaged.session.id}'`)
          expect(await validateSession(damaged.token), damage).toMatchObject({ session: null, reason: "expired" })
          expect(await getUserSessions("alice")).toMatchObject([{ id: sound.session.id }])
          expect(await validateSession(sound.token)).toMatchObject({ user: { id: "alice" } })
        }
      }
    },
  },
  ...attributeCases,
  {
    name: "over a closed client every call is an error, and nobody seems signed out",
    async run({ adapter: make, close }, expect) {
      const adapter = make()
      const { createSession, validateSession, invalidateSession } = createAuth({ adapter })
      await adapter.insertUser(alice, key)
      const { token, session } = await createSession("alice")
      await close()
      const failure = { code: "store_failed" }
      await expect(validateSession(token)).rejects.toMatchObject(failure)
      await expect(validateSession("a".repeat(token.length))).rejects.toMatchObject(failure)
      await expect(invalidateSession(session.id)).rejects.toMatchObject(failure)
      await expect(createSession("alice")).rejects.toMatchObject(failure)
      await expect(adapter.insertUser(bob, { ...key, providerUserId: "bob" })).rejects.toThrow()
      await expect(adapter.deleteUser("alice")).rejects.toThrow()
    },
  },
]

const protectedUsers: Record<DialectName, string[]> = {
  sqlite: [`CREATE TRIGGER kept BEFORE DELETE ON "user" BEGIN SELECT RAISE(ABORT, 'protected'); END`],
  postgres: [
    `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'protected'; END $$`,
    `CREATE TRIGGER kept BEFORE DELETE ON "user" FOR EACH ROW EXECUTE FUNCTION fail()`,
  ],
  mysql: [],
}

const looseSessions: Record<DialectName, string[]> = {
  sqlite: [
    `DROP TABLE session`,
    `CREATE TABLE session (id TEXT PRIMARY KEY, user_id TEXT, created_at INTEGER, expires_at INTEGER, label TEXT)`,
  ],
  postgres: [`ALTER TABLE session ALTER created_at DROP NOT NULL, ALTER expires_at DROP NOT NULL`],
  mysql: [],
}

/** The codes that calls reject with; `null` for one that is fulfilled. */
async function codes(calls: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(calls)
  return settled.map((call) => {
    if (call.status === "fulfilled") return null
    return isAuthError(call.reason) ? call.reason.code : call.reason
  })
}

/** All rows of all tables, and the tables themselves. */
async function everything({ dialect, run }: DriverSetup): Promise<Row[][]> {
  const tables =
    dialect === "sqlite"
      ? `SELECT name, sql FROM sqlite_master ORDER BY name`
      : `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2`
  const found: Row[][] = []
  for (const table of ["user", "session", "user_key"]) found.push(await run(`SELECT * FROM "${table}" ORDER BY id`))
  return [...found, await run(tables)]
}
