import { AuthError } from "../../src/core/errors.ts"
import { hashText } from "../../src/platform/crypto.ts"
import { after } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { withoutValues } from "../retry/driver-error.ts"
import type { Queue } from "../retry/queue.ts"
import { queueOf } from "../retry/queue.ts"
import { rescued, withRetry } from "../retry/retry.ts"
import type { Dialect, DialectName } from "../sql/dialect.ts"
import type { Row } from "../sql/executor.ts"
import { explained } from "../sql/mistakes.ts"
import { isPreparedRefused } from "../sql/postgres-dialect.ts"
import type { Builder, Query, Runnable, SelectQuery, Values, WriteQuery } from "./builders.ts"
import type { Written } from "./tables.ts"

/** The result of a statement: the rows it read or wrote, or only how many it wrote. */
export interface Outcome {
  rows: Row[]
  count: number
}

/** A statement, and how its dialect runs it. */
export interface Statement {
  /** Builds the query. With a synchronous driver, raw SQL runs as soon as it is built. */
  query(): Query
  writes: boolean
  run(ready: Runnable, values?: Values): unknown
  /** Reads the driver's result. */
  outcome(result: unknown): Outcome
}

/** Builds a statement. D1 takes all statements of a transaction at once, so there `before` is empty. */
export type Step = (db: Builder, before: Outcome) => Statement

/** Runs statements, retries transient failures, and rejects with the driver's own errors. */
export interface DrizzleStore {
  /** Returns the statement of a `SELECT`. It is never answered from Drizzle's cache. */
  read(select: SelectQuery): Statement
  /** Does the same for a `SELECT` of one row, which some drivers read faster. */
  readOne(select: SelectQuery): Statement
  /** Does the same and locks the rows until the transaction ends. In SQLite, a transaction that writes is alone anyway. */
  lock(select: SelectQuery): Statement
  /**
   * Returns a statement that counts the rows of a table it wrote; for an `INSERT` in PostgreSQL it also returns their
   * ids.
   */
  write(query: WriteQuery, table: Written): Statement
  /** Builds and prepares a statement at its first call. */
  prepared(build: (db: Builder) => Statement): (values: Values) => MaybePromise<Outcome>
  /** Runs one statement. */
  once(build: (db: Builder) => Statement): MaybePromise<Outcome>
  /** Runs all steps or none, and leaves the caller's transaction usable if they fail. Resolves to the last one's result. */
  atomic(...steps: Step[]): Promise<Outcome>
  /** Does the same and resolves to each one's result. */
  atomicSteps(...steps: Step[]): Promise<Outcome[]>
}

/** The result before any statement. */
export const nothing: Outcome = { rows: [], count: 0 }

/** Runs a call that may fail. */
type Attempt = <Result>(call: () => MaybePromise<Result>) => MaybePromise<Result>

/**
 * Creates a store from a database, or from the caller's transaction, where calls take turns and nothing is retried.
 * Pass a `queue` for calls that already have their turn.
 */
export function drizzleStore(
  client: Builder,
  dialect: Dialect,
  again = retrying(client, dialect),
  queue?: Queue,
): DrizzleStore {
  // A replica may not yet know that a session has ended.
  const db = client.$primary ?? client
  const inTransaction = db.rollback !== undefined
  const config = dialect.name === "sqlite" && !inTransaction ? ({ behavior: "immediate" } as const) : undefined
  const isNamed = dialect.name === "postgres" && !inTransaction
  const inTurn = queue ?? queueOf(db)
  // A SQLite file has one writer at a time. If libsql refuses a statement for that reason, the statement stays open and
  // its connection never commits. All other calls run without waiting, because another request's call may never settle.
  const alone = (writes: boolean) => inTransaction || (writes && isLibsqlFile(db))

  function attempt<Result>(writes: boolean, call: () => MaybePromise<Result>): MaybePromise<Result> {
    return alone(writes) ? inTurn(() => again(call)) : again(call)
  }

  async function atomicSteps(...steps: Step[]): Promise<Outcome[]> {
    if (steps.length === 1 && !inTransaction) return attempt(true, () => inOrder(db, steps))
    if (isD1(db)) return attempt(true, () => inBatch(db, steps))
    return attempt(true, () => db.transaction((tx) => inOrder(tx, steps), config))
  }

  return {
    ...statementsOf[dialect.name],
    prepared(build) {
      let statement: Statement | undefined
      let ready: Ready | undefined
      return (values) => {
        const built = (statement ??= build(db))
        return attempt(built.writes, () => (ready ??= prepare(built, isNamed))(values))
      }
    },
    once(build) {
      const statement = build(db)
      return attempt(statement.writes, () => perform(statement, statement.query()))
    },
    atomic: async (...steps) => (await atomicSteps(...steps)).at(-1) ?? nothing,
    atomicSteps,
  }
}

/** Returns whether a database is Cloudflare D1, where a batch is a transaction. */
export function isD1({ batch, $client }: Builder): boolean {
  return batch !== undefined && $client !== undefined && "prepare" in $client && "batch" in $client
}

/** Returns whether a database is a libsql file or in memory. */
function isLibsqlFile({ $client }: Builder): boolean {
  return $client !== undefined && ($client as { protocol?: unknown }).protocol === "file"
}

