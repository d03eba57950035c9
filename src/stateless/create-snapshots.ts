import type { SessionFields } from "../core/auth.ts"
import { createCookieReader } from "../core/cookie.ts"
import type { Cookie, CookieAttributes } from "../core/cookie.ts"
import { defined } from "../core/defined.ts"
import { checkOptions, invalidOption } from "../core/options.ts"
import { plainToken } from "../core/persistence.ts"
import { parseDuration } from "../core/expiry.ts"
import type { Duration } from "../core/expiry.ts"
import type { UserId } from "../core/ports.ts"
import { createSessionCookies } from "../core/session-cookie.ts"
import { hashToken, isToken } from "../core/session-token.ts"
import { createEnvelope } from "../envelope/envelope.ts"
import { readJson, readTime, readUserId, timeBytes, writeJson, writeTime, writeUserId } from "./payload.ts"
import type { Secret } from "../envelope/secrets.ts"

/** The options of {@link createSnapshots}. */
export interface SnapshotsOptions<M extends SnapshotMember, Claims extends object> {
  /**
   * The secrets. The first one seals, and all open. Each has at least 32 bytes: create it with
   * `openssl rand -base64 32`.
   */
  secrets: readonly (Secret | undefined)[]
  /** Chooses what a snapshot contains besides the user id. Include as little as the check needs. */
  claims: (member: M) => Claims
  /** How long a snapshot is trusted, and so how late a check may learn of a sign-out. Default `"60s"`, at most `"5m"`. */
  maxAge?: Duration | undefined
  /** The cookie's name. Default `session-snapshot`. */
  cookieName?: string | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}

/** The part of a session that a snapshot needs. */
export type SnapshotSession = Pick<SessionFields, "id" | "userId"> & Partial<Pick<SessionFields, "expiresAt">>

/** The part of a member that a snapshot needs. */
export interface SnapshotMember {
  session: SessionFields
  user: { id: UserId }
}

/** A session as it was when the snapshot was made. */
export interface Snapshot<Claims> {
  /** The session of the snapshot. */
  sessionId: string
  userId: UserId
  claims: Claims
  /** When the snapshot expires, never later than the session. */
  expiresAt: Date
}

/** Seals and opens snapshots. Its methods can be destructured. */
export interface Snapshots<Claims extends object, M extends SnapshotMember = SnapshotMember> {
  readonly cookieName: string
  /** How long a snapshot is valid, in milliseconds. */
  readonly maxAge: number
  /** Seals a snapshot. Throws `invalid_option` if the claims are not JSON, and `cookie_too_large`. */
  sealSnapshot(session: SnapshotSession, claims: Claims): Promise<string>
  /**
   * Seals a new snapshot. Resolves to `null` if `value` is one of this session with these claims, and more than half of
   * its time is left.
   */
  renewSnapshot(value: unknown, session: SnapshotSession, claims: Claims): Promise<string | null>
  /**
   * Opens a snapshot of the session with this token, which must come from the same request. Anything else is `null`,
   * such as a snapshot of another session, one that has expired, or one from the future.
   */
  openSnapshot(value: unknown, bound: { sessionToken: unknown }): Promise<Snapshot<Claims> | null>
  /**
   * Opens a snapshot of any session. Anything else is `null`, such as one that has expired, or one from the future. It
   * may be another visitor's: compare `sessionId`.
   */
  openUnboundSnapshot(value: unknown): Promise<Snapshot<Claims> | null>
  /**
   * Creates the cookie of a renewed snapshot, for a request's `Cookie` header, with the session cookie's attributes.
   * Resolves to `null` if `renewSnapshot` does.
   */
  readonly snapshotCookie: (header: string | null, member: M, attributes: CookieAttributes) => Promise<Cookie | null>
  /** Creates the cookie that deletes the snapshot. */
  blankSnapshotCookie(attributes: CookieAttributes): Cookie
}

type Written = [sessionId: string, userId: string | number | [string], claims: object]

const headBytes = 2 * timeBytes
const maxMaxAge = 300_000

/**
 * Creates snapshots: short-lived sealed copies of a user's id and claims, for checks that must not ask the database.
 * Each is kept in a cookie next to that of the database session. A snapshot says what was true a moment ago, and never
 * overrules the row.
 *
 * Throws `invalid_option` if an option is unknown, or a secret, `maxAge` or `cookieName` is invalid.
 *
 * @example
 * const snapshots = createSnapshots({
 *   secrets: [process.env.SESSION_SECRET],
 *   claims: ({ user }: Member<typeof auth>) => ({ role: user.role }),
 * })
 * export const { protectedPage } = createNextAuth(auth, { signInPath: "/sign-in", snapshots })
 */
