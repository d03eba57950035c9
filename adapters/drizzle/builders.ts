import type { Column, SQL, Table } from "drizzle-orm"
import type { Row } from "../sql/executor.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"

/** Values of placeholders by name. */
export type Values = Record<string, unknown>

/** A statement that is ready to run: `execute` in PostgreSQL and MySQL, the others in SQLite. */
export interface Runnable {
  get(values?: Values): MaybePromise<Row | null | undefined>
  all(values?: Values): MaybePromise<Row[]>
  run(values?: Values): unknown
  execute(values?: Values): Promise<unknown>
}

/** A statement as its builder leaves it. */
export interface Query extends Runnable {
  prepare(name: string): Runnable
  toSQL(): { sql: string }
}

/** A `SELECT`, as far as the three dialects build it alike. */
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
  /** MySQL only, of `DELETE`. */
  limit(limit: number): WriteQuery
  /** Not in MySQL. */
  returning(columns: Record<string, Column>): WriteQuery
  /** MySQL only, of `INSERT`. */
  $returningId(): WriteQuery
}

/** A database or transaction of Drizzle's, as far as the three dialects are alike. */
export interface Builder {
  select(fields: Record<string, unknown>): SelectQuery
  insert(table: Table): { values(row: Row): WriteQuery }
  update(table: Table): { set(row: Row): WriteQuery }
  delete(table: Table): WriteQuery
  /** Raw SQL: in PostgreSQL and MySQL, and `all` and `run` in SQLite. */
  execute(query: SQL): unknown
  all(query: SQL): unknown
  run(query: SQL): unknown
  transaction<Result>(
    run: (tx: Builder) => MaybePromise<Result>,
    config?: { behavior: "immediate" },
  ): MaybePromise<Result>
  /** Runs statements in one transaction. D1 has no other. */
  batch?(queries: Query[]): Promise<unknown[]>
  /** What the database was made of. */
  $client?: object
  /** In transactions only. */
  rollback?: unknown
  /** Where reads go to replicas. */
  $primary?: Builder
}
