import type { SessionFields } from "../core/auth.ts"
import type { Cookie, CookieAttributes } from "../core/cookie.ts"
import { AuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import { plainToken } from "../core/persistence.ts"
import { parseDuration } from "../core/policy.ts"
import type { Duration } from "../core/policy.ts"
import type { UserId } from "../core/ports.ts"
import { createSessionCookies } from "../core/session-cookie.ts"
import { hashToken, isToken } from "../core/token.ts"
import { createEnvelope } from "./envelope.ts"
import { readJson, readTime, readUserId, timeBytes, writeJson, writeTime, writeUserId } from "./payload.ts"
import type { Secret } from "./secrets.ts"
import { snapshotCookies } from "./snapshot-cookie.ts"

/** What {@link createSnapshots} takes. */
export interface SnapshotsOptions {
  /** The first seals, all open. Each has at least 32 bytes: make it with `openssl rand -base64 32`. */
  secrets: readonly (Secret | undefined)[]
  /** How long a snapshot is believed, and so how late a check that trusts it may learn of a sign-out. Default `"60s"`, at most `"5m"`. */
  maxAge?: Duration | undefined
  /** Default `session-snapshot`. */
  cookieName?: string | undefined
  /** The clock, in milliseconds. Default `Date.now`; for tests. */
  now?: (() => number) | undefined
}

/** What a snapshot is made of. */
export type SnapshotSession = Pick<SessionFields, "id" | "userId"> & Partial<Pick<SessionFields, "expiresAt">>

/** A session as it was when the snapshot was made. */
export interface Snapshot<Claims> {
  /** Whose snapshot it is. */
  sessionId: string
  userId: UserId
  claims: Claims
  /** When the snapshot is void, which is never later than the session. */
  expiresAt: Date
}

/** Seals and opens snapshots. Its methods may be destructured. */
export interface Snapshots<Claims extends object = Record<string, unknown>> {
  readonly cookieName: string
  /** How long a snapshot is good, in milliseconds. */
  readonly maxAge: number
  /** Seals a copy of what a check without a database needs. Throws `invalid_option` for claims that are not JSON, and `cookie_too_large`. */
  sealSnapshot(session: SnapshotSession, claims: Claims): Promise<string>
  /** Seals a new snapshot, unless `value` is one of this session with these claims, and with half of its time left: then `null`. */
  renewSnapshot(value: unknown, session: SnapshotSession, claims: Claims): Promise<string | null>
  /**
   * Opens a snapshot. `null` for anything else, for one that is too old, and for one from the future. Whose it is must
   * be checked: give it the session token of the same request, and it is `null` for another session's; or compare
   * `sessionId`.
   */
  openSnapshot(value: unknown, sessionToken?: unknown): Promise<Snapshot<Claims> | null>
  /** The cookie of what `renewSnapshot` seals, for the `Cookie` header of a request, with the session cookie's attributes. */
  snapshotCookie(
    header: string | null,
    session: SnapshotSession,
    claims: Claims,
    attributes: CookieAttributes,
  ): Promise<Cookie | null>
  /** The cookie that deletes it. */
  blankSnapshotCookie(attributes: CookieAttributes): Cookie
}

type Written = [sessionId: string, userId: string | number | [string], claims: object]

const headBytes = 2 * timeBytes
const maxMaxAge = 300_000

/**
 * Makes snapshots: short-lived sealed copies of a user's id and claims, beside the cookie of a session that lives in a
 * database, for checks that must not ask it. A snapshot says what was true a moment ago, and never outranks the row.
 *
 * Throws `invalid_option` if an option does not exist, or a secret, `maxAge` or `cookieName` is invalid.
 *
 * @example
 * const snapshots = createSnapshots<{ role: string }>({ secrets: [process.env.SESSION_SECRET] })
 * const value = await snapshots.sealSnapshot(session, { role: user.role })
 * const snapshot = await snapshots.openSnapshot(value, sessionToken)
 */
export function createSnapshots<Claims extends object = Record<string, unknown>>(
  options: SnapshotsOptions,
): Snapshots<Claims> {
  checkOptions("createSnapshots()", options, "secrets", "maxAge", "cookieName", "now")
  const envelope = createEnvelope(options?.secrets, "snapshot")
  const { maxAge = "60s", cookieName = "session-snapshot", now = Date.now } = options
  const age = checkAge(maxAge)
  createSessionCookies({ name: cookieName }, age)

  async function sealSnapshot({ id, userId, expiresAt }: SnapshotSession, claims: Claims): Promise<string> {
    const bytes = writeJson(headBytes, [id, writeUserId(userId), claims] satisfies Written)
    const madeAt = now()
    writeTime(bytes, 0, madeAt)
    writeTime(bytes, timeBytes, Math.min(madeAt + age, expiresAt?.getTime() ?? Infinity))
    return envelope.seal(bytes)
  }

  async function openSnapshot(value: unknown): Promise<Snapshot<Claims> | null> {
    const opened = await envelope.open(value)
    if (typeof opened === "string") return null
    const { plaintext } = opened
    const madeAt = readTime(plaintext, 0).getTime()
    // The age that is configured now counts, too.
    const end = Math.min(readTime(plaintext, timeBytes).getTime(), madeAt + age)
    const at = now()
    if (!(madeAt <= at && at < end)) return null
    // It was sealed, so nobody else can have written it.
    const [sessionId, userId, claims] = readJson(plaintext, headBytes) as Written
    return { sessionId, userId: readUserId(userId), claims: claims as Claims, expiresAt: new Date(end) }
  }

  async function renewSnapshot(value: unknown, session: SnapshotSession, claims: Claims): Promise<string | null> {
    const known = await openSnapshot(value)
    const isGood = known && isOf(known, session, claims) && known.expiresAt.getTime() - now() > age / 2
    return isGood ? null : sealSnapshot(session, claims)
  }

  return {
    cookieName,
    maxAge: age,
    sealSnapshot,
    renewSnapshot,
    async snapshotCookie(header, session, claims, attributes) {
      const cookies = snapshotCookies(cookieName, age, attributes)
      const value = await renewSnapshot(cookies.read(header), session, claims)
      return value === null ? null : cookies.write(value)
    },
    blankSnapshotCookie: (attributes) => snapshotCookies(cookieName, age, attributes).blank(),
    async openSnapshot(value, ...token: [sessionToken?: unknown]) {
      const snapshot = await openSnapshot(value)
      // A token that is there and undefined is a request without a session, not a question without one.
      return snapshot && (token.length === 0 || isTokenOf(token[0], snapshot)) ? snapshot : null
    },
  }
}

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
  throw new AuthError(
    "invalid_option",
    "maxAge of snapshots is at most 5m: until then nobody asks whether they still hold.",
  )
}
