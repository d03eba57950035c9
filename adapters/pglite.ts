import type { UserId } from "../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { Row, SqlExecutor, SqlValue, Statements } from "./sql/executor.ts"
import { inOrder } from "./sql/executor.ts"
import { postgres } from "./sql/postgres-dialect.ts"

/** What runs statements in PGlite: the `Transaction` that `transaction` hands out, or a `PGlite`. */
export interface PgliteTransaction {
  query(sql: string, params: SqlValue[]): Promise<{ rows: unknown[]; affectedRows?: number }>
}

/** A `PGlite`, or what is made like it. */
export interface PgliteClient extends PgliteTransaction {
  transaction<Result>(run: (inside: PgliteTransaction) => Promise<Result>): Promise<Result>
}

/**
 * Keeps sessions, users and keys in PostgreSQL through PGlite. The tables are those of `schema("postgres")` from
 * `nightlatch/adapters/sql`, next to the application's own user table.
 *
 * Over a `Transaction` it writes inside that transaction. While one is open, PGlite lets everything else wait for its
 * end: an adapter over the `PGlite` itself must not be awaited inside. Throws `invalid_option` for options that cannot
 * be right.
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
 * Makes an executor of PGlite, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`. Over a
 * `Transaction`, give `sqlAdapter()` `inTransaction: true` as well.
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
    // Each is an object with the statement's columns, unless a call asks for arrays.
    query: async (sql, params) => (await client.query(sql, params)).rows as Row[],
    execute: async (sql, params) => (await client.query(sql, params)).affectedRows ?? 0,
  }
}