export function createSnapshots<M extends SnapshotMember, Claims extends object>(
  options: SnapshotsOptions<M, Claims>,
): Snapshots<Claims, M> {
  checkOptions("createSnapshots()", options, "secrets", "claims", "maxAge", "cookieName", "now")
  const envelope = createEnvelope(options?.secrets, "snapshot")
  const { claims: claimsOf, maxAge = "60s", cookieName = "session-snapshot", now = Date.now } = options
  if (typeof claimsOf !== "function") throw invalidOption("claims", claimsOf, noClaims)
  const age = checkAge(maxAge)
  createSessionCookies({ name: cookieName }, age)
  const readCookie = createCookieReader(cookieName)

  async function sealSnapshot({ id, userId, expiresAt }: SnapshotSession, claims: Claims): Promise<string> {
    const bytes = writeJson(headBytes, [id, writeUserId(userId), claims] satisfies Written)
    const madeAt = now()
    writeTime(bytes, 0, madeAt)
    writeTime(bytes, timeBytes, Math.min(madeAt + age, expiresAt?.getTime() ?? Infinity))
    return envelope.seal(bytes)
  }

  async function openUnboundSnapshot(value: unknown): Promise<Snapshot<Claims> | null> {
    const opened = await envelope.open(value)
    if (typeof opened === "string") return null
    const { plaintext } = opened
    const madeAt = readTime(plaintext, 0).getTime()
    // The age that is configured now also counts.
    const end = Math.min(readTime(plaintext, timeBytes).getTime(), madeAt + age)
    const at = now()
    if (!(madeAt <= at && at < end)) return null
    // It was sealed, so nobody else can have written it.
    const [sessionId, userId, claims] = readJson(plaintext, headBytes) as Written
    return { sessionId, userId: readUserId(userId), claims: claims as Claims, expiresAt: new Date(end) }
  }

  async function renewSnapshot(value: unknown, session: SnapshotSession, claims: Claims): Promise<string | null> {
    const current = await openUnboundSnapshot(value)
    const isGood = current && isOf(current, session, claims) && current.expiresAt.getTime() - now() > age / 2
    return isGood ? null : sealSnapshot(session, claims)
  }

  return {
    cookieName,
    maxAge: age,
    sealSnapshot,
    renewSnapshot,
    async snapshotCookie(header, member, attributes) {
      const cookies = snapshotCookies(cookieName, age, attributes)
      const value = await renewSnapshot(readCookie(header), member.session, claimsOf(member))
      return value === null ? null : cookies.write(value)
    },
    blankSnapshotCookie: (attributes) => snapshotCookies(cookieName, age, attributes).blank(),
    openUnboundSnapshot,
    async openSnapshot(value, bound) {
      checkOptions("openSnapshot()", bound, "sessionToken")
      const snapshot = await openUnboundSnapshot(value)
      // Without a token, as in a request without a session, it belongs to nobody.
      return snapshot && isTokenOf(bound?.sessionToken, snapshot) ? snapshot : null
    },
  }
}

const noClaims =
  "is not a function; use one that chooses what a snapshot holds of a user, such as ({ user }) => ({ role: user.role })"

function isOf(snapshot: Snapshot<object>, { id, userId }: SnapshotSession, claims: object): boolean {
  const isSame = snapshot.sessionId === id && snapshot.userId === userId
  return isSame && JSON.stringify(snapshot.claims) === JSON.stringify(claims)
}

function isTokenOf(token: unknown, { sessionId }: Snapshot<object>): boolean {
  const plain = plainToken(token)
  return isToken(plain) && hashToken(plain) === sessionId
}

function checkAge(maxAge: Duration): number {
  const age = parseDuration(maxAge, "maxAge")
  if (age <= maxMaxAge) return age
  // Until the snapshot expires, nobody checks whether its claims still hold.
  throw invalidOption("maxAge", maxAge, 'is too long; use at most "5m"')
}

// Creates the cookie of a snapshot, or the one that deletes it, with the attributes of the session cookie.
function snapshotCookies(name: string, maxAge: number, attributes: CookieAttributes) {
  const { domain, path, sameSite, secure, partitioned } = attributes
  const cookies = createSessionCookies(defined({ name, domain, path, sameSite, secure, partitioned }), maxAge)
  return {
    write: (value: string): Cookie => cookies.createSessionCookie(value),
    blank: (): Cookie => cookies.createBlankSessionCookie(),
  }
}
