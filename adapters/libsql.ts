import type { UserId } from "../src/core/ports.ts"
import { queueOf } from "./retry/queue.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor, notInTransaction } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { Row, SqlExecutor, SqlStatement, SqlValue, Statements } from "./sql/executor.ts"
import { inOrder } from "./sql/executor.ts"
import { sqlite } from "./sql/sqlite-dialect.ts"

/** An open libsql transaction. */
export interface LibsqlTransaction {
  execute(statement: LibsqlStatement): Promise<LibsqlResult>
}

/** A libsql client of a file or a server. */
export interface LibsqlClient extends LibsqlTransaction {
  /** `file`, or the protocol of a server. */
  readonly protocol: string
  batch(statements: LibsqlStatement[], mode: "write"): Promise<LibsqlResult[]>
  transaction(mode: "deferred"): Promise<LocalTransaction>
}

interface LocalTransaction extends LibsqlTransaction {
  executeMultiple(sql: string): Promise<void>
  close(): void
}

interface LibsqlStatement {
  sql: string
  args: SqlValue[]
}

interface LibsqlResult {
  rows: Row[]
  rowsAffected: number
}

/**
 * Stores sessions, users and keys in SQLite through `@libsql/client`. The tables are those that `schema("sqlite")` of
 * `nightlatch/adapters/sql` creates, next to your own user table.
 *
 * Pass the result of `client.transaction("write")` to write inside that transaction. For a file, set the client's
 * `timeout`, the milliseconds to wait for another writer. If one of your own writes is refused, its connection can no
 * longer commit (`@libsql/client` 0.18). An in-memory database has one connection: while your transaction is open,
 * every other call rejects. Your own columns hold no integer beyond 2^53 unless the client's `intMode` is `"bigint"`;
 * user ids are exact with `userIdType: "bigint"`. Throws `invalid_option` for invalid options.
 *
 * @example
 * const adapter = libsqlAdapter<{ id: string; username: string }>(createClient({ url: "file:app.db", timeout: 2000 }))
 */
export function libsqlAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(client: LibsqlClient | LibsqlTransaction, options: SqlOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  const isClient = "transaction" in client
  if (isClient && options.inTransaction) throw notInTransaction("what client.transaction() resolves to, not the client")
  return createSqlAdapter(sqlite, executorOf(client), { ...options, inTransaction: !isClient })
}

/**
 * Creates an executor from an `@libsql/client`, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`.
 * With the result of `client.transaction("write")`, also pass `inTransaction: true` to `sqlAdapter()`.
 *
 * @example
 * const executor = libsqlExecutor(createClient({ url: "file:app.db", timeout: 2000 }))
 * const revocations = sqlRevocations({ dialect: "sqlite", executor })
 */
export function libsqlExecutor(client: LibsqlClient | LibsqlTransaction): DriverExecutor {
  return driverExecutor("sqlite", executorOf(client))
}

/** Sends statements through a client or within a transaction. */
function executorOf(client: LibsqlClient | LibsqlTransaction): SqlExecutor {
  if (!("transaction" in client)) return statementsOf(client)
  return client.protocol === "file" ? localExecutor(client) : remoteExecutor(client)
}

function statementsOf(client: LibsqlTransaction): Statements {
  return {
    query: async (sql, params) => (await client.execute({ sql, args: params })).rows,
    execute: async (sql, params) => (await client.execute({ sql, args: params })).rowsAffected,
  }
}

function remoteExecutor(client: LibsqlClient): SqlExecutor {
  const toStatement = ({ sql, params }: SqlStatement) => ({ sql, args: params })
  return {
    ...statementsOf(client),
    batch: async (all) => (await client.batch(all.map(toStatement), "write")).map(({ rowsAffected }) => rowsAffected),
  }
}

/**
 * Runs calls one at a time: an in-memory database has one connection, and libsql rejects other calls while a
 * transaction holds it. This costs nothing, because the driver answers synchronously.
 */
function localExecutor(client: LibsqlClient): SqlExecutor {
  const inTurn = queueOf(client)
  const reading = statementsOf(client)
  const writing = async <Result>(run: (inside: Statements) => Promise<Result>) => inTurn(() => locked(client, run))
  return {
    query: async (sql, params) =>
      sql.startsWith("SELECT")
        ? inTurn(() => reading.query(sql, params))
        : writing((inside) => inside.query(sql, params)),
    execute: (sql, params) => writing((inside) => inside.execute(sql, params)),
    batch: (statements) => writing((inside) => inOrder(inside, statements)),
  }
}

/**
 * Runs in a transaction that holds the write lock from its start. In libsql 0.18, a statement refused because the file
 * is locked stays open: later writes on its connection report success but are never committed. A script is always
 * closed, so the lock is requested with one.
 */
async function locked<Result>(client: LibsqlClient, run: (inside: Statements) => Promise<Result>): Promise<Result> {
  const transaction = await client.transaction("deferred")
  try {
    await transaction.executeMultiple("ROLLBACK; BEGIN IMMEDIATE")
    const result = await run(statementsOf(transaction))
    await transaction.executeMultiple("COMMIT")
    return result
  } finally {
    transaction.close()
  }
}
