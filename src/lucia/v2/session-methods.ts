import { createOnce } from "../../core/once.ts"
import type { FoundSession, SessionRecord } from "../../core/ports.ts"
import { isSessionId } from "../../core/session-token.ts"
import { requireColumns } from "../v3/columns.ts"
import { sessionsById } from "../v3/stored-ids.ts"
import type { AnySession, UserFields } from "./auth.ts"
import type { Settings } from "./configuration.ts"
import type { SessionSchema, UserSchema } from "./lucia-adapter.ts"
import { LuciaError, ofUser } from "./lucia-error.ts"
import { generateRandomString } from "../v3/generate-id.ts"
import { toLuciaId, toTime } from "./session-port.ts"

interface Users {
  /** Throws `AUTH_INVALID_USER_ID`. */
  getUser: (userId: string) => Promise<UserFields>
  transformDatabaseUser: (row: UserSchema) => UserFields
}

/** Creates the methods for sessions. Throws `invalid_option` for an unknown `storedIds`. */
export function createSessionMethods(settings: Settings, { getUser, transformDatabaseUser }: Users) {
  const { stores, periods, log } = settings
  const store = stores.sessions
  const sessions = sessionsById(settings.storedIds, store)
  const once = createOnce(Date.now)

  return {
    async createSession(options: { sessionId?: string; userId: string; attributes: object }): Promise<AnySession> {
      const { userId, sessionId: id = generateRandomString(40) } = options
      const attributes = { ...options.attributes }
      requireSessionColumns(attributes)
      // Checks the user first, so that no session without a user is left behind.
      const user = await getUser(userId)
      const record = { id, userId, createdAt: new Date(), expiresAt: nextDeadlines(periods).idle, attributes }
      await ofUser(sessions.insert(record))
      return toSession(record, id, user)
    },
    async getSession(sessionId: string): Promise<AnySession> {
      return toFoundSession(await find(sessionId), sessionId)
    },
    async validateSession(sessionId: string): Promise<AnySession> {
      const found = await find(sessionId)
      const session = toFoundSession(found, sessionId)
      if (session.state === "active") return session
      const { active, idle } = nextDeadlines(periods)
      // The requests of one page arrive together, and only one of them writes.
      if (!(await once(found.session.id, () => extend(settings, found.session, idle)))) return session
      log("session", "Session renewed")
      return { ...session, activePeriodExpiresAt: active, idlePeriodExpiresAt: idle, fresh: true }
    },
    async getAllUserSessions(userId: string): Promise<AnySession[]> {
      const user = await getUser(userId)
      const records = await sessions.list(userId, isLive)
      return records.map((record) => toSession(record, record.id, user))
    },
    async updateSessionAttributes(sessionId: string, attributes: object): Promise<AnySession> {
      requireSessionColumns(attributes)
      const { session } = await findNamed(sessionId)
      const isUpdated = await store.updateSession(session.id, attributes)
      const updated = isUpdated ? await store.findSession(session.id) : null
      if (!updated || !isUsable(updated)) throw invalidSession()
      return toFoundSession(updated, sessionId)
    },
    async invalidateSession(sessionId: string): Promise<void> {
      if (!sessionId) throw invalidSession()
      await sessions.end(sessionId)
      log("session", "Session ended")
    },
    invalidateAllUserSessions: (userId: string) => store.deleteUserSessions(userId),
    async deleteDeadUserSessions(userId: string): Promise<void> {
      // A day's margin: a server whose clock is ahead must not delete sessions that the others still accept.
      const before = Date.now() - 86_400_000
      const listed = await store.listSessions(userId)
      const dead = listed.filter(({ expiresAt }) => expiresAt.getTime() < before)
      await Promise.all(dead.map(({ id }) => store.deleteSession(id)))
    },
    transformDatabaseSession,
  }

  async function find(sessionId: string): Promise<FoundSession<object>> {
    const found = await sessions.find(sessionId, isUsable)
    if (found) return found
    log("session", "Session not found, over, or of no user")
    throw invalidSession()
  }

  async function findNamed(sessionId: string): Promise<FoundSession<object>> {
    // A listed id is the stored id itself, and names a session without signing in.
    const found = isSessionId(sessionId) ? await store.findSession(sessionId) : null
    return found && isUsable(found) ? found : find(sessionId)
  }

  function toFoundSession({ session, user }: FoundSession<object>, sessionId: string): AnySession {
    // A usable session has a user.
    return toSession(session, sessionId, transformDatabaseUser(user as UserSchema))
  }

  function toSession(record: SessionRecord, sessionId: string, user: UserFields): AnySession {
    const row = {
      ...record.attributes,
      id: sessionId,
      user_id: toLuciaId(record.userId),
      active_expires: stores.activeUntil(record),
      idle_expires: record.expiresAt.getTime(),
    }
    // The application has declared these columns.
    return transformDatabaseSession(row as SessionSchema, { user, fresh: false })
  }

  function transformDatabaseSession<User>(row: SessionSchema, { user, fresh }: { user: User; fresh: boolean }) {
    const active = toTime(row.active_expires)
    return {
      ...settings.getSessionAttributes(row),
      user,
      sessionId: row.id as string,
      activePeriodExpiresAt: new Date(active),
      idlePeriodExpiresAt: new Date(toTime(row.idle_expires)),
      state: Date.now() <= active ? ("active" as const) : ("idle" as const),
      fresh,
    }
  }
}

function requireSessionColumns(attributes: object): void {
  const reserved = ["id", "user_id", "active_expires", "idle_expires"]
  requireColumns("session attributes", Object.keys(attributes), ...reserved)
}

function nextDeadlines({ activePeriod, idlePeriod }: Settings["periods"]): { active: Date; idle: Date } {
  const active = Date.now() + activePeriod
  return { active: new Date(active), idle: new Date(active + idlePeriod) }
}

async function extend(
  { stores, periods, log }: Settings,
  { id, expiresAt }: SessionRecord,
  idle: Date,
): Promise<boolean> {
  const to = idle.getTime()
  // Less than `to`, so that a row that another process has moved as far is neither shortened nor written again.
  const ifBefore = Math.min(to - 1, Math.max(expiresAt.getTime(), Date.now() + periods.idlePeriod))
  try {
    return await stores.sessions.extendSession(id, idle, new Date(ifBefore))
  } catch {
    // The session is still live, and the next request tries again.
    log("session", "Session could not be renewed")
    return false
  }
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
