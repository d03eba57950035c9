import type { SessionRecord, UserId } from "../../src/core/ports.ts"
import { isDate } from "../../src/platform/realm.ts"
import type { StoredKey } from "./key-port.ts"
import type { Owner } from "./names.ts"
import type { NewSession } from "./session-port.ts"

/** A row as an ORM reads it: fields by the names of the application's schema. */
type Row = Record<string, unknown>

/** The fields that the library keeps. */
export const coreFields: Record<Owner, string[]> = {
  user: ["id"],
  session: ["id", "userId", "createdAt", "expiresAt"],
  key: ["id", "userId", "hashedPassword"],
}

/** A field of times, whatever the schema keeps in it. */
export interface TimeField {
  /** Makes the field's value of milliseconds since 1970, rounded down to what the field can hold. */
  encode(time: number): unknown
  /** Reads the field's value; `null` if it is not a time. */
  decode(value: unknown): Date | null
}

/** The times of a session. */
export interface SessionTimes {
  createdAt: TimeField
  expiresAt: TimeField
}

/** Makes a date of a date, or of a number of some unit; `null` if it is not a time. */
export function toDate(value: unknown, milliseconds = 1): Date | null {
  if (value === null || value === undefined) return null
  const date = isDate(value) ? value : new Date(Number(value) * milliseconds)
  return Number.isNaN(date.getTime()) ? null : date
}

/** Makes the row of a session to be stored. */
export function sessionRow(times: SessionTimes, session: NewSession<UserId, Row>): Row {
  const { id, user, attributes } = session
  const [createdAt, expiresAt] = [times.createdAt.encode(session.createdAt), times.expiresAt.encode(session.expiresAt)]
  return { ...attributes, id, userId: user, createdAt, expiresAt }
}

/** Reads the session of a row; `null` if what the library needs of it is not there. */
export function readSession(times: SessionTimes, row: Row): SessionRecord<Row> | null {
  const { id, userId, createdAt, expiresAt, ...attributes } = row
  return sessionOf(times, { id, userId, createdAt, expiresAt }, attributes)
}

/** Makes the session of its core fields and its attributes; `null` if what the library needs of it is not there. */
export function sessionOf(times: SessionTimes, core: Row, attributes: Row): SessionRecord<Row> | null {
  const { id, userId } = core
  const [createdAt, expiresAt] = [times.createdAt.decode(core.createdAt), times.expiresAt.decode(core.expiresAt)]
  if (typeof id !== "string" || !isUserId(userId) || !createdAt || !expiresAt) return null
  return { id, userId, createdAt, expiresAt, attributes }
}

/** Reads a key; `null` if it is nobody's or has no name. */
export function readKey({ id, userId, hashedPassword }: Row): StoredKey | null {
  if (typeof id !== "string" || !isUserId(userId)) return null
  return { id, userId, passwordHash: typeof hashedPassword === "string" ? hashedPassword : null }
}

/** Returns whether a value can be a user id, and is not anything else that a column may hold. */
export function isUserId(value: unknown): value is UserId {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint"
}
