import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { pgAdapter } from "../../adapters/pg.ts"
import type { SqlExecutor } from "../../adapters/sql/executor.ts"
import { schema } from "../../adapters/sql/schema.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import { postgresServer } from "../servers.ts"
import type { SqlStore, TestUser } from "./sql-stores.ts"
import { empty, everyStore, postgresStore } from "./sql-stores.ts"

const stores = (await everyStore()).filter(({ dialect }) => dialect !== "sqlite")
const times = { createdAt: new Date(1), expiresAt: new Date(2) }
const idOf = (n: number) => n.toString(16).padStart(64, "0")

describe.for(stores)("lookups of one tick on $dialect", (store) => {
  test("are one statement, and a single one is its own statement", async () => {
    const { adapter, seen } = await filled(store)
    await adapter.findSession(idOf(1))
    expect(seen.splice(0)).toHaveLength(1)
    const found = await findAll(adapter, [...Array(64).keys()].map(idOf))
    expect(seen.splice(0)).toHaveLength(1)
    expect(found.map((each) => each?.user?.username)).toEqual([...Array(64).keys()].map((n) => `name-${n}`))
    await findAll(adapter, [...Array(100).keys()].map(idOf))
    expect(seen).toHaveLength(2)
  })

  test("have few texts, whatever their number", async () => {
    const { adapter, seen } = await filled(store)
    for (let count = 4; count <= 64; count++) await findAll(adapter, [...Array(count).keys()].map(idOf))
    expect(seen).toHaveLength(61)
    expect(new Set(seen).size).toBeLessThanOrEqual(store.dialect === "postgres" ? 1 : 5)
  })

  test("are on their own while they are few: together they would be slower", async () => {
    const { adapter, seen } = await filled(store)
    await findAll(adapter, [idOf(1), idOf(2), idOf(3)])
    expect(seen).toHaveLength(3)
    expect(new Set(seen).size).toBe(1)
  })

  test("find their rows by the index", async () => {
    const { adapter, seen } = await filled(store)
    const ids = [1, 2, 3, 4].map(idOf).join(",")
    await findAll(adapter, ids.split(","))
    const plan = await explained(store, seen[0] ?? "", store.dialect === "postgres" ? [ids] : ids.split(","))
    expect(plan).toMatch(/using session_pkey|table_name:s,access_type:eq_ref/)
    expect(plan).not.toMatch(/Seq Scan on session/)
  })

  test("answer each caller as a lookup alone does, whatever is asked and deleted in between", async () => {
    const id = fc.oneof(
      fc.nat(70).map(idOf),
      fc.constantFrom("", "s", "S", "a,b", `${idOf(1)},`, idOf(10).toUpperCase()),
    )
    const step = fc.record({ ids: fc.array(id, { minLength: 1, maxLength: 90 }), gone: id })
    const { adapter } = await filled(store)
    const alone = sqlAdapter({ dialect: store.dialect, executor: store.executor })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
        for (const { ids, gone } of steps) {
          const found = await findAll(adapter, ids)
          for (const [n, each] of ids.entries()) expect(found[n] ?? null).toEqual(await alone.findSession(each))
          await adapter.deleteSession(gone)
        }
      }),
      { numRuns: 15 },
    )
  })

  test("never mix two users", async () => {
    const { adapter } = await filled(store)
    const ask = async (n: number) => {
      for (let turns = n % 4; turns > 0; turns--) await Promise.resolve()
      const found = await adapter.findSession(idOf(n % 2))
      return [found?.session.id, found?.session.userId, found?.user?.id]
    }
    const found = await Promise.all([...Array(500).keys()].map(ask))
    for (const [n, each] of found.entries()) expect(each).toEqual([idOf(n % 2), `user-${n % 2}`, `user-${n % 2}`])
  })

  test("hand each caller its own object", async () => {
    const { adapter } = await filled(store)
    const [first, second] = await findAll(adapter, [1, 1, 1, 1].map(idOf))
    Object.assign(first?.user ?? {}, { username: "changed" })
    first?.session.expiresAt.setTime(99)
    Object.assign(first?.session.attributes ?? {}, { label: "changed" })
    expect(second).toMatchObject({ user: { username: "name-1" }, session: times })
    expect(second?.session.attributes).toEqual({ label: null })
  })

  test("hand each caller its own object in a column too", async () => {
    const { adapter } = await filled(store, (rows) => rows.map((row) => ({ ...row, role: { name: "user" } })))
    const [first, second] = await findAll(adapter, [1, 1, 1, 1].map(idOf))
    Object.assign(first?.user?.role ?? {}, { name: "admin" })
    expect(second?.user?.role).toEqual({ name: "user" })
  })

  test("that fail reject each caller with the driver's error, and the next succeed", async () => {
    const { adapter, failNext } = await filled(store)
    failNext(new Error("cut"))
    const ids = [1, 2, 3, 4].map(idOf)
    const results = await Promise.allSettled([...ids, "s"].map((id) => adapter.findSession(id)))
    // The lookup of another form went first, by itself.
    expect(results.map(({ status }) => status)).toEqual([...ids.map(() => "fulfilled"), "rejected"])
    // The failure made it forget the columns.
    await findAll(adapter, ids)
    failNext(new Error("cut"))
    for (const result of await Promise.allSettled(ids.map((id) => adapter.findSession(id))))
      expect(result).toMatchObject({ status: "rejected", reason: { message: "cut" } })
    expect(await findAll(adapter, ids)).toMatchObject(ids.map(() => ({ user: {} })))
  })

  test("with one row that cannot be read fail for its caller only", async () => {
    const unreadable = {
      [Symbol.toPrimitive]: () => {
        throw new Error("unreadable")
      },
    }
    const { adapter } = await filled(store, (rows) =>
      rows.map((row) => (row.username === "name-2" ? { ...row, "s:created_at": unreadable } : row)),
    )
    const results = await Promise.allSettled([1, 2, 3, 4].map((n) => adapter.findSession(idOf(n))))
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"])
  })

  test("each are a statement in a transaction", async () => {
    const { executor, seen } = await filled(store)
    const adapter = sqlAdapter({ dialect: store.dialect, executor, inTransaction: true })
    await adapter.findSession(idOf(1))
    seen.length = 0
    await findAll(adapter, [1, 2, 3, 4, 5].map(idOf))
    expect(seen).toHaveLength(5)
  })

  test("go together when they arrive in callbacks of their own while others are under way", async () => {
    const { adapter, seen } = await filled(store)
    const first = findAll(adapter, [1, 2, 3, 4, 5].map(idOf))
    const later = [...Array(20).keys()].map(
      (n) => new Promise((resolve) => setImmediate(() => resolve(adapter.findSession(idOf(n))))),
    )
    await Promise.all([first, ...later])
    expect(seen.length).toBeLessThanOrEqual(7)
  })
})

