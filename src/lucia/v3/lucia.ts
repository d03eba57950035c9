import { readBearerToken } from "../../core/cookie.ts"
import { checkOption } from "../../core/options.ts"
import { extensionOf, isLive } from "../../core/expiry.ts"
import type { FoundSession, SessionRecord } from "../../core/ports.ts"
import { requireSessionColumns } from "./from-lucia-adapter.ts"
import { generateIdFromEntropySize } from "./generate-id.ts"
import type { Adapter as AnyLuciaAdapter } from "./lucia-adapter.ts"
import { isOwn, toFindUser, toStore } from "./own-adapter.ts"
import type { OwnAdapter } from "./own-adapter.ts"
import type {
  RegisteredDatabaseSessionAttributes,
  RegisteredDatabaseUserAttributes,
  Register,
  UserId,
} from "./register.ts"
import { createLuciaCookies } from "./session-cookies.ts"
import type { Cookie, SessionCookieOptions } from "./session-cookies.ts"
import { sessionsById } from "./stored-ids.ts"
import type { StoredIds } from "./stored-ids.ts"
import type { TimeSpan } from "./time-span.ts"

/** The application's own {@link Lucia}, as registered. */
export type RegisteredLucia = Register extends { Lucia: infer Own extends Lucia<object, object> } ? Own : Lucia

type SessionAttributes = RegisteredLucia extends Lucia<infer Own, object> ? Own : {}
type UserAttributes = RegisteredLucia extends Lucia<object, infer Own> ? Own : {}

/** A session, as the application sees it. */
export interface Session extends SessionAttributes {
  /** The cookie's value. From `getUserSessions`, an id that only names the session. */
  id: string
  expiresAt: Date
  /** Whether this call created or extended the session. If so, set the cookie again. */
  fresh: boolean
  userId: UserId
}

/** A user, as the application sees it. */
export interface User extends UserAttributes {
  id: UserId
}

/** Options of {@link Lucia}. */
export interface LuciaOptions<OwnSession extends object, OwnUser extends object> {
  /** How long a session lives without use. Default: 30 days. It is extended once half of that or less is left. */
  sessionExpiresIn?: Pick<TimeSpan, "milliseconds">
  sessionCookie?: SessionCookieOptions
  /** Default: none, so that no column leaks by accident. */
  getSessionAttributes?: (databaseSessionAttributes: RegisteredDatabaseSessionAttributes) => OwnSession
  /** Default: none, so that no column leaks by accident. */
  getUserAttributes?: (databaseUserAttributes: RegisteredDatabaseUserAttributes) => OwnUser
  /** How session ids are stored. Default: `rekey`. */
  storedIds?: StoredIds
}

const state = Symbol("state of Lucia")

type State<OwnSession extends object, OwnUser extends object> = ReturnType<typeof createState<OwnSession, OwnUser>>
type AnyState = State<object, object>

/**
 * Lucia v3 on its own adapters or those of this package. `docs/lucia/v3-differences.md` lists and explains the
 * differences.
 *
 * Throws `missing_port` without an adapter and `invalid_option` for an invalid lifetime, cookie or `storedIds`.
 *
 * @example
 * export const lucia = new Lucia(new BetterSqlite3Adapter(db, { user: "user", session: "session" }), {
 *   sessionCookie: { attributes: { secure: process.env.NODE_ENV === "production" } },
 *   getUserAttributes: ({ username }) => ({ username }),
 * })
 */
export class Lucia<OwnSession extends object = {}, OwnUser extends object = {}> {
  readonly sessionCookieName: string
  // Under a symbol, so that a subclass can use any member name.
  private readonly [state]: State<OwnSession, OwnUser>

  constructor(adapter: AnyLuciaAdapter | OwnAdapter, options: LuciaOptions<OwnSession, OwnUser> = {}) {
    this[state] = createState(adapter, options)
    this.sessionCookieName = this[state].cookies.name
  }

  /**
   * Lists a user's live sessions. Pass their `id` to {@link invalidateSession}. Unless ids are stored in clear, nobody
   * can sign in with it.
   */
  async getUserSessions(userId: UserId): Promise<Session[]> {
    const now = Date.now()
    const sessions = await this[state].sessions.list(userId, (session) => isLive(session, now, this[state].policy))
    return sessions.map((session) => toSession(this[state], session, session.id, false))
  }

  /** Finds a live session and its user by the cookie's value, and extends it once half of its lifetime or less is left. */
  async validateSession(sessionId: string): Promise<{ user: User; session: Session } | { user: null; session: null }> {
    const now = Date.now()
    const isUsable = ({ session, user }: FoundSession<object>) =>
      user !== null && isLive(session, now, this[state].policy)
    const found = await this[state].sessions.find(sessionId, isUsable)
    const row = found && (found.user ?? (await this[state].findUser(found.session.userId)))
    if (!found || !row) return { user: null, session: null }
    const expiresAt = await extend(this[state], found.session, now)
    const record = expiresAt ? { ...found.session, expiresAt } : found.session
    const session = toSession(this[state], record, sessionId, expiresAt !== null)
    return { user: toUser(this[state], record, row), session }
  }

