import { UsageError } from "../command.ts"
import type { Dialect, IdType } from "./sql-script.ts"

/** What the databases' tables differ in. */
interface Words {
  module: string
  table: string
  username: Column
  id: Column
  keyId: Column
  hash: Column
  time: Column
  userIds: Record<IdType, UserIds | null>
}

/** A column type: the function and its configuration. */
type Column = [builder: string, config?: string]

interface UserIds {
  column: Column
  /** What makes the user table number its rows. */
  numbers?: string
}

const bytes = (length: number): Column => ["varbinary", `{ length: ${length} }`]

const words: Record<Dialect, Words> = {
  sqlite: {
    module: "sqlite-core",
    table: "sqliteTable",
    username: ["text"],
    id: ["text"],
    keyId: ["text"],
    hash: ["text"],
    time: ["integer", '{ mode: "timestamp_ms" }'],
    userIds: {
      text: { column: ["text"] },
      integer: { column: ["integer"] },
      bigint: null,
      uuid: { column: ["text", "{ length: 36 }"] },
    },
  },
  postgres: {
    module: "pg-core",
    table: "pgTable",
    username: ["text"],
    id: ["text"],
    keyId: ["text"],
    hash: ["text"],
    time: ["timestamp", "{ withTimezone: true, precision: 3 }"],
    userIds: {
      text: { column: ["text"] },
      integer: { column: ["bigint", '{ mode: "number" }'], numbers: ".generatedByDefaultAsIdentity()" },
      bigint: { column: ["bigint", '{ mode: "bigint" }'], numbers: ".generatedByDefaultAsIdentity()" },
      uuid: { column: ["uuid"] },
    },
  },
  mysql: {
    module: "mysql-core",
    table: "mysqlTable",
    username: ["varchar", "{ length: 255 }"],
    // Bytes: MySQL's collations of text take other case, accents or trailing blanks for equal.
    id: bytes(255),
    keyId: bytes(512),
    hash: bytes(1024),
    time: ["datetime", "{ fsp: 3 }"],
    userIds: {
      text: { column: bytes(255) },
      integer: { column: ["bigint", '{ mode: "number" }'], numbers: ".autoincrement()" },
      bigint: { column: ["bigint", '{ mode: "bigint" }'], numbers: ".autoincrement()" },
      uuid: { column: bytes(36) },
    },
  },
}

/**
 * Writes the user, session and key tables as a module of Drizzle 0.36 or later. Throws {@link UsageError} for ids that
 * Drizzle has no column for.
 */
export function drizzleTables(dialect: Dialect, ids: IdType): string {
  const { module, table, username, id, keyId, hash, time } = words[dialect]
  const userId = words[dialect].userIds[ids]
  if (!userId)
    throw new UsageError("Drizzle has no column for 64-bit integers in SQLite: use --ids integer, text or uuid")
  const owner = `userId: ${call(userId.column, "user_id")}.notNull().references(() => user.id, { onDelete: "cascade" })`
  const keyColumns = [`id: ${call(keyId)}.primaryKey()`, owner, `hashedPassword: ${call(hash, "hashed_password")}`]
  const times = [["createdAt", "created_at"] as const, ["expiresAt", "expires_at"] as const].map(
    ([property, column]) => `${property}: ${call(time, column)}.notNull()`,
  )
  return `import { ${imports(words[dialect], userId).join(", ")} } from "drizzle-orm/${module}"

// If you have a user table, keep it. It needs an id of the same type as userId below.${note(dialect, ids)}
export const user = ${table}("user", {
  id: ${call(userId.column)}.primaryKey()${userId.numbers ?? ""},
  username: ${call(username)}.notNull().unique(),
})

${withIndexes(table, "session", "session", [`id: ${call(id)}.primaryKey()`, owner, ...times], ["userId", "expiresAt"])}

${withIndexes(table, "key", "user_key", keyColumns, ["userId"])}`
}

// mysql2 rounds integers beyond 2^53 otherwise, and Drizzle does not see it.
function note(dialect: Dialect, ids: IdType): string {
  if (dialect !== "mysql" || ids !== "bigint") return ""
  return "\n// Give mysql2 the option supportBigNumbers: true. Without it, ids beyond 2^53 are rounded to those of other users."
}

function imports({ table, username, id, hash, time }: Words, userId: UserIds): string[] {
  const builders = [username, id, hash, time, userId.column].map(([builder]) => builder)
  return [...new Set(["index", table, ...builders])].sort()
}

function withIndexes(table: string, name: string, stored: string, columns: string[], indexed: string[]): string {
  const indexes = indexed.map((property) => `index("${stored}_${snakeCase(property)}").on(table.${property})`)
  return `export const ${name} = ${table}(
  "${stored}",
  {
${columns.map((column) => `    ${column},`).join("\n")}
  },
  (table) => [${indexes.join(", ")}],
)`
}

function call([builder, config]: Column, name?: string): string {
  return `${builder}(${[name && JSON.stringify(name), config].filter(Boolean).join(", ")})`
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
