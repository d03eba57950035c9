import { AuthError } from "../../src/core/errors.ts"
import type { Dialect, DialectName } from "../sql/dialect.ts"
import type { Row } from "../sql/executor.ts"
import type { Answer } from "../sql/retry.ts"
import { explained } from "../sql/mistakes.ts"
import { isLater, rescued, retried } from "../sql/retry.ts"
import { takingTurns } from "../sql/turns.ts"
import type { Builder, Query, Runnable, SelectQuery, Values, WriteQuery } from "./builders.ts"
import { driverErrorOf } from "./driver-error.ts"
import type { OwnTable } from "./tables.ts"
import { coreColumn } from "./tables.ts"

/** What a statement did: the rows it read or wrote, or only how many it wrote. */
export interface Outcome {
  rows: Row[]
  count: number
}

/** A statement, and how its dialect runs it. */
export interface Statement {
  query: Query
  writes: boolean
  perform(ready: Runnable, values?: Values): Answer<Outcome>
}

/** Builds a statement, of what the one before it in a transaction did. */
export type Step = (db: Builder, before: Outcome) => Statement

/** Runs statements, retries what failed for a passing reason, and rejects with the driver's own errors. */
export interface DrizzleStore {
  /** Makes a statement of a `SELECT`. It is never answered from Drizzle's cache. */
  read(select: SelectQuery): Statement
  /** The same for a `SELECT` of one row, at less cost where the driver knows. */
  readOne(select: SelectQuery): Statement
  /** The same, with the rows locked until the transaction's end; in SQLite, one that writes is alone anyway. */
  lock(select: SelectQuery): Statement
  /** Makes a statement that tells how many rows of a table it wrote; of an `INSERT` in PostgreSQL also their ids. */
  write(query: WriteQuery, table: OwnTable): Statement
  /** Builds and prepares a statement at its first call. */
  prepared(build: (db: Builder) => Statement): (values: Values) => Answer<Outcome>
  /** Runs one statement. */
  once(build: (db: Builder) => Statement): Answer<Outcome>
  /** Runs all steps or none, and leaves the caller's transaction usable if they fail. Resolves to what the last one did. */
  atomic(...steps: Step[]): Promise<Outcome>
}

const nothing: Outcome = { rows: [], count: 0 }

/** Makes a store of a database, or of a transaction of the caller's: there calls take turns, and nothing is retried. */
export function drizzleStore(given: Builder, dialect: Dialect): DrizzleStore {
  // A replica may not know yet that a session has ended.
  const db = given.$primary ?? given
  const inTransaction = db.rollback !== undefined
  const config = dialect.name === "sqlite" && !inTransaction ? ({ behavior: "immediate" } as const) : undefined
  const again = inTransaction ? withDriverError : retrying(dialect)
  const inTurn = takingTurns()
  // SQLite has one writer at a time. A statement that libsql refuses for it stays open: that connection never commits.
  const alone = (writes: boolean) => inTransaction || (writes && dialect.name === "sqlite")

  function attempt(writes: boolean, call: () => Answer<Outcome>): Answer<Outcome> {
    return alone(writes) ? inTurn(() => again(call)) : again(call)
  }

  return {
    ...statementsOf[dialect.name],
    prepared(build) {
      let statement: Statement | undefined
      let ready: Answer<(values: Values) => Answer<Outcome>> | undefined
      return (values) => {
        const built = (statement ??= build(db))
        return attempt(built.writes, () => after((ready ??= prepare(built, dialect)), (call) => call(values)))
      }
    },
    once(build) {
      const { query, writes, perform } = build(db)
      return attempt(writes, () => perform(query))
    },
    async atomic(...steps) {
      if (steps.length === 1 && !inTransaction) return attempt(true, () => inOrder(db, steps, nothing))
      return attempt(true, () => db.transaction((tx) => inOrder(tx, steps, nothing), config))
    },
  }
}

