import { checkOptions } from "../src/core/options.ts"
import type { UserId } from "../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor, notInTransaction } from "./sql/adapter.ts"
import type { PoolOptions } from "./sql/database.ts"
import { connectionExecutor, poolExecutor } from "./sql/connections.ts"
import type { Executor, Row, SqlValue, Statements } from "./sql/executor.ts"
import { mysql } from "./sql/mysql-dialect.ts"
import { isPlainPool } from "./sql/plain-pool.ts"

/** The methods that a `mysql2/promise` connection and pool share. */
export interface Mysql2Client {
  query(sql: string): Promise<[unknown, unknown]>
  execute(sql: string, params: SqlValue[]): Promise<[unknown, unknown]>
}

/** A `mysql2/promise` connection. */
export interface Mysql2Connection extends Mysql2Client {
  destroy(): void
}

/** A `mysql2/promise` pool. */
export interface Mysql2Pool extends Mysql2Client {
  getConnection(): Promise<Mysql2Connection & { release(): void }>
}

/**
 * Stores sessions, users and keys in MariaDB or MySQL through a `mysql2/promise` pool or connection. The tables are
 * those that `schema("mysql")` of `nightlatch/adapters/sql` creates, next to your own user table.
 *
 * Statements are prepared once on each connection. Prefer a pool to a single connection. Calls on a single connection
 * take turns, you must not use it at the same time, and it is not replaced if it is lost.
 *
 * To write inside your own transaction, pass the connection that runs it and set `inTransaction`. Throws
 * `invalid_option` for invalid options.
 *
 * @example
 * const adapter = mysql2Adapter<{ id: string; username: string }>(mysql.createPool(uri))
 */
export function mysql2Adapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(client: Mysql2Pool | Mysql2Connection, options: PoolOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  return createSqlAdapter(mysql, executorOf(client, options), options)
}

/**
 * Creates an executor from a `mysql2/promise` pool or connection, for `sqlAdapter()` and `sqlRevocations()` of
 * `nightlatch/adapters/sql`. To write inside your own transaction, pass the connection that runs it, and
 * `inTransaction` to `sqlAdapter()`. Throws `invalid_option` for invalid options.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "mysql", executor: mysql2Executor(mysql.createPool(uri)) })
 */
export function mysql2Executor(
  client: Mysql2Pool | Mysql2Connection,
  options: Pick<PoolOptions, "inTransaction" | "shared"> = {},
): DriverExecutor {
  checkOptions("mysql2Executor()", options, "inTransaction", "shared")
  // Not shared by default: a caller may copy this executor and replace its functions with ones that choose a tenant.
  return driverExecutor("mysql", executorOf(client, { ...options, shared: options.shared ?? false }))
}

function executorOf(client: Mysql2Pool | Mysql2Connection, { inTransaction, shared }: PoolOptions): Executor {
  if (!("getConnection" in client)) return { ...connectionExecutor(client, ownOf(client)), shared: shared ?? false }
  if (inTransaction) throw notInTransaction("the connection that runs it, not the pool")
  return { ...poolExecutor(statementsOf(client), () => take(client)), shared: shared ?? isPlain(client) }
}

/** Returns whether a pool is exactly what mysql2 creates: a pool with promises around one with callbacks. */
function isPlain(client: Mysql2Pool): boolean {
  const methods = ["query", "execute", "getConnection", "end"]
  const { pool } = client as { pool?: object }
  return (
    pool !== undefined &&
    isPlainPool(client, { methods, own: "pool" }) &&
    isPlainPool(pool, { methods, own: "_allConnections" })
  )
}

async function take(pool: Mysql2Pool) {
  const connection = await pool.getConnection()
  return { ...ownOf(connection), release: () => connection.release() }
}

function ownOf(connection: Mysql2Connection) {
  return { ...statementsOf(connection), giveUp: () => connection.destroy() }
}

function statementsOf(client: Mysql2Client): Statements {
  // Statements without parameters are sent as text, because MySQL cannot prepare savepoints.
  const send = async (sql: string, params: SqlValue[]) =>
    (await (params.length === 0 ? client.query(sql) : client.execute(sql, params)))[0]
  return {
    // mysql2 does not type the result: it is rows, or how many rows a write matched.
    query: async (sql, params) => (await send(sql, params)) as Row[],
    execute: async (sql, params) => ((await send(sql, params)) as { affectedRows?: number }).affectedRows ?? 0,
  }
}
