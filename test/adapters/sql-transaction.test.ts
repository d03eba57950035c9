import type mysql from "mysql2/promise"
import pg from "pg"
import { beforeEach, describe, expect, test } from "vitest"
import type { SqlExecutor } from "../../adapters/sql/executor.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import { empty, everyStore, mysqlExecutor, pgExecutor } from "./sql-stores.ts"

const times = { createdAt: new Date(1_700_000_000_000), expiresAt: new Date(2_000_000_000_000) }
const key = { providerId: "username", providerUserId: "alice", passwordHash: "old" }

const stores = await everyStore()

for (const store of stores) {
  describe(store.dialect, () => {
    const adapter = store.adapter()
    beforeEach(() => empty(store))

    test("in the caller's transaction everything is rolled back together, and a taken key leaves it usable", async () => {
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
      await inTransaction(store.executor, async (executor) => {
        const inside = sqlAdapter<{ id: string; username: string }>({
          dialect: store.dialect,
          executor,
          inTransaction: true,
        })
        const bob = { id: "bob", attributes: { username: "bob" } }
        expect(await inside.insertUser(bob, key)).toEqual({ taken: "key" })
        expect(await inside.findUser("bob")).toBeNull()
        expect(await inside.insertUser({ ...bob, id: "alice" }, null)).toEqual({ taken: "id" })
        expect(await inside.insertUser({ ...bob, attributes: { username: "alice" } }, null)).toEqual({
          taken: "attribute",
        })
        expect(await inside.insertUser(bob, { ...key, providerUserId: "bob" })).toMatchObject({ user: { id: "bob" } })
        expect(await inside.insertKey({ ...key, userId: "bob" })).toBe("key_taken")
        expect(await inside.updateUser("bob", { username: "alice" })).toBe("taken")
        await inside.insertSession({ id: "s1", userId: "bob", ...times, attributes: {} })
        expect(await inside.findSession("s1")).toMatchObject({ user: { username: "bob" } })
        await inside.deleteUser("alice")
      })
      expect(await adapter.findUser("bob")).toBeNull()
      expect(await adapter.findSession("s1")).toBeNull()
      expect(await adapter.findKey("username", "alice")).toMatchObject({ userId: "alice" })
    })

    test("calls that overlap in the caller's transaction take turns", async () => {
      await inTransaction(store.executor, async (executor) => {
        const inside = sqlAdapter<{ id: string; username: string }>({
          dialect: store.dialect,
          executor,
          inTransaction: true,
        })
        const insert = (n: number) =>
          inside.insertUser({ id: `user-${n}`, attributes: { username: `name-${n % 2}` } }, null)
        const results = await Promise.all([0, 1, 2, 3].map(insert))
        expect(results.filter((result) => "user" in result)).toHaveLength(2)
        expect(await inside.findUser("user-0")).not.toBeNull()
        expect(await inside.findUser("user-1")).not.toBeNull()
      })
    })

    test("tokens, attempts and events are rolled back with the caller's transaction, which a taken id leaves usable", async () => {
      const token = (id: string) => {
        return { id, purpose: "p", userId: "alice", expiresAt: times.expiresAt, attempts: 0, data: "" }
      }
      const event = { id: "e", at: times.createdAt, type: "t", userId: "alice", sessionId: null, detail: "" }
      const replacing = { userId: "alice", purpose: "p", keep: 1 }
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
      await adapter.insertTokens([token("a"), token("b")])
      await inTransaction(store.executor, async (executor) => {
        const inside = sqlAdapter<{ id: string; username: string }>({
          dialect: store.dialect,
          executor,
          inTransaction: true,
        })
        expect(await inside.insertTokens([token("c"), token("a")], replacing)).toBe(false)
        expect(await inside.countTokens("alice", "p")).toBe(2)
        const taken = await Promise.all([inside.takeToken("a"), inside.takeToken("a"), inside.tryToken("b", 1)])
        expect(taken).toEqual([token("a"), null, { ...token("b"), attempts: 1 }])
        expect(await inside.insertTokens([token("c")], replacing)).toBe(true)
        expect(await inside.findToken("b")).toBeNull()
        expect(await inside.takeAttempt("k", 1000, 10, 10)).toEqual({ taken: true, until: 1010 })
        expect(await inside.takeAttempt("k", 1000, 10, 10)).toEqual({ taken: false, until: 1010 })
        await inside.insertEvents([event, event])
        expect(await inside.listEvents("alice", null, 9)).toEqual([event])
        await inside.deleteTokens("alice", { except: [] })
        await inside.deleteUser("alice")
      })
      for (const id of ["a", "b"]) expect(await adapter.findToken(id)).toEqual(token(id))
      expect(await adapter.findToken("c")).toBeNull()
      expect(await adapter.listEvents("alice", null, 9)).toEqual([])
      expect(await adapter.deleteIdleAttempts(2000, 9)).toBe(0)
    })

    test("without batch() a write to two tables says what the executor lacks, and writes nothing", async () => {
      const { query, execute } = store.executor
      const bare = sqlAdapter<{ id: string; username: string }>({
        dialect: store.dialect,
        executor: { query, execute },
      })
      const insert = bare.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
      await expect(insert).rejects.toMatchObject({ code: "missing_port", message: expect.stringContaining("batch()") })
      expect(await bare.findUser("alice")).toBeNull()
      expect(await bare.insertUser({ id: "alice", attributes: { username: "alice" } }, null)).toHaveProperty("user")
    })

    test("a swap that did not take place ends no session, even if the hash is already the wanted one", async () => {
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, { ...key, passwordHash: "new" })
      await adapter.insertSession({ id: "s1", userId: "alice", ...times, attributes: {} })
      expect(await adapter.replaceKeyPassword(key, "old", "new", {})).toBe(false)
      expect(await adapter.replaceKeyPassword(key, null, "new", {})).toBe(false)
      expect(await adapter.findSession("s1")).not.toBeNull()
      expect(await adapter.replaceKeyPassword(key, "new", null, { exceptId: "s2" })).toBe(true)
      expect(await adapter.findSession("s1")).toBeNull()
      expect(await adapter.replaceKeyPassword(key, null, "next")).toBe(true)
    })

    test("[ADP-4][P11] a failure in the middle leaves nothing, and nothing unhandled", async () => {
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
      const failing: SqlExecutor = {
        ...store.executor,
        batch: async (statements) =>
          (await store.executor.batch?.([...statements, { sql: "SELECT nonsense FROM nowhere", params: [] }])) ?? [],
      }
      const broken = sqlAdapter<{ id: string; username: string }>({ dialect: store.dialect, executor: failing })
      await expect(broken.deleteUser("alice")).rejects.toThrow(/nowhere/)
      expect(await adapter.findUser("alice")).not.toBeNull()
      expect(await adapter.findKey("username", "alice")).not.toBeNull()
    })
  })

  /** Runs in a transaction on one connection, and rolls it back. */
  async function inTransaction(executor: SqlExecutor, run: (executor: SqlExecutor) => Promise<void>): Promise<void> {
    const connection = await store.connect()
    const inside =
      connection === null ? executor : connection instanceof pg.Client ? pgExecutor(connection) : mysqlOf(connection)
    await inside.execute("BEGIN", [])
    try {
      await run(inside)
    } finally {
      await inside.execute("ROLLBACK", [])
      await connection?.end()
    }
  }
}

