import type { SqlExecutor } from "../../adapters/sql/executor.ts"
import type { AdapterSetup } from "../../src/testing.ts"

/** Where a store is, so that any process can open it. */
export interface Place {
  /** The path of a file, or the address of a server: those of a cluster have commas between. */
  at: string
  /** The schema in PostgreSQL, or what all keys begin with in Redis. */
  name: string
}

/** A store opened with separate connections. */
export interface OpenStore {
  adapter: AdapterSetup["adapter"]
  /** Sends raw SQL with `?` for each value, where there are tables for seeded bugs. */
  executor?: SqlExecutor
  close(): unknown
}

export type OpenerName = keyof typeof openers

/** How each is opened. Every process loads no more than the driver that it uses. */
export const openers = {
  "nodeSqliteAdapter()": async ({ at }: Place): Promise<OpenStore> => {
    const { DatabaseSync } = await import("node:sqlite")
    const { nodeSqliteAdapter } = await import("../../adapters/node-sqlite.ts")
    const { sqliteExecutor } = await import("../../adapters/sql/sqlite-executor.ts")
    const db = new DatabaseSync(at, { timeout: 20_000 })
    const atOnce = sqliteExecutor(db)
    const executor: SqlExecutor = { ...atOnce, query: async (sql, params) => atOnce.query(sql, params) }
    return { adapter: nodeSqliteAdapter(db), executor, close: () => db.close() }
  },

  "betterSqlite3Adapter()": async ({ at }: Place): Promise<OpenStore> => {
    const { default: Database } = await import("better-sqlite3")
    const { betterSqlite3Adapter } = await import("../../adapters/better-sqlite3.ts")
    const db = new Database(at, { timeout: 20_000 })
    return { adapter: betterSqlite3Adapter(db), close: () => db.close() }
  },

  "libsqlAdapter()": async ({ at }: Place): Promise<OpenStore> => {
    const { createClient } = await import("@libsql/client")
    const { libsqlAdapter } = await import("../../adapters/libsql.ts")
    const client = createClient({ url: `file:${at}` })
    return { adapter: libsqlAdapter(client), close: () => client.close() }
  },

  "sqlAdapter() with an executor for pg": async (place: Place): Promise<OpenStore> => {
    const { sqlAdapter } = await import("../../adapters/sql.ts")
    const { pgPoolExecutor } = await import("./sql-stores.ts")
    const pool = await pgPool(place)
    const executor = pgPoolExecutor(pool)
    const adapter: OpenStore["adapter"] = sqlAdapter({ dialect: "postgres", executor })
    return { adapter, executor: numbered(executor), close: () => pool.end() }
  },

  "sqlAdapter() with an executor for mysql2": async (place: Place): Promise<OpenStore> => {
    const { sqlAdapter } = await import("../../adapters/sql.ts")
    const { mysqlPoolExecutor } = await import("./sql-stores.ts")
    const pool = await mysqlPool(place)
    const adapter: OpenStore["adapter"] = sqlAdapter({ dialect: "mysql", executor: mysqlPoolExecutor(pool) })
    return { adapter, close: () => pool.end() }
  },

  "pgAdapter()": async (place: Place): Promise<OpenStore> => {
    const { pgAdapter } = await import("../../adapters/pg.ts")
    const pool = await pgPool(place)
    return { adapter: pgAdapter(pool), close: () => pool.end() }
  },

  "postgresAdapter()": async ({ at, name }: Place): Promise<OpenStore> => {
    const { default: postgres } = await import("postgres")
    const { postgresAdapter } = await import("../../adapters/postgres.ts")
    const client = postgres(at, { max: connections, connection: { search_path: name } })
    return { adapter: postgresAdapter(client), close: () => client.end() }
  },

  "mysql2Adapter()": async (place: Place): Promise<OpenStore> => {
    const { mysql2Adapter } = await import("../../adapters/mysql2.ts")
    const pool = await mysqlPool(place)
    return { adapter: mysql2Adapter(pool), close: () => pool.end() }
  },

  "kyselyAdapter() on pg": async (place: Place): Promise<OpenStore> => {
    const { Kysely, PostgresDialect } = await import("kysely")
    const { kyselyAdapter } = await import("../../adapters/kysely.ts")
    const db = new Kysely({ dialect: new PostgresDialect({ pool: await pgPool(place) }) })
    return { adapter: kyselyAdapter(db), close: () => db.destroy() }
  },

  "drizzleAdapter() on pg": async (place: Place): Promise<OpenStore> => {
    const { drizzle } = await import("drizzle-orm/node-postgres")
    const { drizzleAdapter } = await import("../../adapters/drizzle.ts")
    const { postgresTimestamps } = await import("./drizzle-postgres-tables.ts")
    const pool = await pgPool(place)
    return { adapter: drizzleAdapter(drizzle(pool), postgresTimestamps.tables), close: () => pool.end() }
  },

  "redisAdapter()": async ({ at, name }: Place): Promise<OpenStore> => {
    const { openRedis } = await import("./redis-stores.ts")
    const store = await openRedis({ client: "redis", urls: at.split(",") })
    return { adapter: store.adapter({ prefix: name }), close: store.close }
  },

  "ioredisAdapter()": async ({ at, name }: Place): Promise<OpenStore> => {
    const { openRedis } = await import("./redis-stores.ts")
    const store = await openRedis({ client: "ioredis", urls: at.split(",") })
    return { adapter: store.adapter({ prefix: name }), close: store.close }
  },
}

// In each process: fewer than a race has calls.
const connections = 4

async function pgPool({ at, name }: Place) {
  const { default: pg } = await import("pg")
  return new pg.Pool({ connectionString: at, options: `-c search_path=${name}`, max: connections })
}

async function mysqlPool({ at }: Place) {
  const { default: mysql } = await import("mysql2/promise")
  return mysql.createPool({ uri: at, connectionLimit: connections })
}

/** Numbers the placeholders, as PostgreSQL wants them. */
function numbered({ query, execute }: SqlExecutor): SqlExecutor {
  const number = (sql: string) => {
    let count = 0
    return sql.replaceAll("?", () => `$${++count}`)
  }
  return {
    query: (sql, params) => query(number(sql), params),
    execute: (sql, params) => execute(number(sql), params),
  }
}
