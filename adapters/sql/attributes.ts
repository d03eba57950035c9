import { AuthError } from "../../src/core/errors.ts"
import { quoted } from "../port/names.ts"
import { attributeValue } from "./attribute-value.ts"
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
 * a name that is no column, or one that the library keeps, and for a value that the column does not hold, before anything
 * is written.
 */
export async function assign(db: Database, owner: "user" | "session", attributes: object): Promise<Assignment> {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined)
  const names = given.map(([name]) => name)
  const open = await openWith(db, owner, names)
  const columns = names.map((name) => columnOf(open, owner, name))
  const values = given.map(([name, value]) => attributeValue(value, columnOf(open, owner, name), db.dialect))
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