test.for(stores.filter(({ dialect }) => dialect !== "sqlite"))(
  "[R9] on $dialect a sign-in cannot slip between the steps of a deletion",
  async (slow) => {
    const adapter = slow.adapter()
    await empty(slow)
    // Without the foreign keys: a table that the application made may have none.
    if (slow.dialect === "postgres") {
      for (const table of ["session", "user_key"])
        await slow.run(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_user_id_fkey`)
    }
    await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
    const connection = await slow.connect()
    if (!connection) throw new Error("No connection.")
    const executor = connection instanceof pg.Client ? pgExecutor(connection) : mysqlOf(connection)
    // Where each statement sees what others have committed meanwhile.
    if (slow.dialect === "mysql") await executor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", [])
    let signIn: Promise<unknown> = Promise.resolve()
    const batch: SqlExecutor["batch"] = async (statements) => {
      await executor.execute("BEGIN", [])
      for (const { sql, params } of statements) {
        await executor.execute(sql, params)
        if (!sql.includes("DELETE FROM") || !/session/.test(sql)) continue
        signIn = adapter.insertSession({ id: "s1", userId: "alice", ...times, attributes: {} }).catch((error) => error)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      await executor.execute("COMMIT", [])
      return statements.map(() => 1)
    }
    await sqlAdapter({ dialect: slow.dialect, executor: { ...slow.executor, batch } }).deleteUser("alice")
    expect(await signIn).toMatchObject({ code: "user_missing" })
    expect(await adapter.listSessions("alice")).toEqual([])
    await connection.end()
  },
)

test.for(stores.filter(({ dialect }) => dialect !== "sqlite"))(
  "[R9] on $dialect a deletion cannot slip between the tokens of one call, which are stored all or none",
  async (slow) => {
    const adapter = slow.adapter()
    await empty(slow)
    for (const id of ["alice", "bob"]) await adapter.insertUser({ id, attributes: { username: id } }, null)
    const connection = await slow.connect()
    if (!connection) throw new Error("No connection.")
    const executor = connection instanceof pg.Client ? pgExecutor(connection) : mysqlOf(connection)
    if (slow.dialect === "mysql") await executor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", [])
    let deletion: Promise<unknown> = Promise.resolve()
    const batch: SqlExecutor["batch"] = async (statements) => {
      const counts: number[] = []
      await executor.execute("BEGIN", [])
      for (const { sql, params } of statements) {
        if (counts.length === statements.length - 1) {
          deletion = adapter.deleteUser("alice")
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
        counts.push(await executor.execute(sql, params))
      }
      await executor.execute("COMMIT", [])
      return counts
    }
    const token = (id: string, userId: string) => {
      return { id, purpose: "p", userId, expiresAt: null, attempts: 0, data: "" }
    }
    const inside = sqlAdapter({ dialect: slow.dialect, executor: { ...slow.executor, batch } })
    const tokens = [token("b1", "bob"), token("b2", "bob"), token("a", "alice")]
    const stored = await inside.insertTokens(tokens).catch(() => false)
    await deletion
    expect((await adapter.findToken("b1")) !== null).toBe(stored)
    expect((await adapter.findToken("b2")) !== null).toBe(stored)
    expect(await adapter.findToken("a")).toBeNull()
    await connection.end()
  },
)

function mysqlOf(connection: object): SqlExecutor {
  return mysqlExecutor(connection as mysql.Connection)
}
