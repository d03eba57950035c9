import type { RejectionReason, SessionFields, SessionValidation, Shown } from "../core/auth.ts"
import { AuthError } from "../core/errors.ts"
import { createCookieReader } from "../core/cookie.ts"
import { createEmitter } from "../core/events.ts"
import type { AuthEventType } from "../core/events.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import { joinBytes } from "../platform/bytes.ts"
import { after, isPromise } from "../platform/maybe-promise.ts"
import type { MaybePromise } from "../platform/maybe-promise.ts"
import { checkOrigins } from "../core/origin.ts"
import { isPersistent, markToken, plainToken } from "../core/persistence.ts"
import { createPolicy, endOf, extensionOf, isLive, nextDeadline } from "../core/expiry.ts"
import type { UserId } from "../core/ports.ts"
import { createSessionCookies } from "../core/session-cookie.ts"
import type { StatelessAuth, StatelessAuthOptions } from "./auth.ts"
import { createEnvelope, nonceBytes } from "../envelope/envelope.ts"
import { createRevoking } from "./revoking.ts"
import { createCheck } from "./schema.ts"
import { idBytes, isStatelessId, readId, readSession, withDeadline, writeSession } from "./sealed-session.ts"
import type { SealedSession } from "./sealed-session.ts"

/** A live session, the bytes it was read from, and its attributes after the check. */
interface Live<Attributes> {
  session: SealedSession
  attributes: Attributes
  plaintext: Uint8Array
  isOld: boolean
}

interface Rejection {
  reason: RejectionReason
  session?: SealedSession
}

/** How far ahead, in milliseconds, the clock of the server that created a session may be. */
const skew = 60_000

/**
 * Creates an auth without a database. Each session lives in its token, encrypted and authenticated with AES-256-GCM.
 * User ids are text, unless the third type argument says numbers or bigints.
 *
 * Throws `invalid_option` if an option is unknown, or a secret, duration, cookie option or origin is invalid. Throws
 * `missing_port` if `revocations` lacks a method. If the revocation store fails, methods throw `store_failed`: it never
 * looks like "signed out".
 *
 * @example
 * const auth = createStatelessAuth({
 *   secrets: [process.env.SESSION_SECRET],
 *   getUserAttributes: ({ role }: { role: string }) => ({ role }),
 * })
 * const { token } = await auth.createSession(user.id, { role: user.role })
 * const { session, user } = await auth.validateSession(token)
 */
export function createStatelessAuth<
  Attributes extends object = {},
  UserAttributes extends object = {},
  Id extends UserId = string,
