import type { SessionRecord, UserId } from "../../src/core/ports.ts"
import type { StoredKey } from "./key-port.ts"

/** A row as an ORM reads it: fields by the names of the application's schema. */
type Row = Record<string, unknown>

/** Reads a session whose times are read already; `null` if what the library needs of it is not there. */
export function readSession(
  { id, userId }: Row,
  createdAt: Date | null,
  expiresAt: Date | null,
  attributes: Row,
): SessionRecord<Row> | null {
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
