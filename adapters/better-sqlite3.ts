import { createSqliteAdapter, createSqliteExecutor } from "./sql/sqlite-executor.ts"

/**
 * Stores sessions, users and keys in SQLite through `better-sqlite3`. The tables are those that `schema("sqlite")` of
 * `nightlatch/adapters/sql` creates, next to your own user table.
 *
 * Set `inTransaction` to write inside your own transaction. Otherwise the connection must not be in a transaction when
 * the adapter writes. Throws `invalid_option` for invalid options.
 *
 * @example
 * const adapter = betterSqlite3Adapter<{ id: string; username: string }>(new Database("app.db"))
 */
export const betterSqlite3Adapter = createSqliteAdapter

/**
 * Creates an executor from a `better-sqlite3` database, for `sqlAdapter()` and `sqlRevocations()` of
 * `nightlatch/adapters/sql`. Prepares each statement once. A batch runs in its own transaction, so the connection must
 * not be in another one.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "sqlite", executor: betterSqlite3Executor(new Database("app.db")) })
 */
export const betterSqlite3Executor = createSqliteExecutor
