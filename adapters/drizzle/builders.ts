import type { Column, SQL, Table } from "drizzle-orm"
import type { Row } from "../sql/executor.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"

/** The values of placeholders by name. */
export type Values = Record<string, unknown>

/** A statement that is ready to run, with `execute` in PostgreSQL and MySQL, and the other methods in SQLite. */
export interface Runnable {
  get(values?: Values): MaybePromise<Row | null | undefined>
  all(values?: Values): MaybePromise<Row[]>
  run(values?: Values): unknown
  execute(values?: Values): Promise<unknown>
}

/** A statement as its builder returns it. */
export interface Query extends Runnable {
  prepare(name: string): Runnable
  toSQL(): { sql: string }
}

/** The methods of a `SELECT` that the three dialects share. */
export interface SelectQuery extends Query {
  from(table: Table): SelectQuery
  leftJoin(table: Table, on: SQL): SelectQuery
  where(condition: SQL): SelectQuery
  orderBy(...columns: (Column | SQL)[]): SelectQuery
  limit(limit: number): SelectQuery
  /** Locks the rows. Not in SQLite. */
  for(strength: "update" | "key share", options?: { skipLocked: boolean }): SelectQuery
  $withCache?(config: false): SelectQuery
}

/** An `INSERT`, `UPDATE` or `DELETE`. */
export interface WriteQuery extends Query {
  where(condition: SQL): WriteQuery
  /** MySQL only, for `DELETE`. */
  limit(limit: number): WriteQuery
  /** Not in MySQL. */
  returning(columns: Record<string, Column>): WriteQuery
  /** MySQL only, for `INSERT`. */
  $returningId(): WriteQuery
}

/** The methods of a Drizzle database or transaction that the three dialects share. */
export interface Builder {
  select(fields: Record<string, unknown>): SelectQuery
  insert(table: Table): { values(row: Row): WriteQuery }
  update(table: Table): { set(row: Row): WriteQuery }
  delete(table: Table): WriteQuery
  /** Runs raw SQL in PostgreSQL and MySQL. SQLite has `all` and `run`. */
  execute(query: SQL): unknown
  all(query: SQL): unknown
  run(query: SQL): unknown
  transaction<Result>(
    run: (tx: Builder) => MaybePromise<Result>,
    config?: { behavior: "immediate" },
  ): MaybePromise<Result>
  /** Runs statements in one transaction, the only kind that D1 has. */
  batch?(queries: Query[]): Promise<unknown[]>
  /** The client from which the database was created. */
  $client?: object
  /** In transactions only. */
  rollback?: unknown
  /** The primary, if reads go to replicas. */
  $primary?: Builder
}
