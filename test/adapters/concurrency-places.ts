import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { redisServer } from "../redis-servers.ts"
import { mysqlUrl } from "../machine.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import type { Place } from "./concurrency-stores.ts"
import { testTables } from "./sql-stores.ts"

/** An empty store for several processes. */
export interface OpenPlace extends Place {
  close(): unknown
}

/** Makes the tables in a SQLite file. */
export async function sqlitePlace(tables = testTables("sqlite", "text")): Promise<OpenPlace> {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const at = join(folder, "app.db")
  const db = new DatabaseSync(at)
  for (const statement of ["PRAGMA journal_mode = WAL", ...tables]) db.exec(statement)
  db.close()
  return { at, name: "main", close: () => rmSync(folder, { recursive: true }) }
}

/** Makes the tables in a new schema of PostgreSQL; `null` where there is none. */
export async function postgresPlace(tables = testTables("postgres", "text")): Promise<OpenPlace | null> {
  const server = await postgresServer()
  if (!server) return null
  for (const statement of tables) await server.pool.query(statement)
  const { rows } = await server.pool.query<{ name: string }>("SELECT current_schema() AS name")
  return { at: server.pool.options.connectionString ?? "", name: rows[0]?.name ?? "", close: server.close }
}

/** Makes the tables in a new database of MariaDB; `null` where there is none. */
export async function mysqlPlace(): Promise<OpenPlace | null> {
  const server = await mysqlServer()
  if (!server) return null
  for (const statement of testTables("mysql", "text")) await server.pool.query(statement)
  const [rows] = await server.pool.query("SELECT DATABASE() AS name")
  const at = new URL(mysqlUrl)
  const [{ name }] = rows as [{ name: string }]
  at.pathname = name
  return { at: at.href, name, close: server.close }
}

/** Finds or starts Redis; `null` where there is none. */
export async function redisPlace(): Promise<OpenPlace | null> {
  const name = `test-${crypto.randomUUID()}:`
  const server = await redisServer(name)
  return server && { at: server.url, name, close: server.close }
}

/** The tables without references, as in MySQL and in tables that an application wrote itself. */
export function tablesWithoutReferences(dialect: "sqlite" | "postgres"): string[] {
  return testTables(dialect, "text").map((statement) => statement.replace(/ REFERENCES .* ON DELETE CASCADE/g, ""))
}
