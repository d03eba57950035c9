import type { Column } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import { isBytes, isDate } from "../../src/platform/realm.ts"
import { quoted } from "../port/names.ts"
import { unknownAttribute } from "../port/parameters.ts"
import type { Row } from "../sql/executor.ts"
import type { OwnTable } from "./tables.ts"

/**
 * Checks attributes against the columns of a table. Throws `invalid_option` for a name that is not a column or is one
 * of the library's, and for a value of the wrong type.
 */
export function checkedAttributes(table: OwnTable, attributes: Row): Row {
  for (const [name, value] of Object.entries(attributes)) checkValue(attributeColumn(table, name), name, value)
  return attributes
}

/** Returns a new row's values in the columns that are not the library's, without those that Drizzle fills in itself. */
export function freshAttributes({ columns, core }: OwnTable): Row {
  const own = Object.entries(columns).filter(([name, column]) => !Object.hasOwn(core, name) && isWritable(column))
  return Object.fromEntries(own.map(([name, column]) => [name, freshValue(column)]))
}

/** Finds the column of an attribute. Throws `invalid_option` if there is none. */
export function attributeColumn({ owner, columns, core }: OwnTable, name: string): Column {
  const column = Object.hasOwn(columns, name) && !Object.hasOwn(core, name) ? columns[name] : undefined
  if (column && isWritable(column)) return column
  throw unknownAttribute(name, `column of the ${owner} table`)
}

function isWritable({ generated }: Column): boolean {
  return generated === undefined
}

function freshValue({ defaultFn, default: value, onUpdateFn }: Column): unknown {
  if (defaultFn) return defaultFn()
  if (value !== undefined) return value
  return onUpdateFn ? undefined : null
}

// Drivers turn an object where text is expected into different things: JSON, a list, even SQL.
const types: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number" && !Number.isNaN(value),
  bigint: (value) => typeof value === "bigint",
  boolean: (value) => typeof value === "boolean",
  date: (value) => isDate(value) && !Number.isNaN(value.getTime()),
  buffer: (value) => isBytes(value),
  array: Array.isArray,
}

function checkValue({ dataType }: Column, name: string, value: unknown): void {
  if (value === null || (types[dataType]?.(value) ?? true)) return
  throw new AuthError("invalid_option", `attributes: ${quoted(name)} is a ${typeof value}; use a ${dataType}`)
}
