import { invalidOption } from "../../core/options.ts"
import { isDate } from "../../platform/realm.ts"
import type { SessionRecord, UserId } from "../../core/ports.ts"
import type { DatabaseSession } from "./lucia-adapter.ts"

// Without the creation time. Only `absoluteTimeout: false` gets here, and it asks for a valid date, not for a true one.
const unknownTime = 0
const coreNames = ["id", "userid", "expiresat"]

/** Writes a session as an adapter of Lucia v3 stores it. Its attributes must be columns: see {@link requireColumn}. */
export function toStored(session: SessionRecord, createdAt: string | undefined): DatabaseSession {
  const { id, userId, expiresAt, attributes } = session
  const created = createdAt === undefined ? {} : { [createdAt]: session.createdAt.getTime() }
  return { id, userId, expiresAt: new Date(expiresAt), attributes: { ...attributes, ...created } }
}

/** Reads a session that an adapter of Lucia v3 found. A time that is none is an invalid date, which is never live. */
export function fromStored(session: DatabaseSession, createdAt: string | undefined): SessionRecord {
  const { id, userId, expiresAt } = session
  const columns = Object.entries(session.attributes)
  const created = columns.find(([name]) => name === createdAt)?.[1]
  return {
    id,
    // An object of the database, such as an ObjectId, is only handed back to the adapter, and compared by its text.
    userId: userId as UserId,
    createdAt: new Date(createdAt === undefined ? unknownTime : toMilliseconds(created)),
    expiresAt: toDate(expiresAt),
    attributes: Object.fromEntries(columns.filter(([name]) => name !== createdAt)),
  }
}

/** Throws `invalid_option` unless the name can be that of a column of the application's own. */
export function requireColumn(name: string, createdAt?: string): void {
  const plain = plainName(name)
  // Lucia's adapters spread attributes over their own columns, and quote names without escaping them.
  if (coreNames.includes(plain) || (createdAt !== undefined && plain === plainName(createdAt)))
    throw invalidOption("session attributes", name, "would overwrite a column of the library; rename it")
  if (name === "__proto__" || !/^[\p{L}\p{N}_$-]+$/u.test(name))
    throw invalidOption("session attributes", name, 'cannot be a column; use letters, digits, "_", "$" and "-"')
}

/**
 * Returns whether a value can be a user's id: text, a number, or an object of a class with its own toString(), such as
 * an ObjectId of any copy of `bson`. What JSON or a form can hold is not: `{ $ne: null }` would find every user.
 */
export function isUserId(value: unknown): value is UserId {
  if (typeof value !== "object" || value === null) return ["string", "number", "bigint"].includes(typeof value)
  if (Array.isArray(value) || ArrayBuffer.isView(value) || Object.hasOwn(value, "toString")) return false
  const { toString } = value as { toString?: () => unknown }
  return typeof toString === "function" && !String(toString.call(value)).startsWith("[object ")
}

/** Returns whether a row belongs to a user. Ids are compared by their text: drivers give numbers, text or objects. */
export function belongsTo(session: { userId: unknown }, userId: UserId): boolean {
  return String(session.userId) === String(userId)
}

function plainName(name: string): string {
  return name.replaceAll("_", "").toLowerCase()
}

// 64-bit integers arrive as bigint from some drivers and as text from others.
function toMilliseconds(value: unknown): number {
  if (isDate(value)) return value.getTime()
  return typeof value === "number" || typeof value === "bigint" || /^\d+$/.test(String(value)) ? Number(value) : NaN
}

// Drizzle makes the drivers that it shares return PostgreSQL's own text. Without a time zone that text is not an instant.
function toDate(value: unknown): Date {
  if (isDate(value)) return new Date(value)
  const [, day, time, zone = ""] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d(?::\d\d)?)$/.exec(String(value)) ?? []
  return new Date(`${day}T${time}${/^.\d\d$/.test(zone) ? `${zone}:00` : zone}`)
}
