import { checkOptions } from "../src/core/options.ts"
import type { UserId } from "../src/core/ports.ts"
import type { SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { DialectName } from "./sql/dialect.ts"
import { dialectOf } from "./sql/dialects.ts"
import type { SqlExecutor } from "./sql/executor.ts"
import type { RevocationTable, SqlRevocations } from "./sql/revocations.ts"
import { createSqlRevocations, revocationStatements } from "./sql/revocations.ts"

export type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
export type { PoolOptions, SqlOptions } from "./sql/database.ts"
export type { DialectName } from "./sql/dialect.ts"
export type { Row, SqlExecutor, SqlStatement, SqlValue } from "./sql/executor.ts"
export type { TableNames } from "./port/names.ts"
export type { RevocationTable, SqlRevocations } from "./sql/revocations.ts"
export type { Feature } from "./sql/feature-tables.ts"
export type { SchemaOptions } from "./sql/schema.ts"
export { schema } from "./sql/schema.ts"
export type { SqliteDatabase, SqlitePrepared } from "./sql/sqlite-executor.ts"
export type { UserIdType } from "./port/user-ids.ts"

/** Options of {@link sqlAdapter}. */
export interface SqlAdapterOptions extends SqlOptions {
  /** The SQL dialect of the database. `"mysql"` includes MariaDB. */
  dialect: DialectName
  /** Runs the statements in the database. */
  executor: SqlExecutor
}

/**
 * Stores sessions, users and keys in SQL through any driver. The tables are those that {@link schema} creates, next to
 * your own user table. Throws `invalid_option` for invalid options.
 *
 * @example
 * const adapter = sqlAdapter<{ id: string; username: string }>({
 *   dialect: "postgres",
 *   executor: {
 *     query: async (sql, params) => (await pool.query(sql, params)).rows,
 *     execute: async (sql, params) => (await pool.query(sql, params)).rowCount ?? 0,
 *     // Runs statements in one transaction: the README has one for pg. Only sessions do without.
 *     batch: (statements) => inOneTransaction(pool, statements),
 *   },
 * })
 */
export function sqlAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(options: SqlAdapterOptions): SqlAdapter<UserRow, SessionRow, Defaulted> {
  checkOptions("sqlAdapter()", options, "dialect", "executor", "tables", "userIdType", "inTransaction")
  const { dialect, executor, ...rest } = options
  return createSqlAdapter(dialectOf(dialect), executor, rest)
}

/** Options of {@link sqlRevocations}. */
export interface SqlRevocationOptions extends RevocationTable {
  /** The SQL dialect of the database. `"mysql"` includes MariaDB. */
  dialect: DialectName
  /** Runs the statements in the database. It needs no `batch`. */
  executor: SqlExecutor
  /** Returns the current time in milliseconds, for tests. Default: `Date.now`. */
  now?: (() => number) | undefined
}

/**
 * Stores revocations of stateless sessions in SQL, in the table that {@link revocationSchema} creates. Each validation
 * costs one statement by primary key. Read from the primary: a replica that lags behind learns of a sign-out too late.
 * Throws `invalid_option` for invalid options.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "postgres", executor })
 * const auth = createStatelessAuth({ secrets: [process.env.SESSION_SECRET], revocations })
 */
export function sqlRevocations(options: SqlRevocationOptions): SqlRevocations {
  checkOptions("sqlRevocations()", options, "dialect", "executor", "table", "now")
  return createSqlRevocations(dialectOf(options.dialect), options.executor, options)
}

/**
 * Returns the statements that create the table of {@link sqlRevocations} with its index. Throws `invalid_option` if the
 * table's name is not a plain identifier.
 *
 * @example
 * for (const statement of revocationSchema("sqlite")) db.exec(statement)
 */
export function revocationSchema(dialect: DialectName, options: RevocationTable = {}): string[] {
  return revocationStatements(dialectOf(dialect), options)
}