const statementsOf: Record<DialectName, Pick<DrizzleStore, "read" | "readOne" | "lock" | "write">> = {
  sqlite: {
    read: (select) => reading(select, (ready, values) => ready.all(values)),
    readOne: (select) => reading(select, (ready, values) => after(ready.get(values), (row) => (row ? [row] : []))),
    lock: (select) => reading(select, (ready, values) => ready.all(values)),
    // Without RETURNING: the drivers tell the number, and the rows would be made only to be counted.
    write: (query) => ({ query, writes: true, perform: (ready, values) => after(ready.run(values), countChanges) }),
  },
  postgres: {
    read: (select) => reading(select, executed),
    readOne: (select) => reading(select, executed),
    lock: (select) => reading(select.for("update"), executed),
    write: (query, table) => returning(query.returning({ id: coreColumn(table, "id") })),
  },
  mysql: {
    read: (select) => reading(select, executed),
    readOne: (select) => reading(select, executed),
    lock: (select) => reading(select.for("update"), executed),
    write: (query) => ({
      query,
      writes: true,
      perform: (ready, values) => after(ready.execute(values), countAffected),
    }),
  },
}

type Rows = (ready: Runnable, values?: Values) => Answer<Row[]>

function reading(select: SelectQuery, rows: Rows): Statement {
  return { query: select.$withCache?.(false) ?? select, writes: false, perform: rowsOf(rows) }
}

/** Makes a statement of a write that answers rows, in PostgreSQL or MySQL. */
export function returning(query: WriteQuery): Statement {
  return { query, writes: true, perform: rowsOf(executed) }
}

function rowsOf(rows: Rows): Statement["perform"] {
  return (ready, values) => after(rows(ready, values), (found) => ({ rows: found, count: found.length }))
}

function executed(ready: Runnable, values?: Values): Promise<Row[]> {
  return ready.execute(values) as Promise<Row[]>
}

function countChanges(result: unknown): Outcome {
  const { changes, rowsAffected } = result as { changes?: unknown; rowsAffected?: unknown }
  const count = Number(changes ?? rowsAffected)
  if (Number.isNaN(count))
    throw new AuthError("unsupported", "This driver of SQLite does not tell how many rows a statement wrote.")
  return { rows: [], count }
}

function countAffected(result: unknown): Outcome {
  const [header] = result as [{ affectedRows: number }]
  return { rows: [], count: header.affectedRows }
}

function inOrder(tx: Builder, [step, ...rest]: Step[], before: Outcome): Answer<Outcome> {
  if (!step) return before
  const { query, perform } = step(tx, before)
  return after(perform(query), (outcome) => inOrder(tx, rest, outcome))
}

function prepare({ query, perform }: Statement, { name }: Dialect): Answer<(values: Values) => Answer<Outcome>> {
  const ready = name === "postgres" ? prepareNamed(query) : query.prepare("")
  return after(ready, (statement) => (values: Values) => perform(statement, values))
}

/** One name for one text: PostgreSQL keeps statements by name, for all adapters that share a connection. */
async function prepareNamed(query: Query): Promise<Runnable> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(query.toSQL().sql))
  const hex = Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, "0"))
  return query.prepare(`nightlatch_${hex.join("")}`)
}

/** Goes on with an answer, at once if it is there: SQLite's synchronous drivers want whole transactions so. */
function after<Value, Result>(answer: Answer<Value>, goOn: (value: Value) => Answer<Result>): Answer<Result> {
  return isLater(answer) ? answer.then(goOn) : goOn(answer)
}

function retrying({ isPassing, name }: Dialect): <Result>(call: () => Answer<Result>) => Answer<Result> {
  return (call) =>
    retried(
      isPassing,
      () => withDriverError(call),
      (error) => explained(error, name),
    )
}

function withDriverError<Result>(call: () => Answer<Result>): Answer<Result> {
  return rescued(call, async (error) => {
    throw driverErrorOf(error)
  })
}
