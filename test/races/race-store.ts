import { DatabaseSync } from "node:sqlite"
import pg from "pg"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqlAdapter } from "../../adapters/sql/adapter.ts"
import type { Row } from "../../adapters/sql/executor.ts"
import { pgPoolExecutor } from "../adapters/sql-stores.ts"

/** The application's row in these tests. */
export interface User {
  id: string
  username: string
}

/** Both ports, over a store that several processes share. */
export type RaceAdapter = SqlAdapter<User, { label?: string | null }>

/** Where a store is, so that another process can open it too. */
export type StoreAddress =
  | { dialect: "sqlite"; file: string }
  | { dialect: "postgres"; connection: Pick<pg.PoolConfig, "connectionString" | "options"> }

/** An open store. */
export interface OpenStore {
  adapter: RaceAdapter
  /** Runs any SQL, as text and without parameters. */
  run(sql: string): Promise<Row[]>
  close(): Promise<void>
}

/** Opens an existing store with separate connections. */
export function openStore(address: StoreAddress): OpenStore {
  return address.dialect === "sqlite" ? openSqlite(address.file) : openPostgres(address.connection)
}

function openSqlite(file: string): OpenStore {
  const db = new DatabaseSync(file, { timeout: 20_000 })
  return {
    adapter: nodeSqliteAdapter(db),
    run: async (sql) => db.prepare(sql).all() as Row[],
    close: async () => db.close(),
  }
}

function openPostgres(connection: pg.PoolConfig): OpenStore {
  const pool = new pg.Pool({ ...connection, max: 5 })
  return {
    adapter: sqlAdapter({ dialect: "postgres", executor: pgPoolExecutor(pool) }),
    run: async (sql) => (await pool.query(sql)).rows as Row[],
    close: () => pool.end(),
  }
}
