import { testTableNames } from "./test-table-names.ts"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createClient } from "@libsql/client"
import Database from "better-sqlite3"
import type { Logger } from "drizzle-orm"
import { drizzle as drizzleBetterSqlite3 } from "drizzle-orm/better-sqlite3"
import { drizzle as drizzleLibsql } from "drizzle-orm/libsql"
import { drizzle as drizzleMysql } from "drizzle-orm/mysql2"
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres"
import { drizzle as drizzlePostgresJs } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import type { DrizzleDatabase, DrizzleKeyTable, DrizzleSessionTable, DrizzleUserTable } from "../../adapters/drizzle.ts"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { AdapterSetup, FullAdapter } from "../../src/testing/adapter-case.ts"
import { postgresUrl } from "../machine.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import type { FeatureTables } from "./drizzle-feature-tables.ts"

/** The tables of an application, as Drizzle and as the database know them. */
export interface DrizzleShape {
  name: string
  tables: { user: DrizzleUserTable; session: DrizzleSessionTable; key: DrizzleKeyTable } & FeatureTables
  ddl: string[]
  precision?: number
  userId?: (n: number) => UserId
}

/** A real database behind Drizzle. */
export interface DrizzleStore<Db extends DrizzleDatabase = DrizzleDatabase> {
  db: Db
  /** Every statement that Drizzle has sent, since it was last emptied. */
  sent: string[]
  /** See `nightlatch/testing`. */
  onStatement: NonNullable<AdapterSetup["onStatement"]>
  /** Runs any SQL, as text and without parameters. */
  run(sql: string): Promise<unknown>
  close(): Promise<void>
}

/** Opens the tables on better-sqlite3, in memory. */
export async function openBetterSqlite3({ ddl }: DrizzleShape) {
  const client = new Database(":memory:")
  const { logger, ...seen } = recorder()
  const run = async (sql: string) => client.exec(sql)
  for (const statement of ddl) await run(statement)
  return { db: drizzleBetterSqlite3(client, { logger }), ...seen, run, close: async () => void client.close() }
}

/** Opens the tables on libsql, in a file: its transactions leave a database in memory. */
export async function openLibsql({ ddl }: DrizzleShape) {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const client = createClient({ url: `file:${join(folder, "app.db")}` })
  const { logger, ...seen } = recorder()
  const run = (sql: string) => client.execute(sql)
  for (const statement of ["PRAGMA journal_mode = WAL", ...ddl]) await run(statement)
  const close = async () => {
    client.close()
    rmSync(folder, { recursive: true })
  }
  return { db: drizzleLibsql(client, { logger }), ...seen, run, close }
}

/** Opens the tables on node-postgres, in a separate schema; `null` without PostgreSQL. */
export async function openPg({ ddl }: DrizzleShape) {
  const server = await postgresServer()
  if (!server) return null
  const { logger, ...seen } = recorder()
  const run = (sql: string) => server.pool.query(sql)
  for (const statement of ddl) await run(statement)
  return { db: drizzlePg(server.pool, { logger }), ...seen, run, close: server.close }
}

/** Opens the tables on postgres.js in the same way. */
export async function openPostgresJs({ ddl }: DrizzleShape) {
  const server = await postgresServer()
  if (!server) return null
  const { rows } = await server.pool.query<{ search_path: string }>("SHOW search_path")
  const client = postgres(postgresUrl, { max: 5, connection: { search_path: rows[0]?.search_path ?? "" } })
  const { logger, ...seen } = recorder()
  const run = (sql: string) => client.unsafe(sql)
  for (const statement of ddl) await run(statement)
  const close = async () => {
    await client.end()
    await server.close()
  }
  return { db: drizzlePostgresJs(client, { logger }), ...seen, run, close }
}

/** Opens the tables on mysql2, in a separate database; `null` without MariaDB. */
export async function openMysql2({ ddl }: DrizzleShape) {
  // Otherwise the driver rounds integers beyond 2^53.
  const server = await mysqlServer({ supportBigNumbers: true })
  if (!server) return null
  const { logger, ...seen } = recorder()
  const run = (sql: string) => server.pool.query(sql)
  for (const statement of ddl) await run(statement)
  return { db: drizzleMysql(server.pool, { logger }), ...seen, run, close: server.close }
}

/** Makes what `testAdapter()` wants of a store, empty. */
export async function drizzleSetup(store: DrizzleStore, shape: DrizzleShape): Promise<AdapterSetup> {
  await emptyDrizzle(store, shape)
  // The shapes' tables have a text column of this name each, which their common type does not say.
  const adapter = drizzleAdapter(store.db, shape.tables) as unknown as FullAdapter
  return {
    adapter,
    onStatement: store.onStatement,
    precision: shape.precision,
    userId: shape.userId,
    addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
  }
}

/** Empties all tables that a shape has. */
export async function emptyDrizzle({ run }: DrizzleStore, { ddl }: DrizzleShape): Promise<void> {
  const quote = ddl.some((sql) => sql.includes('"user"')) ? '"' : "`"
  // A module that somebody printed may have fewer tables.
  const tables = testTableNames.filter((table) => new RegExp(`\\b${table}\\b`).test(ddl.join()))
  for (const table of tables) await run(`DELETE FROM ${quote}${table}${quote}`)
}

function recorder(): Pick<DrizzleStore, "sent" | "onStatement"> & { logger: Logger } {
  const sent: string[] = []
  let listener: () => unknown = () => undefined
  function logQuery(query: string): void {
    listener()
    sent.push(query)
  }
  return { sent, onStatement: (next) => void (listener = next), logger: { logQuery } }
}
