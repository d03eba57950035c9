import { AuthError } from "../src/core/errors.ts"
import { checkOptions } from "../src/core/options.ts"
import type { UserId } from "../src/core/ports.ts"
import { withoutValues } from "./retry/driver-error.ts"
import type { DriverExecutor, SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter } from "./sql/adapter.ts"
import type { PoolOptions } from "./sql/database.ts"
import type { DialectName } from "./sql/dialect.ts"
import { dialectOf } from "./sql/dialects.ts"
import type { Row, SqlExecutor, SqlValue, Statements } from "./sql/executor.ts"
import { inOrder } from "./sql/executor.ts"

/** A `Kysely` or `Transaction` instance, of any schema and driver. */
export interface KyselyDatabase {
  readonly isTransaction: boolean
  selectFrom: (...args: never[]) => unknown
  withoutPlugins: () => unknown
}

/** What {@link kyselyAdapter} can be told. */
export interface KyselyOptions extends PoolOptions {
  /** Whose SQL the database speaks. Default: that of the SQL which Kysely makes for it. */
  dialect?: DialectName | undefined
}

/** What is used of Kysely, once the instance has been checked. */
interface KyselyClient {
  executeQuery(query: RawQuery): Promise<{ rows: Row[]; numAffectedRows?: bigint }>
  transaction(): { execute<Result>(run: (transaction: KyselyClient) => Promise<Result>): Promise<Result> }
}

interface ProbeQuery {
  select(column: string): ProbeQuery
  where(column: string, operator: "=", value: string): ProbeQuery
  compile(): { sql: string }
}

/** A query that is compiled already, as Kysely's `CompiledQuery.raw()` makes it. */
interface RawQuery {
  sql: string
  parameters: readonly SqlValue[]
  query: { kind: "RawNode"; sqlFragments: readonly string[]; parameters: readonly never[] }
  queryId: { queryId: string }
}

/**
 * Keeps sessions, users and keys in SQL through Kysely. The tables are those of `schema()` from
 * `nightlatch/adapters/sql`, next to the application's own user table; the instance's plugins do not touch them.
 *
 * Over a `Transaction` it writes inside that transaction. Throws `invalid_option` for invalid options.
 *
 * @example
 * const adapter = kyselyAdapter<{ id: string; username: string }>(new Kysely({ dialect }))
 */
export function kyselyAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(db: KyselyDatabase, options: KyselyOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  checkOptions("kyselyAdapter()", options, "dialect", "tables", "userIdType", "inTransaction", "shared")
  const { dialect, inTransaction = db.isTransaction, shared, ...rest } = options
  const executor = kyselyExecutor(db, { dialect, shared })
  return createSqlAdapter(dialectOf(executor.dialect), executor, { ...rest, inTransaction })
}

/**
 * Makes an executor of Kysely, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`. The instance's plugins
 * do not touch its statements. Over a `Transaction`, give `sqlAdapter()` `inTransaction: true` as well. Throws
 * `invalid_option` for options that cannot be right.
 *
 * @example
 * const executor = kyselyExecutor(db)
 * const revocations = sqlRevocations({ dialect: executor.dialect, executor })
 */
export function kyselyExecutor(
  db: KyselyDatabase,
  options: Pick<KyselyOptions, "dialect" | "shared"> = {},
): DriverExecutor {
  checkOptions("kyselyExecutor()", options, "dialect", "shared")
  const { dialect = spokenBy(db), shared = false } = options
  const { name } = dialectOf(dialect)
  // Plugins rename columns, and would rename those of the library too.
  return { ...poolExecutor(db.withoutPlugins() as KyselyClient), dialect: name, shared }
}

/** Tells the dialect by what a query is compiled to: drivers of other makers name themselves as they like. */
function spokenBy(db: KyselyDatabase): DialectName {
  const builder = db.withoutPlugins() as { selectFrom(table: string): ProbeQuery }
  const { sql } = builder.selectFrom("user").select("id").where("id", "=", "").compile()
  if (sql.includes("$1")) return "postgres"
  if (sql.includes("`id`") && sql.endsWith("?")) return "mysql"
  if (sql.includes('"id"') && sql.endsWith("?")) return "sqlite"
  throw new AuthError(
    "invalid_option",
    "dialect: that of this Kysely is unknown; use SQLite, PostgreSQL or MySQL, or pass the option dialect",
  )
}

function poolExecutor(client: KyselyClient): SqlExecutor {
  return {
    ...clientExecutor(client),
    batch: (statements) => client.transaction().execute((inside) => inOrder(clientExecutor(inside), statements)),
  }
}

function clientExecutor(client: KyselyClient): Statements {
  return {
    query: async (sql, params) => (await send(client, sql, params)).rows,
    execute: async (sql, params) => Number((await send(client, sql, params)).numAffectedRows ?? 0),
  }
}

async function send(client: KyselyClient, sql: string, params: SqlValue[]): ReturnType<KyselyClient["executeQuery"]> {
  try {
    return await client.executeQuery(rawQuery(sql, params))
  } catch (error) {
    throw withoutValues(error)
  }
}

function rawQuery(sql: string, parameters: SqlValue[]): RawQuery {
  return {
    sql,
    parameters,
    query: { kind: "RawNode", sqlFragments: [sql], parameters: [] },
    // Told apart by identity.
    queryId: { queryId: "nightlatch" },
  }
}