>(options: StatelessAuthOptions<Attributes, UserAttributes>): StatelessAuth<Attributes, UserAttributes, Id> {
  type OwnUser = Shown<{ id: Id } & UserAttributes>

  checkOptions(
    "createStatelessAuth()",
    options,
    "secrets",
    "session",
    "cookie",
    "trustedOrigins",
    "attributes",
    "getUserAttributes",
    "revocations",
    "onEvent",
    "now",
  )
  const { getUserAttributes, now = Date.now } = options ?? {}
  const envelope = createEnvelope(options?.secrets, "session")
  const policy = createPolicy(options.session)
  const cookies = createSessionCookies(options.cookie, policy.absoluteTimeout)
  const readCookie = createCookieReader(cookies.sessionCookieName)
  const trustedOrigins = checkOrigins(options.trustedOrigins)
  const check = createCheck(options.attributes)
  const revoking =
    options.revocations === undefined ? null : createRevoking(options.revocations, policy.absoluteTimeout)

  return over()

  function over(request?: unknown): StatelessAuth<Attributes, UserAttributes, Id> {
    const emit = createEmitter(options.onEvent, now, request)
    const auth: StatelessAuth<Attributes, UserAttributes, Id> = {
      ...cookies,
      trustedOrigins,
      emit,
      readSessionCookie: (header) => readCookie(header, () => emit("cookie_conflict")),

      async createSession(userId, attributes) {
        const at = now()
        const createdAt = new Date(at)
        const unsealed = {
          userId,
          createdAt,
          expiresAt: new Date(nextDeadline({ createdAt }, at, policy)),
          generation: revoking ? await revoking.currentGeneration(userId, at) : 0,
          attributes: attributes ?? {},
        }
        const bytes = writeSession(unsealed, nonceBytes)
        if (options.attributes) await requireFit(readSession(bytes.subarray(nonceBytes)).attributes)
        const { session, sealed } = await sealNew(unsealed, bytes)
        tell("session_created", session)
        return { session: toSession(session, true), token: sealed }
      },

      async validateSession(token): Promise<SessionValidation<SessionFields<Id>, OwnUser>> {
        const found = await find(token)
        if ("reason" in found) return reject(found)
        const { session, attributes, plaintext, isOld } = found
        const user = toUser(session, attributes)
        const due = extensionOf(session, now(), policy)
        if (!due) {
          const kept = { session: toSession(session, false), user }
          return isOld ? { ...kept, token: markToken(await envelope.seal(plaintext), isPersistent(token)) } : kept
        }
        const renewed = markToken(await envelope.seal(withDeadline(plaintext, due.to)), isPersistent(token))
        tell("session_extended", session)
        return { session: toSession({ ...session, expiresAt: due.to }, true), user, token: renewed }
      },

      async rotateSession(token) {
        const found = await find(token)
        if ("reason" in found) return null
        if (revoking && !(await revoking.replace(found.session, now()))) return null
        const expiresAt = new Date(nextDeadline(found.session, now(), policy))
        const bytes = joinBytes(new Uint8Array(nonceBytes), withDeadline(found.plaintext, expiresAt))
        const { session, sealed } = await sealNew({ ...found.session, expiresAt }, bytes)
        tell("session_rotated", session)
        return { session: toSession(session, true), token: markToken(sealed, isPersistent(token)) }
      },

      async invalidateSession(id, owner = {}) {
        checkOptions("invalidateSession()", owner, "userId")
        const { userId } = owner
        // Without this check, an undefined user id would drop the condition, and a form could end anyone's session.
        checkOption("userId", userId, !("userId" in owner) || userId != null, "is not a user id; use user.id")
        if (!revoking || !isStatelessId(id)) return false
        await revoking.revokeSession(id, userId, now())
        tell("session_ended", { id, userId })
        return true
      },

      async invalidateUserSessions(userId, options = {}) {
        checkOptions("invalidateUserSessions()", options, "except")
        if (!revoking)
          throw new AuthError(
            "unsupported",
            "revocations: missing, and needed to end stateless sessions; use memoryRevocations() or those of a store",
          )
        if (options.except !== undefined)
          throw new AuthError(
            "unsupported",
            "except: stateless sessions end one by one or all at once; leave it out, and create a new session for the user",
          )
        await revoking.revokeUser(userId, now())
        tell("user_sessions_ended", { userId })
      },

      async isTokenOf(token, sessionId) {
        const found = await find(token)
        return !("reason" in found) && found.session.id === sessionId
      },

      withRequest: (caller) => (options.onEvent ? over(caller) : auth),
    }
    return auth

    function tell(type: AuthEventType, { id, userId }: { id?: string; userId?: UserId | undefined }, reason?: string) {
      emit(type, { userId, sessionId: id, reason })
    }

    function reject({ reason, session }: Rejection) {
      tell("session_rejected", session ?? {}, reason)
      return { session: null, user: null, reason } as const
    }
  }

  /** Seals a session under a new id. The bytes have room for the nonce before the session. */
  function sealNew<New extends object>(
    session: New,
    bytes: Uint8Array<ArrayBuffer>,
  ): MaybePromise<{ session: New & { id: string }; sealed: string }> {
    // Nonce and id in one call: more bytes take about as long, and a second call takes twice as long.
    crypto.getRandomValues(bytes.subarray(0, nonceBytes + idBytes))
    const [nonce, plaintext] = [bytes.subarray(0, nonceBytes), bytes.subarray(nonceBytes)]
    const withId = { ...session, id: readId(plaintext) }
    return after(envelope.seal(plaintext, nonce), (sealed) => ({ session: withId, sealed }))
  }

  async function find(token: unknown): Promise<Live<Attributes> | Rejection> {
    const opening = envelope.open(plainToken(token))
    const opened = isPromise(opening) ? await opening : opening
    if (typeof opened === "string") return { reason: opened }
    const session = readSession(opened.plaintext)
    if (session.createdAt.getTime() > now() + skew) return { reason: "unknown", session }
    if (!isLive(session, now(), policy)) return { reason: "expired", session }
    const checked = await check(session.attributes)
    if (checked.issues) return { reason: "unknown", session }
    if (revoking && (await revoking.isRevoked(session))) return { reason: "unknown", session }
    return { session, attributes: checked.value, ...opened }
  }

  async function requireFit(attributes: object): Promise<void> {
    const { issues } = await check(attributes)
    if (!issues) return
    const problems = issues.map(({ message }) => message).join("; ")
    throw new AuthError(
      "invalid_option",
      `attributes: ${problems}; pass what the schema of the option attributes takes`,
    )
  }

  function toUser({ userId }: SealedSession, attributes: Attributes): OwnUser {
    // The id has the type that createSession got.
    return { ...(getUserAttributes?.(attributes) as UserAttributes), id: userId as Id }
  }

  function toSession(session: SealedSession, fresh: boolean): SessionFields<Id> {
    const { id, userId, createdAt } = session
    return { id, userId: userId as Id, createdAt, expiresAt: new Date(endOf(session, policy)), fresh }
  }
}
