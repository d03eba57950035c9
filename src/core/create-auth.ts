import type { Auth, AuthOptions, IdOf, RejectionReason, Session, User } from "./auth.ts"
import { createCookieReader } from "./cookie.ts"
import { door } from "./door.ts"
import { AuthError, guardPort } from "./errors.ts"
import { createEmitter } from "./events.ts"
import type { AuthEventType } from "./events.ts"
import { createOnce } from "./once.ts"
import type { Once } from "./once.ts"
import { checkOption, checkOptions } from "./options.ts"
import { checkOrigins } from "./origin.ts"
import { isPersistent, markToken, plainToken } from "./persistence.ts"
import { createPolicy, endOf, extensionOf, isLive, nextDeadline } from "./expiry.ts"
import type { Extension } from "./expiry.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "./ports.ts"
import { createSessionCookies } from "./session-cookie.ts"
import { createToken, hashToken, isSessionId, isToken } from "./session-token.ts"

const port = [
  "insertSession",
  "findSession",
  "listSessions",
  "extendSession",
  "updateSession",
  "replaceSession",
  "deleteSession",
  "deleteUserSessions",
  "deleteExpiredSessions",
] as const

/**
 * Creates an auth over an adapter.
 *
 * Throws `invalid_option` if an option is unknown, or a duration, cookie option or origin is invalid. Throws
 * `missing_port` if the adapter lacks a method. Its methods throw `store_failed`, an {@link AuthError} with the
 * driver's error as its cause.
 *
 * @example
 * const auth = createAuth({
 *   adapter: nodeSqliteAdapter<{ id: string; username: string }>(db),
 *   getUserAttributes: (row) => ({ username: row.username }),
 * })
 * const { token } = await auth.createSession(user.id)
 * const { session, user } = await auth.validateSession(token)
 */
export function createAuth<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  UserAttributes extends object = {},
  SessionAttributes extends object = {},
  StoredRow = UserRow,
