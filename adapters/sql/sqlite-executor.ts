import type { Row, SqlStatement } from "./executor.ts"
import type { Executor } from "./store.ts"

/** What the adapter asks of a SQLite driver that answers at once, such as node:sqlite or better-sqlite3. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqlitePrepared
}

/** A statement that such a driver has prepared. */
export interface SqlitePrepared {
  all(...params: unknown[]): unknown[]
  run(...params: unknown[]): { changes: number | bigint }
}

// Far more than the adapter's statements and the sets of attributes of any application: only a bound.
const maxPrepared = 500

/** Runs statements on one connection, each prepared once. A batch is done before anything else gets a turn. */
export function sqliteExecutor(db: SqliteDatabase): Executor {
  const prepare = preparedOnce(db)
  const run = ({ sql, params }: SqlStatement) => Number(prepare(sql).run(...params).changes)
  return {
    // The drivers type rows as unknown; each is an object with the statement's columns.
    query: (sql, params) => prepare(sql).all(...params) as Row[],
    execute: async (sql, params) => run({ sql, params }),
    async batch(statements) {
      // At once a writer: a reader that becomes a writer fails if another has written since, and cannot wait.
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

function preparedOnce(db: SqliteDatabase): (sql: string) => SqlitePrepared {
  const prepared = new Map<string, SqlitePrepared>()
  return (sql) => {
    const known = prepared.get(sql)
    if (known) return known
    const statement = db.prepare(sql)
    if (prepared.size >= maxPrepared) prepared.clear()
    prepared.set(sql, statement)
    return statement
  }
}

function rollBack(db: SqliteDatabase): void {
  try {
    db.exec("ROLLBACK")
  } catch {
    // After some errors SQLite has rolled back by itself. The caller throws the error that made it.
  }
}
