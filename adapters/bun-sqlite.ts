import { createSqliteAdapter, createSqliteExecutor } from "./sql/sqlite-executor.ts"

/**
 * Stores sessions, users and keys in SQLite through Bun's `bun:sqlite`. The tables are those that `schema("sqlite")` of
 * `nightlatch/adapters/sql` creates, next to your own user table.
 *
 * Set `inTransaction` to write inside your own transaction. Otherwise the connection must not be in a transaction when
 * the adapter writes. Without `safeIntegers`, Bun rounds integers beyond 2^53 in your own columns; user ids are exact
 * with `userIdType: "bigint"`. In Bun, prepared statements keep working after `db.close()`. Throws `invalid_option` for
 * invalid options.
 *
 * @example
 * const adapter = bunSqliteAdapter<{ id: string; username: string }>(new Database("app.db"))
 */
export const bunSqliteAdapter = createSqliteAdapter

/**
 * Creates an executor from a `bun:sqlite` database, for `sqlAdapter()` and `sqlRevocations()` of
 * `nightlatch/adapters/sql`. Prepares each statement once. A batch runs in its own transaction, so the connection must
 * not be in another one.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "sqlite", executor: bunSqliteExecutor(new Database("app.db")) })
 */
export const bunSqliteExecutor = createSqliteExecutor
