import type { Auth, AuthOptions, IdOf, RejectionReason, Session, SessionValidation, User } from "./auth.ts"
import { AuthError, attempt } from "./errors.ts"
import { createEmitter } from "./events.ts"
import type { AuthEventDetails, AuthEventType, Emit } from "./events.ts"
import { checkOrigins } from "./origin.ts"
import { createPolicy, endOf, extensionOf, nextDeadline } from "./policy.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "./ports.ts"
import { createSessionCookies, longestMaxAge } from "./session-cookie.ts"
import { createToken, hashToken, isSessionId, isToken } from "./token.ts"

const day = 86_400_000
const batchSize = 1000
const methods = "insertSession findSession listSessions extendSession updateSession replaceSession deleteSession"
const port = `${methods} deleteUserSessions deleteExpiredSessions`.split(" ") as (keyof SessionAdapter<never>)[]

/**
 * Makes an auth over an adapter.
 *
 * Throws `invalid_option` for a duration, cookie or origin that cannot be right and `missing_port` for an adapter that
 * lacks a method. What its methods throw is an {@link AuthError} too: `store_failed` with the driver's error as its cause.
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
>(
  options: AuthOptions<UserRow, SessionRow, UserAttributes, SessionAttributes>,
): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes> {
  type Record = SessionRecord<SessionRow>
  type Found = FoundSession<UserRow, SessionRow>
  type Id = IdOf<UserRow>
  type OwnSession = Session<UserRow, SessionAttributes>
  type OwnUser = User<UserRow, UserAttributes>

  const adapter = checked(options?.adapter)
  const { getUserAttributes, getSessionAttributes, loadUser, now = Date.now } = options
  const policy = createPolicy(options.session)
  const cookies = createSessionCookies(options.cookie, policy.absoluteTimeout)
  const trustedOrigins = checkOrigins(options.trustedOrigins)
  const emitter = createEmitter(options.onEvent, now)

  return over(adapter, emitter)

  function over(
    adapter: SessionAdapter<UserRow, SessionRow>,
    emit: Emit,
    extensions = new Map<string, Promise<Date | null>>(),
  ): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes> {
    async function createSession(userId: Id, attributes = {} as SessionRow) {
      const token = createToken()
      const createdAt = new Date(now())
      const expiresAt = new Date(nextDeadline(createdAt, +createdAt, policy))
      const record = { id: hashToken(token), userId, createdAt, expiresAt, attributes }
      await attempt(() => adapter.insertSession(record))
      emit("session_created", { userId, sessionId: record.id })
      return { session: toSession(record, true), token }
    }

    async function validateSession(token: unknown): Promise<SessionValidation<OwnSession, OwnUser>> {
      const found = await findLive(token)
      if (typeof found === "string") return reject(found)
      const { session: record } = found
      const row = found.user === undefined ? await load(record.userId as Id) : found.user
      if (!row) return reject("user_missing", record)
      const due = extensionOf(record, now(), policy)
      const expiresAt = due && (await extendOnce(record, due.to, due.ifBefore))
      const session = toSession(expiresAt ? { ...record, expiresAt } : record, expiresAt !== null)
      return { session, user: toUser(row) }
    }

    async function findLive(token: unknown): Promise<Found | RejectionReason> {
      if (!isToken(token)) return "malformed"
      const id = hashToken(token)
      const found = await attempt(() => adapter.findSession(id))
      if (!found) return "unknown"
      return isLive(found.session) ? found : "expired"
    }

    function reject(reason: RejectionReason, record?: Record) {
      emit("rejected", { reason, ...(record && { userId: record.userId, sessionId: record.id }) })
      return { session: null, user: null, reason }
    }

    // The requests of one page arrive together: they share one write.
    function extendOnce(record: Record, to: Date, ifBefore: Date): Promise<Date | null> {
      const running = extensions.get(record.id)
      if (running) return running
      const extension = extend(record, to, ifBefore).finally(() => extensions.delete(record.id))
      extensions.set(record.id, extension)
      return extension
    }

    async function extend({ id, userId }: Record, to: Date, ifBefore: Date): Promise<Date | null> {
      const details = { userId, sessionId: id }
      try {
        if (!(await attempt(() => adapter.extendSession(id, to, ifBefore)))) return null
        emit("session_extended", details)
        return to
      } catch (error) {
        // The session is live all the same, and the next request tries again.
        emit("extension_failed", { ...details, reason: (error as AuthError).code })
        return null
      }
    }

    async function rotateSession(token: unknown) {
      const found = await findLive(token)
      if (typeof found === "string" || found.user === null) return null
      const { session: record } = found
      const newToken = createToken()
      const expiresAt = new Date(nextDeadline(record.createdAt, now(), policy))
      const next = { ...record, id: hashToken(newToken), expiresAt }
      if (!(await attempt(() => adapter.replaceSession(record.id, next)))) return null
      emit("session_rotated", { userId: next.userId, sessionId: next.id })
      return { session: toSession(next, true), token: newToken }
    }

    async function updateSession(sessionId: string, attributes: Partial<SessionRow>) {
      return isSessionId(sessionId) && attempt(() => adapter.updateSession(sessionId, attributes))
    }

    async function getUserSessions(userId: IdOf<UserRow>) {
      const records = await attempt(() => adapter.listSessions(userId as Id))
      return records.filter(isLive).map((record) => toSession(record, false))
    }

    async function invalidateSession(sessionId: string, owner: { userId?: Id } = {}) {
      const { userId } = owner
      if ("userId" in owner && userId == null) {
        throw new AuthError(
          "invalid_option",
          "invalidateSession: userId is missing. Leave it out to end anyone's session.",
        )
      }
      if (!isSessionId(sessionId)) return false
      const ended = await attempt(() => adapter.deleteSession(sessionId, userId))
      if (ended) emit("session_ended", { sessionId, ...(userId !== undefined && { userId }) })
      return ended
    }

    async function invalidateUserSessions(userId: IdOf<UserRow>, { except }: { except?: string } = {}) {
      await attempt(() => adapter.deleteUserSessions(userId as Id, except))
      emit("sessions_ended", { userId: userId as Id })
    }

    async function deleteExpiredSessions() {
      // A day's margin: a server whose clock runs ahead must not delete what the others still accept.
      const before = new Date(now() - day)
      for (let total = 0; ;) {
        const deleted = await attempt(() => adapter.deleteExpiredSessions(before, batchSize))
        total += deleted
        if (deleted < batchSize) return total
      }
    }

    const auth = {
      ...cookies,
      trustedOrigins,
      renewsCookie: policy.absoluteTimeout > longestMaxAge * 1000,
      createSession,
      validateSession,
      rotateSession,
      updateSession,
      getUserSessions,
      invalidateSession,
      invalidateUserSessions,
      deleteExpiredSessions,
      withAdapter: (other: SessionAdapter<UserRow, SessionRow>) => over(checked(other), emit),
      withRequest: (request: unknown) => (options.onEvent ? over(adapter, naming(request, emit), extensions) : auth),
      emit,
    }
    return auth
  }

  function isLive(record: Record): boolean {
    return now() < endOf(record, policy)
  }

  async function load(userId: Id): Promise<UserRow | null> {
    if (loadUser) return attempt(() => loadUser(userId))
    if (!getUserAttributes) return { id: userId } as UserRow
    throw new AuthError("missing_port", "getUserAttributes needs loadUser, because this adapter stores sessions only.")
  }

  function toUser(row: UserRow): OwnUser {
    return { ...(getUserAttributes?.(row) as UserAttributes), id: row.id as Id }
  }

  function toSession({ id, userId, createdAt, expiresAt, attributes }: Record, fresh: boolean): OwnSession {
    const end = new Date(endOf({ createdAt, expiresAt }, policy))
    const own = getSessionAttributes?.(attributes) as SessionAttributes
    return { ...own, id, userId: userId as Id, createdAt, expiresAt: end, fresh }
  }
}

function naming(request: unknown, emit: Emit): Emit {
  return (type: AuthEventType, details: AuthEventDetails) => emit(type, { ...details, request })
}

function checked<UserRow, SessionRow>(
  adapter: SessionAdapter<UserRow, SessionRow>,
): SessionAdapter<UserRow, SessionRow> {
  const missing = port.find((method) => typeof adapter?.[method] !== "function")
  if (missing) throw new AuthError("missing_port", `The adapter has no ${missing}(). See SessionAdapter.`)
  return adapter
}
