import { causedBy } from "../retry/driver-error.ts"
import type { Column, Dialect } from "./dialect.ts"
import { kindsOf } from "./dialect.ts"

// ER_DUP_ENTRY; ER_LOCK_DEADLOCK, and ER_CHECKREAD, which MariaDB returns for a write after an outdated snapshot.
const taken = 1062
const passing = new Set<unknown>([1213, 1020])

const kinds = kindsOf({
  text: ["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"],
  integer: ["tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit"],
  number: ["decimal", "float", "double"],
  time: ["date", "datetime", "timestamp"],
  bytes: ["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"],
  json: ["json"],
  uuid: ["uuid"],
})

/** MariaDB 10.5 and later, MySQL 8. */
export const mysql: Dialect = {
  name: "mysql",
  quote: (name) => `\`${name.replaceAll("`", "``")}\``,
  placeholder: () => "?",

  columns: (table, schema) =>
    `SELECT column_name AS name, IF(column_type LIKE '%unsigned%', CONCAT(data_type, ' unsigned'), data_type) AS type, character_maximum_length AS size, extra NOT LIKE '% GENERATED%' AS writable, character_set_name AS charset, collation_name AS collation, 'DEFAULT' AS fresh, extra LIKE '%auto_increment%' OR COALESCE(column_default, 'NULL') <> 'NULL' AS has_default, extra LIKE '%auto_increment%' AS is_generated FROM information_schema.columns WHERE table_schema = ${schema === null ? "DATABASE()" : `'${schema}'`} AND table_name = ${table} AND (CAST(table_name AS BINARY) = ${table} OR @@lower_case_table_names <> 0)`,
  catalogueName: (table) => table,
  kindOf: (type) => kinds[type.replace(" unsigned", "")] ?? "other",
  userIdType({ kind, type }) {
    if (kind === "integer" || kind === "text" || kind === "uuid") return kind
    return type === "varbinary" ? "text" : null
  },
  words: { id: "VARBINARY(255)", passkeyId: "VARBINARY(1400)", time: "BIGINT" },
  idProblem({ charset, collation, kind, type, size }, length) {
    // MySQL pads shorter ids with zeros.
    if (type === "binary" && size !== length) return `has the type binary(${size})`
    if (charset !== null) return `has the collation ${collation}, which treats different ids as equal`
    return kind === "bytes" ? null : `has the type ${type}`
  },
  holdsTime: ({ type }) => /^(?:bigint|decimal|double)/.test(type),

  userId: (parameter, type) => (type === "integer" || type === "bigint" ? `CAST(${parameter} AS SIGNED)` : parameter),
  asText: (column) => `CAST(${column} AS CHAR)`,
  sameUser: (column, value, type, id) =>
    type === "text" || type === "uuid" ? sameText(column, value, id) : `${column} = ${value}`,
  providerOf: (column) => `CAST(SUBSTRING_INDEX(${column}, ':', 1) AS BINARY)`,
  same: (left, right) => `${left} <=> ${right}`,
  time: (column) => column,
  reader: () => undefined,
  value: (parameter) => parameter,
  typed: (parameter, { type }) => (type === "bigint" ? `CAST(${parameter} AS SIGNED)` : parameter),

  idTable(ids) {
    // Padded to 2, 4, 8 and so on, so that few distinct statements are prepared.
    const places = Array.from({ length: 2 ** Math.ceil(Math.log2(ids.length)) }, (_, place) => place)
    const rows = places.map((place) => `SELECT ?${place + 1} AS id, ${place} AS place`)
    return { table: `(${rows.join(" UNION ALL ")}) i`, values: places.map((place) => ids[place] ?? null) }
  },

  keep: " LOCK IN SHARE MODE",
  lock: " FOR UPDATE",
  sliceRows: null,
  deleteSome: (table, condition, limit, column) =>
    `DELETE FROM ${table} WHERE ${condition} ORDER BY ${column} LIMIT ${limit}`,
  // IGNORE would also truncate values that are too long.
  skipTaken: " ON DUPLICATE KEY UPDATE id = id",
  // MariaDB's DELETE can return rows, MySQL's cannot.
  returning: false,
  bytewise: (column) => column,
  defaultRow: "() VALUES ()",
  lastUser: "u.id = LAST_INSERT_ID()",

  isUniqueViolation: (error) => causedBy(error, ({ errno }) => errno === taken),
  isTransient: (error) => causedBy(error, ({ errno }) => passing.has(errno)),
}

/**
 * The first comparison uses the column's own collation, so that the index is used. The second compares bytes, because
 * no common collation is exact: `a` matches `A`, and `a` with trailing spaces.
 */
function sameText(column: string, value: string, { charset, collation, type }: Column): string {
  const text = `CONVERT(${value} USING utf8mb4)`
  if (type === "uuid") return `${column} = ${text}`
  if (charset === null) return `${column} = ${value}`
  const own = `CONVERT(${text} USING ${charset}) COLLATE ${collation}`
  return `${column} = ${own} AND CAST(CONVERT(${column} USING utf8mb4) AS BINARY) = CAST(${text} AS BINARY)`
}
