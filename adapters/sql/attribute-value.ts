import { AuthError } from "../../src/core/errors.ts"
import { isBuffer, isBytes, isDate } from "../../src/platform/realm.ts"
import { quoted } from "../port/names.ts"
import type { Column, ColumnKind, Dialect, DialectName } from "./dialect.ts"
import type { SqlValue } from "./executor.ts"

/**
 * Returns the parameter for an attribute. Throws `invalid_option` for a value that the column would refuse or store as
 * another value: drivers and databases silently convert types.
 */
export function attributeValue(value: unknown, column: Column, dialect: Dialect): SqlValue {
  if (value === null) return null
  const stored = column.kind === "json" ? jsonOf(value) : storable(value, column, dialect)
  if (stored === undefined || becomesUnreadable(stored, column, dialect.name)) throw unfit(value, column, dialect.name)
  const problem = typeof stored === "string" ? textProblem(stored, column, dialect.name) : null
  if (problem === null) return stored
  throw new AuthError("invalid_option", `attributes: ${quoted(column.name)} ${problem}; change the value or the column`)
}

// SQLite stores whole numbers, and text that is one, as integers, except in text, bytes and REAL columns.
const leftAlone = /CHAR|CLOB|TEXT|BLOB|REAL|FLOA|DOUB|^$/i

/** Returns whether SQLite would store an integer beyond 2^53. Its drivers throw when they read such a row. */
function becomesUnreadable(value: SqlValue, { kind, type }: Column, dialect: DialectName): boolean {
  if (dialect !== "sqlite" || typeof value === "object" || (kind !== "integer" && leftAlone.test(type))) return false
  const number = Number(value)
  return Number.isInteger(number) && !Number.isSafeInteger(number) && Math.abs(number) <= 2 ** 63
}

/** Returns what is stored for a value; `undefined` if the column does not take it. */
function storable(value: unknown, column: Column, { name: dialect }: Dialect): SqlValue | undefined {
  if (typeof value === "string") return takesText(column, dialect) ? value : undefined
  if (typeof value === "number") return takesNumber(value, column, dialect) ? value : undefined
  if (typeof value === "bigint") return bigintOf(value, column, dialect)
  if (typeof value === "boolean") return booleanOf(value, column, dialect)
  return typeof value === "object" ? objectOf(value, column, dialect) : undefined
}

/** Text is a literal of most types, such as BIGINT, which is read as text. postgres.js turns any text into `false`. */
function takesText({ kind }: Column, dialect: DialectName): boolean {
  return kind !== "boolean" && (kind !== "bytes" || dialect !== "postgres")
}

function takesNumber(value: number, { kind, type }: Column, dialect: DialectName): boolean {
  if (!Number.isFinite(value)) return dialect === "postgres" && takesInfinity(value, kind, type)
  if (dialect === "sqlite")
    return kind === "boolean" ? value === 0 || value === 1 : !["text", "uuid", "bytes"].includes(kind)
  if (kind === "integer") return Number.isSafeInteger(value) && isInRange(BigInt(value), type)
  return kind === "number" || kind === "other"
}

/** pg reads infinite times as numbers. */
function takesInfinity(value: number, kind: ColumnKind, type: string): boolean {
  return /^(?:real|double precision)$/.test(type) || (kind === "time" && !Number.isNaN(value))
}

function bigintOf(value: bigint, { kind, type }: Column, dialect: DialectName): SqlValue | undefined {
  if (kind !== "integer" && kind !== "number" && kind !== "other") return undefined
  if (dialect === "sqlite") return Number.isSafeInteger(Number(value)) ? value : undefined
  if (kind === "integer" && !isInRange(value, type)) return undefined
  // mysql2 has no bigint parameters.
  return dialect === "mysql" ? String(value) : value
}

// The size of each integer type in bits.
const bits: Record<string, number> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, integer: 32, bigint: 64 }

function isInRange(value: bigint, type: string): boolean {
  const [name = "", unsigned] = type.split(" ")
  const size = bits[name]
  return size === undefined || (unsigned ? BigInt.asUintN(size, value) : BigInt.asIntN(size, value)) === value
}

/** SQLite and MySQL have no booleans, and some SQLite drivers accept none. */
function booleanOf(value: boolean, { kind }: Column, dialect: DialectName): SqlValue | undefined {
  if (dialect === "postgres") return kind === "boolean" || kind === "other" ? value : undefined
  return kind === "boolean" || kind === "integer" ? Number(value) : undefined
}

function objectOf(value: object | null, { kind, type }: Column, dialect: DialectName): SqlValue | undefined {
  if (isDate(value)) return dateOf(value, kind, dialect)
  const bytes = readBytes(value, kind, dialect)
  if (bytes) return kind === "bytes" || kind === "other" || type === "bit" ? bytesOf(bytes, dialect) : undefined
  if (dialect === "postgres" && kind === "other") return literalOf(value, type)
  // PostgreSQL's drivers write the array literal.
  return Array.isArray(value) && kind === "array" ? (value as unknown as SqlValue) : undefined
}

