import { AuthError } from "../../src/core/errors.ts"
import { isBytes, isDate } from "../../src/core/realm.ts"
import { quoted } from "../values/names.ts"
import type { Column } from "./dialect.ts"
import { isAttribute } from "./catalogue.ts"
import type { Database, OpenDatabase } from "./database.ts"
import type { SqlValue } from "./executor.ts"

/** Attributes as columns and their values, in the same order. */
export interface Assignment {
  open: OpenDatabase
  columns: Column[]
  values: SqlValue[]
  /** Tells this set of columns from others. */
  name: string
}

/**
 * Matches attributes with the columns of a table; those that are `undefined` are left out. Throws `invalid_option` for
 * a name that is no column, or one that the library keeps, before anything is written.
 */
export async function assign(db: Database, owner: "user" | "session", attributes: object): Promise<Assignment> {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined)
  const names = given.map(([name]) => name)
  const open = await openWith(db, owner, names)
  const columns = names.map((name) => columnOf(open, owner, name))
  const values = given.map(([, value], n) => valueOf(value, columns[n]))
  return { open, columns, values, name: names.join("\0") }
}

/** The part of an `UPDATE` that gives a column the value of `?n`. */
export function assigned({ dialect }: Database, column: Column, n: number): string {
  return `${dialect.quote(column.name)} = ${dialect.value(`?${n}`, column)}`
}

async function openWith(db: Database, owner: "user" | "session", names: string[]): Promise<OpenDatabase> {
  const open = await db.open(owner)
  if (names.every((name) => findColumn(open, owner, name))) return open
  // The column may have been added since the names were read.
  db.forget()
  return db.open(owner)
}

function columnOf(open: OpenDatabase, owner: "user" | "session", name: string): Column {
  const column = findColumn(open, owner, name)
  if (column) return column
  throw new AuthError(
    "invalid_option",
    `${quoted(name)} is not an attribute: the ${owner} table has no such column to set.`,
  )
}

function findColumn(open: OpenDatabase, owner: "user" | "session", name: string): Column | undefined {
  const column = open.catalogue[owner].get(name)
  return column && isAttribute(owner, column) ? column : undefined
}

function valueOf(value: unknown, column: Column | undefined): SqlValue {
  if (isPlain(value)) return value
  // Drivers differ in what they make of an object: text, a list of parameters, even SQL. So only what the column is for.
  if (typeof value === "object" && column?.type.startsWith("json")) return JSON.stringify(value)
  // PostgreSQL's drivers make the literal.
  if (Array.isArray(value) && column?.type.endsWith("[]")) return value as unknown as SqlValue
  throw new AuthError(
    "invalid_option",
    `The attribute ${quoted(column?.name)} cannot hold this ${typeof value}: make it text first.`,
  )
}

function isPlain(value: unknown): value is SqlValue {
  if (value === null || isDate(value) || isBytes(value)) return true
  return (
    typeof value === "string" || typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
  )
}
