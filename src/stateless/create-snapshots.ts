import type { SessionFields } from "../core/auth.ts"
import type { Cookie, CookieOptions } from "../core/cookie.ts"
import { AuthError } from "../core/errors.ts"
import { parseDuration } from "../core/policy.ts"
import type { Duration } from "../core/policy.ts"
import type { UserId } from "../core/ports.ts"
import { createSessionCookies } from "../core/session-cookie.ts"
import { createEnvelope } from "./envelope.ts"
import { readJson, readTime, readUserId, timeBytes, writeJson, writeTime, writeUserId } from "./payload.ts"
import type { Secret } from "./secrets.ts"

/** What {@link createSnapshots} takes. */
export interface SnapshotOptions {
  /** The first seals, all open. Each has at least 32 bytes: make it with `openssl rand -base64 32`. */
  secrets: readonly (Secret | undefined)[]
  /** How long a snapshot is believed, and so how late at most a check that trusts it learns of a sign-out. Default `"60s"`, at most `"5m"`. */
  maxAge?: Duration
  /** The same object that `createAuth` got. The snapshot's cookie is named after the session's. */
  cookie?: CookieOptions
  /** The clock, in milliseconds. Default `Date.now`; for tests. */
  now?: () => number
}

/** A session as it was when the snapshot was made. */
export interface Snapshot<Claims, Id = UserId> {
  /** Whose snapshot it is: compare it with the hash of the session cookie's token. */
  sessionId: string
  userId: Id
  claims: Claims
  /** When the snapshot is void, which is never later than the session. */
  expiresAt: Date
}

/** Seals and opens snapshots. Its methods may be destructured. */
export interface Snapshots<Claims extends object = object> {
  /** The session cookie's name with `-snapshot` behind it. */
  readonly cookieName: string
  /** Seals a copy of what a check without a database needs. Throws `invalid_option` for claims that are not JSON, and `cookie_too_large`. */
  sealSnapshot(session: Pick<SessionFields, "id" | "userId" | "expiresAt">, claims: Claims): Promise<string>
  /** Opens a snapshot. `null` for anything else, for one that is too old, and for one from the future. */
  openSnapshot(value: unknown): Promise<Snapshot<Claims> | null>
  /** Makes the cookie that carries a snapshot. */
  createSnapshotCookie(value: string): Cookie
  /** Makes the cookie that deletes it. */
  createBlankSnapshotCookie(): Cookie
  /** Reads the snapshot out of a `Cookie` header. Never throws. */
  readSnapshotCookie(header: string | null | undefined): string | null
}

type Written = [sessionId: string, userId: string | number | [string], claims: object]

const headBytes = 2 * timeBytes
const longest = 300_000

/**
 * Makes snapshots: short-lived sealed copies of a user's id and claims, beside the cookie of a session that lives in a
 * database, for checks that must not ask it. A snapshot says what was true a moment ago, and never outranks the row.
 *
 * Throws `invalid_option` for secrets, a cookie or a `maxAge` that cannot be right.
 *
 * @example
 * const snapshots = createSnapshots<{ role: string }>({ secrets: [process.env.SESSION_SECRET] })
 * const value = await snapshots.sealSnapshot(session, { role: user.role })
 * const snapshot = await snapshots.openSnapshot(value)
 */
export function createSnapshots<Claims extends object = object>(options: SnapshotOptions): Snapshots<Claims> {
  const { maxAge = "60s", cookie = {}, now = Date.now } = options ?? {}
  const envelope = createEnvelope(options?.secrets, "snapshot")
  const age = checkAge(maxAge)
  const cookieName = `${createSessionCookies(cookie, age).sessionCookieName}-snapshot`
  const cookies = createSessionCookies({ ...cookie, name: cookieName }, age)

  return {
    cookieName,
    async sealSnapshot({ id, userId, expiresAt }, claims) {
      const written: Written = [id, writeUserId(userId), claims]
      const bytes = writeJson(headBytes, written)
      const at = now()
      writeTime(bytes, 0, at)
      writeTime(bytes, timeBytes, Math.min(at + age, expiresAt.getTime()))
      return envelope.seal(bytes)
    },
    async openSnapshot(value) {
      const opened = await envelope.open(value)
      if (typeof opened === "string") return null
      const madeAt = readTime(opened.plaintext, 0).getTime()
      // The age that is configured now counts, too.
      const end = Math.min(readTime(opened.plaintext, timeBytes).getTime(), madeAt + age)
      const at = now()
      return madeAt <= at && at < end ? readSnapshot(opened.plaintext, new Date(end)) : null
    },
    createSnapshotCookie: (value) => cookies.createSessionCookie(value),
    createBlankSnapshotCookie: () => cookies.createBlankSessionCookie(),
    readSnapshotCookie: (header) => cookies.readSessionCookie(header),
  }

  function readSnapshot(bytes: Uint8Array, expiresAt: Date): Snapshot<Claims> {
    // It was sealed, so nobody else can have written it.
    const [sessionId, userId, claims] = readJson(bytes, headBytes) as Written
    return { sessionId, userId: readUserId(userId), claims: claims as Claims, expiresAt }
  }
}

function checkAge(maxAge: Duration): number {
  const age = parseDuration(maxAge)
  if (age <= longest) return age
  throw new AuthError(
    "invalid_option",
    "maxAge of snapshots is at most 5m: so long they are not asked whether it is still true.",
  )
}
