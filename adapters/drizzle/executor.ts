import { entityKind, sql } from "drizzle-orm"
import type { SQL } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import { after } from "../../src/platform/maybe-promise.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { queueOf } from "../retry/queue.ts"
import { rescued } from "../retry/retry.ts"
import type { DialectName } from "../sql/dialect.ts"
import type { DriverExecutor } from "../sql/adapter.ts"
import { driverExecutor } from "../sql/adapter.ts"
import type { Executor, Row, SqlStatement, SqlValue } from "../sql/executor.ts"
import { driverErrorOf, isD1, isLibsqlFile } from "./store.ts"

/** What is used of a database or a transaction of Drizzle's: `execute` in PostgreSQL and MySQL, the others in SQLite. */
export interface RawDatabase {
  execute(query: SQL): Promise<unknown>
  all(query: SQL): MaybePromise<Row[]>
  run(query: SQL): unknown
  transaction<Result>(
    run: (tx: RawDatabase) => MaybePromise<Result>,
    config?: { behavior: "immediate" },
  ): MaybePromise<Result>
  /** Runs statements in one transaction. D1 has no other. */
  batch?(queries: unknown[]): Promise<unknown[]>
  /** What the database was made of. */
  $client?: object
  /** In transactions only. */
  rollback?: unknown
  /** Where reads go to replicas. */
  $primary?: RawDatabase
}

/** Makes an executor of a database or a transaction. Throws `invalid_option` for another SQL. */
export function createDrizzleExecutor(given: RawDatabase): DriverExecutor {
  // A replica may not know yet what the application has written.
  const db = given.$primary ?? given
  const dialect = dialectOf(db)
  return driverExecutor(dialect, unwrapping(inTurnIfLibsql(db, executorOf(db, dialect))))
}

const dialects: Record<string, DialectName> = {
  PgDatabase: "postgres",
  MySqlDatabase: "mysql",
  BaseSQLiteDatabase: "sqlite",
}

/** Tells the dialect by the class that all of a database's are made of, which Drizzle names. */
function dialectOf(db: object): DialectName {
  for (let made: unknown = db.constructor; typeof made === "function"; made = Object.getPrototypeOf(made)) {
    const kind = Object.hasOwn(made, entityKind) ? (made as { [entityKind]?: unknown })[entityKind] : undefined
    const dialect = typeof kind === "string" && Object.hasOwn(dialects, kind) ? dialects[kind] : undefined
    if (dialect) return dialect
  }
  throw new AuthError(
    "invalid_option",
    "drizzleExecutor(): this is not a database of Drizzle's; use one for SQLite, PostgreSQL or MySQL",
  )
}

function executorOf(db: RawDatabase, dialect: DialectName): Executor {
  const queryOf = (statement: SqlStatement) => rawQuery(dialect, statement)
  const write = (tx: RawDatabase, statement: SqlStatement): MaybePromise<number> =>
    after(send[dialect].write(tx, queryOf(statement)), (answer: unknown) => countOf(answer, statement.sql))
  const config = dialect === "sqlite" ? ({ behavior: "immediate" } as const) : undefined
  return {
    query: (text, params) =>
      after(send[dialect].read(db, queryOf({ sql: text, params })), (answer) => rowsOf(answer, dialect)),
    execute: async (text, params) => write(db, { sql: text, params }),
    batch: async (statements) =>
      isD1(db)
        ? inBatch(db, statements, queryOf)
        : db.transaction((tx) => inOrder(statements, (statement) => write(tx, statement)), config),
    // postgres.js fails a transaction of which a statement has failed outside its own savepoint.
    ...(db.rollback && dialect === "postgres" ? { savepoint: (run) => inSavepoint(db, run) } : {}),
  }
}

async function inSavepoint<Result>(db: RawDatabase, run: (inside: Executor) => MaybePromise<Result>): Promise<Result> {
  return db.transaction((tx) => run(executorOf(tx, "postgres")))
}

const send: Record<DialectName, Record<"read" | "write", (db: RawDatabase, query: SQL) => unknown>> = {
  sqlite: { read: (db, query) => db.all(query), write: (db, query) => db.run(query) },
  postgres: { read: (db, query) => db.execute(query), write: (db, query) => db.execute(query) },
  mysql: { read: (db, query) => db.execute(query), write: (db, query) => db.execute(query) },
}

