import Database from "better-sqlite3"
import { PHASE_PRODUCTION_BUILD } from "next/constants"

// The tables of Lucia's guide to adapter-sqlite, and the tutorial's column `username`.
const tables = `
  CREATE TABLE IF NOT EXISTS user (
    id VARCHAR(15) NOT NULL PRIMARY KEY,
    username VARCHAR(31) NOT NULL UNIQUE
  );
  CREATE TABLE IF NOT EXISTS user_key (
    id VARCHAR(255) NOT NULL PRIMARY KEY,
    user_id VARCHAR(15) NOT NULL,
    hashed_password VARCHAR(255),
    FOREIGN KEY (user_id) REFERENCES user(id)
  );
  CREATE TABLE IF NOT EXISTS user_session (
    id VARCHAR(127) NOT NULL PRIMARY KEY,
    user_id VARCHAR(15) NOT NULL,
    active_expires BIGINT NOT NULL,
    idle_expires BIGINT NOT NULL,
    FOREIGN KEY (user_id) REFERENCES user(id)
  );`

// The database outlives a reload in development, and all parts of the server share it.
const shared = globalThis as { exampleDatabase?: Database.Database }

/** The database: `DATABASE` names its file, or is `:memory:`. */
export const db = (shared.exampleDatabase ??= openDatabase(databasePath()))

/** Whether a statement failed because a value that must be unique is taken. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code === "SQLITE_CONSTRAINT_UNIQUE"
}

function databasePath(): string {
  // `next build` runs this file in several workers, and has nothing to store.
  return process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD ? ":memory:" : process.env.DATABASE || "example.db"
}

function openDatabase(path: string): Database.Database {
  const database = new Database(path, { timeout: 5000 })
  database.pragma("journal_mode = WAL")
  database.exec(tables)
  return database
}
