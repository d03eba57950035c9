import { inspect } from "node:util"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { prismaExecutor } from "../../../adapters/prisma.ts"
import { revocationSchema, schema, sqlAdapter, sqlRevocations } from "../../../adapters/sql.ts"
import { testAdapter } from "../../../src/testing.ts"
import { openPostgresText, openSqliteText } from "./stores.ts"

interface User {
  id: string
  username: string
}

const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const alice = { id: "alice", attributes: { username: "alice" } }

for (const [name, open] of [
  ["SQLite", openSqliteText],
  ["PostgreSQL", openPostgresText],
] as const) {
  const store = await open()
  if (!store) continue
  const { client } = store
  const executor = prismaExecutor(client)
  const { dialect } = executor
  const place = dialect === "sqlite" ? "+?" : "$1"
  const features = {
    token: "own_token",
    attempt: "own_attempt",
    totp: "own_totp",
    passkey: "own_passkey",
    event: "own_event",
  }
  const tables = { ...features, session: "own_session", key: "own_key", user: "own_user" }
  const adapter = sqlAdapter<User, { label?: string | null }>({ dialect, executor, tables, userIdType: "text" })
  const emptyOwn = async () => {
    for (const table of Object.values(tables)) await executor.execute(`DELETE FROM ${table}`, [])
  }

  describe(`prismaExecutor() on ${name}`, () => {
    beforeAll(async () => {
      const columns = `id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, role TEXT NOT NULL DEFAULT 'user', email TEXT UNIQUE`
      await executor.execute(`CREATE TABLE ${tables.user} (${columns})`, [])
      const include = ["tokens", "throttle", "totp", "passkeys", "audit"] as const
      const options = { tables, sessionColumns: { label: "TEXT" }, include }
      const made = [...schema(dialect, options), ...revocationSchema(dialect)]
      for (const statement of made) await executor.execute(statement, [])
    })
    beforeEach(emptyOwn)
    afterAll(store.close)

    testAdapter(test, async () => {
      await emptyOwn()
      return {
        adapter,
        onStatement: store.onStatement,
        addUser: ({ id, username }) => adapter.insertUser({ id: String(id), attributes: { username } }, null),
      }
    })

    test("tells its dialect, and takes one that is given", () => {
      expect(dialect).toBe(name === "SQLite" ? "sqlite" : "postgres")
      expect(prismaExecutor({}, { dialect: "mysql" }).dialect).toBe("mysql")
      for (const other of [{}, { _activeProvider: "mongodb" }, { _activeProvider: "toString" }])
        expect(() => prismaExecutor(other)).toThrow(expect.objectContaining({ code: "invalid_option" }))
    })

    test("carries the revocations of stateless sessions", async () => {
      const revocations = sqlRevocations({ dialect, executor })
      await Promise.all([60, 30, 90].map((seconds) => revocations.revoke("a", new Date(Date.now() + seconds * 1000))))
      await revocations.revoke("b", new Date(Date.now() - 1))
      expect(await revocations.isRevoked(["a"])).toBe(true)
      expect(await revocations.isRevoked(["b", "c"])).toBe(false)
      expect(await revocations.deleteExpiredRevocations()).toBe(1)
      await expect(sqlRevocations({ dialect, executor, table: "nowhere" }).isRevoked(["a"])).rejects.toThrow(/nowhere/)
    })

    test("its errors are the driver's, and hold no values", async () => {
      await adapter.insertUser(alice, key)
      const text = `INSERT INTO own_key (id, user_id, hashed_password) VALUES ('username:alice', 'alice', ${place})`
      const error = await executor.execute(text, ["$argon2id$secret"]).catch((reason: unknown) => reason)
      expect((error as { code?: unknown }).code).toBe(dialect === "sqlite" ? "SQLITE_CONSTRAINT_PRIMARYKEY" : "23505")
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("secret")
    })

    test("knows what earlier versions of Prisma tell", async () => {
      const failing = (error: Error) =>
        prismaExecutor({ _activeProvider: "mysql", $executeRawUnsafe: async () => Promise.reject(error) })
      const p2010 = Object.assign(new Error("Raw query failed."), {
        code: "P2010",
        meta: { code: "1062", message: "Duplicate entry" },
      })
      await expect(failing(p2010).execute("", [])).rejects.toMatchObject({
        code: "1062",
        errno: 1062,
        message: "Duplicate entry",
      })
      const p2034 = Object.assign(new Error("Write conflict."), { code: "P2034" })
      await expect(failing(p2034).execute("", [])).rejects.toMatchObject({ errno: 1213 })
      const p1001 = Object.assign(new Error("No server."), { code: "P1001" })
      await expect(failing(p1001).execute("", [])).rejects.toBe(p1001)
    })

    test("writes inside an interactive transaction, which a refusal leaves usable", async () => {
      await adapter.insertUser(alice, key)
      const run = client.$transaction(async (transaction) => {
        const inside = prismaExecutor(transaction)
        const own = sqlAdapter<User>({ dialect, executor: inside, tables, userIdType: "text", inTransaction: true })
        expect(await own.insertUser({ id: "bob", attributes: { username: "bob" } }, key)).toEqual({ taken: "key" })
        expect(await own.insertUser({ id: "bob", attributes: { username: "bob" } }, null)).toMatchObject({
          user: { id: "bob" },
        })
        throw new Error("rolled back")
      })
      await expect(run).rejects.toThrow("rolled back")
      expect(await adapter.findUser("bob")).toBeNull()
    })
  })
}
