import "server-only"
import { DatabaseSync } from "node:sqlite"
import type { SQLInputValue } from "node:sqlite"
import { PHASE_PRODUCTION_BUILD } from "next/constants"
import { revocationSchema, schema, sqlRevocations } from "nightlatch/adapters/sql"

export interface UserRow {
  id: string
  name: string
  email: string
  role: "admin" | "member"
}

const userTable = `CREATE TABLE IF NOT EXISTS user (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role TEXT NOT NULL DEFAULT 'member'
)`

// The database outlives a reload in development, and all parts of the server share it.
const shared = globalThis as { exampleDatabase?: DatabaseSync }

/** The database of users: `DATABASE` names its file, or is `:memory:`. */
export const db = (shared.exampleDatabase ??= openDatabase(databasePath()))

/** The sessions that were ended before their time, and nothing else of sessions. */
export const revocations = sqlRevocations({
  dialect: "sqlite",
  executor: {
    query: async (sql, params) => db.prepare(sql).all(...(params as SQLInputValue[])),
    execute: async (sql, params) => Number(db.prepare(sql).run(...(params as SQLInputValue[])).changes),
  },
})

function databasePath(): string {
  // `next build` runs this file in several workers, and has nothing to store.
  return process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD ? ":memory:" : process.env.DATABASE || "example.db"
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5000 })
  database.exec("PRAGMA journal_mode = WAL")
  database.exec(userTable)
  for (const statement of [...schema("sqlite", { include: ["throttle"] }), ...revocationSchema("sqlite")])
    database.exec(statement)
  return database
}
