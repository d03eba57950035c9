import type { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { FeatureTable, TableNames, TableOwner } from "../port/names.ts"
import { forEachTable, quotedTable, tableNames } from "../port/names.ts"
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
  /** The names of the tables, `auth.user` with a schema. Defaults: as {@link TableNames} has them. */
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
  open(needed: readonly TableOwner[]): MaybePromise<Database>
  /** Returns a database as it is now, if one of these tables was not there when its columns were learnt. */
  asking(database: Database, owners: readonly FeatureTable[]): MaybePromise<Database>
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
  tables: Record<TableOwner, string>
  catalogue: Catalogue
  ids: UserIds
  /** Why a table cannot serve, if it cannot. */
  problems: Record<TableOwner, string | null>
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
function learntOnce(
  read: () => Promise<Database>,
  unusable: (owner: TableOwner, problem: string) => AuthError,
): Openable {
  let learnt: Database | undefined
  let forgotten = 0

  function forget(): void {
    learnt = undefined
    forgotten++
  }

  async function readOnce(needed: readonly TableOwner[]): Promise<Database> {
    const forgottenBefore = forgotten
    const database = await read()
    // Of several readers the first is kept: all callers then use the same statements.
    return check(forgotten === forgottenBefore ? (learnt ??= database) : database, needed)
  }

  /** Reads the columns once more, for what may have been put right. Callers that need other tables do not notice. */
  async function readAgain(isRight: (fresh: Database) => boolean): Promise<Database> {
    const forgottenBefore = forgotten
    const fresh = await read()
    if (forgotten === forgottenBefore && isRight(fresh)) learnt = fresh
    return fresh
  }

  function check(database: Database, needed: readonly TableOwner[]): Database {
    const owner = needed.find((one) => database.problems[one] !== null)
    if (owner !== undefined) throw unusable(owner, database.problems[owner] ?? "")
    return database
  }

  const canServe = (needed: readonly TableOwner[]) => (database: Database) =>
    needed.every((owner) => database.problems[owner] === null)

  return {
    forget,
    // Every validation comes by here: when the columns are known it makes no promise.
    open(needed) {
      if (!learnt) return readOnce(needed)
      const isRight = canServe(needed)
      return isRight(learnt) ? learnt : readAgain(isRight).then((fresh) => check(fresh, needed))
    },
    asking(database, owners) {
      const absent = owners.filter((owner) => database.catalogue[owner].size === 0)
      if (absent.length === 0) return database
      return readAgain(({ catalogue }) => absent.some((owner) => catalogue[owner].size > 0))
    },
  }
}

async function learn(
  store: Store,
  dialect: Dialect,
  userIdType: UserIdType | undefined,
  names: Record<TableOwner, string>,
): Promise<Omit<Database, "dialect" | "store" | "idTable">> {
  const catalogue = await readCatalogue(store, dialect, names)
  const ids = userIdsOf(userIdTypeOf(catalogue, dialect, userIdType))
  return {
    tables: forEachTable((owner) => quotedTable(names[owner], dialect.quote)),
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
