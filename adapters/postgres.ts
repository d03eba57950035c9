import type { UserId } from "../src/core/ports.ts"
import type { SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { Row } from "./sql/executor.ts"
import { postgres } from "./sql/postgres-dialect.ts"
import type { Executor } from "./sql/store.ts"
import { inOrder } from "./sql/store.ts"

/** What runs statements in postgres.js: the client, or the transaction that `begin` hands out. */
export interface PostgresClient {
  unsafe(sql: string, params: unknown[], options: { prepare: boolean }): PromiseLike<Row[] & { count: number | null }>
  begin?(run: (inside: PostgresClient) => Promise<unknown>): Promise<unknown>
  savepoint?(run: (inside: PostgresClient) => Promise<unknown>): Promise<unknown>
}

/**
 * Keeps sessions, users and keys in PostgreSQL through `postgres` (postgres.js). The tables are those of
 * `schema("postgres")` from `nightlatch/adapters/sql`, beside the application's own user table.
 *
 * Statements are prepared unless the client says `prepare: false`. Columns must come under their own names: a client
 * that renames them (`transform`) is `invalid_option` at the first call. Over the `sql` that `begin` hands out it writes
 * inside that transaction. Throws `invalid_option` for options that cannot be right.
 *
 * @example
 * const adapter = postgresAdapter<{ id: string; username: string }>(postgres(url))
 */
export function postgresAdapter<UserRow extends { id: UserId }, SessionRow extends object = {}>(
  client: PostgresClient,
  options: SqlOptions = {},
): SqlAdapter<UserRow, SessionRow> {
  return createSqlAdapter(postgres, executorOf(client), { inTransaction: "savepoint" in client, ...options })
}

function executorOf(client: PostgresClient): Executor {
  const send = async (sql: string, params: unknown[]) => client.unsafe(sql, params, { prepare: true })
  const { begin, savepoint } = client
  return {
    query: send,
    execute: async (sql, params) => (await send(sql, params)).count ?? 0,
    ...(begin && { batch: (statements) => nested(begin, (inside) => inOrder(inside, statements)) }),
    // Of a statement that fails elsewhere, postgres.js fails the whole transaction, even if it was rolled back.
    ...(savepoint && { savepoint: (run) => nested(savepoint, run) }),
  }
}

async function nested<Result>(
  start: NonNullable<PostgresClient["begin"]>,
  run: (inside: Executor) => Result | Promise<Result>,
): Promise<Result> {
  // Both resolve to what `run` did.
  return (await start(async (inside) => run(executorOf(inside)))) as Result
}
