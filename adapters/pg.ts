import { checkOptions } from "../src/core/options.ts"
import type { UserId } from "../src/core/ports.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter, driverExecutor, notInTransaction } from "./sql/adapter.ts"
import { connectionExecutor, poolExecutor } from "./sql/connections.ts"
import type { PoolOptions } from "./sql/database.ts"
import type { Executor, Row, SqlValue, Statements } from "./sql/executor.ts"
import { isPlainPool } from "./sql/plain-pool.ts"
import { isPooled, isStalePlan, postgres } from "./sql/postgres-dialect.ts"

/** A client of `pg`, connected. */
export interface PgClient {
  query(query: PgQuery): Promise<PgResult>
  end?(): Promise<void>
}

/** A pool of `pg`, or of a driver that is made like it. */
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
  if (!("totalCount" in client)) return { ...clientExecutor(client, inTransaction), shared: shared ?? false }
  if (inTransaction) throw notInTransaction("the client that runs it, not the pool")
  return { ...pooled(client), shared: shared ?? isPlain(client) }
}

/** Sends statements through a client. In the caller's transaction none is prepared: a lost one would end it. */
function clientExecutor(client: PgClient, inTransaction = false): Executor {
  if (inTransaction) return statementsBy(plainly(client))
  const giveUp = () => void client.end?.().catch(ignore)
  return connectionExecutor(client, { ...statementsBy(preparedOn(client)), giveUp })
}

/** Returns whether a pool is just what `pg` makes. */
function isPlain(pool: PgPool): boolean {
  return isPlainPool(pool, { methods: ["query", "connect", "end", "totalCount"], own: "_clients" })
}

/** Sends statements through whatever client of the pool is free. */
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

// When a connection is cut, its statement rejects. Without a listener the process would end as well.
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
      // It was not run.
      return client.query({ text, values })
    }
  }
}

// Far more than the adapter's statements and the sets of attributes of any application: each stays on the server.
const maxNames = 500

/** Makes names for prepared statements that nobody else uses on the same connections. */
function statementNames() {
  let names = new Map<string, string>()
  // Made when it is needed: Cloudflare Workers draw no random numbers while a module loads.
  let prefix: string | undefined
  let isGivenUp = false
  return {
    /** The name of a statement; `undefined` where it is to go without. */
    of(sql: string): string | undefined {
      if (isGivenUp) return undefined
      const existing = names.get(sql)
      if (existing !== undefined || names.size === maxNames) return existing
      const name = `${(prefix ??= newPrefix())}${names.size}`
      names.set(sql, name)
      return name
    },
    /** Whether the server refused a statement because of what it has prepared under this name, or has not. */
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
