import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { Queue } from "../retry/queue.ts"

/** What is bound to a placeholder. Attribute values come as the application gave them. */
export type SqlValue = string | number | bigint | boolean | Date | Uint8Array | null

/** One row of a result: column names (or aliases) to values, as the driver makes them. */
export type Row = Record<string, unknown>

/** One statement with the values of its placeholders. */
export interface SqlStatement {
  sql: string
  params: SqlValue[]
}

/**
 * What a database driver must offer to carry the SQL adapter. All methods reject with the driver's own error, which
 * keeps its code (or has it in `cause`): that is how a taken key or a deadlock is recognised.
 */
export interface SqlExecutor {
  /** Runs a statement and resolves to its rows. */
  query(sql: string, params: SqlValue[]): Promise<Row[]>
  /**
   * Runs a statement and resolves to the number of rows it matched. In a transaction it is given `SAVEPOINT` statements
   * too, always without parameters: MySQL wants those sent as text, not prepared.
   */
  execute(sql: string, params: SqlValue[]): Promise<number>
  /**
   * Runs statements in order on one connection in one transaction: all of them or none. Resolves to each one's number
   * of rows; a `SELECT ... FOR UPDATE` may be among them, whose number is not read. On SQLite the transaction must
   * begin with `BEGIN IMMEDIATE`. A connection whose `ROLLBACK` failed must not be used again.
   */
  batch?(statements: SqlStatement[]): Promise<number[]>
  /**
   * Whether every caller's statement goes to the same database with the same rights. Session lookups that are made in
   * one tick then share a statement, which runs in the async context of one of their callers. Leave it out for an
   * executor that chooses a tenant, a role or a row-level-security variable by its caller. Default: `false`.
   */
  shared?: boolean | undefined
}

/** What runs single statements. */
export type Statements = Pick<SqlExecutor, "query" | "execute">

/** An executor whose driver may answer at once, which spares the reads a promise. */
export interface Executor extends Omit<SqlExecutor, "query"> {
  query(sql: string, params: SqlValue[]): MaybePromise<Row[]>
  /** Makes a savepoint in the driver's own way, where it has one that it wants to be used. */
  savepoint?<Result>(run: (inside: Executor) => MaybePromise<Result>): Promise<Result>
  /** The queue of a transaction that other adapters use too. Default: one of the store's own. */
  turn?: Queue
}

/** Runs statements one after the other, and resolves to their numbers of rows. */
export async function inOrder(executor: Pick<SqlExecutor, "execute">, statements: SqlStatement[]): Promise<number[]> {
  const counts: number[] = []
  for (const { sql, params } of statements) counts.push(await executor.execute(sql, params))
  return counts
}
