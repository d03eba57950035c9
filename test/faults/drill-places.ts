import mysql from "mysql2/promise"
import pg from "pg"
import type { RedisClientType } from "redis"
import { createClient } from "redis"
import { schema } from "../../adapters/sql/schema.ts"
import { assuranceColumns } from "../../src/sign-in/assurance.ts"
import { startRedis } from "../redis-servers.ts"
import { ownServers } from "../servers.ts"
import type { DrillStoreName } from "./drill-stores.ts"

/** A server that is killed in drills, seen without the proxy. */
export interface DrillPlace {
  name: DrillStoreName
  url: string
  /** Makes the tables, or empties them. */
  reset(): Promise<void>
  /** Ends the server at once. */
  kill(): Promise<void>
  start(): Promise<void>
  /** How many clients the server sees, without the one that asks. */
  countClients(): Promise<number>
  /** All that is stored, as text. */
  dump(): Promise<string>
  /** How many sessions, tokens and keys have no user, and how many users have no key. */
  countOrphans(): Promise<number>
  close(): Promise<void>
}

const tables = ["session", "auth_token", "auth_attempt", "user_key", "user"]

/** Starts PostgreSQL; `null` where there is none. */
export async function postgresDrillPlace(): Promise<DrillPlace | null> {
  const server = await ownServers("postgres")
  if (!server) return null
  const [url = ""] = server.urls
  const run = async (sql: string) => {
    const client = new pg.Client(url)
    await client.connect()
    return (await client.query(sql).finally(() => client.end())).rows as Record<string, unknown>[]
  }
  return {
    ...sqlPlace(`"`, run),
    name: "PostgreSQL",
    url,
    async reset() {
      await run(`DROP TABLE IF EXISTS ${tables.map((table) => `"${table}"`).join(", ")} CASCADE`)
      await run(statements("postgres", `"user"`).join(";"))
    },
    countClients: async () =>
      (await run("SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")).length - 1,
    kill: () => server.kill(),
    start: () => server.start(),
    close: () => server.close(),
  }
}

/** Starts MariaDB in the same way. */
export async function mariadbDrillPlace(): Promise<DrillPlace | null> {
  const server = await ownServers("mariadb")
  if (!server) return null
  const [url = ""] = server.urls
  const run = async (sql: string) => {
    const connection = await mysql.createConnection({ uri: url, multipleStatements: true })
    return (await connection.query(sql).finally(() => connection.end()))[0] as Record<string, unknown>[]
  }
  return {
    ...sqlPlace("`", run),
    name: "MariaDB",
    url,
    async reset() {
      await run(`DROP TABLE IF EXISTS ${tables.map((table) => `\`${table}\``).join(", ")}`)
      await run(statements("mysql", "user").join(";"))
    },
    countClients: async () =>
      (await run("SELECT id FROM information_schema.processlist WHERE user = 'test'")).length - 1,
    kill: () => server.kill(),
    start: () => server.start(),
    close: () => server.close(),
  }
}

/** Starts a Redis that keeps its data on disk, in the same way. */
export async function redisDrillPlace(): Promise<DrillPlace | null> {
  const server = await startRedis("--appendonly", "yes", "--appendfsync", "always")
  if (!server) return null
  const { url, stop, start, close } = server
  const ask = async <Result>(use: (client: RedisClientType) => Promise<Result>) => {
    const client: RedisClientType = createClient({ url })
    await client.connect()
    return use(client).finally(() => client.destroy())
  }
  return {
    name: "Redis",
    url,
    reset: async () => void (await ask((client) => client.flushAll())),
    dump: () => ask(dumpRedis),
    countOrphans: async () => 0,
    countClients: async () => {
      const clients = await ask((client) => client.sendCommand<string>(["CLIENT", "LIST", "TYPE", "normal"]))
      return clients.trim().split("\n").length - 1
    },
    kill: stop,
    start,
    close,
  }
}

function statements(dialect: "postgres" | "mysql", user: string): string[] {
  const id = dialect === "mysql" ? "VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin" : "TEXT"
  return [
    `CREATE TABLE ${user} (id ${id} PRIMARY KEY, username TEXT NOT NULL)`,
    ...schema(dialect, { sessionColumns: assuranceColumns, include: ["tokens", "throttle"] }),
  ]
}

function sqlPlace(quote: string, run: (sql: string) => Promise<Record<string, unknown>[]>) {
  const named = (table: string) => `${quote}${table}${quote}`
  const user = named("user")
  const ownerless = ["session", "auth_token", "user_key"].map(
    (table) => `SELECT 1 FROM ${table} o WHERE NOT EXISTS (SELECT 1 FROM ${user} u WHERE u.id = o.user_id)`,
  )
  const keyless = `SELECT 1 FROM ${user} u WHERE NOT EXISTS (SELECT 1 FROM user_key k WHERE k.user_id = u.id)`
  return {
    async dump() {
      const rows = []
      for (const table of tables) rows.push(...(await run(`SELECT * FROM ${named(table)}`)))
      return rows.map((row) => Object.values(row).map(String).join(" ")).join("\n")
    },
    countOrphans: async () => (await run([...ownerless, keyless].join(" UNION ALL "))).length,
  }
}

async function dumpRedis(client: RedisClientType): Promise<string> {
  const values = []
  for (const key of await client.keys("*")) {
    const read = { string: "GET", hash: "HGETALL", zset: "ZRANGE", set: "SMEMBERS" }[await client.type(key)]
    if (!read) throw new Error(`There is a key of another type: ${key}`)
    const rest = read === "ZRANGE" ? ["0", "-1"] : []
    values.push(key, JSON.stringify(await client.sendCommand([read, key, ...rest])))
  }
  return values.join("\n")
}
