import { isDate } from "../../platform/realm.ts"
import type { SessionRecord, UserId } from "../../core/ports.ts"
import type { DatabaseSession } from "./lucia-adapter.ts"

// No creation time. Only `absoluteTimeout: false` gets here, which needs a valid date, but not the true one.
const unknownTime = 0

/** Converts a session for an adapter of Lucia v3. Its attributes must be columns: see `requireColumns`. */
export function toStored(session: SessionRecord, createdAt: string | undefined): DatabaseSession {
  const { id, userId, expiresAt, attributes } = session
  const created = createdAt === undefined ? {} : { [createdAt]: session.createdAt.getTime() }
  return { id, userId, expiresAt: new Date(expiresAt), attributes: { ...attributes, ...created } }
}

/** Reads a session that an adapter of Lucia v3 found. An invalid time becomes an invalid date, which is never live. */
export function fromStored(session: DatabaseSession, createdAt: string | undefined): SessionRecord {
  const { id, userId, expiresAt } = session
  const columns = Object.entries(session.attributes)
  const created = columns.find(([name]) => name === createdAt)?.[1]
  return {
    id,
    // A database object, such as an ObjectId, is only passed back to the adapter, and compared by its text.
    userId: userId as UserId,
    createdAt: new Date(createdAt === undefined ? unknownTime : toMilliseconds(created)),
    expiresAt: toDate(expiresAt),
    attributes: Object.fromEntries(columns.filter(([name]) => name !== createdAt)),
  }
}

// Some drivers return 64-bit integers as bigint, others as text.
function toMilliseconds(value: unknown): number {
  if (isDate(value)) return value.getTime()
  return typeof value === "number" || typeof value === "bigint" || /^\d+$/.test(String(value)) ? Number(value) : NaN
}

// Drizzle makes the drivers it shares return PostgreSQL's own text. Without a time zone, that text is not an instant.
function toDate(value: unknown): Date {
  if (isDate(value)) return new Date(value)
  const [, day, time, zone = ""] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d(?::\d\d)?)$/.exec(String(value)) ?? []
  return new Date(`${day}T${time}${/^.\d\d$/.test(zone) ? `${zone}:00` : zone}`)
}
