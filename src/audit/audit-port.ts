import type { UserId } from "../core/ports.ts"

/** An event as a store keeps it. */
export interface AuditRecord {
  /**
   * A random id, which orders events of the same millisecond. It has up to 64 lower-case letters and digits, which
   * every database sorts alike.
   */
  id: string
  at: Date
  /** The type of the event, such as `session_created`, in up to 40 characters. */
  type: string
  /**
   * The user, or `null` if unknown. It is not a foreign key: events outlive the user, and may name one who never
   * existed.
   */
  userId: UserId | null
  sessionId: string | null
  /** JSON, or an empty string: text without NUL, up to 65,535 bytes as UTF-8. */
  detail: string
}

/** An event's place in the order of {@link AuditAdapter.listEvents}. */
export interface AuditPlace {
  at: Date
  id: string
}

/** Stores events, in the table `auth_event`. The rules of `SessionAdapter` also apply here. */
export interface AuditAdapter {
  /** Stores events. An id that already exists is skipped, so that a batch can be sent again. */
  insertEvents(events: AuditRecord[]): Promise<void>
  /**
   * Lists a user's events, newest first, and by descending id within a millisecond. Returns at most `limit` of them,
   * starting after `before`.
   */
  listEvents(userId: UserId, before: AuditPlace | null, limit: number): Promise<AuditRecord[]>
  /** Deletes at most `limit` events with `at <= before`. Resolves to how many. */
  deleteEvents(before: Date, limit: number): Promise<number>
}
