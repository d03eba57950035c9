import { AuthError } from "../src/core/errors.ts"
import type { UserId } from "../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor, notInTransaction } from "./sql/adapter.ts"
import type { Connection, PooledConnection } from "./sql/connections.ts"
import { connectionExecutor, poolExecutor } from "./sql/connections.ts"
import type { PoolOptions } from "./sql/database.ts"
import type { DriverError } from "./retry/driver-error.ts"
import { causedBy } from "./retry/driver-error.ts"
import type { Executor, Row, SqlExecutor, SqlValue, Statements } from "./sql/executor.ts"
import { postgres } from "./sql/postgres-dialect.ts"

/**
 * What runs statements in postgres.js: the client, a reserved connection, or the `sql` that `begin` passes to its
 * callback.
 */
export interface PostgresClient {
  unsafe(
    sql: string,
    params?: unknown[],
    options?: { prepare?: boolean },
  ): PromiseLike<Row[] & { count: number | null }>
  reserve?(): Promise<PostgresClient & { release(): void }>
  savepoint?(run: (inside: PostgresClient) => Promise<unknown>): Promise<unknown>
}

/**
 * Stores sessions, users and keys in PostgreSQL through `postgres` (postgres.js). The tables are those that
 * `schema("postgres")` of `nightlatch/adapters/sql` creates, next to your own user table.
 *
 * Statements are prepared unless the client has `prepare: false`. With the `sql` that `begin` passes to its callback,
 * the adapter writes inside that transaction. Throws `invalid_option` for invalid options, and at the first call if the
 * client renames columns (`transform`).
 *
 * @example
 * const adapter = postgresAdapter<{ id: string; username: string }>(postgres(url))
 */
export function postgresAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(client: PostgresClient, options: PoolOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  if (options.inTransaction && "reserve" in client) throw notInTransaction("what sql.begin() hands out, not the client")
  const executor = executorOf(client, "postgresAdapter()")
  // The client is a function without a class, so a replaced method cannot be detected.
  const { inTransaction = "savepoint" in client, shared = false } = options
  return createSqlAdapter(postgres, { ...executor, shared }, { ...options, inTransaction })
}

/**
 * Creates an executor from a postgres.js client, for `sqlAdapter()` and `sqlRevocations()` of
 * `nightlatch/adapters/sql`. With the `sql` that `begin` passes to its callback, also pass `inTransaction: true` to
 * `sqlAdapter()`.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "postgres", executor: postgresExecutor(postgres(url)) })
 */
export function postgresExecutor(client: PostgresClient): DriverExecutor {
  return driverExecutor("postgres", executorOf(client, "postgresExecutor()"))
}

function executorOf(client: PostgresClient, caller: string): Executor {
  if ("begin" in client && !("reserve" in client))
    throw new AuthError("unsupported", `${caller} needs version 3.4 or later of postgres; this one has no reserve()`)
  const { reserve, savepoint } = client
  const statements = statementsOf(client)
  if (savepoint) return { ...statements, savepoint: (run) => inside(savepoint, run) }
  return reserve ? poolExecutor(statements, () => take(reserve)) : connectionExecutor(client, connectionOf(client))
}

function statementsOf(client: PostgresClient): Statements {
  const send = async (sql: string, params: SqlValue[]) => client.unsafe(sql, params, { prepare: true })
  return { query: send, execute: async (sql, params) => (await send(sql, params)).count ?? 0 }
}

/**
 * Runs inside postgres.js's own savepoint. If a statement fails outside one, postgres.js fails the whole transaction.
 */
async function inside<Result>(
  savepoint: NonNullable<PostgresClient["savepoint"]>,
  run: (inside: Executor) => Result | Promise<Result>,
): Promise<Result> {
  // It resolves to the result of `run`.
  return (await savepoint(async (client) => run(statementsOf(client)))) as Result
}

async function take(reserve: NonNullable<PostgresClient["reserve"]>): Promise<PooledConnection> {
  const client = await reserve()
  const { isUsable, ...connection } = connectionOf(client)
  // postgres.js takes a lost connection back itself.
  function release(): void {
    if (isUsable()) client.release()
  }
  return { ...connection, release }
}

/**
 * Wraps a connection and sends nothing once it is lost. A later statement would end the process, or reach whatever the
 * connection does next, as the ROLLBACK of `begin` does in postgres.js 3.4.9.
 */
function connectionOf(client: PostgresClient): Connection & { query: SqlExecutor["query"]; isUsable(): boolean } {
  const { query, execute } = statementsOf(client)
  let usable = true
  async function guarded<Result>(send: () => Promise<Result>): Promise<Result> {
    if (!usable) throw new Error("The connection is lost.")
    try {
      return await send()
    } catch (error) {
      usable = !causedBy(error, isLoss)
      throw error
    }
  }
  return {
    query: (sql, params) => guarded(() => query(sql, params)),
    execute: (sql, params) => guarded(() => execute(sql, params)),
    giveUp: () => (usable = false),
    isUsable: () => usable,
  }
}

/** Errors of sockets and of postgres.js have an `errno`; those of the server have a severity. */
function isLoss(error: DriverError & { severity?: unknown }): boolean {
  return error.errno !== undefined || error.severity === "FATAL" || error.severity === "PANIC"
}
