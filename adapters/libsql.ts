import type { UserId } from "../src/core/ports.ts"
import { queueOf } from "./retry/queue.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor, notInTransaction } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { Row, SqlExecutor, SqlStatement, SqlValue, Statements } from "./sql/executor.ts"
import { inOrder } from "./sql/executor.ts"
import { sqlite } from "./sql/sqlite-dialect.ts"

/** A transaction of libsql's that the application has open. */
export interface LibsqlTransaction {
  execute(statement: LibsqlStatement): Promise<LibsqlResult>
}

/** A client of libsql, of a file or a server. */
export interface LibsqlClient extends LibsqlTransaction {
  /** `file`, or how a server is spoken to. */
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
 * Keeps sessions, users and keys in SQLite through `@libsql/client`. The tables are those of `schema("sqlite")` from
 * `nightlatch/adapters/sql`, next to the application's own user table.
 *
 * Over what `client.transaction("write")` resolves to, it writes inside that transaction. Give a client of a file the
 * `timeout` in milliseconds that it waits for another writer: a write of the application's own that is refused leaves its
 * connection unable to commit (`@libsql/client` 0.18). A database in memory has one connection, so that while the
 * application's transaction is open every other call rejects. The application's own columns hold no integer beyond 2^53
 * unless the client's `intMode` is `"bigint"`; user ids are exact with `userIdType: "bigint"`. Throws `invalid_option` for
 * invalid options.
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
 * Makes an executor of `@libsql/client`, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`. Over what
 * `client.transaction("write")` resolves to, give `sqlAdapter()` `inTransaction: true` as well.
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
 * Calls take turns: a database in memory has one connection, and while a transaction holds it libsql rejects other
 * calls. As the driver answers at once, nothing is lost by it.
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
 * Runs in a transaction that is alone from its beginning. A statement that is refused because the file is locked stays
 * open in libsql 0.18, and whatever is written through its connection later is told to be done but never committed.
 * What is sent as a script is closed, so that is how the lock is asked for.
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
