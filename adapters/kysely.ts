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

/** Options of {@link kyselyAdapter}. */
export interface KyselyOptions extends PoolOptions {
  /** The SQL dialect of the database. Default: the one that Kysely compiles queries to. */
  dialect?: DialectName | undefined
}

/** The methods of Kysely that the adapter uses, once the instance has been checked. */
interface KyselyClient {
  executeQuery(query: RawQuery): Promise<{ rows: Row[]; numAffectedRows?: bigint }>
  transaction(): { execute<Result>(run: (transaction: KyselyClient) => Promise<Result>): Promise<Result> }
}

interface ProbeQuery {
  select(column: string): ProbeQuery
  where(column: string, operator: "=", value: string): ProbeQuery
  compile(): { sql: string }
}

/** A query that is already compiled, as Kysely's `CompiledQuery.raw()` returns it. */
interface RawQuery {
  sql: string
  parameters: readonly SqlValue[]
  query: { kind: "RawNode"; sqlFragments: readonly string[]; parameters: readonly never[] }
  queryId: { queryId: string }
}

/**
 * Stores sessions, users and keys in SQL through Kysely. The tables are those that `schema()` of
 * `nightlatch/adapters/sql` creates, next to your own user table. The instance's plugins do not affect them.
 *
 * With a `Transaction`, the adapter writes inside that transaction. Throws `invalid_option` for invalid options.
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
 * Creates an executor from a Kysely instance, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`.
 * The instance's plugins do not affect its statements. With a `Transaction`, also pass `inTransaction: true` to
 * `sqlAdapter()`. Throws `invalid_option` for invalid options.
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
  // Plugins that rename columns would also rename the library's.
  return { ...poolExecutor(db.withoutPlugins() as KyselyClient), dialect: name, shared }
}

/** Finds the dialect from a compiled query, because third-party drivers choose their own names. */
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
    // Kysely tells queries apart by the identity of this object.
    queryId: { queryId: "nightlatch" },
  }
}
