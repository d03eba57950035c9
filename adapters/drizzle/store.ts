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

/** What a statement did: the rows it read or wrote, or only how many it wrote. */
export interface Outcome {
  rows: Row[]
  count: number
}

/** A statement, and how its dialect runs it. */
export interface Statement {
  /** Makes the query. Raw SQL runs as soon as it is made, where the driver answers at once. */
  query(): Query
  writes: boolean
  run(ready: Runnable, values?: Values): unknown
  /** Reads the driver's result. */
  outcome(result: unknown): Outcome
}

/** Builds a statement. On D1, which takes all statements of a transaction at once, nothing is known of those before. */
export type Step = (db: Builder, before: Outcome) => Statement

/** Runs statements, retries what failed for a passing reason, and rejects with the driver's own errors. */
export interface DrizzleStore {
  /** Makes a statement of a `SELECT`. It is never answered from Drizzle's cache. */
  read(select: SelectQuery): Statement
  /** The same for a `SELECT` of one row, at less cost where the driver knows. */
  readOne(select: SelectQuery): Statement
  /** The same, with the rows locked until the transaction's end; in SQLite, one that writes is alone anyway. */
  lock(select: SelectQuery): Statement
  /** Makes a statement that returns how many rows of a table it wrote; for an `INSERT` in PostgreSQL also their ids. */
  write(query: WriteQuery, table: Written): Statement
  /** Builds and prepares a statement at its first call. */
  prepared(build: (db: Builder) => Statement): (values: Values) => MaybePromise<Outcome>
  /** Runs one statement. */
  once(build: (db: Builder) => Statement): MaybePromise<Outcome>
  /** Runs all steps or none, and leaves the caller's transaction usable if they fail. Resolves to what the last one did. */
  atomic(...steps: Step[]): Promise<Outcome>
  /** The same, and resolves to what each one did. */
  atomicSteps(...steps: Step[]): Promise<Outcome[]>
}

/** What no statement did. */
export const nothing: Outcome = { rows: [], count: 0 }

/** Runs a call, which may fail. */
type Attempt = <Result>(call: () => MaybePromise<Result>) => MaybePromise<Result>

/**
 * Makes a store of a database, or of a transaction of the caller's: there calls take turns, and nothing is retried. `queue`
 * is for calls that have their turn already.
 */
export function drizzleStore(
  client: Builder,
  dialect: Dialect,
  again = retrying(client, dialect),
  queue?: Queue,
): DrizzleStore {
  // A replica may not know yet that a session has ended.
  const db = client.$primary ?? client
  const inTransaction = db.rollback !== undefined
  const config = dialect.name === "sqlite" && !inTransaction ? ({ behavior: "immediate" } as const) : undefined
  const isNamed = dialect.name === "postgres" && !inTransaction
  const inTurn = queue ?? queueOf(db)
  // A file of SQLite has one writer at a time. A statement that libsql refuses for it stays open, and its connection
  // never commits. Nobody else waits: a call of another request may never end.
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

/** Returns whether a database is Cloudflare D1, whose transactions are batches. */
export function isD1({ batch, $client }: Builder): boolean {
  return batch !== undefined && $client !== undefined && "prepare" in $client && "batch" in $client
}

/** Returns whether a database is a file of libsql's, or in memory. */
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
    // Without RETURNING: the drivers tell the number, and the rows would be made only to be counted.
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

/** Makes a statement of a write that answers rows, in PostgreSQL or MySQL. */
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

/** Reads how many rows a statement wrote, which only some that write nothing leave open. */
export function writtenBy(result: unknown, mayWrite = true): number {
  const count = countOf(result)
  if (!Number.isNaN(count)) return count
  if (!mayWrite) return 0
  throw new AuthError("unsupported", "db: this driver does not report how many rows a statement wrote; use another")
}

/** Most drivers report the number at the top, D1 in `meta`, mysql2 in the first of two. */
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
 * Prepares a statement. In PostgreSQL the server keeps it under a name, except in a transaction of the caller's, which a
 * refusal would end.
 */
function prepare(statement: Statement, isNamed: boolean): Ready {
  const query = statement.query()
  const plain = query.prepare("")
  const run: Ready = (values) => perform(statement, plain, values)
  return isNamed ? named(statement, query.prepare(nameOf(query)), run) : run
}

/** Runs a statement under its name until a connection pooler, or a table that was altered, makes the server refuse it. */
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

/** One name for one text: PostgreSQL keeps statements by name, for all adapters that share a connection. */
function nameOf(query: Query): string {
  return `nightlatch_${hashText(query.toSQL().sql).slice(0, 32)}`
}

function retrying({ rollback }: Builder, { isTransient, name }: Dialect): Attempt {
  const mayPass = (error: unknown) => rollback === undefined && isTransient(error)
  const explain = (error: unknown) => explained(error, name)
  return (call) => withRetry(mayPass, () => withDriverError(call), explain)
}

/** Rejects with the driver's own error: that of Drizzle repeats the values. */
export function withDriverError<Result>(call: () => MaybePromise<Result>): MaybePromise<Result> {
  return rescued(call, async (error) => {
    throw driverErrorOf(error)
  })
}

/**
 * Takes off what Drizzle wraps a driver's error in: that message repeats the parameters, password hashes among them,
 * and what a visitor has sent could read there like the error of a driver.
 */
function driverErrorOf(error: unknown): unknown {
  const { message, cause } = Object(error) as { message?: unknown; cause?: unknown }
  const isWrapper = typeof message === "string" && /^Failed (?:query: |to run the query ')/.test(message)
  return isWrapper && cause ? driverErrorOf(cause) : withoutValues(error)
}
