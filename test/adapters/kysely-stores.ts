import Database from "better-sqlite3"
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from "kysely"
import type { Dialect, KyselyPlugin, Logger } from "kysely"
import mysql from "mysql2"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import type { AdapterSetup } from "../../src/testing.ts"
import { mysqlUrl } from "../machine.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import type { TestUser } from "./sql-stores.ts"
import { testTables } from "./sql-stores.ts"
import { testTableNames } from "./test-table-names.ts"

/** The tables of the tests as Kysely's users declare them. */
export interface KyselyTables {
  user: TestUser
  session: { id: string; user_id: string; created_at: number; expires_at: number; label: string | null }
  user_key: { id: string; user_id: string; hashed_password: string | null }
}

/** A real database behind Kysely. */
export interface KyselyStore {
  name: "sqlite" | "postgres" | "mysql"
  db: Kysely<KyselyTables>
  /** Every statement that Kysely has sent, since it was last emptied. */
  sent: string[]
  /** See `nightlatch/testing`. */
  onStatement: NonNullable<AdapterSetup["onStatement"]>
  /** Makes another instance over the same driver. */
  withPlugin(plugin: KyselyPlugin): Kysely<KyselyTables>
  close(): Promise<void>
}

/** Opens a store of each database that there is. */
export async function kyselyStores(userId: UserIdType = "text"): Promise<KyselyStore[]> {
  const stores = [await sqlite(), await postgres(), await mariadb()]
  const open = stores.filter((store) => store !== null)
  for (const { name, db } of open) await createTables(db, name, userId)
  return open
}

/** Empties the tables. */
export async function emptyKysely({ db, name }: KyselyStore): Promise<void> {
  const quote = name === "mysql" ? "`" : '"'
  for (const table of testTableNames) await run(db, `DELETE FROM ${quote}${table}${quote}`)
}

async function sqlite(): Promise<KyselyStore> {
  const store = storeOf("sqlite", new SqliteDialect({ database: new Database(":memory:") }))
  return { ...store, close: () => store.db.destroy() }
}

async function postgres(): Promise<KyselyStore | null> {
  const server = await postgresServer()
  return server && { ...storeOf("postgres", new PostgresDialect({ pool: server.pool })), close: server.close }
}

async function mariadb(): Promise<KyselyStore | null> {
  const server = await mysqlServer()
  if (!server) return null
  const [rows] = await server.pool.query("SELECT DATABASE() AS name")
  const at = new URL(mysqlUrl)
  at.pathname = (rows as { name: string }[])[0]?.name ?? ""
  const store = storeOf("mysql", new MysqlDialect({ pool: mysql.createPool(at.href) }))
  const close = async () => {
    await store.db.destroy()
    await server.close()
  }
  return { ...store, close }
}

function storeOf(name: KyselyStore["name"], dialect: Dialect): Omit<KyselyStore, "close"> {
  const sent: string[] = []
  let listener: () => unknown = () => undefined
  const log: Logger = ({ query }) => {
    listener()
    sent.push(query.sql)
  }
  const db = new Kysely<KyselyTables>({ dialect, log })
  return {
    name,
    db,
    sent,
    onStatement: (next) => void (listener = next),
    withPlugin: (plugin) => db.withPlugin(plugin),
  }
}

async function createTables(db: Kysely<KyselyTables>, name: KyselyStore["name"], userId: UserIdType): Promise<void> {
  for (const sql of testTables(name, userId)) await run(db, sql)
}

async function run(db: Kysely<KyselyTables>, sql: string): Promise<void> {
  await db.executeQuery({
    sql,
    parameters: [],
    query: { kind: "RawNode", sqlFragments: [sql], parameters: [] },
    queryId: { queryId: sql },
  })
}
