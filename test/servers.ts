import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import mysql from "mysql2/promise"
import pg from "pg"
import { leaveOut, mysqlUrl, postgresUrl } from "./machine.ts"

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
  return reachable("PostgreSQL", postgresUrl, () => openPostgres(postgresUrl, options))
}

/** Connects to the PostgreSQL at an address. */
export function postgresServerAt(url: string, options: pg.PoolConfig = {}): Promise<Server<pg.Pool>> {
  return openPostgres(url, options)
}

/**
 * Finds PgBouncer at `NIGHTLATCH_PGBOUNCER_URLS`, in transaction and in session mode, otherwise starts both in front of
 * the PostgreSQL of {@link postgresServer}. They pass on to every database.
 */
export async function pgbouncerServers(): Promise<Pick<OwnServers, "urls" | "close"> | null> {
  const urls = process.env.NIGHTLATCH_PGBOUNCER_URLS?.split(",")
  return urls ? { urls, close: async () => undefined } : ownServers("pgbouncer")
}

/** Makes a database of its own on PostgreSQL, for what a schema does not do. */
export async function postgresDatabase(): Promise<{ name: string; pool: pg.Pool; close(): Promise<void> } | null> {
  const server = await postgresServer()
  if (!server) return null
  const name = randomName()
  await server.pool.query(`CREATE DATABASE ${name}`)
  const url = new URL(server.pool.options.connectionString ?? "")
  url.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: url.href }).on("error", () => undefined)
  async function close(): Promise<void> {
    await pool.end()
    await server?.pool.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await server?.close()
  }
  return { name, pool, close }
}

/** Connects to MariaDB or MySQL at `NIGHTLATCH_MYSQL_URL`, else on this machine; likewise. */
export function mysqlServer(options: mysql.PoolOptions = {}): Promise<Server<mysql.Pool> | null> {
  return reachable("MariaDB", mysqlUrl, () => openMysql(mysqlUrl, options))
}

/** Connects to the MariaDB or MySQL at an address. */
export function mysqlServerAt(url: string, options: mysql.PoolOptions = {}): Promise<Server<mysql.Pool>> {
  return openMysql(url, options)
}

/** Servers of a test's own: one, or the two nodes of a Galera cluster. */
export interface OwnServers {
  urls: string[]
  /** Ends a server at once, as a crash does. Default: the first. */
  kill(node?: number): Promise<void>
  /** Shuts a server down. */
  stop(node?: number): Promise<void>
  /** Starts it again, with its data, and waits until it answers. */
  start(node?: number): Promise<void>
  /** Ends what runs, and removes the data. */
  close(): Promise<void>
}

/** Starts servers on free ports of this machine. Where they are not installed: as {@link postgresServer}. */
export function ownServers(kind: "postgres" | "pgbouncer" | "mariadb" | "galera"): Promise<OwnServers | null> {
  return orSkipped(`a ${kind} server of their own`, "it did not start", () => startServers(kind))
}

/** Finds the Galera cluster at `NIGHTLATCH_GALERA_URLS`, else starts one; likewise. */
export async function galeraServers(): Promise<Pick<OwnServers, "urls" | "close"> | null> {
  const urls = process.env.NIGHTLATCH_GALERA_URLS?.split(",")
  return urls ? { urls, close: async () => undefined } : ownServers("galera")
}

async function startServers(kind: string): Promise<OwnServers> {
  const script = fileURLToPath(new URL("../.ci/own-server", import.meta.url))
  const bash = spawn("bash", [script, kind], { stdio: ["pipe", "pipe", "ignore"] })
  const ended = once(bash, "exit")
  const answers = createInterface(bash.stdout)[Symbol.asyncIterator]()

  async function answer(): Promise<string> {
    const { done, value } = await answers.next()
    if (done) throw new Error(`.ci/own-server ${kind} failed. Run it by hand to see why.`)
    return value
  }
  const order =
    (name: string) =>
    async (node = 0) => {
      bash.stdin.write(`${name} ${node}\n`)
      await answer()
    }
  return {
    urls: (await answer()).split(","),
    kill: order("kill"),
    stop: order("stop"),
    start: order("start"),
    async close() {
      bash.stdin.end()
      await ended
    },
  }
}

function reachable<Found>(name: string, url: string, open: () => Promise<Found>): Promise<Found | null> {
  return orSkipped(name, `none answers at ${new URL(url).host}`, open)
}

async function orSkipped<Found>(name: string, reason: string, open: () => Promise<Found>): Promise<Found | null> {
  try {
    return await open()
  } catch (error) {
    leaveOut(`the tests on ${name}`, reason, error)
    return null
  }
}

async function openPostgres(url: string, options: pg.PoolConfig): Promise<Server<pg.Pool>> {
  const schema = randomName()
  const settings = {
    connectionString: url,
    options: `-c search_path=${schema}`,
    // Also how long a call may wait for one of the pool's connections, which takes seconds behind 200 others.
    connectionTimeoutMillis: 20_000,
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
  const first = await mysql.createConnection({ uri: url, connectTimeout: 20_000 })
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
