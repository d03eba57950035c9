import { after } from "../../src/platform/maybe-promise.ts"
import { unknownAttribute } from "../port/parameters.ts"
import type { Open } from "../port/session-port.ts"
import { attributeValue } from "./attribute-value.ts"
import { isAttribute } from "./catalogue.ts"
import type { Database, Openable } from "./database.ts"
import type { Column } from "./dialect.ts"
import type { Row, SqlValue } from "./executor.ts"

/** Attributes as columns and their values, in the same order. */
export interface Assignment {
  columns: Column[]
  values: SqlValue[]
  /** Identifies this set of columns. */
  name: string
}

/** Opens a database whose table has columns for attributes. An unknown column may have been added since. */
export function opening({ open, forget }: Openable, owner: "user" | "session"): Open<Database> {
  const knows = (db: Database, attributes: object) =>
    Object.keys(attributes).every((name) => findColumn(db, owner, name))
  return (needed, attributes) => {
    const opened = open(needed)
    if (!attributes) return opened
    return after(opened, (db) => {
      if (knows(db, attributes)) return db
      forget()
      return open(needed)
    })
  }
}

/**
 * Matches attributes with the columns of a table. Throws `invalid_option` for a name that is not a column or is one of
 * the library's, and for a value that does not fit its column.
 */
export function assign(db: Database, owner: "user" | "session", attributes: Row): Assignment {
  const names = Object.keys(attributes)
  const columns = names.map((name) => columnOf(db, owner, name))
  const values = columns.map((column) => attributeValue(attributes[column.name], column, db.dialect))
  return { columns, values, name: names.join("\0") }
}

/** Returns the part of an `UPDATE` that sets the columns to the values from `?n` on. */
export function assigned({ dialect }: Database, { columns }: Assignment, n: number): string {
  return columns
    .map((column, place) => `${dialect.quote(column.name)} = ${dialect.value(`?${n + place}`, column)}`)
    .join(", ")
}

/** Finds the column of an attribute. Throws `invalid_option` if there is none. */
export function columnOf(db: Database, owner: "user" | "session", name: string): Column {
  const column = findColumn(db, owner, name)
  if (column) return column
  throw unknownAttribute(name, `column of the ${owner} table`)
}

function findColumn({ catalogue }: Database, owner: "user" | "session", name: string): Column | undefined {
  const column = catalogue[owner].get(name)
  return column && isAttribute(owner, column) ? column : undefined
}
