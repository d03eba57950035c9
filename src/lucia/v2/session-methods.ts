import { AuthError, isAuthError } from "../../core/errors.ts"
import { invalidOption } from "../../core/options.ts"
import { createOnce } from "../../core/once.ts"
import type { FoundSession, SessionRecord } from "../../core/ports.ts"
import { isSessionId } from "../../core/session-token.ts"
import { isHashLike } from "../v3/exact-ids.ts"
import { clearIds, hashedIds, isPossibleId, rekeyedIds } from "../v3/stored-ids.ts"
import type { SessionsById, StoredIds } from "../v3/stored-ids.ts"
import type { UserFields } from "./auth.ts"
import { requireColumns } from "./columns.ts"
import type { DebugLog, SessionPeriods } from "./configuration.ts"
import type { UserSchema } from "./lucia-adapter.ts"
import { LuciaError } from "./lucia-error.ts"
import { generateRandomString } from "./random-string.ts"
import { createSessionTransform } from "./session-transform.ts"
import type { AnySession, SessionTransformParts } from "./session-transform.ts"
import type { Stores } from "./stores.ts"

/** What the methods about sessions are made of. */
export interface SessionParts extends SessionTransformParts {
  storedIds: StoredIds
  periods: SessionPeriods
  /** Throws `AUTH_INVALID_USER_ID`. */
  getUser: (userId: string) => Promise<UserFields>
  log: DebugLog
}

const kinds = { clear: clearIds, rekey: rekeyedIds, hashed: hashedIds }

/** Makes the methods about sessions. Throws `invalid_option` for an unknown `storedIds`. */
export function createSessionMethods(parts: SessionParts) {
  const { storedIds, stores, periods, getUser, log } = parts
  if (!Object.hasOwn(kinds, storedIds))
    throw invalidOption("storedIds", storedIds, 'is unknown; use "clear", "rekey" or "hashed"')
  const store = stores.sessions
  const sessions = kinds[storedIds](store)
  const once = createOnce(Date.now)
  const { toRow, toSession, transformDatabaseSession } = createSessionTransform(parts)

  async function createSession(options: {
    sessionId?: string
    userId: string
    attributes: object
  }): Promise<AnySession> {
    const { userId, sessionId = generateRandomString(40), attributes } = options
    requireSessionId(sessionId, storedIds)
    requireColumns("session", attributes ?? {})
    // The user first: a session of nobody must not stay behind.
    const user = await getUser(userId)
    const { active, idle } = nextDeadlines(periods)
    const record = {
      id: sessionId,
      userId,
      createdAt: new Date(),
      expiresAt: idle,
      attributes: stores.withActiveUntil(attributes, active.getTime()),
    }
    await insert(sessions, record)
    return transformDatabaseSession(toRow(record, sessionId), { user, fresh: false })
  }

  async function getSession(sessionId: string): Promise<AnySession> {
    const found = await find(sessionId)
    return toSession(found, sessionId)
  }

  async function validateSession(sessionId: string): Promise<AnySession> {
    const found = await find(sessionId)
    const session = toSession(found, sessionId)
    if (session.state === "active") return session
    const { active, idle } = nextDeadlines(periods)
    // The requests of one page arrive together: one of them writes.
    if (!(await once(found.session.id, () => extend(parts, found.session, idle)))) return session
    log("session", "Session renewed")
    return { ...session, activePeriodExpiresAt: active, idlePeriodExpiresAt: idle, fresh: true }
  }

  async function find(sessionId: string): Promise<FoundSession<UserSchema>> {
    const found = isPossibleId(sessionId) ? await sessions.find(sessionId, isUsable) : null
    if (found && isUsable(found)) return found as FoundSession<UserSchema>
    log("session", "Session not found, over, or of no user")
    throw invalidSession()
  }

  async function getAllUserSessions(userId: string): Promise<AnySession[]> {
    const user = await getUser(userId)
    const records = await sessions.list(userId, isLive)
    return records.map((record) => transformDatabaseSession(toRow(record, record.id), { user, fresh: false }))
  }

  async function updateSessionAttributes(sessionId: string, attributes: object): Promise<AnySession> {
    requireColumns("session", attributes)
    const { session } = await findNamed(sessionId)
    if (!(await store.updateSession(session.id, attributes))) throw invalidSession()
    const updated = await store.findSession(session.id)
    if (!updated || !isUsable(updated)) throw invalidSession()
    return toSession(updated, sessionId)
  }

  async function findNamed(sessionId: string): Promise<FoundSession<object>> {
    // What was listed is the stored id itself, and names a session without signing in.
    const found = isSessionId(sessionId) ? await store.findSession(sessionId) : null
    return found && isUsable(found) ? found : find(sessionId)
  }

  async function invalidateSession(sessionId: string): Promise<void> {
    if (!sessionId) throw invalidSession()
    if (isPossibleId(sessionId)) await sessions.end(sessionId)
    log("session", "Session ended")
  }

  async function invalidateAllUserSessions(userId: string): Promise<void> {
    await store.deleteUserSessions(userId)
  }

  return {
    createSession,
    getSession,
    validateSession,
    getAllUserSessions,
    updateSessionAttributes,
    invalidateSession,
    invalidateAllUserSessions,
    deleteDeadUserSessions: (userId: string) => deleteDead(store, userId),
    transformDatabaseSession,
  }
}

function requireSessionId(sessionId: string, storedIds: StoredIds): void {
  if (isPossibleId(sessionId) && !(storedIds === "clear" && isHashLike(sessionId))) return
  throw new AuthError(
    "invalid_option",
    "sessionId: not an id; use 1 to 255 characters without NUL and, with clear ids, not a hash",
  )
}

function nextDeadlines({ activePeriod, idlePeriod }: SessionPeriods): { active: Date; idle: Date } {
  const active = Date.now() + activePeriod
  return { active: new Date(active), idle: new Date(active + idlePeriod) }
}

async function insert(sessions: SessionsById, record: SessionRecord): Promise<void> {
  try {
    await sessions.insert(record)
  } catch (error) {
    throw isAuthError(error) && error.code === "user_missing" ? new LuciaError("AUTH_INVALID_USER_ID") : error
  }
}

async function extend(
  { stores, periods, log }: SessionParts,
  { id, expiresAt }: SessionRecord,
  idle: Date,
): Promise<boolean> {
  const to = idle.getTime()
  // Below `to`, so that a row which another process has moved as far is neither shortened nor written again.
  const ifBefore = Math.min(to - 1, Math.max(expiresAt.getTime(), Date.now() + periods.idlePeriod))
  try {
    return await stores.sessions.extendSession(id, idle, new Date(ifBefore))
  } catch {
    // The session is still live, and the next request tries again.
    log("session", "Session could not be renewed")
    return false
  }
}

async function deleteDead(store: Stores["sessions"], userId: string): Promise<void> {
  // A day's margin: a server whose clock runs ahead must not delete what the others still accept.
  const before = Date.now() - 86_400_000
  const listed = await store.listSessions(userId)
  const dead = listed.filter(({ expiresAt }) => expiresAt.getTime() < before)
  await Promise.all(dead.map(({ id }) => store.deleteSession(id)))
}

function isUsable({ session, user }: FoundSession<object>): boolean {
  return !!user && isLive(session)
}

function isLive({ expiresAt }: Pick<SessionRecord, "expiresAt">): boolean {
  return Date.now() <= expiresAt.getTime()
}

function invalidSession(): LuciaError {
  return new LuciaError("AUTH_INVALID_SESSION_ID")
}
