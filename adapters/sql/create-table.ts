import { quotedTable, splitTable } from "../port/names.ts"
import type { UserIdType } from "../port/user-ids.ts"
import type { DialectName } from "./dialect.ts"

/** What differs between the databases' tables. */
interface Words {
  quote(name: string): string
  id: string
  keyId: string
  hash: string
  time: string
  userId: Record<UserIdType, string>
  /** Whether the tables reference the user table, and indexes are separate statements. */
  standard: boolean
  /** The columns of the session table that have an index. */
  indexed: string[]
}

export const words: Record<DialectName, Words> = {
  sqlite: {
    quote: doubleQuoted,
    id: "TEXT",
    keyId: "TEXT",
    hash: "TEXT",
    time: "INTEGER",
    userId: { text: "TEXT", integer: "INTEGER", bigint: "INTEGER", uuid: "TEXT" },
    standard: true,
    // Cleanups read the table in slices. An index on `expires_at` would cost another page write at each sign-in and
    // extension.
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
    // Bytes, because MySQL's text collations treat other case, accents or trailing spaces as equal.
    id: "VARBINARY(255)",
    keyId: "VARBINARY(512)",
    hash: "VARBINARY(1024)",
    time: "BIGINT",
    userId: { text: "VARBINARY(255)", integer: "BIGINT", bigint: "BIGINT", uuid: "VARBINARY(255)" },
    standard: false,
    indexed: ["user_id", "expires_at"],
  },
}

/** SQLite's references stay in one schema and do not name it. */
export function reference(dialect: DialectName, table: string, user: string): string {
  const { quote, standard } = words[dialect]
  const isApart = dialect === "sqlite" && splitTable(table).schema !== splitTable(user).schema
  if (!standard || isApart) return ""
  return ` REFERENCES ${quotedTable(dialect === "sqlite" ? splitTable(user).table : user, quote)} (id) ON DELETE CASCADE`
}

/**
 * Returns the statements that create a table, with an index for each of some columns, or for several together. Rows of
 * a log are only ever added and deleted.
 */
export function createTable(
  dialect: DialectName,
  name: string,
  columns: string[],
  indexed: (string | string[])[],
  isLog = false,
): string[] {
  const { quote, standard } = words[dialect]
  const quotedName = quotedTable(name, quote)
  const indexes = indexed.map((some) => [some].flat())
  const index = (some: string[]) => indexOf(name, some.join("_"), dialect, quote)
  const inside = standard ? [] : indexes.map((some) => `INDEX ${index(some)} (${some.join(", ")})`)
  // SQLite names the schema before the index, PostgreSQL before the table.
  const indexedTable = dialect === "sqlite" ? quote(splitTable(name).table) : quotedName
  const after = indexes.map(
    (some) => `CREATE INDEX IF NOT EXISTS ${index(some)} ON ${indexedTable} (${some.join(", ")})`,
  )
  // Without a rowid, SQLite stores the rows in the index of their key instead of a second tree, which saves a page per
  // write. The rows of a log are long and ordered by time, so they are better appended.
  const end = dialect === "sqlite" && !isLog ? ") WITHOUT ROWID" : ")"
  const create = `CREATE TABLE IF NOT EXISTS ${quotedName} (\n  ${[...columns, ...inside].join(",\n  ")}\n${end}`
  return standard ? [create, ...after] : [create]
}

function indexOf(name: string, column: string, dialect: DialectName, quote: Words["quote"]): string {
  const { schema, table } = splitTable(name)
  // PostgreSQL truncates a name after 63 bytes, and two indexes of one table must still differ.
  const index = quote(`${table.slice(0, 50)}_${column}`)
  return dialect === "sqlite" && schema !== null ? `${quote(schema)}.${index}` : index
}

function doubleQuoted(name: string): string {
  return `"${name}"`
}
