import { Redis } from "ioredis"
import mysql from "mysql2/promise"
import pg from "pg"
import postgres from "postgres"
import { createClient } from "redis"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { postgresAdapter } from "../../adapters/postgres.ts"
import { redisAdapter } from "../../adapters/redis.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SessionAdapter } from "../../src/core/ports.ts"
import { mysqlPoolExecutor, pgPoolExecutor, testTables } from "../adapters/sql-stores.ts"
import type { TestSession, TestUser } from "../adapters/sql-stores.ts"
import { startRedis } from "../redis-servers.ts"
import { ownServers } from "../servers.ts"

/** A server that can be stopped, with an adapter for each driver. */
export interface MortalServer {
  name: string
  drivers: Driver[]
  stop(): Promise<void>
  start(): Promise<void>
  /** How many clients the server sees, without the one that asks. */
  countClients(): Promise<number>
  close(): Promise<void>
}

/** A driver as an application would set it up: it waits two seconds at most. */
export interface Driver {
  name: string
  adapter: SessionAdapter<TestUser, TestSession>
  close(): unknown
}

/** How many connections each pool may have. */
export const poolSize = 5

/** Starts PostgreSQL with one user, `ada`; `null` where there is none. */
export async function mortalPostgres(): Promise<MortalServer | null> {
  const server = await ownServers("postgres")
  if (!server) return null
  const [url = ""] = server.urls
  const run = async (sql: string) => {
    const client = new pg.Client(url)
    await client.connect()
    return client.query(sql).finally(() => client.end())
  }
  await run([...testTables("postgres", "text"), `INSERT INTO "user" (id, username) VALUES ('ada', 'ada')`].join(";"))
  return {
    name: "PostgreSQL",
    drivers: [
      withPg(url, "sqlAdapter() over pg", sqlOverPg),
      withPg(url, "pgAdapter()", pgAdapter),
      withPostgresJs(url),
    ],
    stop: () => server.kill(),
    start: () => server.start(),
    close: () => server.close(),
    async countClients() {
      const clients = await run("SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")
      return clients.rows.length - 1
    },
  }
}

/** Starts MariaDB in the same way. */
export async function mortalMariadb(): Promise<MortalServer | null> {
  const server = await ownServers("mariadb")
  if (!server) return null
  const [url = ""] = server.urls
  const run = async (sql: string) => {
    const connection = await mysql.createConnection({ uri: url, multipleStatements: true })
    return connection.query(sql).finally(() => connection.end())
  }
  await run([...testTables("mysql", "text"), "INSERT INTO user (id, username) VALUES ('ada', 'ada')"].join(";"))
  return {
    name: "MariaDB",
    drivers: [
      withMysql2(url, "sqlAdapter() over mysql2", (pool) =>
        sqlAdapter({ dialect: "mysql", executor: mysqlPoolExecutor(pool) }),
      ),
      withMysql2(url, "mysql2Adapter()", (pool) => mysql2Adapter(pool)),
    ],
    stop: () => server.kill(),
    start: () => server.start(),
    close: () => server.close(),
    async countClients() {
      const [rows] = await run("SELECT id FROM information_schema.processlist WHERE user = 'test'")
      return (rows as unknown[]).length - 1
    },
  }
}

/** Starts a Redis that keeps its data on disk, in the same way. */
export async function mortalRedis(): Promise<MortalServer | null> {
  const server = await startRedis("--appendonly", "yes", "--appendfsync", "always")
  if (!server) return null
  const { url, stop, start, close } = server
  return {
    name: "Redis",
    drivers: [await withRedis(url), withIoredis(url)],
    stop,
    start,
    close,
    async countClients() {
      const client = await createClient({ url }).connect()
      const clients = await client.sendCommand<string>(["CLIENT", "LIST", "TYPE", "normal"])
      client.destroy()
      return clients.trim().split("\n").length - 1
    },
  }
}

function sqlOverPg(pool: pg.Pool): Driver["adapter"] {
  return sqlAdapter({ dialect: "postgres", executor: pgPoolExecutor(pool) })
}

function withPg(url: string, name: string, over: (pool: pg.Pool) => Driver["adapter"]): Driver {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 2000,
    query_timeout: 2000,
    idleTimeoutMillis: 60_000,
  })
  pool.on("error", () => undefined)
  return { name, adapter: over(pool), close: () => pool.end() }
}

function withPostgresJs(url: string): Driver {
  const sql = postgres(url, { max: poolSize, connect_timeout: 2, backoff: () => 0.5 })
  return { name: "postgresAdapter()", adapter: postgresAdapter(sql), close: () => sql.end({ timeout: 1 }) }
}

function withMysql2(url: string, name: string, over: (pool: mysql.Pool) => Driver["adapter"]): Driver {
  const pool = mysql.createPool({ uri: url, connectionLimit: poolSize, connectTimeout: 2000 })
  return { name, adapter: over(pool), close: () => pool.end() }
}

async function withRedis(url: string): Promise<Driver> {
  const client = createClient({ url, socket: { connectTimeout: 2000 }, disableOfflineQueue: true })
  client.on("error", () => undefined)
  await client.connect()
  return { name: "redisAdapter()", adapter: redisAdapter(client), close: () => client.destroy() }
}

function withIoredis(url: string): Driver {
  const client = new Redis(url, { connectTimeout: 2000, commandTimeout: 2000, maxRetriesPerRequest: 1 })
  client.on("error", () => undefined)
  return { name: "ioredisAdapter()", adapter: ioredisAdapter(client), close: () => client.disconnect() }
}
