import { UsageError } from "../command.ts"
import type { Dialect, Feature, IdType } from "./sql-script.ts"

/** What differs between the databases' tables. */
interface Words {
  module: string
  table: string
  username: Column
  id: Column
  keyId: Column
  hash: Column
  time: Column
  /** For the tables of features. */
  name: Column
  text: Column
  passkeyId: Column
  integer: Column
  milliseconds: Column
  userIds: Record<IdType, UserIds | null>
}

/** A column type: the function and its configuration. */
type Column = [builder: string, config?: string]

interface UserIds {
  column: Column
  /** The suffix that makes the user table number its rows. */
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
    name: ["text"],
    text: ["text"],
    passkeyId: ["text"],
    integer: ["integer"],
    milliseconds: ["integer"],
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
    name: ["text"],
    text: ["text"],
    passkeyId: ["text"],
    integer: ["integer"],
    milliseconds: ["bigint", '{ mode: "number" }'],
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
    // Bytes, because MySQL's text collations treat other case, accents or trailing spaces as equal.
    id: bytes(255),
    keyId: bytes(512),
    hash: bytes(1024),
    time: ["datetime", "{ fsp: 3 }"],
    name: bytes(48),
    text: ["text"],
    passkeyId: bytes(1400),
    integer: ["int"],
    milliseconds: ["bigint", '{ mode: "number" }'],
    userIds: {
      text: { column: bytes(255) },
      integer: { column: ["bigint", '{ mode: "number" }'], numbers: ".autoincrement()" },
      bigint: { column: ["bigint", '{ mode: "bigint" }'], numbers: ".autoincrement()" },
      uuid: { column: bytes(36) },
    },
  },
}

/**
 * Writes the user, session and key tables, and those of features, as a module for Drizzle 0.36 or later. Throws {@link
 * UsageError} for ids that Drizzle has no column for.
 */
export function drizzleTables(dialect: Dialect, ids: IdType, include: Feature[] = []): string {
  const { module, table, username, id, keyId, hash, time } = words[dialect]
  const userId = words[dialect].userIds[ids]
  if (!userId)
    throw new UsageError("Drizzle has no column for 64-bit integers in SQLite: use --ids integer, text or uuid")
  const owner = `userId: ${call(userId.column, "user_id")}.notNull()${reference}`
  const keyColumns = [`id: ${call(keyId)}.primaryKey()`, owner, `hashedPassword: ${call(hash, "hashed_password")}`]
  const times = [["createdAt", "created_at"] as const, ["expiresAt", "expires_at"] as const].map(
    ([property, column]) => `${property}: ${call(time, column)}.notNull()`,
  )
  const tables = featureTables(words[dialect], userId).filter(({ feature }) => include.includes(feature))
  return `import { ${imports(words[dialect], userId, tables).join(", ")} } from "drizzle-orm/${module}"

// If you have a user table, keep it. It needs an id of the same type as userId below.${note(dialect, ids)}
export const user = ${table}("user", {
  id: ${call(userId.column)}.primaryKey()${userId.numbers ?? ""},
  username: ${call(username)}.notNull().unique(),
})

${withIndexes(table, "session", "session", [`id: ${call(id)}.primaryKey()`, owner, ...times], ["userId", "expiresAt"])}

${withIndexes(table, "key", "user_key", keyColumns, ["userId"])}${tables.map(({ text }) => `\n\n${text}`).join("")}`
}

const reference = '.references(() => user.id, { onDelete: "cascade" })'

interface Written {
  feature: Feature
  text: string
  builders: Column[]
}

/** The columns have the names that the library's SQL uses, and times are milliseconds. */
function featureTables(words: Words, { column }: UserIds): Written[] {
  const { table, id, name, text, passkeyId, integer, milliseconds } = words
  const key = `id: ${call(id)}.primaryKey()`
  const user = `userId: ${call(column, "user_id")}`
  const token = [
    key,
    `purpose: ${call(name)}.notNull()`,
    user + reference,
    `expiresAt: ${call(milliseconds, "expires_at")}`,
    `attempts: ${call(integer)}.notNull()`,
    `data: ${call(text)}.notNull()`,
  ]
  const required = (property: string, type: Column) => `${property}: ${call(type, snakeCase(property))}.notNull()`
  const totp = [
    `${user}.primaryKey()${reference}`,
    required("secret", text),
    required("usedStep", milliseconds),
    required("createdAt", milliseconds),
  ]
  const passkey = [
    `id: ${call(passkeyId)}.primaryKey()`,
    `${user}.notNull()${reference}`,
    required("publicKey", text),
    required("algorithm", integer),
    required("signCount", milliseconds),
    required("backupEligible", integer),
    required("backedUp", integer),
    required("aaguid", name),
    required("transports", text),
    required("name", text),
    required("createdAt", milliseconds),
    `usedAt: ${call(milliseconds, "used_at")}`,
  ]
  const event = [
    key,
    `at: ${call(milliseconds)}.notNull()`,
    `type: ${call(name)}.notNull()`,
    user,
    `sessionId: ${call(id, "session_id")}`,
    `detail: ${call(text)}.notNull()`,
  ]
  return [
    {
      feature: "tokens",
      text: withIndexes(table, "token", "auth_token", token, ["userId", "expiresAt"]),
      builders: [name, text, integer, milliseconds],
    },
    {
      feature: "throttle",
      text: withIndexes(table, "attempt", "auth_attempt", [key, `until: ${call(milliseconds)}.notNull()`], ["until"]),
      builders: [milliseconds],
    },
    { feature: "totp", text: withIndexes(table, "totp", "user_totp", totp, []), builders: [text, milliseconds] },
    {
      feature: "passkeys",
      text: withIndexes(table, "passkey", "user_passkey", passkey, ["userId"]),
      builders: [name, text, integer, milliseconds],
    },
    {
      feature: "audit",
      text: withIndexes(table, "event", "auth_event", event, [["userId", "at"], "at"]),
      builders: [name, text, milliseconds],
    },
  ]
}

// Otherwise mysql2 rounds integers beyond 2^53, and Drizzle does not notice.
function note(dialect: Dialect, ids: IdType): string {
  if (dialect !== "mysql" || ids !== "bigint") return ""
  return "\n// Give mysql2 the option supportBigNumbers: true. Without it, ids beyond 2^53 are rounded to those of other users."
}

function imports({ table, username, id, hash, time }: Words, userId: UserIds, more: Written[]): string[] {
  const used = [username, id, hash, time, userId.column, ...more.flatMap(({ builders }) => builders)]
  const builders = used.map(([builder]) => builder)
  return [...new Set(["index", table, ...builders])].sort()
}

function withIndexes(
  table: string,
  name: string,
  stored: string,
  columns: string[],
  indexed: (string | string[])[],
): string {
  const indexes = indexed
    .map((some) => [some].flat())
    .map(
      (some) =>
        `index("${[stored, ...some.map(snakeCase)].join("_")}").on(${some.map((one) => `table.${one}`).join(", ")})`,
    )
  const fields = (indent: string) => columns.map((column) => `${indent}${column},\n`).join("")
  if (indexes.length === 0) return `export const ${name} = ${table}("${stored}", {\n${fields("  ")}})`
  return `export const ${name} = ${table}(
  "${stored}",
  {
${fields("    ")}  },
  (table) => [${indexes.join(", ")}],
)`
}

function call([builder, config]: Column, name?: string): string {
  return `${builder}(${[name && JSON.stringify(name), config].filter(Boolean).join(", ")})`
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
