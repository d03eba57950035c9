import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import pg from "pg"
import { afterAll, describe, expect, test } from "vitest"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import type { SqlExecutor } from "../../adapters/sql/executor.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { postgresServer } from "../servers.ts"
import { pgPoolExecutor, postgresStore, sqliteStore, testTables } from "./sql-stores.ts"

interface User {
  id: string
  username: string
}

const times = { createdAt: new Date(1_700_000_000_000), expiresAt: new Date(2_000_000_000_000) }
const session = { id: "s", userId: "alice", ...times, attributes: {} }
const strangersToken = "a".repeat(32)
const key = { providerId: "username", providerUserId: "alice", passwordHash: null }

describe("a SQLite file that another connection has locked", () => {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  afterAll(() => rmSync(folder, { recursive: true }))
  const [ours, theirs] = [new DatabaseSync(join(folder, "a.db")), new DatabaseSync(join(folder, "a.db"))]
  ours.exec("PRAGMA journal_mode = WAL")
  for (const statement of testTables("sqlite", "text")) ours.exec(statement)
  const adapter = nodeSqliteAdapter<User>(ours)

  test("[F7] is waited for, by single writes and by transactions", async () => {
    theirs.exec("BEGIN IMMEDIATE")
    setTimeout(() => theirs.exec("COMMIT"), 80)
    expect(await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)).toHaveProperty("user")
    theirs.exec("BEGIN IMMEDIATE")
    setTimeout(() => theirs.exec("COMMIT"), 80)
    await adapter.insertSession(session)
    expect(await adapter.findSession("s")).not.toBeNull()
  })

  test("[F7] is not waited for without end: then the driver's error comes through, and nothing is left", async () => {
    theirs.exec("BEGIN IMMEDIATE")
    await expect(adapter.deleteUser("alice")).rejects.toThrow("database is locked")
    theirs.exec("COMMIT")
    expect(await adapter.findSession("s")).not.toBeNull()
    await adapter.deleteUser("alice")
    expect(await adapter.findUser("alice")).toBeNull()
  })
})

describe("a transaction that PostgreSQL calls off", () => {
  test.for([
    ["40001", 2],
    ["40P01", 9],
  ] as const)("[F5] with %s is tried again", async ([code, failures]) => {
    const { adapter, calls } = await failing(code, failures)
    await adapter.deleteUser("alice")
    expect(calls.batch).toBe(failures + 1)
  })

  test("[F5] is tried ten times at most, and other failures once", async () => {
    const deadlock = await failing("40P01", 100)
    await expect(deadlock.adapter.deleteUser("alice")).rejects.toMatchObject({ cause: { code: "40P01" } })
    expect(deadlock.calls.batch).toBe(10)
    const lost = await failing("08006", 1)
    await expect(lost.adapter.deleteUser("alice")).rejects.toMatchObject({ cause: { code: "08006" } })
    expect(lost.calls.batch).toBe(1)
  })

  test("is tried again where the driver answers with a promise of its own making", async () => {
    const { executor, calls } = await failing("40P01", 1)
    const foreign = {
      ...executor,
      execute: (...call: Parameters<SqlExecutor["execute"]>) => foreignPromise(executor.execute(...call)),
    }
    const adapter = sqlAdapter<User>({ dialect: "postgres", executor: foreign })
    expect(await adapter.extendSession("s", times.expiresAt, times.expiresAt)).toBe(true)
    expect(calls.execute).toBe(2)
  })

  test("is not tried again inside the caller's transaction", async () => {
    const { adapter, calls } = await failing("40001", 1, true)
    await expect(adapter.extendSession("s", times.expiresAt, times.expiresAt)).rejects.toMatchObject({
      cause: { code: "40001" },
    })
    expect(calls.execute).toBe(1)
  })

  /** A database whose first writes fail, with the driver's error wrapped as some libraries do. */
  async function failing(code: string, failures: number, inTransaction = false) {
    const calls = { batch: 0, execute: 0 }
    const error = new Error("wrapped", { cause: Object.assign(new Error("called off"), { code }) })
    const fail = <Result>(count: number, run: () => Result): Result => {
      if (count <= failures) throw error
      return run()
    }
    const executor: SqlExecutor = {
      // The columns as PostgreSQL would tell them.
      query: async () =>
        ["user.id", "session.id", "session.user_id", "session.created_at", "session.expires_at"].map((path) => {
          const [owner, name] = path.split(".")
          return { of_table: owner, name, type: name?.endsWith("_at") ? "bigint" : "text", writable: 1 }
        }),
      execute: async () => fail(++calls.execute, () => 1),
      batch: async (statements) => fail(++calls.batch, () => statements.map(() => 1)),
    }
    return { adapter: sqlAdapter<User>({ dialect: "postgres", executor, inTransaction }), executor, calls }
  }
})

test("a driver may answer with promises of its own making", async () => {
  const store = await sqliteStore()
  const executor: SqlExecutor = {
    ...store.executor,
    query: (sql, params) => foreignPromise(store.executor.query(sql, params)),
  }
  const adapter = sqlAdapter<User>({ dialect: "sqlite", executor })
  await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
  await adapter.insertSession(session)
  expect(await adapter.findSession("s")).toMatchObject({ user: { username: "alice" } })
  await store.close()
})

