import { queueOf } from "../retry/queue.ts"
import type { Executor, SqlExecutor, SqlStatement } from "./executor.ts"
import { inOrder } from "./executor.ts"

/** A connection reserved for one transaction. */
export interface Connection extends Pick<SqlExecutor, "execute"> {
  /** Called when the transaction may still be open. The connection must not be used again. */
  giveUp(): void
}

/** A pool's connection. */
export interface PooledConnection extends Connection {
  /** Called at the end, even after `giveUp`. */
  release(): void
}

/** Creates an executor over a pool. Statements go to any connection, a transaction to a reserved one. */
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

/** Creates an executor over one connection. Calls take turns, because otherwise they would share a transaction. */
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