/** Reads bytes, including those of SQLite drivers: libSQL returns an `ArrayBuffer`, D1 a list of numbers. */
function readBytes(value: object | null, kind: ColumnKind, dialect: DialectName): Uint8Array | null {
  if (isBytes(value)) return value
  if (isBuffer(value)) return new Uint8Array(value)
  const isList = Array.isArray(value) && kind === "bytes" && dialect === "sqlite"
  return isList && value.every(isByte) ? Uint8Array.from(value) : null
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255
}

/** Returns the literal of an object that pg reads: a point, a circle, or an interval, which can write its own literal. */
function literalOf(value: object | null, type: string): string | undefined {
  const { x, y, radius, toPostgres } = value as { x?: number; y?: number; radius?: number; toPostgres?: unknown }
  if (type === "point") return `(${x},${y})`
  if (type === "circle") return `<(${x},${y}),${radius}>`
  return typeof toPostgres === "function" ? String(toPostgres.call(value)) : undefined
}

function dateOf(value: Date, kind: ColumnKind, dialect: DialectName): SqlValue | undefined {
  if (Number.isNaN(value.getTime())) return undefined
  if (dialect === "sqlite") return kind === "time" ? value.toISOString() : undefined
  return kind === "time" || (kind === "other" && dialect === "postgres") ? value : undefined
}

/** mysql2 treats only a Buffer as bytes, and turns other byte arrays into JSON. */
function bytesOf(value: Uint8Array, dialect: DialectName): Uint8Array {
  if (dialect !== "mysql" || typeof Buffer === "undefined") return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

/** Text is encoded too: a value read as a string must be written as one, above all when a session is rotated. */
function jsonOf(value: unknown): string | undefined {
  if (isDate(value) || isBytes(value)) return undefined
  if (typeof value === "number" && !Number.isFinite(value)) return undefined
  try {
    // `undefined` for functions and symbols.
    return JSON.stringify(value) as string | undefined
  } catch {
    // Circular, or with a bigint inside.
    return undefined
  }
}

const uuid = /^\{?[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?$/i

function textProblem(text: string, { kind, size }: Column, dialect: DialectName): string | null {
  if (dialect === "postgres" && text.includes("\0")) return "has the character U+0000, which PostgreSQL does not store"
  if (kind === "uuid" && dialect !== "sqlite")
    return uuid.test(text) ? null : "is not a UUID, and its column holds UUIDs"
  const length = lengthOf(text, kind)
  return size !== null && length > size ? `has a length of ${length}, and its column holds ${size}` : null
}

function lengthOf(text: string, kind: ColumnKind): number {
  if (kind === "bytes") return new TextEncoder().encode(text).length
  return kind === "text" ? Array.from(text).length : 0
}

function unfit(value: unknown, { name, type }: Column, dialect: DialectName): AuthError {
  const kind = describe(value)
  const remedy = remedies[dialect][kind] ?? "use text, a number, a boolean, a date, bytes or null"
  return new AuthError(
    "invalid_option",
    `attributes: ${quoted(name)} cannot be stored, because its column has the type ${type || "none"}, and the value is ${kind}; ${remedy}`,
  )
}

function describe(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value)
  if (typeof value === "bigint" && BigInt.asIntN(54, value) !== value) return "a bigint beyond 2^53"
  if (isDate(value)) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date"
  if (isBytes(value)) return "bytes"
  if (Array.isArray(value)) return "an array"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

const anywhere = {
  NaN: "pass a finite number or null",
  Infinity: "pass a finite number or null",
  "-Infinity": "pass a finite number or null",
  "an invalid Date": "pass a valid date or null",
  "a string": "pass a value of the column's type",
  "a number": "make it a column of numbers that is large enough, or pass String(value) for text",
  "a bigint beyond 2^53": "pass String(value) for text",
  "a bigint": "make it a column of numbers that is large enough, or pass String(value) for text",
}

const remedies: Record<DialectName, Record<string, string>> = {
  sqlite: {
    ...anywhere,
    "a boolean": "make the column BOOLEAN or INTEGER",
    "a Date": "make the column DATETIME, or pass toISOString() for text or getTime() for an integer",
    bytes: "make the column BLOB",
    "an object": "make the column JSON, or pass JSON.stringify(value) for text",
    "an array": "make the column JSON, or pass JSON.stringify(value) for text",
  },
  postgres: {
    ...anywhere,
    "a boolean": "make the column BOOLEAN",
    "a Date": "make the column TIMESTAMPTZ, or pass toISOString() for text or getTime() for a BIGINT",
    bytes: "make the column BYTEA",
    "an object": "make the column JSONB, or pass JSON.stringify(value) for text",
    "an array": "make the column JSONB or an array, or pass JSON.stringify(value) for text",
  },
  mysql: {
    ...anywhere,
    "a boolean": "make the column BOOLEAN",
    "a Date": "make the column DATETIME(3), or pass toISOString() for text or getTime() for a BIGINT",
    bytes: "make the column VARBINARY or BLOB",
    "an object": "pass JSON.stringify(value) for text, or make the column JSON, which MariaDB lacks",
    "an array": "pass JSON.stringify(value) for text, or make the column JSON, which MariaDB lacks",
  },
}
