import { entityKind, sql } from "drizzle-orm"
import type { SQL } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { Queue } from "../retry/queue.ts"
import { queueOf } from "../retry/queue.ts"
import type { DriverExecutor } from "../sql/adapter.ts"
import type { Dialect, DialectName } from "../sql/dialect.ts"
import type { Executor, Row, SqlStatement, SqlValue } from "../sql/executor.ts"
import { mysql } from "../sql/mysql-dialect.ts"
import { postgres } from "../sql/postgres-dialect.ts"
import { sqlite } from "../sql/sqlite-dialect.ts"
import type { Builder, Query } from "./builders.ts"
import type { Statement } from "./store.ts"
import { drizzleStore, isD1, withDriverError, writtenBy } from "./store.ts"

/** Creates an executor from a database or transaction. Throws `invalid_option` for another SQL dialect. */
export function createDrizzleExecutor(db: Builder): DriverExecutor {
  const dialect = dialectOf(db.$primary ?? db)
  return { dialect: dialect.name, ...executorOf(db, dialect) }
}

/**
 * Creates the executor of the ports that the SQL core adds to an adapter. In a transaction, each call of such a port
 * takes its turn among those of the other ports, because the savepoints of two calls must not overlap.
 */
export function createFeatureExecutor(db: Builder, dialect: Dialect): Executor {
  const primary = db.$primary ?? db
  if (primary.rollback === undefined) return executorOf(db, dialect)
  return { ...executorOf(db, dialect, (call) => call()), turn: queueOf(primary) }
}

const dialects: Record<string, Dialect> = { PgDatabase: postgres, MySqlDatabase: mysql, BaseSQLiteDatabase: sqlite }

/** Finds the dialect by the name that Drizzle gives the base class of its databases. */
function dialectOf(db: object): Dialect {
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

/** Rejects with the drivers' own errors, because Drizzle's errors repeat the values. */
function executorOf(
  db: Builder,
  dialect: Dialect,
  queue?: Queue,
): Omit<Executor, "query"> & Pick<DriverExecutor, "query"> {
  const store = drizzleStore(db, dialect, withDriverError, queue)
  return {
    query: async (sql, params) => (await store.once((db) => reading(db, dialect.name, { sql, params }))).rows,
    execute: async (sql, params) => (await store.once((db) => writing(db, dialect.name, { sql, params }))).count,
    async batch(statements) {
      if (isD1(db)) return withDriverError(() => batchOnD1(db.$client as D1, statements))
      const steps = statements.map((statement) => (tx: Builder) => writing(tx, dialect.name, statement))
      return (await store.atomicSteps(...steps)).map(({ count }) => count)
    },
    // postgres.js fails a whole transaction if a statement fails outside its own savepoint.
    ...(db.rollback && dialect === postgres ? { savepoint: (run) => inSavepoint(db, run) } : {}),
  }
}

/** The methods of D1 that are used. */
interface D1 {
  prepare(sql: string): { bind(...params: SqlValue[]): object }
  batch(statements: object[]): Promise<unknown[]>
}

/** Drizzle's own batch takes no raw SQL with parameters (0.45). */
async function batchOnD1(client: D1, statements: SqlStatement[]): Promise<number[]> {
  const bound = ({ sql, params }: SqlStatement) =>
    client.prepare(sql).bind(...params.map((value) => valueOf(value, "sqlite")))
  return (await client.batch(statements.map(bound))).map((result) => writtenBy(result))
}

async function inSavepoint<Result>(db: Builder, run: (inside: Executor) => MaybePromise<Result>): Promise<Result> {
  return db.transaction((tx) => run(executorOf(tx, postgres)))
}

function reading(db: Builder, dialect: DialectName, statement: SqlStatement): Statement {
  const query = rawQuery(dialect, statement)
  return {
    query: () => (dialect === "sqlite" ? db.all(query) : db.execute(query)) as Query,
    writes: !statement.sql.startsWith("SELECT"),
    run: (result) => result,
    outcome: (result) => ({ rows: rowsOf(result, dialect), count: 0 }),
  }
}

function writing(db: Builder, dialect: DialectName, statement: SqlStatement): Statement {
  const query = rawQuery(dialect, statement)
  const mayWrite = /^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b/i.test(statement.sql)
  return {
    query: () => (dialect === "sqlite" ? db.run(query) : db.execute(query)) as Query,
    writes: true,
    run: (result) => result,
    outcome: (result) => ({ rows: [], count: writtenBy(result, mayWrite) }),
  }
}

// Matches names and strings first, so that their contents stay unchanged.
const quoted = /"(?:[^"]|"")*"|`(?:[^`]|``)*`|'(?:[^']|'')*'/.source
const placeholders: Record<DialectName, RegExp> = {
  sqlite: new RegExp(`${quoted}|(\\?)`, "g"),
  postgres: new RegExp(`${quoted}|\\$(\\d+)`, "g"),
  mysql: new RegExp(`${quoted}|(\\?)`, "g"),
}

/** Converts a statement in the dialect's syntax to Drizzle's, which writes the placeholders itself. */
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

/** Writes times as UTC text, as Drizzle's own columns do, because Drizzle disables the drivers' conversion of dates. */
function valueOf(value: SqlValue, dialect: DialectName): SqlValue {
  if (!(value instanceof Date)) return value
  return dialect === "mysql" ? value.toISOString().slice(0, -1).replace("T", " ") : value.toISOString()
}

/** mysql2 returns rows and fields; PostgreSQL drivers a list or an object with one; SQLite drivers a list. */
function rowsOf(result: unknown, dialect: DialectName): Row[] {
  const rows = dialect === "mysql" && Array.isArray(result) ? (result as unknown[])[0] : result
  return (Array.isArray(rows) ? rows : (rows as { rows: unknown }).rows) as Row[]
}
