import { AuthError } from "../../src/core/errors.ts"
import { withoutValues } from "../retry/driver-error.ts"
import type { DialectName } from "../sql/dialect.ts"
import type { DriverExecutor } from "../sql/adapter.ts"
import type { Row, SqlValue, Statements } from "../sql/executor.ts"
import { inOrder } from "../sql/executor.ts"

/** The methods of a client or transaction that run SQL. */
export interface RawClient {
  $queryRawUnsafe(sql: string, ...values: SqlValue[]): Promise<Row[]>
  $executeRawUnsafe(sql: string, ...values: SqlValue[]): Promise<number>
  $transaction?<Result>(run: (transaction: RawClient) => Promise<Result>): Promise<Result>
  /** The schema's `provider`. No documented property has it. */
  _activeProvider?: unknown
}

// By Prisma's provider names and by the library's own names.
const dialects: Record<string, DialectName> = {
  sqlite: "sqlite",
  postgresql: "postgres",
  postgres: "postgres",
  mysql: "mysql",
}

/** Creates an executor from a client. Throws `invalid_option` if its database has another SQL dialect. */
export function createPrismaExecutor(client: RawClient, name?: DialectName): DriverExecutor {
  const dialect = name === undefined ? spokenBy(client) : dialectOf(name)
  if (!dialect)
    throw new AuthError(
      "invalid_option",
      'dialect: this client does not name SQLite, PostgreSQL or MySQL; use "sqlite", "postgres" or "mysql"',
    )
  return {
    dialect,
    ...statementsOf(client, dialect),
    batch: async (statements) => {
      const run = (inside: RawClient) => inOrder(statementsOf(inside, dialect), statements)
      return client.$transaction ? client.$transaction(run) : run(client)
    },
  }
}

/** Returns the dialect of a client's database; `undefined` if the client does not report it or it is not supported. */
export function spokenBy({ _activeProvider: provider }: RawClient): DialectName | undefined {
  return dialectOf(provider)
}

function dialectOf(provider: unknown): DialectName | undefined {
  return typeof provider === "string" && Object.hasOwn(dialects, provider) ? dialects[provider] : undefined
}

function statementsOf(client: RawClient, dialect: DialectName): Statements {
  return {
    query: (sql, params) => unwrapped(dialect, () => client.$queryRawUnsafe(sql, ...params)),
    execute: (sql, params) => unwrapped(dialect, () => client.$executeRawUnsafe(sql, ...params)),
  }
}

async function unwrapped<Result>(dialect: DialectName, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw driverErrorOf(error, dialect)
  }
}

/** The database's error. Prisma 7 has it from the driver, earlier versions report a code and a message. */
interface Told {
  originalCode?: unknown
  originalMessage?: unknown
  code?: unknown
  message?: unknown
  table?: unknown
  column?: unknown
  constraint?: { index?: unknown } | null
}

interface PrismaError {
  code?: unknown
  meta?: Told & { driverAdapterError?: { cause?: Told } }
}

/** Converts Prisma's error to a driver's error with the database's own code, which identifies a taken key or a deadlock. */
function driverErrorOf(error: unknown, dialect: DialectName): unknown {
  const { code, meta } = Object(error) as PrismaError
  const told = meta?.driverAdapterError?.cause ?? meta
  const ownCode = told?.originalCode ?? told?.code ?? (code === writeConflict ? conflicts[dialect] : undefined)
  if (typeof ownCode !== "string") return withoutValues(error)
  const message = told?.originalMessage ?? told?.message
  const made = new Error(typeof message === "string" ? message : `The database refused the statement with ${ownCode}.`)
  const { table, column, constraint } = told ?? {}
  const errno = /^\d+$/.test(ownCode) && dialect === "mysql" ? { errno: Number(ownCode) } : {}
  const fields = { code: ownCode, table, column, constraint: constraint?.index, ...errno, cause: error }
  return withoutValues(Object.assign(made, Object.fromEntries(Object.entries(fields).filter(([, value]) => value))))
}

// "Transaction failed due to a write conflict or a deadlock", in each database's own code.
const writeConflict = "P2034"
const conflicts: Record<DialectName, string> = { sqlite: "SQLITE_BUSY", postgres: "40001", mysql: "1213" }
