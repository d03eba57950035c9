import { queueOf } from "../retry/queue.ts"
import type { Executor, SqlExecutor, SqlStatement } from "./executor.ts"
import { inOrder } from "./executor.ts"

/** A connection that one transaction has for itself. */
export interface Connection extends Pick<SqlExecutor, "execute"> {
  /** Called when the transaction may still be open: nobody may use the connection again. */
  giveUp(): void
}

/** A connection of a pool. */
export interface PooledConnection extends Connection {
  /** Called at the end, also after `giveUp`. */
  release(): void
}

/** An executor over a pool: statements go to any of its connections, a transaction to one that is taken for it. */
export function poolExecutor(
  statements: Pick<Executor, "query" | "execute">,
  take: () => Promise<PooledConnection>,
): Executor {
  return {
    ...statements,
    async batch(all) {
      const connection = await take()
      try {
        return await transaction(connection, all)
      } finally {
        connection.release()
      }
    },
  }
}

/** An executor over a single connection, which calls use in turn: otherwise they would meet in one transaction. */
export function connectionExecutor(
  client: object,
  { query, ...connection }: Connection & Pick<Executor, "query">,
): Executor {
  const inTurn = queueOf(client)
  return {
    query: (sql, params) => inTurn(() => query(sql, params)),
    execute: async (sql, params) => inTurn(() => connection.execute(sql, params)),
    batch: async (statements) => inTurn(() => transaction(connection, statements)),
  }
}

async function transaction(connection: Connection, statements: SqlStatement[]): Promise<number[]> {
  try {
    await connection.execute("BEGIN", [])
    const counts = await inOrder(connection, statements)
    await connection.execute("COMMIT", [])
    return counts
  } catch (error) {
    await connection.execute("ROLLBACK", []).catch(() => connection.giveUp())
    throw error
  }
}
