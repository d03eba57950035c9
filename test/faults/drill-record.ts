/** When something began and ended, in the order of all that happened. What was never answered may end at any time. */
interface Span {
  began: number
  ended: number
}

/** A session that was handed out. */
export interface DrillSession extends Span {
  id: string
  token: string
  userId: string
  /** The password by which it was made; `null` for a link. */
  password: string | null
}

/** What ends a session, or all of a user that were handed out before. */
interface Revocation extends Span {
  what: { id: string } | { userId: string }
}

/** What the parent of a drill knows: what was begun and what was acknowledged. */
export interface DrillRecord {
  sessions: DrillSession[]
  revocations: Revocation[]
  links: { token: string; userId: string }[]
  codes: { handle: string; code: string }[]
  pendings: { pending: string; userId: string; password: string }[]
  sets: string[][]
  guests: string[]
  passwords: string[]
  /** How often each secret was accepted. */
  accepted: Map<string, number>
  /** How many wrong codes were refused, by handle. */
  wrongTries: Map<string, number>
  /** How many attempts were let through, by key. */
  attempts: Map<string, number>
  /** What must not happen, as it was seen. */
  broken: Set<string>
  /** How many calls were answered, by name, and how many failed. */
  answered: Map<string, number>
  failed: number
}

export function createRecord(): DrillRecord {
  return {
    sessions: [],
    revocations: [],
    links: [],
    codes: [],
    pendings: [],
    sets: [],
    guests: [],
    passwords: [],
    accepted: new Map(),
    wrongTries: new Map(),
    attempts: new Map(),
    broken: new Set(),
    answered: new Map(),
    failed: 0,
  }
}

/** Counts one more. */
export function count(counts: Map<string, number>, key: string): number {
  const next = (counts.get(key) ?? 0) + 1
  counts.set(key, next)
  return next
}

/** Counts that a secret was accepted, which may happen once. */
export function accept({ accepted, broken }: DrillRecord, secret: string, what: string): void {
  if (count(accepted, secret) > 1) broken.add(`I2: ${what} was accepted twice`)
}

/** Whether a session cannot be live: its end was acknowledged before `at`. */
export function mustBeDead({ revocations }: DrillRecord, session: DrillSession, at = Infinity): boolean {
  return revocations.some(({ what, began, ended }) => {
    if (ended >= at) return false
    return "id" in what ? what.id === session.id : what.userId === session.userId && session.ended < began
  })
}

/** Whether a session may have ended by now. */
export function mayBeDead({ revocations }: DrillRecord, session: DrillSession): boolean {
  return revocations.some(({ what, ended }) =>
    "id" in what ? what.id === session.id : what.userId === session.userId && ended >= session.began,
  )
}

/** Every secret that was handed out or typed: none may be found anywhere. */
export function canaries({ sessions, links, codes, pendings, passwords }: DrillRecord): string[] {
  return [
    ...sessions.map(({ token }) => token),
    ...links.map(({ token }) => token),
    ...codes.flatMap(({ handle, code }) => [handle, code]),
    ...pendings.map(({ pending }) => pending),
    ...passwords,
  ]
}
