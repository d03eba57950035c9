import "server-only"
import { DatabaseSync } from "node:sqlite"
import { PHASE_PRODUCTION_BUILD } from "next/constants"
import { schema } from "nightlatch/adapters/sql"
import { deviceColumns } from "nightlatch/device"
import type { DeviceRow } from "nightlatch/device"
import { assuranceColumns } from "nightlatch/sign-in"
import type { AssuranceRow } from "nightlatch/sign-in"

export interface UserRow {
  id: string
  /** Always a confirmed address. Mail goes only here. */
  email: string
}

export interface SessionRow extends AssuranceRow, DeviceRow {
  /** The browser and system of the sign-in, such as "Firefox on Linux". */
  device: string
}

const userTable = `CREATE TABLE IF NOT EXISTS user (
  id TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL UNIQUE
)`

// The database survives a reload in development, and all parts of the server share it.
const shared = globalThis as { exampleDatabase?: DatabaseSync }

/** The database. `DATABASE` is its file name, or `:memory:`. */
export const db = (shared.exampleDatabase ??= openDatabase(databasePath()))

function databasePath(): string {
  // `next build` runs this file in several workers, and has nothing to store.
  return process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD ? ":memory:" : process.env.DATABASE || "example.db"
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5000 })
  database.exec("PRAGMA journal_mode = WAL")
  database.exec(userTable)
  const statements = schema("sqlite", {
    sessionColumns: { device: "TEXT NOT NULL", ...assuranceColumns, ...deviceColumns },
    include: ["tokens", "throttle", "totp", "passkeys", "audit"],
  })
  for (const statement of statements) database.exec(statement)
  addSessionColumns(database, deviceColumns)
  return database
}

/** Adds columns to databases of earlier versions of this example. Their sessions stay. */
function addSessionColumns(database: DatabaseSync, columns: Record<string, string>): void {
  const present = database.prepare("SELECT name FROM pragma_table_info('session')").all()
  const missing = Object.entries(columns).filter(([name]) => !present.some((column) => column.name === name))
  for (const [name, type] of missing) database.exec(`ALTER TABLE session ADD COLUMN ${name} ${type}`)
}