/** A promise of another library, or of another realm. */
function foreignPromise<Result>(promise: Promise<Result>): Promise<Result> {
  const foreign: PromiseLike<Result> = { then: (...callbacks) => promise.then(...callbacks) }
  return foreign as Promise<Result>
}

const server = await postgresServer({ max: 3 })

describe.skipIf(!server)("PostgreSQL", () => {
  afterAll(() => server?.close())

  test("[F5] writers in serializable transactions all succeed in the end", async () => {
    const { pool, executor } = await tables()
    const serializable = sqlAdapter<User>({
      dialect: "postgres",
      executor: {
        ...executor,
        batch: (statements) => executor.batch?.([isolation, ...statements]).then(([, ...n]) => n) ?? none,
      },
    })
    await serializable.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
    const swaps = Array.from({ length: 6 }, () => serializable.replaceKeyPassword(key, null, null, {}))
    expect(await Promise.all(swaps)).toEqual(swaps.map(() => true))
    await pool.query(`DELETE FROM "user"`)
  })

  test("[F3][ADP-4][P11] a connection that is cut within a transaction leaves nothing, and the pool usable", async () => {
    const { pool, executor } = await tables()
    const cut = { sql: "SELECT pg_terminate_backend(pg_backend_pid())", params: [] }
    const broken = sqlAdapter<User>({
      dialect: "postgres",
      executor: {
        ...executor,
        batch: ([first, ...rest]) => executor.batch?.(first ? [first, cut, ...rest] : []) ?? none,
      },
    })
    await expect(broken.insertUser({ id: "alice", attributes: { username: "alice" } }, key)).rejects.toThrow()
    const adapter = sqlAdapter<User>({ dialect: "postgres", executor })
    expect(await adapter.findUser("alice")).toBeNull()
    expect(await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)).toHaveProperty("user")
    await pool.query(`DELETE FROM "user"`)
  })

  test("[F5] locks taken in opposite orders end in a retry, not in an error", async () => {
    const { pool, executor } = await tables()
    const adapter = sqlAdapter<User>({ dialect: "postgres", executor })
    await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key)
    await adapter.insertSession(session)
    const other = await pool.connect()
    await other.query("BEGIN")
    await other.query("UPDATE session SET expires_at = expires_at WHERE id = 's'")
    const deletion = adapter.deleteUser("alice")
    await new Promise((resolve) => setTimeout(resolve, 100))
    const theirs = await other.query(`SELECT 1 FROM "user" FOR UPDATE`).then(
      () => other.query("COMMIT"),
      () => other.query("ROLLBACK"),
    )
    other.release()
    expect(theirs).toBeDefined()
    await deletion
    expect(await adapter.findUser("alice")).toBeNull()
  })

  test("[F2][ADP-6] a call that waits longer than the driver may is an error, and the next ones are served", async () => {
    const { pool } = await tables()
    const slow = new pg.Pool({ ...pool.options, max: 1, connectionTimeoutMillis: 1000, statement_timeout: 1000 })
    const { validateSession } = createAuth({
      adapter: sqlAdapter<User>({ dialect: "postgres", executor: pgPoolExecutor(slow) }),
    })
    await validateSession(strangersToken)
    const taken = await slow.connect()
    const start = performance.now()
    const waiting = await Promise.allSettled(Array.from({ length: 20 }, () => validateSession(strangersToken)))
    expect(performance.now() - start).toBeLessThan(20 * 1000)
    for (const { status, ...rest } of waiting) {
      expect([status, rest]).toEqual(["rejected", { reason: expect.objectContaining({ code: "store_failed" }) }])
    }
    taken.release()

    const locked = await pool.connect()
    await locked.query("BEGIN; LOCK TABLE session")
    await expect(validateSession(strangersToken)).rejects.toMatchObject({ code: "store_failed" })
    await locked.query("ROLLBACK")
    locked.release()
    expect(await validateSession(strangersToken)).toMatchObject({ reason: "unknown" })
    await slow.end()
  })

  let made = false
  async function tables(): Promise<{ pool: pg.Pool; executor: SqlExecutor }> {
    if (!server) throw new Error("No server.")
    if (!made) for (const statement of testTables("postgres", "text")) await server.pool.query(statement)
    made = true
    return { pool: server.pool, executor: pgPoolExecutor(server.pool) }
  }
})

const isolation = { sql: "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", params: [] }
const none: Promise<number[]> = Promise.resolve([])

test("[F1][ADP-6] an outage is an error, never a missing session, and is over when the database is back", async () => {
  const store = (await postgresStore()) ?? (await sqliteStore())
  let down = true
  const adapter = sqlAdapter<User>({
    dialect: store.dialect,
    executor: {
      ...store.executor,
      query: (sql, params) => (down ? Promise.reject(new Error("down")) : store.executor.query(sql, params)),
    },
  })
  await expect(adapter.findSession("s")).rejects.toThrow("down")
  down = false
  expect(await adapter.findSession("s")).toBeNull()
  down = true
  await expect(adapter.findSession("s")).rejects.toThrow("down")
  await store.close()
})
