import type { ColumnKind, Dialect } from "./dialect.ts"
import { causedBy } from "../retry/driver-error.ts"

// The kinds follow the order of section 3.1 of "Datatypes In SQLite", and names that say more than an affinity.
const kinds: [ColumnKind, RegExp][] = [
  ["integer", /INT/i],
  ["text", /CHAR|CLOB|TEXT/i],
  ["bytes", /BLOB/i],
  ["json", /^JSONB?$/i],
  ["uuid", /^[UG]UID$/i],
  ["boolean", /^BOOL/i],
  ["time", /DATE|TIME/i],
  ["number", /REAL|FLOA|DOUB|NUM|DEC/i],
]

const busy = /database (?:table )?is locked/

/** SQLite 3.35 (2021) and later, whatever driver runs it. */
export const sqlite: Dialect = {
  name: "sqlite",
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  // The plus hides the value: SQLite built with STAT4 plans a statement again for each value that it can see.
  placeholder: () => "+?",

  // Without length, which SQLite ignores. Only INTEGER PRIMARY KEY is the row's number, which a new row always gets.
  columns(table, schema) {
    const info = `pragma_table_xinfo(${table}${schema === null ? "" : `, '${schema}'`})`
    const isRowNumber = `pk = 1 AND upper(type) = 'INTEGER' AND NOT EXISTS (SELECT 1 FROM ${info} WHERE pk > 1)`
    return `SELECT name, type, NULL AS size, hidden = 0 AS writable, NULL AS charset, NULL AS collation, '(' || dflt_value || ')' AS fresh, dflt_value IS NOT NULL OR (${isRowNumber}) AS has_default, 1 AS is_generated FROM ${info} WHERE hidden <> 1`
  },
  catalogueName: (table) => table,
  kindOf: (type) => kinds.find(([, pattern]) => pattern.test(type))?.[0] ?? "other",
  userIdType({ kind, type }) {
    if (kind === "integer") return "integer"
    return kind === "text" || kind === "uuid" || type === "" ? "text" : null
  },
  words: { id: "TEXT", passkeyId: "TEXT", time: "INTEGER" },
  idProblem: ({ kind, type }) =>
    kind === "text" || kind === "uuid" || kind === "other" ? null : `has the type ${type}`,
  holdsTime: ({ kind }) => kind === "integer" || kind === "number" || kind === "other",

  userId: (parameter, type) => (type === "integer" || type === "bigint" ? `CAST(${parameter} AS INTEGER)` : parameter),
  asText: (column) => `CAST(CAST(${column} AS INTEGER) AS TEXT)`,
  sameUser: (column, value, type) =>
    type === "text" || type === "uuid"
      ? `${column} = ${value} AND ${column} = ${value} COLLATE BINARY`
      : `${column} = ${value}`,
  providerOf: (column) => `substr(${column}, 1, instr(${column}, ':') - 1)`,
  same: (left, right) => `${left} IS ${right}`,
  // A column holds any value, and node:sqlite throws at an integer beyond 2^53.
  time: (column) => `CAST(${column} AS REAL)`,
  reader: ({ kind }) => readers[kind],
  value: (parameter) => parameter,
  typed: (parameter) => parameter,

  idTable: null,

  keep: "",
  lock: null,
  // About 10 ms, during which a synchronous driver blocks the process.
  sliceRows: 5_000,
  deleteSome: (table, condition, limit) =>
    `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE ${condition} LIMIT ${limit})`,
  skipTaken: " ON CONFLICT (id) DO NOTHING",
  returning: true,
  bytewise: (column) => column,
  defaultRow: "DEFAULT VALUES",
  lastUser: "u.rowid = last_insert_rowid()",

  // Matched by text, the only thing in which all drivers agree. The text is SQLite's own and covers primary keys.
  isUniqueViolation: (error) => causedBy(error, ({ message }) => message.includes("UNIQUE constraint failed")),
  isTransient: (error) =>
    causedBy(error, ({ message, code }) => busy.test(message) || String(code).startsWith("SQLITE_BUSY")),
}

// SQLite has none of these types. Its drivers return what was stored.
const readers: Partial<Record<ColumnKind, (value: unknown) => unknown>> = {
  boolean: toBoolean,
  time: toDate,
  json: toJson,
}

function toBoolean(value: unknown): unknown {
  if (typeof value !== "number" && typeof value !== "bigint") return value
  const number = Number(value)
  return number === 0 || number === 1 ? number === 1 : value
}

// As toISOString() writes it, and CURRENT_TIMESTAMP, which is also UTC. A date alone, or a number, is ambiguous.
const instant = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)Z?$/

function toDate(value: unknown): unknown {
  const match = typeof value === "string" ? instant.exec(value) : null
  if (!match) return value
  const date = new Date(`${match[1]}T${match[2]}Z`)
  return Number.isNaN(date.getTime()) ? value : date
}

function toJson(value: unknown): unknown {
  if (typeof value !== "string") return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    // The application stored other text.
    return value
  }
}
