import type { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { Owner, TableNames } from "../port/names.ts"
import { quotedTable, tableNames } from "../port/names.ts"
import type { UserIds, UserIdType } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"
import type { Catalogue } from "./catalogue.ts"
import { readCatalogue } from "./catalogue.ts"
import type { Dialect } from "./dialect.ts"
import type { Executor, SqlStatement, SqlValue } from "./executor.ts"
import { sessionReader, userReader } from "./rows.ts"
import type { Template } from "./statement.ts"
import { bind, madeOnce, template } from "./statement.ts"
import { problemsOf, unusableTable, userIdTypeOf } from "./table-problems.ts"
import type { Store } from "./store.ts"
import { pooledStore, transactionStore } from "./store.ts"

/** What every SQL adapter can be told. */
export interface SqlOptions {
  /** The names of the tables, `auth.user` with a schema. Defaults: `user`, `session`, `user_key`. */
  tables?: TableNames | undefined
  /**
   * The type of the user table's `id`; ids of another JavaScript type are refused. Default: the type that the database
   * names, with numbers for all integers. Say `"bigint"` for ids beyond 2^53, and `"uuid"` for UUIDs in a column of text.
   */
  userIdType?: UserIdType | undefined
  /**
   * Whether the client is in a transaction of the caller's, whose end the caller decides: writes of several steps then
   * use a savepoint, and nothing is retried. Calls on one adapter take turns; two adapters on one client must not be
   * used at the same time. Default: `false`.
   */
  inTransaction?: boolean | undefined
}

/** What the adapter of a driver with pools can be told. */
export interface PoolOptions extends SqlOptions {
  /**
   * Whether all callers use one database with the same rights. Session lookups that are made in one tick then share a
   * statement, which runs in the async context of one of their callers. Set it to `false` if each caller's tenant, role
   * or row-level-security variable is chosen anywhere below the adapter.
   */
  shared?: boolean | undefined
}

/** A database whose columns are learnt at the first call. */
export interface Openable {
  /** Throws `invalid_option` if one of these tables cannot serve. */
  open(needed: readonly Owner[]): MaybePromise<Database>
  /** Learns the columns again at the next call, because they may have changed. */
  forget(): void
}

/** A user id as a parameter. */
export type SqlUserId = string | number

/** A database as the statements in this folder see it: its columns are known. */
export interface Database {
  dialect: Dialect
  store: Store
  /** As the dialect's, if lookups of several callers may share a statement; otherwise `null`. */
  idTable: Dialect["idTable"]
  /** The tables' names, quoted. */
  tables: Record<Owner, string>
  catalogue: Catalogue
  ids: UserIds
  /** Why a table cannot serve, if it cannot. */
  problems: Record<Owner, string | null>
  sessions: ReturnType<typeof sessionReader>
  users: ReturnType<typeof userReader>
  /** Makes the text once under its name, and gives it values. */
  statement(name: string, text: () => string, values: SqlValue[]): SqlStatement
}

/** Makes a database of an executor. Throws `invalid_option` for invalid options. */
export function openable(dialect: Dialect, executor: Executor, options: PoolOptions): Openable {
  checkOptions("adapter", options, "tables", "userIdType", "inTransaction", "shared")
  const names = tableNames(options.tables)
  userIdsOf(options.userIdType)
  const makeStore = options.inTransaction ? transactionStore : pooledStore
  // When a query fails, a column may have been dropped.
  const store = makeStore(executor, dialect, () => database.forget())
  const idTable = executor.shared && !options.inTransaction ? dialect.idTable : null
  const database = learntOnce(
    async () => ({ dialect, store, idTable, ...(await learn(store, dialect, options.userIdType, names)) }),
    (owner, problem) => unusableTable(owner, names[owner], problem, dialect),
  )
  return database
}

/**
 * Callers share what was learnt, never the reading: a promise that another request has started may belong to another
 * tenant, and on Cloudflare Workers it never settles once that request is cut off.
 */
function learntOnce(read: () => Promise<Database>, unusable: (owner: Owner, problem: string) => AuthError): Openable {
  let learnt: Database | undefined
  let forgotten = 0

  function forget(): void {
    learnt = undefined
    forgotten++
  }

  function check(database: Database, needed: readonly Owner[]): Database {
    for (const owner of needed) {
      const problem = database.problems[owner]
      if (problem === null) continue
      // The table may be put right while the program runs.
      forget()
      throw unusable(owner, problem)
    }
    return database
  }

  async function readOnce(needed: readonly Owner[]): Promise<Database> {
    const forgottenBefore = forgotten
    const database = await read()
    // Of several readers the first is kept: all callers then use the same statements.
    return check(forgotten === forgottenBefore ? (learnt ??= database) : database, needed)
  }

  return {
    forget,
    // Every validation comes by here: when the columns are known it makes no promise.
    open: (needed) => (learnt ? check(learnt, needed) : readOnce(needed)),
  }
}

async function learn(
  store: Store,
  dialect: Dialect,
  userIdType: UserIdType | undefined,
  names: Record<Owner, string>,
): Promise<Omit<Database, "dialect" | "store" | "idTable">> {
  const catalogue = await readCatalogue(store, dialect, names)
  const ids = userIdsOf(userIdTypeOf(catalogue, dialect, userIdType))
  return {
    tables: {
      user: quotedTable(names.user, dialect.quote),
      session: quotedTable(names.session, dialect.quote),
      key: quotedTable(names.key, dialect.quote),
    },
    catalogue,
    ids,
    problems: problemsOf(catalogue, dialect, userIdType),
    sessions: sessionReader(catalogue, dialect, ids),
    users: userReader(catalogue, dialect, ids),
    statement: statements(dialect),
  }
}

function statements(dialect: Dialect): Database["statement"] {
  const templates = new Map<string, Template>()
  return (name, text, values) =>
    bind(
      madeOnce(templates, name, () => template(dialect, text())),
      values,
    )
}
