import { createSqliteAdapter, createSqliteExecutor } from "./sql/sqlite-executor.ts"

/**
 * Keeps sessions, users and keys in SQLite through Bun's `bun:sqlite`. The tables are those of `schema("sqlite")` from
 * `nightlatch/adapters/sql`, next to the application's own user table.
 *
 * Unless inTransaction is set, the connection must not be in a transaction of the application's when the adapter
 * writes. Without `safeIntegers`, Bun rounds integers beyond 2^53 in the application's own columns; user ids are exact
 * with `userIdType: "bigint"`. Statements that are prepared go on working after `db.close()`, as Bun has it. Throws `invalid_option` for invalid options.
 *
 * @example
 * const adapter = bunSqliteAdapter<{ id: string; username: string }>(new Database("app.db"))
 */
export const bunSqliteAdapter = createSqliteAdapter

/**
 * Makes an executor of `bun:sqlite`, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`. Each statement is
 * prepared once. A batch is a transaction of its own: the connection must not be in another.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "sqlite", executor: bunSqliteExecutor(new Database("app.db")) })
 */
export const bunSqliteExecutor = createSqliteExecutor
