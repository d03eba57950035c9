import "server-only"
import { DatabaseSync } from "node:sqlite"
import { PHASE_PRODUCTION_BUILD } from "next/constants"
import { schema } from "nightlatch/adapters/sql"

export interface UserRow {
  id: string
  username: string
  role: "admin" | "member"
}

export interface SessionRow {
  /** What the visitor signed in with, such as "Firefox on Linux". */
  device: string
}

const userTable = `CREATE TABLE IF NOT EXISTS user (
  id TEXT NOT NULL PRIMARY KEY,
  username TEXT NOT NULL UNIQUE COLLATE NOCASE,
  role TEXT NOT NULL DEFAULT 'member'
)`

// The database outlives a reload in development, and all parts of the server share it.
const shared = globalThis as { exampleDatabase?: DatabaseSync }

/** The database: `DATABASE` names its file, or is `:memory:`. */
export const db = (shared.exampleDatabase ??= openDatabase(databasePath()))

function databasePath(): string {
  // `next build` runs this file in several workers, and has nothing to store.
  return process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD ? ":memory:" : process.env.DATABASE || "example.db"
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5000 })
  database.exec("PRAGMA journal_mode = WAL")
  database.exec(userTable)
  const sessionColumns = { device: "TEXT NOT NULL" }
  for (const statement of schema("sqlite", { sessionColumns, include: ["throttle"] })) database.exec(statement)
  return database
}