const statementsOf: Record<DialectName, Pick<DrizzleStore, "read" | "readOne" | "lock" | "write">> = {
  sqlite: {
    read: (select) => reading(select, (ready, values) => ready.all(values)),
    readOne: (select) => ({
      ...reading(select, (ready, values) => ready.get(values)),
      outcome: (row) => (row ? { rows: [row as Row], count: 1 } : nothing),
    }),
    lock: (select) => reading(select, (ready, values) => ready.all(values)),
    // Without RETURNING: the drivers return the count, and rows would be built only to be counted.
    write: (query) => counting(query, (ready, values) => ready.run(values)),
  },
  postgres: {
    read: (select) => reading(select, execute),
    readOne: (select) => reading(select, execute),
    lock: (select) => reading(select.for("update"), execute),
    write: (query, table) => returning(query.returning({ id: table.id })),
  },
  mysql: {
    read: (select) => reading(select, execute),
    readOne: (select) => reading(select, execute),
    lock: (select) => reading(select.for("update"), execute),
    write: (query) => counting(query, execute),
  },
}

function reading(select: SelectQuery, run: Statement["run"]): Statement {
  const query = select.$withCache?.(false) ?? select
  return { query: () => query, writes: false, run, outcome: rowsOf }
}

/** Returns the statement of a write that returns rows, in PostgreSQL or MySQL. */
export function returning(query: WriteQuery): Statement {
  return { query: () => query, writes: true, run: execute, outcome: rowsOf }
}

function counting(query: WriteQuery, run: Statement["run"]): Statement {
  return { query: () => query, writes: true, run, outcome: (result) => ({ rows: [], count: writtenBy(result) }) }
}

function execute(ready: Runnable, values?: Values): Promise<unknown> {
  return ready.execute(values)
}

function rowsOf(result: unknown): Outcome {
  const rows = result as Row[]
  return { rows, count: rows.length }
}

/** Reads how many rows a statement wrote. Only statements that write nothing may leave the count out. */
export function writtenBy(result: unknown, mayWrite = true): number {
  const count = countOf(result)
  if (!Number.isNaN(count)) return count
  if (!mayWrite) return 0
  throw new AuthError("unsupported", "db: this driver does not report how many rows a statement wrote; use another")
}

/** Most drivers report the count at the top level, D1 in `meta`, mysql2 in the first of two items. */
function countOf(result: unknown): number {
  const header = (Array.isArray(result) && !("count" in result) ? (result as unknown[])[0] : result) ?? {}
  const { changes, rowsAffected, affectedRows, rowCount, count, meta } = header as Record<string, unknown>
  const inMeta = (meta as { changes?: unknown } | undefined)?.changes
  return Number(changes ?? rowsAffected ?? affectedRows ?? rowCount ?? count ?? inMeta ?? NaN)
}

function perform({ run, outcome }: Statement, ready: Runnable, values?: Values): MaybePromise<Outcome> {
  return after(run(ready, values), outcome)
}

function inOrder(tx: Builder, steps: Step[], done: Outcome[] = []): MaybePromise<Outcome[]> {
  const [step, ...rest] = steps
  if (!step) return done
  const statement = step(tx, done.at(-1) ?? nothing)
  return after(perform(statement, statement.query()), (outcome) => inOrder(tx, rest, [...done, outcome]))
}

async function inBatch(db: Builder, steps: Step[]): Promise<Outcome[]> {
  const statements = steps.map((step) => step(db, nothing))
  const results = (await db.batch?.(statements.map(({ query }) => query()))) ?? []
  return statements.map(({ outcome }, n) => outcome(results[n]))
}

type Ready = (values: Values) => MaybePromise<Outcome>

/**
 * Prepares a statement. PostgreSQL keeps it under a name, except in the caller's transaction, which a refused statement
 * would end.
 */
function prepare(statement: Statement, isNamed: boolean): Ready {
  const query = statement.query()
  const plain = query.prepare("")
  const run: Ready = (values) => perform(statement, plain, values)
  return isNamed ? named(statement, query.prepare(nameOf(query)), run) : run
}

/** Runs a statement by name until the server refuses it because of a connection pooler or an altered table. */
function named(statement: Statement, prepared: Runnable, plain: Ready): Ready {
  let isRefused = false
  return (values) => {
    if (isRefused) return plain(values)
    return rescued(
      () => perform(statement, prepared, values),
      async (error) => {
        if (!isPreparedRefused(error)) throw error
        isRefused = true
        return plain(values)
      },
    )
  }
}

/** Returns the same name for the same text: adapters that share a connection share PostgreSQL's named statements. */
function nameOf(query: Query): string {
  return `nightlatch_${hashText(query.toSQL().sql).slice(0, 32)}`
}

function retrying({ rollback }: Builder, { isTransient, name }: Dialect): Attempt {
  const mayPass = (error: unknown) => rollback === undefined && isTransient(error)
  const explain = (error: unknown) => explained(error, name)
  return (call) => withRetry(mayPass, () => withDriverError(call), explain)
}

/** Rejects with the driver's own error, because Drizzle's error repeats the values. */
export function withDriverError<Result>(call: () => MaybePromise<Result>): MaybePromise<Result> {
  return rescued(call, async (error) => {
    throw driverErrorOf(error)
  })
}

/**
 * Unwraps a driver's error from Drizzle's. Drizzle's message repeats the parameters, including password hashes, and a
 * visitor's input in it could look like the error of a driver.
 */
function driverErrorOf(error: unknown): unknown {
  const { message, cause } = Object(error) as { message?: unknown; cause?: unknown }
  const isWrapper = typeof message === "string" && /^Failed (?:query: |to run the query ')/.test(message)
  return isWrapper && cause ? driverErrorOf(cause) : withoutValues(error)
}
