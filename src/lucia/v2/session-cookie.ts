import { readBearerToken } from "../../core/cookie.ts"
import { createCookie, readSessionId } from "./cookie.ts"
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

/** Makes what writes and reads the session's token. Throws `invalid_option` for a cookie that cannot be written. */
export function createCookieMethods(configuration: SessionCookieConfiguration, env: Env) {
  const { name = DEFAULT_SESSION_COOKIE_NAME, expires = true, attributes = {} } = configuration
  const { sameSite = "lax", path = "/", domain } = attributes
  const scope = { sameSite, path, ...(domain !== undefined && { domain }) }
  const cookies = {
    createSessionCookie: (session: CookieSession | null) =>
      createCookie(name, session?.sessionId ?? "", {
        ...scope,
        httpOnly: true,
        expires: new Date(session ? endOf(session) : 0),
        secure: env === "PROD",
      }),
    readSessionCookie: (header: string | null | undefined) => readSessionId(header, name),
    readBearerToken,
  }
  cookies.createSessionCookie(null)
  return cookies

  function endOf({ idlePeriodExpiresAt }: CookieSession): number {
    const now = Date.now()
    // 400 days: browsers cut a longer life short (RFC 6265bis, section 5.5), and some frameworks throw.
    return expires ? Math.min(idlePeriodExpiresAt.getTime(), now + 400 * day) : now + 365 * day
  }
}
