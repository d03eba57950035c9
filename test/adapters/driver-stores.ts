import type { Connection, Pool } from "mysql2/promise"
import pg from "pg"
import postgres from "postgres"
import { afterAll } from "vitest"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { postgresAdapter } from "../../adapters/postgres.ts"
import type { SqlOptions } from "../../adapters/sql/database.ts"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import type { AdapterSetup } from "../../src/testing.ts"
import type { Server } from "../servers.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import type { SqlStore, TestAdapter, TestSession, TestUser } from "./sql-stores.ts"
import { testTables } from "./sql-stores.ts"

/** A real server behind one of its drivers. */
export interface DriverStore extends Pick<SqlStore, "dialect" | "run" | "close"> {
  /** The name of the suite. */
  name: string
  adapter(options?: SqlOptions): TestAdapter
  /** Runs in a transaction of the application's, with an adapter inside it, and rolls it back. */
  inTransaction(run: (inside: TestAdapter) => Promise<void>): Promise<void>
  /** Every statement that went to the driver since it was last emptied. */
  sent: string[]
  /** See `nightlatch/testing`. */
  onStatement?: NonNullable<AdapterSetup["onStatement"]>
}

class RolledBack extends Error {}

/** Opens a store for each driver of the servers that there are, to be closed when the test file is done. */
export async function driverStores(userId: UserIdType = "text"): Promise<DriverStore[]> {
  const opened = await Promise.all([...postgresStores(userId), ...mysqlStores(userId)])
  const stores = opened.filter((store) => store !== null)
  afterAll(async () => {
    for (const store of stores) await store.close()
  })
  return stores
}

/** Opens postgres.js in the schema of a server. */
export async function postgresJs(
  { pool }: Server<pg.Pool>,
  options: postgres.Options<Record<string, postgres.PostgresType>> = {},
): Promise<postgres.Sql> {
  const { connectionString = "", options: settings = "" } = pool.options
  const path = settings.replace("-c search_path=", "")
  return postgres(connectionString, { connection: { search_path: path }, onnotice: () => undefined, ...options })
}

function postgresStores(userId: UserIdType): Promise<DriverStore | null>[] {
  return [
    onPostgres(userId, "pgAdapter() over a pool", async ({ pool }) => ({
      ...spied(pool, (client, options) => pgAdapter(client, { userIdType: userId, ...options })),
      inTransaction: (run) => inPgTransaction(pool, userId, run),
      end: async () => undefined,
    })),
    onPostgres(userId, "pgAdapter() over a client", async ({ pool, connect }) => {
      const client = await connect()
      if (!(client instanceof pg.Client)) throw new Error("Not a client.")
      return {
        ...spied(client, (one, options) => pgAdapter(one, { userIdType: userId, ...options })),
        inTransaction: (run) => inPgTransaction(pool, userId, run),
        end: () => client.end(),
      }
    }),
    onPostgres(userId, "postgresAdapter()", async (server) => {
      const sent: string[] = []
      const client = await postgresJs(server, { max: 10, debug: (_, text) => void sent.push(text) })
      return {
        sent,
        adapter: (options) =>
          postgresAdapter<TestUser, TestSession, keyof TestUser>(client, { userIdType: userId, ...options }),
        inTransaction: (run) =>
          rolledBack(() =>
            client.begin(async (inside) => {
              await run(postgresAdapter<TestUser, TestSession, keyof TestUser>(inside, { userIdType: userId }))
              throw new RolledBack()
            }),
          ),
        end: () => client.end(),
      }
    }),
  ]
}

function mysqlStores(userId: UserIdType): Promise<DriverStore | null>[] {
  return [
    onMysql(userId, "mysql2Adapter() over a pool", async ({ pool }) => ({
      ...spied(pool, (client, options) => mysql2Adapter(client, { userIdType: userId, ...options })),
      inTransaction: (run) => inMysqlTransaction(pool, userId, run),
      end: async () => undefined,
    })),
    onMysql(userId, "mysql2Adapter() over a connection", async ({ pool, connect }) => {
      const connection = (await connect()) as Connection
      return {
        ...spied(connection, (one, options) => mysql2Adapter(one, { userIdType: userId, ...options })),
        inTransaction: (run) => inMysqlTransaction(pool, userId, run),
        end: () => connection.end(),
      }
    }),
  ]
}

type Driver = Pick<DriverStore, "adapter" | "inTransaction" | "sent" | "onStatement"> & { end(): Promise<void> }

async function onPostgres(
  userId: UserIdType,
  name: string,
  open: (server: Server<pg.Pool>) => Promise<Driver>,
): Promise<DriverStore | null> {
  const server = await postgresServer()
  if (!server) return null
  for (const statement of testTables("postgres", userId)) await server.pool.query(statement)
  const run: SqlStore["run"] = async (sql) => (await server.pool.query(sql)).rows
  return { name, dialect: "postgres", run, ...closing(await open(server), server) }
}

async function onMysql(
  userId: UserIdType,
  name: string,
  open: (server: Server<Pool>) => Promise<Driver>,
): Promise<DriverStore | null> {
  const server = await mysqlServer()
  if (!server) return null
  for (const statement of testTables("mysql", userId)) await server.pool.query(statement)
  const run = async (sql: string) => (await server.pool.query(sql))[0] as Awaited<ReturnType<SqlStore["run"]>>
  return { name, dialect: "mysql", run, ...closing(await open(server), server) }
}

function closing(
  { end, ...driver }: Driver,
  server: { close(): Promise<void> },
): Omit<Driver, "end"> & Pick<DriverStore, "close"> {
  const close = async () => {
    await end()
    await server.close()
  }
  return { ...driver, close }
}

/** Makes adapters over a client whose statements are noted. */
function spied<Client extends object>(
  client: Client,
  over: (client: Client, options?: SqlOptions) => TestAdapter,
): Pick<DriverStore, "adapter" | "sent" | "onStatement"> {
  const sent: string[] = []
  let listener: () => unknown = () => undefined
  const watched = new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== "function") return value
      return (...args: unknown[]) => {
        listener()
        if (name === "query" || name === "execute") sent.push(textOf(args[0]))
        return Reflect.apply(value, target, args)
      }
    },
  })
  return { sent, onStatement: (next) => void (listener = next), adapter: (options) => over(watched, options) }
}

function textOf(query: unknown): string {
  return typeof query === "string" ? query : String((query as pg.QueryConfig).text)
}

async function inPgTransaction(pool: pg.Pool, userId: UserIdType, run: Parameters<DriverStore["inTransaction"]>[0]) {
  const client = await pool.connect()
  try {
    await client.query("BEGIN")
    await run(pgAdapter<TestUser, TestSession, keyof TestUser>(client, { userIdType: userId, inTransaction: true }))
  } finally {
    await client.query("ROLLBACK")
    client.release()
  }
}

async function inMysqlTransaction(pool: Pool, userId: UserIdType, run: Parameters<DriverStore["inTransaction"]>[0]) {
  const connection = await pool.getConnection()
  try {
    await connection.beginTransaction()
    await run(
      mysql2Adapter<TestUser, TestSession, keyof TestUser>(connection, { userIdType: userId, inTransaction: true }),
    )
  } finally {
    await connection.rollback()
    connection.release()
  }
}

async function rolledBack(run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
  }
}
