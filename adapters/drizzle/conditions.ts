import { sql } from "drizzle-orm"
import type { Column, Placeholder, SQL, SQLWrapper } from "drizzle-orm"
import type { DialectName } from "../sql/dialect.ts"

const text = /^(?:text|varchar|char|varbinary|citext)/

/** Names a parameter of a prepared statement, to be written as a value of this column. */
export function slot(column: Column, name: string): SQLWrapper {
  const placeholder: Placeholder = sql.placeholder(name)
  return sql.param(placeholder, column)
}

/** A value, to be written as one of this column. */
export function valueOf(column: Column, value: unknown): SQLWrapper {
  return sql.param(value, column)
}

/**
 * Makes the condition that a column equals a value byte for byte. The first comparison of text is in the column's own
 * collation, so that its index serves; the second is of bytes, because a collation may take `a` for `A`.
 */
export function isExactly(dialect: DialectName, column: Column, value: SQLWrapper): SQL {
  if (!text.test(column.getSQLType())) return sql`${column} = ${value}`
  switch (dialect) {
    case "sqlite":
      // The plus does nothing but hide the value: SQLite with STAT4 plans a statement anew for each value it can see.
      return sql`(${column} = +${value} and ${column} = +${value} collate binary)`
    case "postgres":
      return sql`(${column} = ${value} and ${column}::text collate "C" = ${value}::text)`
    case "mysql":
      return sql`(${column} = ${value} and ${bytes(column)} = ${bytes(value)})`
  }
}

function bytes(value: SQLWrapper): SQL {
  return sql`cast(convert(${value} using utf8mb4) as binary)`
}
