import type { UserIdType } from "../values/user-ids.ts"
import type { SqlValue } from "./executor.ts"

/** The databases whose SQL the adapter speaks. `mysql` is MariaDB too. */
export type DialectName = "sqlite" | "postgres" | "mysql"

/** A column as the database describes it. */
export interface Column {
  name: string
  type: string
  /** `false` for one that the database computes. */
  writable: boolean
  /** MySQL's character set of text; `null` for bytes and in other databases. */
  charset: string | null
  /** MySQL's likewise; in PostgreSQL `deterministic`, or `null`. */
  collation: string | null
  /** What an `UPDATE` sets for the value that a new row would have. */
  fresh: string
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

  /** A `SELECT` of name, type, writable, charset, collation, fresh and generated of the columns of table `parameter`. */
  columns(parameter: string): string
  /** How `columns` wants the table named. */
  catalogueName(table: string): string
  /** What is wrong with a column of ids, if anything. */
  idProblem(column: Column): string | null

  /** A parameter that is a user id, as the type of its column. */
  userId(parameter: string, type: UserIdType): string
  /** A user id that comes out as text, without loss. */
  asText(column: string): string
  /** Whether the user table's own id column, of whatever collation, is byte for byte `value`, found by its index. */
  sameUser(column: string, value: string, type: UserIdType, id: Column): string
  /** Equality that holds for two nulls. */
  same(left: string, right: string): string
  /** A time column that comes out as a number whatever it holds. */
  time(column: string): string
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
  /** Deletes at most `limit` rows that meet a condition, judged when they are deleted. */
  deleteSome(table: string, condition: string, limit: number): string
  /** The rest of an `INSERT` that sets no column. */
  defaultRow: string
  /** What finds user `u` just inserted by the same connection; `null` where only `RETURNING` tells. */
  lastUser: string | null

  /** Whether the database refused a value because it must be unique. */
  isTaken(error: unknown): boolean
  /** Whether nothing was done and the same call may succeed in a moment. */
  isPassing(error: unknown): boolean
}
