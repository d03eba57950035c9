import { sql } from "drizzle-orm"
import type { Column, Placeholder, SQL, SQLWrapper } from "drizzle-orm"
import type { Dialect, DialectName } from "../sql/dialect.ts"

const text = /^(?:text|varchar|char|varbinary|citext)/i

/** Names a parameter of a prepared statement, to be written as a value of this column. */
export function slot(column: Column, name: string): SQLWrapper {
  const placeholder: Placeholder = sql.placeholder(name)
  return sql.param(placeholder, column)
}

/** Returns a value to be written as one of this column. */
export function valueOf(column: Column, value: unknown): SQLWrapper {
  return sql.param(value, column)
}

/**
 * Returns the condition that a column equals a value byte for byte. The first comparison of text uses the column's own
 * collation, so that the index is used. The second compares bytes, because a collation may treat `a` as `A`.
 */
export function isExactly(dialect: DialectName, column: Column, value: SQLWrapper): SQL {
  if (!text.test(column.getSQLType())) return sql`${column} = ${value}`
  const alike = isAlike(dialect, column, value)
  switch (dialect) {
    case "sqlite":
      return sql`(${alike} and ${column} = +${value} collate binary)`
    case "postgres":
      return sql`(${alike} and ${column}::text collate "C" = ${value}::text)`
    case "mysql":
      return sql`(${alike} and ${bytes(column)} = ${bytes(value)})`
  }
}

/** Returns the condition that a column equals this value byte for byte. */
export function equals({ dialect }: { dialect: Dialect }, column: Column, value: unknown): SQL {
  return isExactly(dialect.name, column, valueOf(column, value))
}

/** Returns the condition that the id of a key has this provider, byte for byte. */
export function hasProvider(dialect: DialectName, keyId: Column, providerId: string): SQL {
  switch (dialect) {
    case "sqlite":
      return sql`substr(${keyId}, 1, instr(${keyId}, ':') - 1) = ${providerId}`
    case "postgres":
      return sql`split_part(${keyId}::text, ':', 1) collate "C" = ${providerId}`
    case "mysql":
      return sql`${bytes(sql`substring_index(${keyId}, ':', 1)`)} = ${bytes(sql`${providerId}`)}`
  }
}

/** Returns the condition that a column's text equals a value in the column's collation. */
export function isAlike(dialect: DialectName, column: Column, value: SQLWrapper): SQL {
  // The plus hides the value: SQLite with STAT4 plans a statement again for each value that it can see.
  return dialect === "sqlite" ? sql`${column} = +${value}` : sql`${column} = ${value}`
}

function bytes(value: SQLWrapper): SQL {
  return sql`cast(convert(${value} using utf8mb4) as binary)`
}
