import { AuthError } from "../src/core/errors.ts"
import type { UserId } from "../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { Dialect } from "./sql/dialect.ts"
import type { Row, SqlExecutor, SqlStatement, SqlValue } from "./sql/executor.ts"
import { sqlite } from "./sql/sqlite-dialect.ts"

/** A `D1Database`, or the `D1DatabaseSession` that its `withSession` returns. */
export interface D1Client {
  prepare(sql: string): D1Statement
  batch(statements: D1Statement[]): Promise<D1Result[]>
}

interface D1Statement {
  bind(...params: unknown[]): D1Statement
  all(): Promise<D1Result>
}

interface D1Result {
  results: unknown[]
  meta: { changes: number }
}

/**
 * Stores sessions, users and keys in Cloudflare D1. The tables are those that `schema("sqlite")` of
 * `nightlatch/adapters/sql` creates, next to your own user table.
 *
 * Create the adapter once, not for each request: its first call reads the columns of the tables. D1 has no interactive
 * transactions, so the option `inTransaction` throws `unsupported`. Throws `invalid_option` for other invalid options.
 * Attributes cannot be integers beyond 2^53.
 *
 * @example
 * import { env } from "cloudflare:workers"
 * const adapter = d1Adapter<{ id: string; username: string }>(env.DB)
 */
export function d1Adapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(client: D1Client, options: SqlOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  if (options.inTransaction) throw new AuthError("unsupported", "inTransaction: D1 has no transactions; leave it out")
  return createSqlAdapter(d1, executorOf(client), options)
}

/**
 * Creates an executor from a D1 database, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "sqlite", executor: d1Executor(env.DB) })
 */
export function d1Executor(client: D1Client): DriverExecutor {
  return driverExecutor("sqlite", executorOf(client))
}

// A large slice blocks nothing on D1, and a Worker invocation may run only a limited number of statements.
const d1: Dialect = { ...sqlite, sliceRows: 100_000 }

function executorOf(client: D1Client): SqlExecutor {
  const prepare = ({ sql, params }: SqlStatement) => client.prepare(sql).bind(...params.map(bindable))
  return {
    // Each row is an object with the statement's columns.
    query: async (sql, params) => (await prepare({ sql, params }).all()).results as Row[],
    execute: async (sql, params) => (await prepare({ sql, params }).all()).meta.changes,
    batch: async (all) => (await client.batch(all.map(prepare))).map(({ meta }) => meta.changes),
  }
}

function bindable(value: SqlValue): SqlValue {
  if (typeof value !== "bigint") return value
  if (Number.isSafeInteger(Number(value))) return Number(value)
  throw new AuthError("invalid_option", "attributes: D1 takes no integer beyond 2^53; keep it as text")
}
