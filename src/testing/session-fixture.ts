import type { SessionRecord, UserId } from "../core/ports.ts"
import type { AdapterSetup, LabelRow } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"

/** A session in the cases. */
export type Session = SessionRecord<LabelRow>

const minute = 60_000

/** Returns a deadline `minutes` after a moment in 2035, which no store treats as expired. */
export function liveUntil(minutes: number): Date {
  return new Date(Date.UTC(2035, 0, 1) + minutes * minute)
}

/** Returns a deadline `minutes` after a moment in 2019. */
export function expiredAt(minutes: number): Date {
  return new Date(Date.UTC(2019, 5, 1) + minutes * minute)
}

/** Returns a date moved by milliseconds. */
export function shift(date: Date, milliseconds: number): Date {
  return new Date(date.getTime() + milliseconds)
}

/** Returns the id of session `n`: 64 lower-case hex digits, with letters and a long common prefix. */
export function sessionId(n: number): string {
  return "abcdef0123456789".repeat(3) + n.toString(16).padStart(16, "0")
}

/** Creates session `n` of a user. A higher `n` is newer. */
export function sessionOf(userId: UserId, n: number, changes: Partial<Session> = {}): Session {
  const createdAt = new Date(Date.UTC(2025, 0, 1) + n * minute)
  return {
    id: sessionId(n),
    userId,
    createdAt,
    expiresAt: liveUntil(0),
    attributes: { label: `label-${n}` },
    ...changes,
  }
}

/** Throws unless exactly these sessions of the user are listed, in any order. */
export async function expectListed(
  { adapter }: Pick<AdapterSetup, "adapter">,
  userId: UserId,
  sessions: Session[],
): Promise<void> {
  const listed = await adapter.listSessions(userId)
  expectEqual(`listSessions(${format(userId)})`, idsOf(listed).sort(), idsOf(sessions).sort())
}

/** Returns the ids of sessions. */
export function idsOf(sessions: Session[]): string[] {
  return sessions.map(({ id }) => id)
}

/** Reads a column of one of the application's rows. */
export function columnOf(row: object, name: string): unknown {
  return Reflect.get(row, name)
}
