import type { SessionRecord, UserId } from "../../src/core/ports.ts"
import { isDate } from "../../src/platform/realm.ts"
import type { StoredKey } from "./key-port.ts"
import type { Owner } from "./names.ts"
import type { NewSession } from "./session-port.ts"

/** A row as an ORM reads it: fields with the names of the application's schema. */
type Row = Record<string, unknown>

/** The fields that the library uses. */
export const coreFields: Record<Owner, string[]> = {
  user: ["id"],
  session: ["id", "userId", "createdAt", "expiresAt"],
  key: ["id", "userId", "hashedPassword"],
}

/** A time field of any type. */
export interface TimeField {
  /** Returns the field's value for milliseconds since 1970, rounded down to what the field can hold. */
  encode(time: number): unknown
  /** Reads the field's value; `null` if it is not a time. */
  decode(value: unknown): Date | null
}

/** The times of a session. */
export interface SessionTimes {
  createdAt: TimeField
  expiresAt: TimeField
}

/** Converts a date, or a number of some unit, to a date; `null` if it is not a time. */
export function toDate(value: unknown, milliseconds = 1): Date | null {
  if (value === null || value === undefined) return null
  const date = isDate(value) ? value : new Date(Number(value) * milliseconds)
  return Number.isNaN(date.getTime()) ? null : date
}

/** Returns the row of a session to insert. */
export function sessionRow(times: SessionTimes, session: NewSession<UserId, Row>): Row {
  const { id, user, attributes } = session
  const [createdAt, expiresAt] = [times.createdAt.encode(session.createdAt), times.expiresAt.encode(session.expiresAt)]
  return { ...attributes, id, userId: user, createdAt, expiresAt }
}

/** Reads a session from a row; `null` if a field that the library needs is missing. */
export function readSession(times: SessionTimes, row: Row): SessionRecord<Row> | null {
  const { id, userId, createdAt, expiresAt, ...attributes } = row
  return sessionOf(times, { id, userId, createdAt, expiresAt }, attributes)
}

/** Builds a session from its core fields and its attributes; `null` if a field that the library needs is missing. */
export function sessionOf(times: SessionTimes, core: Row, attributes: Row): SessionRecord<Row> | null {
  const { id, userId } = core
  const [createdAt, expiresAt] = [times.createdAt.decode(core.createdAt), times.expiresAt.decode(core.expiresAt)]
  if (typeof id !== "string" || !isUserId(userId) || !createdAt || !expiresAt) return null
  return { id, userId, createdAt, expiresAt, attributes }
}

/** Reads a key; `null` if it has no user or no name. */
export function readKey({ id, userId, hashedPassword }: Row): StoredKey | null {
  if (typeof id !== "string" || !isUserId(userId)) return null
  return { id, userId, passwordHash: typeof hashedPassword === "string" ? hashedPassword : null }
}

/** Returns whether a value has a type that a user id can have. */
export function isUserId(value: unknown): value is UserId {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint"
}
