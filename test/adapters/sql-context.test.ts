import { AsyncLocalStorage } from "node:async_hooks"
import mysql from "mysql2/promise"
import pg from "pg"
import { afterAll, describe, expect, test } from "vitest"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import type { Mysql2Pool } from "../../adapters/mysql2.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import type { PgPool } from "../../adapters/pg.ts"
import type { PoolOptions } from "../../adapters/sql/database.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqlAdapterOptions } from "../../adapters/sql.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import { pgExecutor, testTables } from "./sql-stores.ts"

type Tenant = "a" | "b"

const tenants = new AsyncLocalStorage<Tenant>()
const id = (n: number) => n.toString(16).padStart(64, "0")
const ids = Array.from({ length: 8 }, (_, n) => id(n))

const postgres = await openTenants(postgresServer, "postgres", (pool, sql) => pool.query(sql))
const mariadb = await openTenants(mysqlServer, "mysql", (pool, sql) => pool.query(sql))

describe.skipIf(!postgres)("pools of pg that choose a tenant by the caller", () => {
  const current = () => postgres?.[tenants.getStore() ?? "a"] ?? new pg.Pool()
  class Overriding extends pg.Pool {
    override connect(...args: unknown[]) {
      return Reflect.apply(current().connect, current(), args)
    }
  }
  class OfItsOwn {
    get totalCount() {
      return 0
    }
    connect = () => current().connect()
    query = (query: pg.QueryConfig) => current().query(query)
    end = async () => undefined
  }
  const patched = new pg.Pool()
  patched.query = ((query: pg.QueryConfig) => current().query(query)) as typeof patched.query
  const pools: Record<string, () => PgPool> = {
    "an object with methods of its own": () => ({
      totalCount: 0,
      connect: () => current().connect(),
      query: (query) => current().query(query),
    }),
    "a class of the application's": () => new OfItsOwn() as PgPool,
    "a subclass that overrides a method": () => new Overriding() as unknown as PgPool,
    "a pool with a method that was replaced": () => patched,
    "a proxy that binds": () =>
      new Proxy(current(), {
        get(_, name) {
          const value: unknown = Reflect.get(current(), name)
          return typeof value === "function" ? value.bind(current()) : value
        },
      }),
  }

  test.each(Object.entries(pools))("[R15] %s: nobody signs in at another tenant", async (_, open) => {
    await expectSeparate(pgAdapter(open()))
  })

  test("[R15] an executor of the application's: the same", async () => {
    const executor: SqlAdapterOptions["executor"] = {
      query: (sql, params) => pgExecutor(current()).query(sql, params),
      execute: (sql, params) => pgExecutor(current()).execute(sql, params),
    }
    await expectSeparate(sqlAdapter({ dialect: "postgres", executor }))
  })

  test("[R15] a pool that prepares each connection for its caller is not shared", async () => {
    const pool = new pg.Pool(postgres?.a.options)
    pool.on("acquire", () => undefined)
    expect(await statementsOf(pool)).toBe(ids.length)
    await pool.end()
  })

  test("[R15] shared: false: the same, whatever the pool does below", async () => {
    expect(await statementsOf(postgres?.a, { shared: false })).toBe(ids.length)
  })

  test("a plain pool is shared: lookups of one tick are one statement", async () => {
    expect(await statementsOf(postgres?.a)).toBe(1)
    expect(await statementsOf(postgres?.a, { shared: true })).toBe(1)
  })
})

describe.skipIf(!mariadb)("pools of mysql2 that choose a tenant by the caller", () => {
  const current = () => mariadb?.[tenants.getStore() ?? "a"] ?? mysql.createPool({})
  const pools: Record<string, () => Mysql2Pool> = {
    "an object with methods of its own": () => ({
      query: (sql) => current().query(sql),
      execute: (sql, params) => current().execute(sql, params as string[]),
      getConnection: () => current().getConnection() as unknown as ReturnType<Mysql2Pool["getConnection"]>,
    }),
    "a proxy": () => new Proxy(current(), { get: (_, name) => Reflect.get(current(), name) }) as unknown as Mysql2Pool,
    "a pool with a method of its core replaced": () => {
      const pool = mysql.createPool({}) as unknown as Mysql2Pool & { pool: { getConnection(done: unknown): void } }
      pool.pool.getConnection = (done) => coreOf(current()).getConnection(done)
      return pool
    },
  }

  test.each(Object.entries(pools))("[R15] %s: nobody signs in at another tenant", async (_, open) => {
    await expectSeparate(mysql2Adapter(open()))
  })

  test("a plain pool is shared: lookups of one tick are one statement", async () => {
    const pool = mariadb?.a as unknown as Mysql2Pool
    let sent = 0
    const inner = coreOf(pool)
    const adapter = mysql2Adapter(pool)
    await adapter.findSession(id(0))
    inner.on("acquire", () => sent++)
    await Promise.all(ids.map((one) => adapter.findSession(one)))
    expect(sent).toBe(1)
  })
})

/** The same user id is somebody else in each tenant. Whoever has a session in `a` has none in `b`. */
async function expectSeparate(adapter: Parameters<typeof createAuth>[0]["adapter"]): Promise<void> {
  const auth = createAuth({ adapter })
  const { token } = await tenants.run("a", () => auth.createSession("ada"))
  const { token: victim } = await tenants.run("b", () => auth.createSession("ada"))
  for (const others of [1, 2, 6, 30]) {
    const [stolen, honest, ...own] = await Promise.all([
      tenants.run("b", () => auth.validateSession(token)),
      tenants.run("b", () => auth.validateSession(victim)),
      ...Array.from({ length: others }, () => tenants.run("a", () => auth.validateSession(token))),
    ])
    expect(stolen).toMatchObject({ session: null })
    expect(honest).toMatchObject({ user: { id: "ada" } })
    expect(own.filter(({ session }) => session === null)).toEqual([])
    const [mine, foreign] = await Promise.all([
      tenants.run("a", () => auth.validateSession(token)),
      tenants.run("b", () => auth.validateSession(token)),
    ])
    expect([mine.session === null, foreign.session === null]).toEqual([false, true])
  }
}

/** Counts the statements of some lookups that are made together, as the pool's connections see them. */
async function statementsOf(pool: pg.Pool | undefined, options?: PoolOptions): Promise<number> {
  if (!pool) return 0
  const adapter = pgAdapter(pool, options)
  await adapter.findSession(id(0))
  let acquired = 0
  const count = () => void acquired++
  pool.on("acquire", count)
  await Promise.all(ids.map((one) => adapter.findSession(one)))
  pool.off("acquire", count)
  return acquired
}

async function openTenants<Pool>(
  open: () => Promise<{ pool: Pool; close(): Promise<void> } | null>,
  dialect: "postgres" | "mysql",
  run: (pool: Pool, sql: string) => Promise<unknown>,
): Promise<Record<Tenant, Pool> | null> {
  const [a, b] = [await open(), await open()]
  if (!a || !b) return null
  afterAll(async () => {
    await a.close()
    await b.close()
  })
  const quote = dialect === "mysql" ? "`" : '"'
  for (const { pool } of [a, b]) {
    for (const statement of testTables(dialect, "text")) await run(pool, statement)
    await run(pool, `INSERT INTO ${quote}user${quote} (id, username) VALUES ('ada', 'ada')`)
  }
  return { a: a.pool, b: b.pool }
}

interface CorePool {
  getConnection(done: unknown): void
  on(event: "acquire", listener: () => void): void
}

/** The pool of callbacks inside one of promises. */
function coreOf(pool: object): CorePool {
  return (pool as { pool: CorePool }).pool
}
