import { checkOptions } from "../src/core/options.ts"
import type { UserId } from "../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor, notInTransaction } from "./sql/adapter.ts"
import { connectionExecutor, poolExecutor } from "./sql/connections.ts"
import type { PoolOptions } from "./sql/database.ts"
import type { Executor, Row, SqlValue, Statements } from "./sql/executor.ts"
import { isPlainPool } from "./sql/plain-pool.ts"
import { isPooled, isStalePlan, postgres } from "./sql/postgres-dialect.ts"

/** A connected `pg` client. */
export interface PgClient {
  query(query: PgQuery): Promise<PgResult>
  end?(): Promise<void>
}

/** A `pg` pool, or a pool of a compatible driver. */
export interface PgPool extends PgClient {
  readonly totalCount: number
  connect(): Promise<PgPoolClient>
}

interface PgPoolClient extends PgClient {
  on(event: "error", listener: () => void): unknown
  off(event: "error", listener: () => void): unknown
  release(destroy: boolean): void
}

interface PgQuery {
  name?: string
  text: string
  values: SqlValue[]
}

interface PgResult {
  rows: Row[]
  rowCount: number | null
}

type Send = (text: string, values: SqlValue[]) => Promise<PgResult>

/**
 * Stores sessions, users and keys in PostgreSQL through a `pg` pool or client. The tables are those that
 * `schema("postgres")` of `nightlatch/adapters/sql` creates, next to your own user table.
 *
 * Each statement is prepared once per connection, under a unique name. If a connection pooler such as PgBouncer does
 * not keep prepared statements, the adapter stops preparing them. Add an `error` listener to the pool: without one,
 * `pg` ends the process when the server closes an idle connection.
 *
 * Prefer a pool to a single client. Calls on a single client take turns, you must not use it at the same time, and it
 * is not replaced if it is lost.
 *
 * To write inside your own transaction, pass the client that runs it and set `inTransaction`. Throws `invalid_option`
 * for invalid options.
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
 * Creates an executor from a `pg` pool or client, for `sqlAdapter()` and `sqlRevocations()` of
 * `nightlatch/adapters/sql`. To write inside your own transaction, pass the client that runs it, and set
 * `inTransaction` here and in `sqlAdapter()`. Throws `invalid_option` for invalid options.
 *
 * @example
 * const revocations = sqlRevocations({ dialect: "postgres", executor: pgExecutor(pool) })
 */
export function pgExecutor(
  client: PgPool | PgClient,
  options: Pick<PoolOptions, "inTransaction" | "shared"> = {},
): DriverExecutor {
  checkOptions("pgExecutor()", options, "inTransaction", "shared")
  // Not shared by default: a caller may copy this executor and replace its functions with ones that choose a tenant.
  return driverExecutor("postgres", executorOf(client, { ...options, shared: options.shared ?? false }))
}

function executorOf(client: PgPool | PgClient, { inTransaction, shared }: PoolOptions): Executor {
  if (!("totalCount" in client)) return { ...clientExecutor(client, inTransaction), shared: shared ?? false }
  if (inTransaction) throw notInTransaction("the client that runs it, not the pool")
  return { ...pooled(client), shared: shared ?? isPlain(client) }
}

/** Sends statements through a client. In the caller's transaction none is prepared, because a lost one would end it. */
function clientExecutor(client: PgClient, inTransaction = false): Executor {
  if (inTransaction) return statementsBy(plainly(client))
  const giveUp = () => void client.end?.().catch(ignore)
  return connectionExecutor(client, { ...statementsBy(preparedOn(client)), giveUp })
}

/** Returns whether a pool is exactly what `pg` creates. */
function isPlain(pool: PgPool): boolean {
  return isPlainPool(pool, { methods: ["query", "connect", "end", "totalCount"], own: "_clients" })
}

/** Sends statements through any free client of the pool. */
function pooled(pool: PgPool): Executor {
  return poolExecutor(statementsBy(preparedOn(pool)), async () => {
    const client = await pool.connect()
    let isBroken = false
    client.on("error", ignore)
    return {
      execute: statementsBy(plainly(client)).execute,
      giveUp: () => (isBroken = true),
      release() {
        client.off("error", ignore)
        client.release(isBroken)
      },
    }
  })
}

// When a connection is cut, its statement already rejects. Without a listener the process would also end.
function ignore(): void {}

function statementsBy(send: Send): Statements {
  return {
    query: async (sql, params) => (await send(sql, params)).rows,
    execute: async (sql, params) => (await send(sql, params)).rowCount ?? 0,
  }
}

function plainly(client: PgClient): Send {
  return (text, values) => client.query({ text, values })
}

function preparedOn(client: PgClient): Send {
  const names = statementNames()
  return async (text, values) => {
    const name = names.of(text)
    if (name === undefined) return client.query({ text, values })
    try {
      return await client.query({ name, text, values })
    } catch (error) {
      if (!names.isRefused(error)) throw error
      // The server did not run the statement.
      return client.query({ text, values })
    }
  }
}

// Each prepared statement stays on the server. No application's statements and attribute sets come near this limit.
const maxNames = 500

/** Creates names for prepared statements that nothing else uses on the same connections. */
function statementNames() {
  let names = new Map<string, string>()
  // Created on first use: Cloudflare Workers cannot generate random numbers while a module loads.
  let prefix: string | undefined
  let isGivenUp = false
  return {
    /** Returns the name of a statement; `undefined` if it must not be prepared. */
    of(sql: string): string | undefined {
      if (isGivenUp) return undefined
      const existing = names.get(sql)
      if (existing !== undefined || names.size === maxNames) return existing
      const name = `${(prefix ??= newPrefix())}${names.size}`
      names.set(sql, name)
      return name
    },
    /** Returns whether the server refused a statement because of what is, or is not, prepared under its name. */
    isRefused(error: unknown): boolean {
      if (isPooled(error)) isGivenUp = true
      else if (isStalePlan(error)) [names, prefix] = [new Map(), undefined]
      else return false
      return true
    },
  }
}

function newPrefix(): string {
  const random = crypto.getRandomValues(new Uint32Array(2))
  return `nightlatch_${random.join("_")}_`
}
