import { AuthError } from "../src/core/errors.ts"
import type { UserId } from "../src/core/ports.ts"
import type { SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { Row, SqlStatement, SqlValue } from "./sql/executor.ts"
import { mysql } from "./sql/mysql-dialect.ts"
import type { Executor } from "./sql/store.ts"
import { inOrder, oneAtATime } from "./sql/store.ts"

/** A connection of `mysql2/promise`, or what its pool has in common with one. */
export interface Mysql2Client {
  query(sql: string): Promise<[unknown, unknown]>
  execute(sql: string, params: SqlValue[]): Promise<[unknown, unknown]>
}

/** A pool of `mysql2/promise`. */
export interface Mysql2Pool extends Mysql2Client {
  getConnection(): Promise<Mysql2Client & { release(): void; destroy(): void }>
}

/**
 * Keeps sessions, users and keys in MariaDB or MySQL through `mysql2/promise`: a pool, or a connection. The tables are
 * those of `schema("mysql")` from `nightlatch/adapters/sql`, beside the application's own user table.
 *
 * Statements are prepared once on each connection. On a single connection the adapter's calls take turns, and the
 * application must send nothing of its own between them: a pool is better.
 *
 * For the application's transaction give the connection that runs it, and `inTransaction`. Throws `invalid_option` for
 * options that cannot be right.
 *
 * @example
 * const adapter = mysql2Adapter<{ id: string; username: string }>(mysql.createPool(uri))
 */
export function mysql2Adapter<UserRow extends { id: UserId }, SessionRow extends object = {}>(
  client: Mysql2Pool | Mysql2Client,
  options: SqlOptions = {},
): SqlAdapter<UserRow, SessionRow> {
  const isPool = "getConnection" in client
  if (isPool && options.inTransaction)
    throw new AuthError("invalid_option", "inTransaction: give the connection that runs the transaction, not the pool.")
  return createSqlAdapter(mysql, isPool ? poolExecutor(client) : connectionExecutor(client), options)
}

function poolExecutor(pool: Mysql2Pool): Executor {
  return {
    ...executorOf(pool),
    async batch(statements) {
      const connection = await pool.getConnection()
      let isOpen = true
      try {
        return await transaction(connection, statements, () => (isOpen = false))
      } finally {
        if (isOpen) connection.destroy()
        else connection.release()
      }
    },
  }
}

function connectionExecutor(connection: Mysql2Client): Executor {
  const { query, execute } = executorOf(connection)
  const inTurn = oneAtATime()
  return {
    query: (sql, params) => inTurn(() => query(sql, params)),
    execute: (sql, params) => inTurn(() => execute(sql, params)),
    batch: (statements) => inTurn(() => transaction(connection, statements, () => undefined)),
  }
}

function executorOf(client: Mysql2Client): Executor {
  // What has no parameters is sent as text: MySQL does not prepare savepoints.
  const send = async (sql: string, params: SqlValue[]) =>
    (await (params.length === 0 ? client.query(sql) : client.execute(sql, params)))[0]
  return {
    // mysql2 types results by what the caller expects: rows, or how many a write matched.
    query: async (sql, params) => (await send(sql, params)) as Row[],
    execute: async (sql, params) => ((await send(sql, params)) as { affectedRows?: number }).affectedRows ?? 0,
  }
}

/** `onEnd` is called when the connection is in no transaction any more. */
async function transaction(client: Mysql2Client, statements: SqlStatement[], onEnd: () => void): Promise<number[]> {
  try {
    await client.query("START TRANSACTION")
    const counts = await inOrder(executorOf(client), statements)
    await client.query("COMMIT")
    onEnd()
    return counts
  } catch (error) {
    await client.query("ROLLBACK").then(onEnd, () => undefined)
    throw error
  }
}
