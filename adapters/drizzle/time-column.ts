import type { Column } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import type { TimeField } from "../port/stored-rows.ts"
import { toDate } from "../port/stored-rows.ts"
import type { DialectName } from "../sql/dialect.ts"

/** A time column of any type. */
export interface TimeColumn extends TimeField {
  column: Column
}

// The SQL types that hold milliseconds, by the JavaScript type that Drizzle reads. 32 bits are too few.
const holding: Record<string, RegExp> = {
  date: /^(?:timestamp|datetime|integer)/,
  number: /^(?:bigint|double|numeric|decimal)/,
  bigint: /^(?:bigint|numeric|decimal|integer)/,
  string: /^(?:text|varchar|char|timestamp|datetime)/,
}
// SQLite's integers have 64 bits.
const sqliteNumber = /^(?:integer|real|numeric)/

const fraction = /^(?:timestamp|datetime)(?: ?\((\d)\))?/
const withoutZone = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?$/

/** Creates a time column. Throws `invalid_option` for a column that cannot hold milliseconds or a timestamp. */
export function timeColumn(column: Column, dialect: DialectName): TimeColumn {
  const [kind, type] = [column.dataType, column.getSQLType().toLowerCase()]
  const fits = dialect === "sqlite" && kind === "number" ? sqliteNumber : holding[kind]
  if (!fits?.test(type)) throw unfit(column)
  const unit = unitOf(type, dialect)
  const write = writers[kind] ?? Number
  return {
    column,
    encode: (time) => write(Math.floor(time / unit) * unit, type, dialect),
    decode: (value) => toDate(typeof value === "string" ? parseText(value) : value),
  }
}

type Writer = (time: number, type: string, dialect: DialectName) => unknown

const writers: Record<string, Writer> = {
  date: (time) => new Date(time),
  bigint: (time) => BigInt(time),
  string: (time, type, dialect) => {
    const text = new Date(time).toISOString()
    // MySQL's literals contain neither letter.
    return dialect === "mysql" && fraction.test(type) ? text.replace("T", " ").replace("Z", "") : text
  },
}

/** Databases round to the nearest unit, but a deadline must not move later. */
function unitOf(type: string, dialect: DialectName): number {
  const match = fraction.exec(type)
  if (!match) return 1
  // Without a number, PostgreSQL keeps six digits, and MySQL none.
  const digits = Number(match[1] ?? (dialect === "mysql" ? 0 : 6))
  return 10 ** (3 - Math.min(digits, 3))
}

/** Reads times as written here, and as databases return them: `2030-01-01 00:00:00.5+00`. */
function parseText(text: string): Date {
  if (withoutZone.test(text)) return new Date(`${text.replace(" ", "T")}Z`)
  return new Date(text.replace(" ", "T").replace(/([+-]\d{2})$/, "$1:00"))
}

function unfit(column: Column): AuthError {
  return new AuthError(
    "invalid_option",
    `session: the column "${column.name}" (${column.getSQLType()}) cannot hold a time; make it a timestamp or datetime, SQLite's integer, a bigint of milliseconds, or text`,
  )
}
