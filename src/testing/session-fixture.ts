import type { SessionRecord, UserId } from "../core/ports.ts"
import type { AdapterSetup, LabelRow, Trial } from "./adapter-case.ts"
import { expectDate, expectEqual, format } from "./expectation.ts"

/** A session of the cases. */
export type Session = SessionRecord<LabelRow>

type SessionTrial = Pick<Trial, "precision"> & {
  adapter: Pick<AdapterSetup["adapter"], "insertSession" | "findSession">
}

const minute = 60_000

/** A deadline `minutes` after a moment in 2035, which no store takes for expired. */
export function liveUntil(minutes: number): Date {
  return new Date(Date.UTC(2035, 0, 1) + minutes * minute)
}

/** A deadline `minutes` after a moment in 2019. */
export function expiredAt(minutes: number): Date {
  return new Date(Date.UTC(2019, 5, 1) + minutes * minute)
}

/** A date moved by milliseconds. */
export function shift(date: Date, milliseconds: number): Date {
  return new Date(date.getTime() + milliseconds)
}

/** The id of session `n`: 64 lower-case hex digits, with letters and a long common beginning. */
export function sessionId(n: number): string {
  return "abcdef0123456789".repeat(3) + n.toString(16).padStart(16, "0")
}

/** Makes session `n` of a user. The higher `n`, the newer it is. */
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

/** Inserts session `n` of a user, and resolves to it. */
export async function addSession(
  { adapter }: SessionTrial,
  userId: UserId,
  n: number,
  changes?: Partial<Session>,
): Promise<Session> {
  const session = sessionOf(userId, n, changes)
  await adapter.insertSession(session)
  return session
}

/** Throws unless the store holds the session as given; `changes` are what a case has changed since. */
export async function expectStored(trial: SessionTrial, session: Session, changes?: Partial<Session>): Promise<void> {
  const found = await trial.adapter.findSession(session.id)
  if (!found) throw new Error(`findSession(${format(session.id)}): expected the session, got ${format(found)}`)
  expectSession(trial, found.session, { ...session, ...changes })
}

/** Throws unless a session reads as expected. */
export function expectSession(trial: Pick<Trial, "precision">, actual: Session, expected: Session): void {
  expectEqual("session.id", actual.id, expected.id)
  expectEqual("session.userId", actual.userId, expected.userId)
  expectTime(trial, "session.createdAt", actual.createdAt, expected.createdAt)
  expectTime(trial, "session.expiresAt", actual.expiresAt, expected.expiresAt)
  expectEqual("session.attributes.label", actual.attributes.label ?? null, expected.attributes.label ?? null)
}

/** Throws unless the store has no session of this id. */
export async function expectNoSession({ adapter }: Pick<SessionTrial, "adapter">, id: string): Promise<void> {
  expectEqual(`findSession(${format(id)})`, await adapter.findSession(id), null)
}

/** Throws unless exactly these sessions of the user are listed, in any order. */
export async function expectListed(trial: Pick<Trial, "adapter">, userId: UserId, sessions: Session[]): Promise<void> {
  const listed = await trial.adapter.listSessions(userId)
  expectEqual(`listSessions(${format(userId)})`, idsOf(listed).sort(), idsOf(sessions).sort())
}

/** The ids of sessions. */
export function idsOf(sessions: Session[]): string[] {
  return sessions.map(({ id }) => id)
}

/** Reads a column of a row that the application owns. */
export function columnOf(row: object, name: string): unknown {
  return Reflect.get(row, name)
}

function expectTime({ precision }: Pick<Trial, "precision">, what: string, actual: Date, expected: Date): void {
  expectDate(what, actual)
  const lost = expected.getTime() - actual.getTime()
  if (!(lost >= 0 && lost < precision)) expectEqual(what, actual, expected)
}
