import type { UserIdType } from "../port/user-ids.ts"
import type { SqlValue } from "./executor.ts"

/** The databases whose SQL the adapter speaks. `mysql` is MariaDB too. */
export type DialectName = "sqlite" | "postgres" | "mysql"

/** What a column holds, as far as this package tells types apart. */
export type ColumnKind =
  "text" | "integer" | "number" | "boolean" | "time" | "json" | "bytes" | "uuid" | "array" | "other"

/** A column as the database describes it. */
export interface Column {
  name: string
  /** The type's name, without length. */
  type: string
  kind: ColumnKind
  /** The characters or bytes that fit; `null` where nothing but the database's own limit counts. */
  size: number | null
  /** `false` for a column that only the database sets. */
  writable: boolean
  /** MySQL's character set of text; `null` for bytes and in other databases. */
  charset: string | null
  /** Also in MySQL; in PostgreSQL `deterministic`, or `null`. */
  collation: string | null
  /** What an `UPDATE` sets for the value that a new row would have. */
  fresh: string
  /** Whether a new row gets a value of the database's own here: a default, or the next number. */
  hasDefault: boolean
  /** Whether the database can tell the value that it made for this column in a new row. */
  generated: boolean
}

/**
 * What databases disagree on, as far as this package is concerned. Fragments name parameters as `?1`, `?2`, and may
 * repeat them.
 */
export interface Dialect {
  name: DialectName
  /** Quotes an identifier. */
  quote(name: string): string
  /** The driver's placeholder of the nth parameter, counted from 1. */
  placeholder(n: number): string

  /**
   * A `SELECT` of a table's columns, as {@link Column} describes them but for `kind`. `parameter` is the table as
   * `catalogueName` names it; a schema is a plain name, and its quotes are single.
   */
  columns(parameter: string, schema: string | null): string
  /** How `columns` wants the table named. */
  catalogueName(table: string, schema: string | null): string
  /** Returns what a column of a type holds. */
  kindOf(type: string): ColumnKind
  /** The type of user ids that a column can hold; `null` if it holds none, or the type says too little. */
  userIdType(column: Column): UserIdType | null
  /** The types to write for ids and times. */
  words: { id: string; passkeyId: string; time: string }
  /** What is wrong with a column of ids, if anything; `length` is the one that all of them have. */
  idProblem(column: Column, length: number | null): string | null
  /** Whether a column holds milliseconds in 64 bits. */
  holdsTime(column: Column): boolean

  /** A parameter that is a user id, as the type of its column. */
  userId(parameter: string, type: UserIdType): string
  /** A user id that comes out as text, without loss. */
  asText(column: string): string
  /** Whether a column of user ids, of whatever collation, is byte for byte `value`, found by its index. */
  sameUser(column: string, value: string, type: UserIdType, id: Column): string
  /** The provider id in the id of a key: the text before its first colon, byte for byte. */
  providerOf(column: string): string
  /** Equality that holds for two nulls. */
  same(left: string, right: string): string
  /** A time column that comes out as a number whatever it holds. */
  time(column: string): string
  /** What an attribute's value is read through, where the driver leaves it as another type than the column's. */
  reader(column: Column): ((value: unknown) => unknown) | undefined
  /** A parameter that is the value of a column. */
  value(parameter: string, column: Column): string
  /** A parameter in a `SELECT` list, where no column tells its type. */
  typed(parameter: string, column: Column): string

  /** A table `i` of session ids with each one's `place`, counted from 0; few texts whatever their number. `null`: no use. */
  idTable: ((ids: string[]) => { table: string; values: SqlValue[] }) | null

  /** Ends a `SELECT` so that its rows cannot be deleted before the statement's transaction ends. */
  keep: string
  /** Ends a `SELECT` that locks its rows; `null` where a transaction that writes is alone anyway. */
  lock: string | null
  /** How many rows a statement of a clean-up looks at. `null`: `schema()` makes an index that finds the expired ones. */
  sliceRows: number | null
  /** Deletes at most `limit` rows that meet a condition on an indexed column, judged when they are deleted. */
  deleteSome(table: string, condition: string, limit: number, column: "expires_at" | "until" | "at"): string
  /** Ends an `INSERT` so that it skips rows whose `id` is there. */
  skipTaken: string
  /** Whether `UPDATE` and `DELETE` can return the rows that they change. */
  returning: boolean
  /** Text by which rows are sorted and compared byte for byte. */
  bytewise(column: string): string
  /** The rest of an `INSERT` that sets no column. */
  defaultRow: string
  /** What finds user `u` just inserted by the same connection; `null` where only `RETURNING` tells. */
  lastUser: string | null

  /** Whether the database refused a value because it must be unique. */
  isUniqueViolation(error: unknown): boolean
  /** Whether nothing was done and the same call may succeed in a moment. */
  isTransient(error: unknown): boolean
}

/** Turns the types of each kind into the kind of each type. */
export function kindsOf(types: Partial<Record<ColumnKind, string[]>>): Record<string, ColumnKind> {
  const kinds = Object.entries(types) as [ColumnKind, string[]][]
  return Object.fromEntries(kinds.flatMap(([kind, names]) => names.map((name) => [name, kind])))
}
