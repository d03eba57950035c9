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

/** Options of every SQL adapter. */
export interface SqlOptions {
  /** The names of the tables, `auth.user` with a schema. Defaults: see {@link TableNames}. */
  tables?: TableNames | undefined
  /**
   * The type of the user table's `id`. Ids of another JavaScript type are rejected. Default: the type in the database,
   * with numbers for all integers. Use `"bigint"` for ids beyond 2^53, and `"uuid"` for UUIDs in a text column.
   */
  userIdType?: UserIdType | undefined
  /**
   * Whether the client is in your own transaction, which you commit or roll back. Writes of several steps then use a
   * savepoint, and nothing is retried. Calls on one adapter take turns; do not use two adapters on one client at the
   * same time. Default: `false`.
   */
  inTransaction?: boolean | undefined
}

/** Options of the adapters whose drivers have pools. */
export interface PoolOptions extends SqlOptions {
  /**
   * Whether all callers use one database with the same rights. If so, session lookups made in the same tick share a
   * statement, which runs in the async context of one of the callers. Set it to `false` if each caller's tenant, role
   * or row-level-security variable is chosen anywhere below the adapter.
   */
  shared?: boolean | undefined
}

/** A database whose columns are read at the first call. */
export interface Openable {
  /** Throws `invalid_option` if one of these tables is unusable. */
  open(needed: readonly TableOwner[]): MaybePromise<Database>
  /** Returns the database as it is now, if one of these tables did not exist when its columns were read. */
  asking(database: Database, owners: readonly FeatureTable[]): MaybePromise<Database>
  /** Reads the columns again at the next call, because they may have changed. */
  forget(): void
}

/** A user id as a parameter. */
export type SqlUserId = string | number

/** A database with known columns, as the statements in this folder use it. */
export interface Database {
  dialect: Dialect
  store: Store
  /** The dialect's `idTable` if several callers' lookups may share a statement, otherwise `null`. */
  idTable: Dialect["idTable"]
  /** The tables' names, quoted. */
  tables: Record<TableOwner, string>
  catalogue: Catalogue
  ids: UserIds
  /** Why each table is unusable; `null` if it is usable. */
  problems: Record<TableOwner, string | null>
  sessions: ReturnType<typeof sessionReader>
  users: ReturnType<typeof userReader>
  /** Builds the statement's text once under its name, and binds the values. */
  statement(name: string, text: () => string, values: SqlValue[]): SqlStatement
}

/** Creates a database from an executor. Throws `invalid_option` for invalid options. */
export function openable(dialect: Dialect, executor: Executor, options: PoolOptions): Openable {
  checkOptions("adapter", options, "tables", "userIdType", "inTransaction", "shared")
  const names = tableNames(options.tables)
  userIdsOf(options.userIdType)
  const makeStore = options.inTransaction ? transactionStore : pooledStore
  // A query may fail because a column was dropped.
  const store = makeStore(executor, dialect, () => database.forget())
  const idTable = executor.shared && !options.inTransaction ? dialect.idTable : null
  const database = learntOnce(
    async () => ({ dialect, store, idTable, ...(await learn(store, dialect, options.userIdType, names)) }),
    (owner, problem) => unusableTable(owner, names[owner], problem, dialect),
  )
  return database
}

/**
 * Callers share the columns, but never a pending read. A promise started by another request may belong to another
 * tenant, and on Cloudflare Workers it never settles if that request is cut off.
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
    // If several callers read at once, the first result is kept, so that all use the same statements.
    return check(forgotten === forgottenBefore ? (learnt ??= database) : database, needed)
  }

  /** Reads the columns again, in case the table was fixed. Callers that need other tables are not affected. */
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
    // Every validation runs this. Once the columns are known, it creates no promise.
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
