import { getTableColumns, getTableName } from "drizzle-orm"
import type { Column, Table } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import type { FeatureTable, TableNames } from "../port/names.ts"
import { ownedFeatures } from "../port/names.ts"
import type { FeaturePorts } from "../sql/adapter.ts"
import { portsByTable } from "../sql/adapter.ts"
import { coreColumns } from "../sql/catalogue.ts"
import { openable } from "../sql/database.ts"
import type { DialectName } from "../sql/dialect.ts"
import type { Builder } from "./builders.ts"
import { createFeatureExecutor } from "./executor.ts"
import type { FeatureRows, OwnTable, Tables } from "./tables.ts"

/** The tables of features that the application passed. */
export type FeatureTables = Partial<Record<FeatureTable, Table | undefined>>

const owners = ["token", "attempt", "totp", "passkey", "event"] as const satisfies FeatureTable[]

/**
 * Creates the ports whose tables are given. The SQL core reads and writes them, because they hold only text and
 * integers; only the names come from the application's schema. Throws `invalid_option` if a table is unusable.
 */
export function drizzleFeatures(db: Builder, tables: Tables, given: FeatureTables): Partial<FeaturePorts> {
  const names: TableNames = {}
  for (const owner of owners) {
    const table = given[owner]
    if (!table) continue
    checkColumns(owner, table, tables)
    names[owner] = nameOf(table)
  }
  const present = owners.filter((owner) => names[owner] !== undefined)
  if (present.length === 0) return {}
  const ports = portsByTable(
    openable(tables.dialect, createFeatureExecutor(db, tables.dialect), {
      tables: { ...names, user: nameOf(tables.user.table) },
      userIdType: tables.userIdType === "bigint" ? "bigint" : undefined,
      inTransaction: (db.$primary ?? db).rollback !== undefined,
    }),
  )
  return Object.assign({}, ...present.map((owner) => ports[owner])) as Partial<FeaturePorts>
}

/** Finds the columns of the tables whose rows are deleted with their user. */
export function ownedRows(given: FeatureTables): Partial<Record<FeatureTable, FeatureRows>> {
  return Object.fromEntries(ownedFeatures.flatMap((owner) => rowsOf(owner, given[owner]) ?? []))
}

function rowsOf(owner: FeatureTable, table: Table | undefined): [FeatureTable, FeatureRows][] {
  const columns = table && columnsOf(table)
  const userId = columns?.get("user_id")
  return table && userId ? [[owner, { table, id: columns?.get("id") ?? userId, userId }]] : []
}

// Whole numbers beyond 32 bits, most of them milliseconds.
const times = new Set(["expires_at", "until", "at", "created_at", "used_at", "sign_count", "used_step"])
const mayBeNull: Record<FeatureTable, string[]> = {
  token: ["user_id", "expires_at"],
  attempt: [],
  totp: [],
  passkey: ["used_at"],
  event: ["user_id", "session_id"],
}
const timeTypes: Record<DialectName, RegExp> = { sqlite: /^(?:integer|bigint)/, postgres: /^bigint/, mysql: /^bigint/ }

function checkColumns(owner: FeatureTable, table: Table, { user, dialect }: Tables): void {
  const columns = columnsOf(table)
  for (const name of coreColumns[owner]) {
    const column = columns.get(name)
    if (!column) throw unfit(owner, `the table has no column "${name}"; add it, named so in the database`)
    if (times.has(name)) checkTime(owner, column, dialect.name)
    if (name === "user_id") checkOwner(owner, column, user)
    if (mayBeNull[owner].includes(name) && column.notNull)
      throw unfit(owner, `the column "${name}" refuses null, and must hold it; take off .notNull()`)
  }
}

function checkTime(owner: FeatureTable, column: Column, dialect: DialectName): void {
  const type = column.getSQLType()
  if ((column.dataType === "number" || column.dataType === "bigint") && timeTypes[dialect].test(type)) return
  const instead = dialect === "sqlite" ? `integer("${column.name}")` : `bigint("${column.name}", { mode: "number" })`
  const found = column.dataType === "date" ? `${type}, which Drizzle reads as a date` : type
  throw unfit(owner, `the column "${column.name}" is ${found}; make it ${instead}, for milliseconds since 1970`)
}

function checkOwner(owner: FeatureTable, userId: Column, { id }: OwnTable): void {
  if (userId.dataType === id.dataType) return
  throw unfit(
    owner,
    `the column "user_id" holds a ${userId.dataType} and the user's "id" a ${id.dataType}; give both one type`,
  )
}

function unfit(owner: FeatureTable, problem: string): AuthError {
  return new AuthError("invalid_option", `${owner}: ${problem}`)
}

/** Returns the columns by their names in the database. */
function columnsOf(table: Table): Map<string, Column> {
  return new Map(Object.values(getTableColumns(table)).map((column) => [column.name, column]))
}

// Drizzle exports no function that returns the schema. The symbol is the same in all versions.
const schemaOf = Symbol.for("drizzle:Schema")

function nameOf(table: Table): string {
  const schema: unknown = Reflect.get(table, schemaOf)
  return typeof schema === "string" ? `${schema}.${getTableName(table)}` : getTableName(table)
}
