import { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"
import type { TableNames } from "../port/names.ts"
import { checkedName, quoted, tableNames } from "../port/names.ts"
import type { UserIdType } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"
import { createTable, reference, words } from "./create-table.ts"
import type { DialectName } from "./dialect.ts"
import type { Feature } from "./feature-tables.ts"
import { featureStatements } from "./feature-tables.ts"

/** Options of {@link schema}: those of the adapter, and the session's own columns. */
export interface SchemaOptions {
  /** The names of the tables, `auth.user` with a schema, which must exist. Defaults: see {@link TableNames}. */
  tables?: TableNames | undefined
  /** The type of the user table's `id`. Default: `"text"`. */
  userIdType?: UserIdType | undefined
  /** More columns of the session table: `{ label: "TEXT" }` or `["label TEXT"]`. The types go into the SQL unchanged. */
  sessionColumns?: Record<string, string> | string[] | undefined
  /** The features whose tables to create: `"tokens"`, `"throttle"`, `"totp"`, `"passkeys"`, `"audit"`. Default: none. */
  include?: readonly Feature[] | undefined
}

/**
 * Returns the statements that create the session and key tables with their indexes. Run them one by one, or paste them
 * into a migration. The user table is your own and must exist, with a primary key `id`.
 *
 * In SQLite and PostgreSQL the tables reference the user table, and their rows are deleted with the user. In MySQL they
 * do not, because MySQL refuses a reference to a column of another character set or width: there, delete users with
 * `deleteUser()`. SQLite's tables are `WITHOUT ROWID` and have no index on `expires_at`, for cheaper writes. Tables
 * with a rowid or that index also work.
 *
 * With `include`, also creates the tables of `nightlatch/tokens`, `throttle`, `totp`, `passkeys` and `audit`. Times are
 * milliseconds since 1970 in 64 bits. Throws `invalid_option` for names that are not plain identifiers.
 *
 * @example
 * for (const statement of schema("sqlite", { sessionColumns: { label: "TEXT" } })) db.exec(statement)
 */
export function schema(dialect: DialectName, options: SchemaOptions = {}): string[] {
  checkOptions("schema()", options, "tables", "userIdType", "sessionColumns", "include")
  const { tables, userIdType, sessionColumns = [], include = [] } = options
  if (!Object.hasOwn(words, dialect))
    throw new AuthError("invalid_option", `dialect: ${quoted(dialect)} is unknown; use "sqlite", "postgres" or "mysql"`)
  const names = tableNames(tables)
  const { type } = userIdsOf(userIdType)
  const { id, keyId, hash, time, userId: types, indexed, quote } = words[dialect]
  const user = (table: string) => `user_id ${types[type]} NOT NULL${reference(dialect, table, names.user)}`
  const times = [`created_at ${time} NOT NULL`, `expires_at ${time} NOT NULL`]
  const ownColumns = extraColumns(sessionColumns, quote)
  return [
    ...createTable(
      dialect,
      names.session,
      [`id ${id} NOT NULL PRIMARY KEY`, user(names.session), ...times, ...ownColumns],
      indexed,
    ),
    ...createTable(
      dialect,
      names.key,
      [`id ${keyId} NOT NULL PRIMARY KEY`, user(names.key), `hashed_password ${hash}`],
      ["user_id"],
    ),
    ...featureStatements(dialect, include, names, type),
  ]
}

function extraColumns(given: Record<string, string> | string[], quote: (name: string) => string): string[] {
  const pairs = Array.isArray(given) ? given.map(splitColumn) : Object.entries(given)
  return pairs.map(([name, type]) => `${quote(ownName(name))} ${type}`)
}

function splitColumn(definition: string): [name: string, type: string] {
  const [name = "", ...type] = definition.trim().split(/\s+/)
  return [name, type.join(" ")]
}

function ownName(name: string): string {
  if (!kept.has(name.toLowerCase())) return checkedName(name)
  throw new AuthError(
    "invalid_option",
    `sessionColumns: ${quoted(name)} is a column of the table already; use another name`,
  )
}

const kept = new Set(["id", "user_id", "created_at", "expires_at"])
