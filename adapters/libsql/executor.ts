import type { Row, SqlExecutor, SqlStatement, SqlValue } from "../sql/executor.ts"
import { inOrder } from "../sql/store.ts"
import { queueOf } from "../retry/queue.ts"

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

type Statements = Pick<SqlExecutor, "query" | "execute">

/** Sends statements through a client or within a transaction. */
export function libsqlClientExecutor(client: LibsqlClient | LibsqlTransaction): SqlExecutor {
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
