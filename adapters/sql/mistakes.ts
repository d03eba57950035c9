import { AuthError } from "../../src/core/errors.ts"
import type { DialectName } from "./dialect.ts"
import type { DriverError } from "../retry/driver-error.ts"
import { causedBy, withoutValues } from "../retry/driver-error.ts"

/**
 * Replaces a driver's error with `invalid_option` if the tables or attributes caused it, so that the same call would
 * always fail. Returns any other error without values.
 */
export function explained(error: unknown, dialect: DialectName): unknown {
  let sentence: string | null = null
  causedBy(error, (cause) => {
    sentence = explain[dialect](cause)
    return sentence !== null
  })
  const cause = withoutValues(error)
  return sentence === null ? cause : new AuthError("invalid_option", sentence, { cause })
}

const explain: Record<DialectName, (error: DriverError) => string | null> = {
  sqlite: ({ message, code }) => {
    if (code === "ERR_OUT_OF_RANGE" || unreadable.test(message)) return large
    for (const [pattern, sentence] of sqliteMessages) {
      const match = pattern.exec(message)
      if (match) return sentence(match[1] ?? "")
    }
    return null
  },
  postgres: (error) => {
    const code = typeof error.code === "string" ? error.code : ""
    return notMistakes.has(code) || !/^(?:22|23|3F|42)[0-9A-Z]{3}$/.test(code) ? null : postgresSentence(code, error)
  },
  mysql: ({ errno, message }) => {
    const [sentence] = mysqlErrors.find(([, ...numbers]) => numbers.includes(errno as number)) ?? []
    return sentence ? sentence(mysqlName.exec(message)?.[1] ?? "") : null
  },
}

const unreadable = /too large to be (?:safely )?represented|cannot be safely represented/

const large =
  'database: it holds an integer beyond 2^53, which the driver does not read; keep such attributes as text, and use userIdType: "bigint" for such ids'

function required(column: string): string {
  return `attributes: ${named(column)} needs a value; pass it, or give the column a default`
}

function checked(constraint: string): string {
  return `attributes: a value breaks the constraint ${named(constraint)} of the table; use one that it allows`
}

/** Explains a violated foreign key. */
export function referred(): string {
  return "database: the row that an attribute names does not exist, or your own rows reference the row to delete; delete those first, or declare them ON DELETE CASCADE"
}

function noTable(table: string): string {
  return `database: the table ${named(table)} does not exist, or a view or trigger asks for one that does not; create it`
}

function noColumn(column: string): string {
  return `database: the column ${named(column)} does not exist any more, or a trigger asks for it; create it, or restart the application`
}

function wrongValue(column: string): string {
  return `attributes: a value is not of its column's type, or too large for it${column === "" ? "" : `, ${named(column)}`}; check it before it is stored, or widen the column`
}

function named(name: string): string {
  return name === "" ? "in question" : `"${name}"`
}

const sqliteMessages: [RegExp, (name: string) => string][] = [
  [/NOT NULL constraint failed: ([^:\s]+)/, required],
  [/CHECK constraint failed: (.+?)(?:: SQLITE\w*.*)?$/, checked],
  [/FOREIGN KEY constraint failed/, referred],
  [/no such table: ([^:\s]+)/, noTable],
  [/no such column: ([^:\s]+)/, noColumn],
  [/has no column named ([^:\s]+)/, noColumn],
  [/cannot store \w+ value in \w+ column ([^:\s]+)/, wrongValue],
  [/datatype mismatch|string or blob too big/, wrongValue],
  [
    /cannot modify (\S+) because it is a view/,
    (view) => `tables: ${named(view)} is a read-only view; give it INSTEAD OF triggers, or name its table`,
  ],
]

// unique_violation is a normal result. duplicate_prepared_statement comes from a connection pooler.
const notMistakes = new Set(["23505", "42P05"])

/** pg and PGlite use other field names than postgres.js. */
function postgresSentence(code: string, error: DriverError): string {
  const fields = error as DriverError & Record<string, unknown>
  const [column, constraint] = [
    text(fields.column ?? fields.column_name),
    text(fields.constraint ?? fields.constraint_name),
  ]
  if (code === "23502") return required(column)
  if (code === "23503") return referred()
  if (code.startsWith("23")) return checked(constraint)
  if (code === "42P01") return noTable(text(/"([^"]+)"/.exec(error.message)?.[1]))
  if (code === "42703") return noColumn(text(/column "?([\w.]+)"?/.exec(error.message)?.[1]))
  if (code === "42501")
    return `database: its user lacks a privilege (${error.message}); GRANT it SELECT, INSERT, UPDATE and DELETE on the three tables`
  if (code === "428C9")
    return "attributes: the database alone sets this column; leave it out and, for ids, pass generateUserId: false to createUsers()"
  if (code.startsWith("22"))
    return wrongValue(column === "" ? text(/for type ([a-z][a-z ]*(?:\(\d+\))?)/.exec(error.message)?.[1]) : column)
  return `database: PostgreSQL refuses the statement with SQLSTATE ${code}; compare the tables with schema("postgres"), and look for a trigger that fails`
}

function text(value: unknown): string {
  return typeof value === "string" ? value : ""
}

const privilege = () =>
  "database: its user lacks a privilege; GRANT it SELECT, INSERT, UPDATE and DELETE on the three tables"

const mysqlName = /(?:column|Column|Field|CONSTRAINT|constraint|Table|table) (?:`[^`']*`\.)*[`']?([^`'\s]+)/

const mysqlErrors: [sentence: (name: string) => string, ...numbers: number[]][] = [
  [required, 1048, 1364],
  [wrongValue, 1264, 1265, 1292, 1366, 1406, 3140],
  [checked, 3819, 4025],
  [referred, 1451, 1452],
  [noTable, 1146],
  [noColumn, 1054],
  [privilege, 1142, 1143],
]