test("lookups whose connection is cut reject, and the next are served", async ({ skip }) => {
  const server = await postgresServer()
  const store = await postgresStore()
  if (!server || !store) return skip()
  server.pool.on("error", () => undefined)
  await server.pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY)`)
  for (const statement of schema("postgres")) await server.pool.query(statement)
  const adapter = pgAdapter(server.pool)
  await adapter.findSession(idOf(1))
  const lock = await server.pool.connect()
  const pid = Number((await lock.query("SELECT pg_backend_pid() AS pid")).rows[0].pid)
  await lock.query("BEGIN; LOCK TABLE session")
  const waiting = Promise.allSettled([1, 2, 3, 4].map((n) => adapter.findSession(idOf(n))))
  const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${pid} = ANY(pg_blocking_pids(pid))`
  await expect.poll(async () => (await store.run(cut)).length).toBe(1)
  expect((await waiting).map(({ status }) => status)).toEqual(Array(4).fill("rejected"))
  await lock.query("ROLLBACK")
  lock.release()
  expect(await findAll(adapter, [idOf(1), idOf(2)])).toEqual([null, null])
  await store.close()
  await server.close()
})

/** Fills the tables, and counts the statements of an adapter that knows the columns. */
async function filled(store: SqlStore, change: (rows: Rows) => Rows = (rows) => rows) {
  await empty(store)
  const numbers = [...Array(64).keys()]
  const users = numbers.map((n) => `('user-${n}', 'name-${n}')`).join(", ")
  const sessions = numbers.map((n) => `('${idOf(n)}', 'user-${n}', 1, 2)`).join(", ")
  await store.run(`INSERT INTO ${store.dialect === "mysql" ? "`user`" : '"user"'} (id, username) VALUES ${users}`)
  await store.run(`INSERT INTO session (id, user_id, created_at, expires_at) VALUES ${sessions}`)
  const seen: string[] = []
  let failure: Error | null = null
  const executor: SqlExecutor = {
    ...store.executor,
    shared: true,
    async query(sql, params) {
      seen.push(sql)
      const error = failure
      failure = null
      if (error) throw error
      return change(await store.executor.query(sql, params))
    },
  }
  const adapter = sqlAdapter<Omit<TestUser, "role"> & { role: object | string }>({ dialect: store.dialect, executor })
  await adapter.findSession("none")
  seen.length = 0
  return { adapter, executor, seen, failNext: (error: Error) => (failure = error) }
}

type Rows = Awaited<ReturnType<SqlExecutor["query"]>>

function findAll<Found>(adapter: { findSession(id: string): Promise<Found> }, ids: string[]): Promise<Found[]> {
  return Promise.all(ids.map((id) => adapter.findSession(id)))
}

async function explained({ dialect, executor, run }: SqlStore, sql: string, params: string[]): Promise<string> {
  const prefix = dialect === "postgres" ? "EXPLAIN " : "EXPLAIN FORMAT=JSON "
  // Small tables are scanned for speed.
  if (dialect === "postgres")
    await run(
      "INSERT INTO session (id, user_id, created_at, expires_at) SELECT md5(n::text) || md5(n::text), 'user-1', 1, 2 FROM generate_series(1, 3000) n",
    )
  await run(dialect === "postgres" ? "ANALYZE session" : "ANALYZE TABLE session")
  const plan = JSON.stringify(await executor.query(prefix + sql, params))
  return dialect === "postgres" ? plan : plan.replaceAll(/\\+n|[\\" ]/g, "")
}