>(
  options: AuthOptions<UserRow, SessionRow, UserAttributes, SessionAttributes, StoredRow>,
): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes> {
  type Record = SessionRecord<SessionRow>
  type Found = FoundSession<UserRow, SessionRow>
  type Id = IdOf<UserRow>
  type OwnSession = Session<UserRow, SessionAttributes>
  type OwnUser = User<UserRow, UserAttributes>

  checkOptions(
    "createAuth()",
    options,
    "adapter",
    "session",
    "cookie",
    "trustedOrigins",
    "getUserAttributes",
    "getSessionAttributes",
    "loadUser",
    "proofsOnly",
    "onEvent",
    "now",
  )
  const policy = createPolicy(options?.session)
  const store = checked(options?.adapter)
  const { now = Date.now } = options
  const cookies = createSessionCookies(options.cookie, policy.absoluteTimeout)
  const readCookie = createCookieReader(cookies.sessionCookieName)
  const trustedOrigins = checkOrigins(options.trustedOrigins)

  return over(store, createOnce(now))

  function checked(adapter: SessionAdapter<UserRow, SessionRow>): SessionAdapter<UserRow, SessionRow> {
    adapter?.checkSession?.(policy)
    return guardPort(adapter, port)
  }

  function over(
    store: SessionAdapter<UserRow, SessionRow>,
    once: Once,
    request?: unknown,
    isInside?: boolean,
  ): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes> {
    const emit = createEmitter(options.onEvent, now, request)
    const auth: Auth<UserRow, SessionRow, UserAttributes, SessionAttributes> = {
      ...cookies,
      trustedOrigins,
      emit,
      readSessionCookie: (header) => readCookie(header, () => emit("cookie_conflict")),

      // The same auth without the two checks, for the library's own modules.
      [door]: () => [over(store, once, request, true), options],

      async createSession(userId, attributes = {} as SessionRow) {
        if (!isInside && options.proofsOnly) throw new AuthError("unsupported", "proofsOnly: true; use createSignIn()")
        checkAttributes(attributes)
        const signIn = { createdAt: new Date(now()), userId, attributes }
        return (await issue("session_created", signIn, store.insertSession))!
      },

      async validateSession(token) {
        const found = await find(token)
        const { session } = found
        if (!session) return reject(found.reason)
        const row = found.user === undefined ? await load(session.userId) : found.user
        if (!row) return reject("user_missing", session)
        const due = extensionOf(session, now(), policy)
        // The requests of one page arrive together, and only one of them writes.
        const extended = due && (await once(session.id, () => extend(session, due)))
        return { session: toSession(extended ?? session, extended !== null), user: toUser(row) }
      },

      async rotateSession(oldToken, attributes) {
        checkAttributes(attributes)
        const { session, user } = await find(oldToken)
        if (!session || user === null) return null
        const changed = { ...session, attributes: { ...session.attributes, ...attributes } }
        return issue("session_rotated", changed, (issued) => store.replaceSession(session.id, issued), oldToken)
      },

      async updateSession(sessionId, attributes, options) {
        checkOptions("updateSession()", options, "ifNull")
        checkAttributes(attributes)
        return isSessionId(sessionId) && store.updateSession(sessionId, attributes, options)
      },

      async getUserSessions(userId) {
        const sessions = await store.listSessions(userId)
        return sessions.filter((session) => isLive(session, now(), policy)).map((session) => toSession(session, false))
      },

      async invalidateSession(id, owner = {}) {
        checkOptions("invalidateSession()", owner, "userId")
        const { userId } = owner
        // Without this check, an undefined user id would drop the condition, and a form could end anyone's session.
        checkOption("userId", userId, !("userId" in owner) || userId != null, "is not a user id; use user.id")
        const ended = isSessionId(id) && (await store.deleteSession(id, userId))
        if (ended) tell("session_ended", { id, userId })
        return ended
      },

      invalidateUserSessions,
      resetUser: invalidateUserSessions,

      async deleteExpiredSessions() {
        // The day's margin is for servers with a fast clock, which must not delete what others still accept.
        const before = new Date(now() - 86_400_000)
        let total = 0
        for (;;) {
          const deleted = await store.deleteExpiredSessions(before, 1000)
          total += deleted
          if (deleted < 1000) return total
        }
      },

      // A separate map: an extension outside may be blocked on a row that the caller's transaction has locked.
      withAdapter: (adapter) => over(checked(adapter), createOnce(now), request),

      withRequest: (caller) => (options.onEvent ? over(store, once, caller) : auth),
    }
    return auth

    /**
     * Throws `invalid_option` for a column that only the library writes: `assuranceColumns` and the key of a bound
     * device.
     */
    function checkAttributes(attributes?: object): void {
      for (const name in attributes)
        checkOption(
          "attributes",
          name,
          isInside || !/^(methods|authenticated_at|device_key)$/.test(name),
          "is not yours; remove it",
        )
    }

    async function invalidateUserSessions(userId: Id, options?: { except?: string | undefined }) {
      checkOptions("invalidateUserSessions()", options, "except")
      await store.deleteUserSessions(userId, options?.except)
      tell("user_sessions_ended", { userId })
    }

    /** Stores a session under a new token. Resolves to `null` if `write` found nothing to replace. */
    async function issue(
      type: AuthEventType,
      signIn: Omit<Record, "id" | "expiresAt">,
      write: (session: Record) => Promise<boolean | void>,
      oldToken?: unknown,
    ) {
      const token = createToken()
      const session = { ...signIn, expiresAt: new Date(nextDeadline(signIn, now(), policy)), id: hashToken(token) }
      if ((await write(session)) === false) return null
      tell(type, session)
      return { session: toSession(session, true), token: markToken(token, isPersistent(oldToken)) }
    }

    function tell(type: AuthEventType, { id, userId }: { id?: string; userId?: UserId | undefined }, reason?: string) {
      emit(type, { userId, sessionId: id, reason })
    }

    // The null is explicit: otherwise a changed Object.prototype could supply a session.
    async function find(
      presented: unknown,
    ): Promise<Found | { session: null; user?: undefined; reason: RejectionReason }> {
      const token = plainToken(presented)
      if (!isToken(token)) return { session: null, reason: "malformed" }
      const found = await store.findSession(hashToken(token))
      if (!found) return { session: null, reason: "unknown" }
      return isLive(found.session, now(), policy) ? found : { session: null, reason: "expired" }
    }

    function reject(reason: RejectionReason, session: Partial<Record> = {}) {
      tell("session_rejected", session, reason)
      return { session: null, user: null, reason }
    }

    async function extend(session: Record, { to, ifBefore }: Extension): Promise<Record | null> {
      try {
        if (!(await store.extendSession(session.id, to, ifBefore))) return null
        tell("session_extended", session)
        return { ...session, expiresAt: to }
      } catch (error) {
        // The session is still live, and the next request tries again.
        tell("session_extension_failed", session, (error as AuthError).code)
        return null
      }
    }
  }

  async function load(userId: UserId): Promise<UserRow | null> {
    if (!options.loadUser && !options.getUserAttributes) return { id: userId } as UserRow
    return guardPort(options, ["loadUser"], "createAuth()").loadUser!(userId as IdOf<StoredRow>)
  }

  function toUser(row: UserRow): OwnUser {
    return { ...(options.getUserAttributes?.(row) as UserAttributes), id: row.id as Id }
  }

  function toSession(record: Record, fresh: boolean): OwnSession {
    return {
      ...(options.getSessionAttributes?.(record.attributes) as SessionAttributes),
      id: record.id,
      userId: record.userId as Id,
      createdAt: record.createdAt,
      expiresAt: new Date(endOf(record, policy)),
      fresh,
    }
  }
}
