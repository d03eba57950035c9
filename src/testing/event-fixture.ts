import type { AuditAdapter, AuditPlace, AuditRecord } from "../audit/audit-port.ts"
import type { UserId } from "../core/ports.ts"
import type { AnyAdapter } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"
import { sessionId } from "./session-fixture.ts"

/** The time of the first events, in 2025. */
export const firstMoment = new Date(Date.UTC(2025, 0, 1, 0, 0, 0, 123))

/** Returns the id of event `n`. Ids are ordered by `n`. */
export function eventId(n: number): string {
  return `e${n.toString(16).padStart(31, "0")}`
}

/** Creates event `n` of a user, or without a user. All events have the same millisecond. */
export function eventOf(userId: UserId | null, n: number, changes: Partial<AuditRecord> = {}): AuditRecord {
  const [id, detail] = [eventId(n), `{"n":${n}}`]
  return { id, at: firstMoment, type: "session_created", userId, sessionId: sessionId(n), detail, ...changes }
}

/** Creates the helpers of the audit port's cases, in addition to {@link startTrial}. */
export function eventChecks(adapter: AnyAdapter & AuditAdapter) {
  /** Lists events with exactly the fields of an event. */
  async function list(userId: UserId, before: AuditPlace | null = null, limit = 100): Promise<AuditRecord[]> {
    return (await adapter.listEvents(userId, before, limit)).map(fieldsOf)
  }

  /** Throws unless exactly these events of the user are listed, in this order. */
  async function expectEvents(userId: UserId, ...events: AuditRecord[]): Promise<void> {
    expectEqual(`listEvents(${format(userId)})`, await list(userId), events.map(fieldsOf))
  }

  return { list, expectEvents }
}

function fieldsOf({ id, at, type, userId, sessionId: ofSession, detail }: AuditRecord): AuditRecord {
  return { id, at, type, userId, sessionId: ofSession, detail }
}
