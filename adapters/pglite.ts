import type { UserId } from "../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { Row, SqlExecutor, SqlValue, Statements } from "./sql/executor.ts"
import { inOrder } from "./sql/executor.ts"
import { postgres } from "./sql/postgres-dialect.ts"

/** What runs statements in PGlite: a `PGlite`, or the `Transaction` that `transaction` passes to its callback. */
export interface PgliteTransaction {
  query(sql: string, params: SqlValue[]): Promise<{ rows: unknown[]; affectedRows?: number }>
}

/** A `PGlite`, or a compatible object. */
export interface PgliteClient extends PgliteTransaction {
  transaction<Result>(run: (inside: PgliteTransaction) => Promise<Result>): Promise<Result>
}

/**
 * Stores sessions, users and keys in PostgreSQL through PGlite. The tables are those that `schema("postgres")` of
 * `nightlatch/adapters/sql` creates, next to your own user table.
 *
 * With a `Transaction`, the adapter writes inside that transaction. While one is open, PGlite holds back everything
 * else, so do not await an adapter over the `PGlite` itself inside it. Throws `invalid_option` for invalid options.
 *
 * @example
 * const adapter = pgliteAdapter<{ id: string; username: string }>(new PGlite("data"))
 */
export function pgliteAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(client: PgliteClient | PgliteTransaction, options: SqlOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  const { inTransaction = !("transaction" in client) } = options
  return createSqlAdapter(postgres, executorOf(client), { ...options, inTransaction })
}

/**
 * Creates an executor from a PGlite, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`. With a
 * `Transaction`, also pass `inTransaction: true` to `sqlAdapter()`.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "postgres", executor: pgliteExecutor(new PGlite("data")) })
 */
export function pgliteExecutor(client: PgliteClient | PgliteTransaction): DriverExecutor {
  return driverExecutor("postgres", executorOf(client))
}

function executorOf(client: PgliteClient | PgliteTransaction): SqlExecutor {
  if (!("transaction" in client)) return statementsOf(client)
  return {
    ...statementsOf(client),
    batch: (statements) => client.transaction((inside) => inOrder(statementsOf(inside), statements)),
  }
}

function statementsOf(client: PgliteTransaction): Statements {
  return {
    // Each row is an object with the statement's columns, unless a call asks for arrays.
    query: async (sql, params) => (await client.query(sql, params)).rows as Row[],
    execute: async (sql, params) => (await client.query(sql, params)).affectedRows ?? 0,
  }
}
