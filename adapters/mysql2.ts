import { checkOptions } from "../src/core/options.ts"
import type { UserId } from "../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor, notInTransaction } from "./sql/adapter.ts"
import type { PoolOptions } from "./sql/database.ts"
import { connectionExecutor, poolExecutor } from "./sql/connections.ts"
import type { Executor, Row, SqlValue, Statements } from "./sql/executor.ts"
import { mysql } from "./sql/mysql-dialect.ts"
import { isPlainPool } from "./sql/plain-pool.ts"

/** What a connection of `mysql2/promise` and its pool have in common. */
export interface Mysql2Client {
  query(sql: string): Promise<[unknown, unknown]>
  execute(sql: string, params: SqlValue[]): Promise<[unknown, unknown]>
}

/** A connection of `mysql2/promise`. */
export interface Mysql2Connection extends Mysql2Client {
  destroy(): void
}

/** A pool of `mysql2/promise`. */
export interface Mysql2Pool extends Mysql2Client {
  getConnection(): Promise<Mysql2Connection & { release(): void }>
}

/**
 * Keeps sessions, users and keys in MariaDB or MySQL through `mysql2/promise`: a pool, or a connection. The tables are
 * those of `schema("mysql")` from `nightlatch/adapters/sql`, next to the application's own user table.
 *
 * Statements are prepared once on each connection. A single connection is used by one call at a time, the application
 * must not use it at the same time, and when it is lost it stays lost: a pool is better.
 *
 * For the application's transaction give the connection that runs it, and `inTransaction`. Throws `invalid_option` for
 * invalid options.
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
 * Makes an executor of `mysql2/promise`, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`: of a pool,
 * or a connection. For the application's transaction give the connection that runs it, and `sqlAdapter()` `inTransaction`.
 * Throws `invalid_option` for options that cannot be right.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "mysql", executor: mysql2Executor(mysql.createPool(uri)) })
 */
export function mysql2Executor(
  client: Mysql2Pool | Mysql2Connection,
  options: Pick<PoolOptions, "inTransaction" | "shared"> = {},
): DriverExecutor {
  checkOptions("mysql2Executor()", options, "inTransaction", "shared")
  // Whoever spreads it may choose a tenant in what takes the place of its functions.
  return driverExecutor("mysql", executorOf(client, { ...options, shared: options.shared ?? false }))
}

function executorOf(client: Mysql2Pool | Mysql2Connection, { inTransaction, shared }: PoolOptions): Executor {
  if (!("getConnection" in client)) return { ...connectionExecutor(client, ownOf(client)), shared: shared ?? false }
  if (inTransaction) throw notInTransaction("the connection that runs it, not the pool")
  return { ...poolExecutor(statementsOf(client), () => take(client)), shared: shared ?? isPlain(client) }
}

/** Returns whether a pool is just what mysql2 makes: a pool of promises around one of callbacks. */
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
  // What has no parameters goes as text: MySQL prepares no savepoints.
  const send = async (sql: string, params: SqlValue[]) =>
    (await (params.length === 0 ? client.query(sql) : client.execute(sql, params)))[0]
  return {
    // mysql2 leaves it to the caller to say what a statement answers: rows, or how many a write has matched.
    query: async (sql, params) => (await send(sql, params)) as Row[],
    execute: async (sql, params) => ((await send(sql, params)) as { affectedRows?: number }).affectedRows ?? 0,
  }
}
