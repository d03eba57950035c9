import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { Queue } from "../retry/queue.ts"

/** The value of a placeholder. Attribute values are passed as the application gave them. */
export type SqlValue = string | number | bigint | boolean | Date | Uint8Array | null

/** One row of a result: column names or aliases with their values, as the driver returns them. */
export type Row = Record<string, unknown>

/** One statement with the values of its placeholders. */
export interface SqlStatement {
  sql: string
  params: SqlValue[]
}

/**
 * What a database driver must provide for the SQL adapter. All methods reject with the driver's own error, which keeps
 * its code or has it in `cause`. The adapter recognises a taken key or a deadlock by this code.
 */
export interface SqlExecutor {
  /** Runs a statement and resolves to its rows. */
  query(sql: string, params: SqlValue[]): Promise<Row[]>
  /**
   * Runs a statement and resolves to the number of rows it matched. In a transaction it also receives `SAVEPOINT`
   * statements, always without parameters. MySQL requires those as text, not prepared.
   */
  execute(sql: string, params: SqlValue[]): Promise<number>
  /**
   * Runs all statements or none, in order, in one transaction on one connection. Resolves to each one's number of rows;
   * the number of a `SELECT ... FOR UPDATE` is not read. On SQLite the transaction must start with `BEGIN IMMEDIATE`. A
   * connection whose `ROLLBACK` failed must not be used again.
   */
  batch?(statements: SqlStatement[]): Promise<number[]>
  /**
   * Whether every caller's statements go to the same database with the same rights. If so, session lookups made in the
   * same tick share a statement, which runs in the async context of one of the callers. Leave it out if the executor
   * chooses a tenant, a role or a row-level-security variable by its caller. Default: `false`.
   */
  shared?: boolean | undefined
}

/** The part of an executor that runs single statements. */
export type Statements = Pick<SqlExecutor, "query" | "execute">

/** An executor whose driver may answer synchronously, which saves a promise on reads. */
export interface Executor extends Omit<SqlExecutor, "query"> {
  query(sql: string, params: SqlValue[]): MaybePromise<Row[]>
  /** Creates a savepoint with the driver's own method, if the driver requires it. */
  savepoint?<Result>(run: (inside: Executor) => MaybePromise<Result>): Promise<Result>
  /** The queue of a transaction that other adapters use too. Default: the store's own queue. */
  turn?: Queue
}

/** Runs statements one after the other, and resolves to their numbers of rows. */
export async function inOrder(executor: Pick<SqlExecutor, "execute">, statements: SqlStatement[]): Promise<number[]> {
  const counts: number[] = []
  for (const { sql, params } of statements) counts.push(await executor.execute(sql, params))
  return counts
}
