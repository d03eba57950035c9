import { AuthError } from "../src/core/errors.ts"
import type { UserId } from "../src/core/ports.ts"
import type { PgClient, PgPool } from "./pg/executor.ts"
import { isPlainPgPool, pgExecutor, pgPoolExecutor } from "./pg/executor.ts"
import type { SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter } from "./sql/adapter.ts"
import type { PoolOptions } from "./sql/database.ts"
import { postgres } from "./sql/postgres-dialect.ts"

export type { PgClient, PgPool } from "./pg/executor.ts"

/**
 * Keeps sessions, users and keys in PostgreSQL through `pg`: a pool, or a client. The tables are those of
 * `schema("postgres")` from `nightlatch/adapters/sql`, next to the application's own user table.
 *
 * Statements are prepared under names of their own, once on each connection; where a pooler between, such as PgBouncer,
 * does not keep them, they go without from then on. Give the pool an `error` listener: without one, `pg` ends the
 * process when the server closes an idle connection.
 *
 * A single client is used by one call at a time, the application must not use it at the same time, and when it is
 * lost it stays lost: a pool is better.
 *
 * For the application's transaction give the client that runs it, and `inTransaction`. Throws `invalid_option` for
 * invalid options.
 *
 * @example
 * const pool = new pg.Pool().on("error", console.error)
 * const adapter = pgAdapter<{ id: string; username: string }>(pool)
 */
export function pgAdapter<UserRow extends { id: UserId }, SessionRow extends object = {}>(
  client: PgPool | PgClient,
  options: PoolOptions = {},
): SqlAdapter<UserRow, SessionRow> {
  const isPool = "totalCount" in client
  if (isPool && options.inTransaction)
    throw new AuthError(
      "invalid_option",
      "inTransaction: a pool is not in one transaction; pass the client that runs it, not the pool",
    )
  const { shared = isPool && isPlainPgPool(client) } = options
  const executor = isPool ? pgPoolExecutor(client) : pgExecutor(client, options.inTransaction)
  return createSqlAdapter(postgres, { ...executor, shared }, options)
}
