import type { UserIdType } from "../port/user-ids.ts"
import type { SqlValue } from "./executor.ts"

/** The supported SQL dialects. `mysql` includes MariaDB. */
export type DialectName = "sqlite" | "postgres" | "mysql"

/** What a column holds, as far as this package distinguishes types. */
export type ColumnKind =
  "text" | "integer" | "number" | "boolean" | "time" | "json" | "bytes" | "uuid" | "array" | "other"

/** A column as the database describes it. */
export interface Column {
  name: string
  /** The type's name, without length. */
  type: string
  kind: ColumnKind
  /** The number of characters or bytes that fit; `null` if only the database's own limit applies. */
  size: number | null
  /** `false` for a column that only the database sets. */
  writable: boolean
  /** The character set of text in MySQL; `null` for bytes and in other databases. */
  charset: string | null
  /** The collation in MySQL; in PostgreSQL `deterministic` or `null`; otherwise `null`. */
  collation: string | null
  /** The expression with which an `UPDATE` sets the value that a new row would have. */
  fresh: string
  /** Whether the database fills this column in a new row: a default, or the next number. */
  hasDefault: boolean
  /** Whether the database can return the value that it created for this column. */
  generated: boolean
}

/**
 * The differences between databases, as far as this package needs them. Fragments name parameters `?1`, `?2`, and may
 * repeat them.
 */
export interface Dialect {
  name: DialectName
  /** Quotes an identifier. */
  quote(name: string): string
  /** Returns the driver's placeholder of the nth parameter, counted from 1. */
  placeholder(n: number): string

  /**
   * Returns a `SELECT` of a table's columns as {@link Column} describes them, without `kind`. `parameter` is the table
   * as named by `catalogueName`. A schema is a plain name, in single quotes.
   */
  columns(parameter: string, schema: string | null): string
  /** Returns the table's name as `columns` expects it. */
  catalogueName(table: string, schema: string | null): string
  /** Returns what a column of a type holds. */
  kindOf(type: string): ColumnKind
  /** Returns the type of user ids that a column can hold; `null` if it cannot hold any, or the type says too little. */
  userIdType(column: Column): UserIdType | null
  /** The types to write for ids and times. */
  words: { id: string; passkeyId: string; time: string }
  /** Returns what is wrong with a column of ids, or `null`. `length` is the length that all ids have, if they share one. */
  idProblem(column: Column, length: number | null): string | null
  /** Returns whether a column holds milliseconds in 64 bits. */
  holdsTime(column: Column): boolean

  /** Casts a parameter that is a user id to the type of its column. */
  userId(parameter: string, type: UserIdType): string
  /** Returns a user id as text, without loss. */
  asText(column: string): string
  /** Returns the condition that a column of user ids, in any collation, equals `value` byte for byte, using its index. */
  sameUser(column: string, value: string, type: UserIdType, id: Column): string
  /** Returns the provider id in the id of a key: the text before its first colon, byte for byte. */
  providerOf(column: string): string
  /** Returns an equality that also holds for two nulls. */
  same(left: string, right: string): string
  /** Returns a time column as a number, whatever it holds. */
  time(column: string): string
  /** Returns a function that converts an attribute, if the driver returns it as another type than the column's. */
  reader(column: Column): ((value: unknown) => unknown) | undefined
  /** Casts a parameter to the value of a column. */
  value(parameter: string, column: Column): string
  /** Casts a parameter in a `SELECT` list, where no column determines its type. */
  typed(parameter: string, column: Column): string

  /** Returns a table `i` of session ids, each with its `place` counted from 0, in few distinct texts. `null`: never used. */
  idTable: ((ids: string[]) => { table: string; values: SqlValue[] }) | null

  /** Ends a `SELECT` so that its rows cannot be deleted before the transaction ends. */
  keep: string
  /** Ends a `SELECT` that locks its rows; `null` if a transaction that writes is alone anyway. */
  lock: string | null
  /** The number of rows that a cleanup statement reads. `null`: `schema()` creates an index that finds the expired rows. */
  sliceRows: number | null
  /**
   * Returns the statement that deletes at most `limit` rows. The condition, on an indexed column, is checked at
   * deletion.
   */
  deleteSome(table: string, condition: string, limit: number, column: "expires_at" | "until" | "at"): string
  /** Ends an `INSERT` so that it skips rows whose `id` already exists. */
  skipTaken: string
  /** Whether `UPDATE` and `DELETE` can return the rows that they change. */
  returning: boolean
  /** Returns text that sorts and compares byte for byte. */
  bytewise(column: string): string
  /** The rest of an `INSERT` that sets no column. */
  defaultRow: string
  /** The condition that finds user `u` just inserted by this connection; `null` if only `RETURNING` finds it. */
  lastUser: string | null

  /** Returns whether the database refused a value because it must be unique. */
  isUniqueViolation(error: unknown): boolean
  /** Returns whether nothing was written and the same call may succeed in a moment. */
  isTransient(error: unknown): boolean
}

/** Converts the types of each kind to the kind of each type. */
export function kindsOf(types: Partial<Record<ColumnKind, string[]>>): Record<string, ColumnKind> {
  const kinds = Object.entries(types) as [ColumnKind, string[]][]
  return Object.fromEntries(kinds.flatMap(([kind, names]) => names.map((name) => [name, kind])))
}
