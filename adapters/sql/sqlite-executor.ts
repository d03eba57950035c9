import type { UserId } from "../../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./adapter.ts"
import { createSqlAdapter, driverExecutor } from "./adapter.ts"
import type { SqlOptions } from "./database.ts"
import type { Executor, Row, SqlStatement } from "./executor.ts"
import { sqlite } from "./sqlite-dialect.ts"
import { madeOnce } from "./statement.ts"

/** The methods that the adapter needs of a synchronous SQLite driver, such as node:sqlite or better-sqlite3. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqlitePrepared
}

/** A statement that such a driver has prepared. */
export interface SqlitePrepared {
  all(...params: unknown[]): unknown[]
  run(...params: unknown[]): { changes: number | bigint }
}

/** Creates an adapter from a synchronous driver, for the driver's own entry. */
export function createSqliteAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(db: SqliteDatabase, options: SqlOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  return createSqlAdapter(sqlite, sqliteExecutor(db), options)
}

/** Creates an executor from a synchronous driver, for the driver's own entry. */
export function createSqliteExecutor(db: SqliteDatabase): DriverExecutor {
  return driverExecutor("sqlite", sqliteExecutor(db))
}

/** Runs statements on one connection, each prepared once. A batch finishes before anything else runs. */
export function sqliteExecutor(db: SqliteDatabase): Executor {
  const prepared = new Map<string, SqlitePrepared>()
  const prepare = (sql: string) => madeOnce(prepared, sql, () => db.prepare(sql))
  const run = ({ sql, params }: SqlStatement) => Number(prepare(sql).run(...params).changes)
  return {
    // The drivers type rows as unknown; each is an object with the statement's columns.
    query: (sql, params) => prepare(sql).all(...params) as Row[],
    execute: async (sql, params) => run({ sql, params }),
    async batch(statements) {
      // Locks for writing from the start: a reader that becomes a writer fails if another has written since, and cannot
      // wait.
      db.exec("BEGIN IMMEDIATE")
      try {
        const counts = statements.map(run)
        db.exec("COMMIT")
        return counts
      } catch (error) {
        rollBack(db)
        throw error
      }
    },
  }
}

function rollBack(db: SqliteDatabase): void {
  try {
    db.exec("ROLLBACK")
  } catch {
    // SQLite rolls back by itself after some errors. The caller throws the original error.
  }
}
