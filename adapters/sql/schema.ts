import { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"
import type { TableNames } from "../port/names.ts"
import { checkedName, quoted, quotedTable, splitTable, tableNames } from "../port/names.ts"
import type { UserIdType } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"
import type { DialectName } from "./dialect.ts"

/** What {@link schema} can be told: the same as the adapter, and the session's own columns. */
export interface SchemaOptions {
  /** The names of the tables, `auth.user` with a schema, which must exist. Defaults: `user`, `session`, `user_key`. */
  tables?: TableNames | undefined
  /** The type of the user table's `id`. Default: `"text"`. */
  userIdType?: UserIdType | undefined
  /** More columns of the session table: `{ label: "TEXT" }` or `["label TEXT"]`. The types go into the SQL as they are. */
  sessionColumns?: Record<string, string> | string[] | undefined
}

/** What the databases' tables differ in. */
interface Words {
  quote(name: string): string
  id: string
  keyId: string
  hash: string
  time: string
  userId: Record<UserIdType, string>
  /** Whether the tables refer to the user table, and indexes are statements of their own. */
  standard: boolean
  /** The columns of the session table that have an index. */
  indexed: string[]
}

const words: Record<DialectName, Words> = {
  sqlite: {
    quote: doubleQuoted,
    id: "TEXT",
    keyId: "TEXT",
    hash: "TEXT",
    time: "INTEGER",
    userId: { text: "TEXT", integer: "INTEGER", bigint: "INTEGER", uuid: "TEXT" },
    standard: true,
    // Cleanups read the table in slices: an index on expires_at would change another page at each sign-in and extension.
    indexed: ["user_id"],
  },
  postgres: {
    quote: doubleQuoted,
    id: "TEXT",
    keyId: "TEXT",
    hash: "TEXT",
    time: "BIGINT",
    userId: { text: "TEXT", integer: "BIGINT", bigint: "BIGINT", uuid: "UUID" },
    standard: true,
    indexed: ["user_id", "expires_at"],
  },
  mysql: {
    quote: (name) => `\`${name}\``,
    // Bytes: MySQL's collations of text take other case, accents or trailing blanks for equal.
    id: "VARBINARY(255)",
    keyId: "VARBINARY(512)",
    hash: "VARBINARY(1024)",
    time: "BIGINT",
    userId: { text: "VARBINARY(255)", integer: "BIGINT", bigint: "BIGINT", uuid: "VARBINARY(255)" },
    standard: false,
    indexed: ["user_id", "expires_at"],
  },
}

/**
 * Makes the statements that create the session and key tables with their indexes, to run one by one or paste into a
 * migration. The user table is the application's own and must exist, with a primary key `id`; in SQLite and PostgreSQL
 * the tables refer to it and lose their rows with it. In MySQL they do not, because MySQL refuses a reference to a
 * column of another character set or width: there delete users with `deleteUser()`. Those of SQLite are `WITHOUT ROWID`
 * and have no index on `expires_at`, for cheaper writes; tables with a rowid or that index work as well.
 *
 * Times are milliseconds since 1970 in 64 bits. Throws `invalid_option` for names that are no plain identifiers.
 *
 * @example
 * for (const statement of schema("sqlite", { sessionColumns: { label: "TEXT" } })) db.exec(statement)
 */
export function schema(dialect: DialectName, options: SchemaOptions = {}): string[] {
  checkOptions("schema()", options, "tables", "userIdType", "sessionColumns")
  const { tables, userIdType, sessionColumns = [] } = options
  if (!Object.hasOwn(words, dialect))
    throw new AuthError("invalid_option", `dialect: ${quoted(dialect)} is unknown; use "sqlite", "postgres" or "mysql"`)
  const names = tableNames(tables)
  const { id, keyId, hash, time, userId: types, indexed } = words[dialect]
  const user = (table: string) =>
    `user_id ${types[userIdsOf(userIdType).type]} NOT NULL${reference(dialect, table, names.user)}`
  const times = [`created_at ${time} NOT NULL`, `expires_at ${time} NOT NULL`]
  const ownColumns = extraColumns(sessionColumns, words[dialect].quote)
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
  ]
}

/** SQLite's references stay in one schema, and do not name it. */
function reference(dialect: DialectName, table: string, user: string): string {
  const { quote, standard } = words[dialect]
  const isApart = dialect === "sqlite" && splitTable(table).schema !== splitTable(user).schema
  if (!standard || isApart) return ""
  return ` REFERENCES ${quotedTable(dialect === "sqlite" ? splitTable(user).table : user, quote)} (id) ON DELETE CASCADE`
}

/** Makes the statements that create a table, with an index for each of some columns. */
export function createTable(dialect: DialectName, name: string, columns: string[], indexed: string[]): string[] {
  const { quote, standard } = words[dialect]
  const quotedName = quotedTable(name, quote)
  const index = (column: string) => indexOf(name, column, dialect, quote)
  const inside = standard ? [] : indexed.map((column) => `INDEX ${index(column)} (${column})`)
  // SQLite names the schema before the index, PostgreSQL before the table.
  const indexedTable = dialect === "sqlite" ? quote(splitTable(name).table) : quotedName
  const after = indexed.map((column) => `CREATE INDEX IF NOT EXISTS ${index(column)} ON ${indexedTable} (${column})`)
  // SQLite's rows then lie in the index of their key, which would be a second tree: a write changes a page less.
  const end = dialect === "sqlite" ? ") WITHOUT ROWID" : ")"
  const create = `CREATE TABLE IF NOT EXISTS ${quotedName} (\n  ${[...columns, ...inside].join(",\n  ")}\n${end}`
  return standard ? [create, ...after] : [create]
}

function indexOf(name: string, column: string, dialect: DialectName, quote: Words["quote"]): string {
  const { schema, table } = splitTable(name)
  // PostgreSQL cuts a name after 63 bytes; two of one table must still differ.
  const index = quote(`${table.slice(0, 50)}_${column}`)
  return dialect === "sqlite" && schema !== null ? `${quote(schema)}.${index}` : index
}

function doubleQuoted(name: string): string {
  return `"${name}"`
}

function extraColumns(given: Record<string, string> | string[], quote: Words["quote"]): string[] {
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
