import { connectionExecutor, poolExecutor } from "../sql/connections.ts"
import type { Row, SqlExecutor, SqlValue } from "../sql/executor.ts"
import { isPlainPool } from "../sql/plain-pool.ts"
import type { Executor } from "../sql/store.ts"
import { statementNames } from "./statement-names.ts"

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

/** Sends statements through a client. In the caller's transaction none is prepared: a lost one would end it. */
export function pgClientExecutor(client: PgClient, inTransaction = false): Executor {
  if (inTransaction) return statementsBy(plainly(client))
  const giveUp = () => void client.end?.().catch(ignore)
  return connectionExecutor(client, { ...statementsBy(preparedOn(client)), giveUp })
}

/** Returns whether a pool is just what `pg` makes. */
export function isPlainPgPool(pool: PgPool): boolean {
  return isPlainPool(pool, { methods: ["query", "connect", "end", "totalCount"], own: "_clients" })
}

/** Sends statements through whatever client of the pool is free. */
export function pgPoolExecutor(pool: PgPool): Executor {
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

function statementsBy(send: Send): Pick<SqlExecutor, "query" | "execute"> {
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
