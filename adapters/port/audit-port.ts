import type { AuditAdapter, AuditRecord } from "../../src/audit/audit-port.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { newRowIdOf, rowIdOf, textOf, timeOf, wholeNumberOf } from "./parameters.ts"
import { deletedBatch } from "./session-port.ts"

/** An event to insert, checked and encoded. Times are milliseconds since 1970. */
export interface NewEvent<User> {
  id: string
  at: number
  type: string
  user: User | null
  sessionId: string | null
  detail: string
}

/** The position in a user's events after which a list starts. */
export interface EventPlace {
  at: number
  id: string
}

/** The events of one kind of store, as rows of encoded values. {@link auditPort} builds on them. */
export interface EventRows<Db, User> {
  /** Encodes a user id; `null` if no user can have it. Throws `invalid_option` for another JavaScript type. */
  encodeUser(db: Db, id: UserId): User | null
  /** Stores events. Skips those whose id already exists. */
  insert(db: Db, events: NewEvent<User>[]): Promise<void>
  list(db: Db, user: User, before: EventPlace | null, limit: number): Promise<AuditRecord[]>
  deleteOld(db: Db, before: number, limit: number): Promise<number>
}

const maxTypeBytes = 48
const maxSessionIdBytes = 255
const maxDetailBytes = 65_535

/** Creates the port from rows. It checks and encodes the arguments of every method. */
export function auditPort<Db, User>(open: () => MaybePromise<Db>, rows: EventRows<Db, User>): AuditAdapter {
  function encode(db: Db, { id, at, type, userId, sessionId, detail }: AuditRecord): NewEvent<User> {
    return {
      id: newRowIdOf(id),
      at: timeOf(at, "event"),
      type: textOf("type", type, maxTypeBytes),
      // An event may name a user who never existed, even an id that no user table can hold.
      user: userId === null ? null : rows.encodeUser(db, userId),
      sessionId: sessionId === null ? null : textOf("sessionId", sessionId, maxSessionIdBytes),
      detail: textOf("detail", detail, maxDetailBytes),
    }
  }

  return {
    async insertEvents(events) {
      const db = await open()
      const encoded = events.map((event) => encode(db, event))
      if (encoded.length > 0) await rows.insert(db, encoded)
    },
    async listEvents(userId, before, limit) {
      const most = wholeNumberOf("limit", limit)
      const place = before && { at: timeOf(before.at, "event"), id: rowIdOf(before.id) ?? "" }
      const db = await open()
      const user = rows.encodeUser(db, userId)
      return user === null || most === 0 ? [] : rows.list(db, user, place, most)
    },
    async deleteEvents(before, limit) {
      const [time, most] = [timeOf(before, "event"), wholeNumberOf("limit", limit)]
      return deletedBatch(most, await rows.deleteOld(await open(), time, most))
    },
  }
}
