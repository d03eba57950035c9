import { AuthError } from "../src/core/errors.ts"
import { checkOptions } from "../src/core/options.ts"
import type { UserId } from "../src/core/ports.ts"
import type { PgClient, PgPool } from "./pg/executor.ts"
import { pgClientExecutor, isPlainPgPool, pgPoolExecutor } from "./pg/executor.ts"
import type { SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter } from "./sql/adapter.ts"
import type { PoolOptions } from "./sql/database.ts"
import type { DriverExecutor } from "./sql/driver-executor.ts"
import { driverExecutor } from "./sql/driver-executor.ts"
import { postgres } from "./sql/postgres-dialect.ts"
import type { Executor } from "./sql/store.ts"

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
export function pgAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(client: PgPool | PgClient, options: PoolOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  return createSqlAdapter(postgres, executorOf(client, options), options)
}

/**
 * Makes an executor of `pg`, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`: of a pool, or a client.
 * For the application's transaction give the client that runs it and `inTransaction`, and `sqlAdapter()` the same option.
 * Throws `invalid_option` for options that cannot be right.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "postgres", executor: pgExecutor(pool) })
 */
export function pgExecutor(
  client: PgPool | PgClient,
  options: Pick<PoolOptions, "inTransaction" | "shared"> = {},
): DriverExecutor {
  checkOptions("pgExecutor()", options, "inTransaction", "shared")
  // Whoever spreads it may choose a tenant in what takes the place of its functions.
  return driverExecutor("postgres", executorOf(client, { ...options, shared: options.shared ?? false }))
}

function executorOf(client: PgPool | PgClient, { inTransaction, shared }: PoolOptions): Executor {
  if (!("totalCount" in client)) return { ...pgClientExecutor(client, inTransaction), shared: shared ?? false }
  if (inTransaction)
    throw new AuthError(
      "invalid_option",
      "inTransaction: a pool is not in one transaction; pass the client that runs it, not the pool",
    )
  return { ...pgPoolExecutor(client), shared: shared ?? isPlainPgPool(client) }
}
