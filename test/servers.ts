import mysql from "mysql2/promise"
import pg from "pg"

/** A database server, seen through a pool whose connections work in a schema of their own. */
export interface Server<Pool> {
  pool: Pool
  /** Opens one more connection to the same schema, for what must not share the pool. */
  connect(): Promise<{ end(): Promise<void> }>
  /** Drops the schema and closes the pool. */
  close(): Promise<void>
}

/**
 * Connects to PostgreSQL at `NIGHTLATCH_POSTGRES_URL`, else on this machine. Where there is none: `null` and a line on
 * the console, but an error in CI.
 */
export function postgresServer(options: pg.PoolConfig = {}): Promise<Server<pg.Pool> | null> {
  const url = process.env.NIGHTLATCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/test"
  return reachable("PostgreSQL", url, () => openPostgres(url, options))
}

/** Connects to MariaDB or MySQL at `NIGHTLATCH_MYSQL_URL`, else on this machine; likewise. */
export function mysqlServer(options: mysql.PoolOptions = {}): Promise<Server<mysql.Pool> | null> {
  const url = process.env.NIGHTLATCH_MYSQL_URL ?? "mysql://root@127.0.0.1:3306/test"
  return reachable("MariaDB", url, () => openMysql(url, options))
}

async function reachable<Found>(name: string, url: string, open: () => Promise<Found>): Promise<Found | null> {
  try {
    return await open()
  } catch (error) {
    if (process.env.CI) throw new Error(`${name} cannot be reached, and CI must not skip its tests.`, { cause: error })
    console.warn(`SKIPPED: the tests on ${name}, because none answers at ${new URL(url).host}.`)
    return null
  }
}

async function openPostgres(url: string, options: pg.PoolConfig): Promise<Server<pg.Pool>> {
  const schema = randomName()
  const settings = {
    connectionString: url,
    options: `-c search_path=${schema}`,
    connectionTimeoutMillis: 2000,
    ...options,
  }
  const pool = new pg.Pool(settings)
  // A connection that the server ends is an error of the call that uses it, not of the process.
  pool.on("error", () => undefined)
  pool.on("connect", (client) => client.on("error", () => undefined))
  try {
    await pool.query(`CREATE SCHEMA ${schema}`)
  } catch (error) {
    await pool.end()
    throw error
  }
  return {
    pool,
    async connect() {
      const client = new pg.Client(settings)
      await client.connect()
      return client
    },
    async close() {
      await pool.query(`DROP SCHEMA ${schema} CASCADE`)
      await pool.end()
    },
  }
}

async function openMysql(url: string, options: mysql.PoolOptions): Promise<Server<mysql.Pool>> {
  const database = randomName()
  const first = await mysql.createConnection({ uri: url, connectTimeout: 2000 })
  await first.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`)
  await first.end()
  const at = new URL(url)
  at.pathname = database
  const pool = mysql.createPool({ uri: at.href, ...options })
  return {
    pool,
    connect: () => mysql.createConnection({ uri: at.href }),
    async close() {
      await pool.query(`DROP DATABASE ${database}`)
      await pool.end()
    },
  }
}

function randomName(): string {
  return `nightlatch_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`
}
