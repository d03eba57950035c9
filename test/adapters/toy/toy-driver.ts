import { createQueue } from "../../../adapters/retry/queue.ts"
import type { DriverExecutor, SqlAdapter } from "../../../adapters/sql/adapter.ts"
import { createSqlAdapter, driverExecutor } from "../../../adapters/sql/adapter.ts"
import type { SqlOptions } from "../../../adapters/sql/database.ts"
import type { Row, SqlExecutor, SqlStatement, SqlValue } from "../../../adapters/sql/executor.ts"
import { inOrder } from "../../../adapters/sql/executor.ts"
import { sqlite } from "../../../adapters/sql/sqlite-dialect.ts"
import type { UserId } from "../../../src/core/ports.ts"

/** An unknown driver: it sends one statement, and returns both the rows it found and the number it changed. */
export interface ToyClient {
  send(sql: string, params: SqlValue[]): Promise<{ rows: Row[]; changed: number }>
}

/** Keeps sessions, users and keys in SQLite through the toy driver. */
export function toyAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(client: ToyClient, options: SqlOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  return createSqlAdapter(sqlite, executorOf(client), options)
}

/** Makes an executor of the toy driver. */
export function toyExecutor(client: ToyClient): DriverExecutor {
  return driverExecutor("sqlite", executorOf(client))
}

/** Calls take turns: there is but one connection, and what came between would be in another call's transaction. */
function executorOf(client: ToyClient): SqlExecutor {
  const inTurn = createQueue()
  const statements: Pick<SqlExecutor, "query" | "execute"> = {
    query: async (sql, params) => (await client.send(sql, params)).rows,
    execute: async (sql, params) => (await client.send(sql, params)).changed,
  }
  async function batch(all: SqlStatement[]): Promise<number[]> {
    await client.send("BEGIN IMMEDIATE", [])
    try {
      const counts = await inOrder(statements, all)
      await client.send("COMMIT", [])
      return counts
    } catch (error) {
      await client.send("ROLLBACK", [])
      throw error
    }
  }
  return {
    query: async (sql, params) => inTurn(() => statements.query(sql, params)),
    execute: async (sql, params) => inTurn(() => statements.execute(sql, params)),
    batch: async (all) => inTurn(() => batch(all)),
  }
}