  /**
   * Stores a new session. Its `id` is the cookie's value: 40 characters of base32, or `sessionId`. Throws
   * `invalid_option` for an attribute that would overwrite one of the library's columns, and for an id that could not
   * be found again.
   */
  async createSession(
    userId: UserId,
    attributes: RegisteredDatabaseSessionAttributes,
    options?: { sessionId?: string },
  ): Promise<Session> {
    const id = options?.sessionId ?? generateIdFromEntropySize(25)
    const own = { ...attributes }
    requireSessionColumns(Object.keys(own), this[state].createdAt)
    const createdAt = new Date()
    const expiresAt = new Date(createdAt.getTime() + this[state].policy.idleTimeout)
    const record = { id, userId, createdAt, expiresAt, attributes: own }
    await this[state].sessions.insert(record)
    return toSession(this[state], record, id, true)
  }

  /** Ends a session, by the cookie's value or an id from {@link getUserSessions}. May be repeated. */
  async invalidateSession(sessionId: string): Promise<void> {
    await this[state].sessions.end(sessionId)
  }

  /** Ends all sessions of a user. */
  async invalidateUserSessions(userId: UserId): Promise<void> {
    await this[state].store.deleteUserSessions(userId)
  }

  /** Deletes expired sessions. With an adapter of this package, only those that expired more than 24 hours ago. */
  async deleteExpiredSessions(): Promise<void> {
    // A day's margin: a server whose clock is ahead must not delete sessions that the others still accept.
    const before = new Date(Date.now() - 86_400_000)
    const { store } = this[state]
    while ((await store.deleteExpiredSessions(before, 1000)) >= 1000) continue
  }

  /** Reads the argument of {@link validateSession} from a `Cookie` header; `null` for several different values. */
  readSessionCookie(cookieHeader: string | null | undefined): string | null {
    return this[state].cookies.read(cookieHeader)
  }

  /** Reads the token from an `Authorization: Bearer` header. The scheme is case-insensitive. */
  readBearerToken(authorizationHeader: string | null | undefined): string | null {
    return readBearerToken(authorizationHeader)
  }

  /** Creates the cookie for a created or validated session. Its `maxAge` is in seconds. */
  createSessionCookie(sessionId: string): Cookie {
    return this[state].cookies.create(sessionId)
  }

  /** Creates the cookie that deletes the session cookie. */
  createBlankSessionCookie(): Cookie {
    return this[state].cookies.createBlank()
  }
}

function createState<OwnSession extends object, OwnUser extends object>(
  adapter: AnyLuciaAdapter | OwnAdapter,
  options: LuciaOptions<OwnSession, OwnUser>,
) {
  const store = toStore(adapter)
  const policy = { idleTimeout: readLifetime(options.sessionExpiresIn), absoluteTimeout: Infinity }
  return {
    store,
    policy,
    cookies: createLuciaCookies(options.sessionCookie, policy.idleTimeout),
    sessions: sessionsById(options.storedIds ?? "rekey", store),
    createdAt: isOwn(adapter) ? "createdAt" : undefined,
    findUser: toFindUser(adapter),
    // Without the function there is nothing to add, and the type argument is its empty default.
    getSessionAttributes: options.getSessionAttributes ?? (() => ({}) as OwnSession),
    getUserAttributes: options.getUserAttributes ?? (() => ({}) as OwnUser),
  }
}

async function extend({ store, policy }: AnyState, session: SessionRecord, now: number): Promise<Date | null> {
  const due = extensionOf(session, now, policy)
  if (!due) return null
  try {
    return (await store.extendSession(session.id, due.to, due.ifBefore)) ? due.to : null
  } catch {
    // The session is still live, and the next request tries again.
    return null
  }
}

function toSession({ getSessionAttributes }: AnyState, record: SessionRecord, id: string, fresh: boolean): Session {
  const { userId, expiresAt, attributes } = record
  // The application has registered the columns that the store returns.
  const own = getSessionAttributes(attributes as RegisteredDatabaseSessionAttributes)
  return { ...own, id, userId, fresh, expiresAt } as unknown as Session
}

function toUser({ getUserAttributes }: AnyState, { userId }: SessionRecord, row: object): User {
  const { id = userId, ...attributes } = row as { id?: UserId }
  // The application has registered the columns that the store returns.
  return { ...getUserAttributes(attributes as RegisteredDatabaseUserAttributes), id } as unknown as User
}

function readLifetime(span: Pick<TimeSpan, "milliseconds"> | undefined): number {
  const milliseconds = span ? span.milliseconds() : 30 * 86_400_000
  const isLength = milliseconds > 0 && milliseconds <= 3.2e13
  const problem = "milliseconds are not a lifetime; use more than 0 and at most 1,000 years"
  checkOption("sessionExpiresIn", milliseconds, isLength, problem)
  return milliseconds
}
