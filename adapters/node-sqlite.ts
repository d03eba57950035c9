import { createSqliteAdapter, createSqliteExecutor } from "./sql/sqlite-executor.ts"

/**
 * Keeps sessions, users and keys in SQLite through `node:sqlite`. The tables are those of `schema("sqlite")` from
 * `nightlatch/adapters/sql`, next to the application's own user table.
 *
 * Unless inTransaction is set, the connection must not be in a transaction of the application's when the adapter
 * writes. Throws `invalid_option` for invalid options.
 *
 * @example
 * const adapter = nodeSqliteAdapter<{ id: string; username: string }>(new DatabaseSync("app.db"))
 */
export const nodeSqliteAdapter = createSqliteAdapter

/**
 * Makes an executor of `node:sqlite`, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`. Each statement is
 * prepared once. A batch is a transaction of its own: the connection must not be in another.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "sqlite", executor: nodeSqliteExecutor(new DatabaseSync("app.db")) })
 */
export const nodeSqliteExecutor = createSqliteExecutor
