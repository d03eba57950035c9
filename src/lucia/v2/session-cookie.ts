import { createCookie } from "./cookie.ts"
import type { Cookie } from "./cookie.ts"
import type { Env } from "./request-context.ts"

/** The name of the session cookie unless `sessionCookie.name` says otherwise. */
export const DEFAULT_SESSION_COOKIE_NAME = "auth_session"

/** The session cookie of Lucia v2. */
export interface SessionCookieConfiguration {
  /** Default `auth_session`. */
  name?: string
  /** Defaults `lax`, `/`, and no domain: only the host that set the cookie gets it back. */
  attributes?: {
    sameSite?: "strict" | "lax"
    path?: string
    domain?: string
  }
  /** Default `true`: the cookie lives as long as the session may. `false`: a year, and the row alone decides. */
  expires?: boolean
}

/** What the session cookie is made of. */
export interface CookieSession {
  readonly sessionId: string
  readonly idlePeriodExpiresAt: Date
}

const day = 86_400_000

/** Makes the cookie of a session, or, for `null`, the one that deletes it. */
export function createSessionCookie(
  session: CookieSession | null,
  { env, cookie }: { env: Env; cookie: SessionCookieConfiguration },
): Cookie {
  const { name = DEFAULT_SESSION_COOKIE_NAME, attributes: { sameSite = "lax", path = "/", domain } = {} } = cookie
  return createCookie(name, session?.sessionId ?? "", {
    sameSite,
    path,
    ...(domain !== undefined && { domain }),
    httpOnly: true,
    expires: new Date(session ? endOf(session, cookie.expires) : 0),
    secure: env === "PROD",
  })
}

function endOf({ idlePeriodExpiresAt }: CookieSession, expires = true): number {
  const now = Date.now()
  // 400 days: browsers cut a longer life short (RFC 6265bis, section 5.5), and some frameworks throw.
  return expires ? Math.min(idlePeriodExpiresAt.getTime(), now + 400 * day) : now + 365 * day
}