// Names and strings are matched first, so that what stands in them stays.
const quoted = /"(?:[^"]|"")*"|`(?:[^`]|``)*`|'(?:[^']|'')*'/.source
const placeholders: Record<DialectName, RegExp> = {
  sqlite: new RegExp(`${quoted}|(\\?)`, "g"),
  postgres: new RegExp(`${quoted}|\\$(\\d+)`, "g"),
  mysql: new RegExp(`${quoted}|(\\?)`, "g"),
}

/** Makes of a statement in the dialect's words one in Drizzle's, which writes the placeholders itself. */
function rawQuery(dialect: DialectName, { sql: text, params }: SqlStatement): SQL {
  const chunks: SQL[] = []
  let end = 0
  let place = 0
  for (const match of text.matchAll(placeholders[dialect])) {
    if (match[1] === undefined) continue
    const value = params[dialect === "postgres" ? Number(match[1]) - 1 : place++]
    chunks.push(sql.raw(text.slice(end, match.index)), sql`${sql.param(valueOf(value ?? null, dialect))}`)
    end = match.index + match[0].length
  }
  return sql.join([...chunks, sql.raw(text.slice(end))])
}

/** Times as Drizzle's own columns write them: in UTC, as text, because it takes the drivers' way with dates from them. */
function valueOf(value: SqlValue, dialect: DialectName): SqlValue {
  if (!(value instanceof Date)) return value
  return dialect === "mysql" ? value.toISOString().slice(0, -1).replace("T", " ") : value.toISOString()
}

/** mysql2 answers rows and fields; drivers of PostgreSQL a list or an object with one; those of SQLite a list. */
function rowsOf(answer: unknown, dialect: DialectName): Row[] {
  const rows = dialect === "mysql" && Array.isArray(answer) ? (answer as unknown[])[0] : answer
  return (Array.isArray(rows) ? rows : (rows as { rows: unknown }).rows) as Row[]
}

interface Counted {
  changes?: unknown
  rowsAffected?: unknown
  affectedRows?: unknown
  rowCount?: unknown
  count?: unknown
  meta?: { changes?: unknown }
}

/** Most drivers tell the number at the top, D1 in `meta`, mysql2 in the first of two. */
function countOf(answer: unknown, text: string): number {
  const header = (Array.isArray(answer) && !("count" in answer) ? (answer as unknown[])[0] : answer) ?? {}
  const { changes, rowsAffected, affectedRows, rowCount, count, meta } = header as Counted
  const number = Number(changes ?? rowsAffected ?? affectedRows ?? rowCount ?? count ?? meta?.changes ?? NaN)
  if (!Number.isNaN(number)) return number
  if (!/^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b/i.test(text)) return 0
  throw new AuthError(
    "unsupported",
    "drizzleExecutor(): this driver does not tell how many rows a statement wrote; use another one",
  )
}

function inOrder(
  statements: SqlStatement[],
  write: (statement: SqlStatement) => MaybePromise<number>,
  done: number[] = [],
): MaybePromise<number[]> {
  const [statement, ...rest] = statements
  if (!statement) return done
  return after(write(statement), (count) => inOrder(rest, write, [...done, count]))
}

async function inBatch(
  db: RawDatabase,
  statements: SqlStatement[],
  queryOf: (statement: SqlStatement) => SQL,
): Promise<number[]> {
  const answers = (await db.batch?.(statements.map((statement) => db.run(queryOf(statement))))) ?? []
  return statements.map(({ sql: text }, n) => countOf(answers[n], text))
}

/** A file of SQLite has one writer at a time, and what libsql refuses for it stays open. */
function inTurnIfLibsql(db: RawDatabase, executor: Executor): Executor {
  if (db.rollback || !isLibsqlFile(db)) return executor
  const inTurn = queueOf(db)
  return {
    query: (text, params) =>
      text.startsWith("SELECT") ? executor.query(text, params) : inTurn(() => executor.query(text, params)),
    execute: async (text, params) => inTurn(() => executor.execute(text, params)),
    batch: async (statements) => inTurn(async () => (await executor.batch?.(statements)) ?? []),
  }
}

/** Rejects with the drivers' own errors: those of Drizzle repeat the values. */
function unwrapping({ query, execute, batch, savepoint }: Executor): Executor {
  return {
    query: (text, params) => unwrapped(() => query(text, params)),
    execute: async (text, params) => unwrapped(() => execute(text, params)),
    batch: async (statements) => unwrapped(async () => (await batch?.(statements)) ?? []),
    ...(savepoint && { savepoint: (run) => savepoint((inside) => run(unwrapping(inside))) }),
  }
}

function unwrapped<Result>(call: () => MaybePromise<Result>): MaybePromise<Result> {
  return rescued(call, async (error) => {
    throw driverErrorOf(error)
  })
}
