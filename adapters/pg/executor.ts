import type { SqlOptions } from "../sql/database.ts"
import type { Row, SqlExecutor, SqlStatement, SqlValue } from "../sql/executor.ts"
import { statementNames } from "./statement-names.ts"

/** A client of `pg`, connected. */
export interface PgClient {
  query(query: PgQuery): Promise<PgResult>
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

type Send = (sql: string, params: SqlValue[]) => Promise<PgResult>

/** Sends statements through one client. In the caller's transaction none is prepared: a lost one would end it. */
export function pgExecutor(
  client: PgClient,
  { inTransaction = false }: Pick<SqlOptions, "inTransaction">,
): SqlExecutor {
  const send = inTransaction ? plainly(client) : preparedOn(client)
  return { ...executorOf(send), batch: (statements) => transaction(client, statements, ignore) }
}

/** Sends statements through whatever client of the pool is free, a transaction through one. */
export function pgPoolExecutor(pool: PgPool): SqlExecutor {
  return {
    ...executorOf(preparedOn(pool)),
    async batch(statements) {
      const client = await pool.connect()
      client.on("error", ignore)
      let isOpen = true
      try {
        return await transaction(client, statements, () => (isOpen = false))
      } finally {
        client.off("error", ignore)
        client.release(isOpen)
      }
    },
  }
}

// The statement that a cut connection fails rejects. Without a listener the process would end as well.
function ignore(): void {}

function executorOf(send: Send): Pick<SqlExecutor, "query" | "execute"> {
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

/** `onEnd` is called when the client is in no transaction any more. */
async function transaction(client: PgClient, statements: SqlStatement[], onEnd: () => void): Promise<number[]> {
  const send = plainly(client)
  // Queued at once, so that no other call's statement comes between. After a failure COMMIT rolls back.
  const sent = [send("BEGIN", []), ...statements.map(({ sql, params }) => send(sql, params)), send("COMMIT", [])]
  const results = await Promise.allSettled(sent)
  const failed = results.find(({ status }) => status === "rejected")
  // Where the client gave up waiting, COMMIT was not sent.
  if (failed) await send("ROLLBACK", []).then(onEnd, ignore)
  const [, ...answers] = await Promise.all(sent)
  onEnd()
  return answers.slice(0, -1).map(({ rowCount }) => rowCount ?? 0)
}
