import { readBearerToken } from "../../core/cookie.ts"
import { createCookie, readSessionId } from "./cookie.ts"
import type { Env } from "./request-context.ts"

/** The default name of the session cookie. */
export const DEFAULT_SESSION_COOKIE_NAME = "auth_session"

/** The options of the session cookie, as in Lucia v2. */
export interface SessionCookieConfiguration {
  /** Default: `auth_session`. */
  name?: string
  /** Defaults: `lax`, `/`, and no domain, so that only the host that set the cookie receives it. */
  attributes?: {
    sameSite?: "strict" | "lax"
    path?: string
    domain?: string
  }
  /** Default: `true`, the cookie lives as long as the session can. `false`: a year, and only the stored session decides. */
  expires?: boolean
}

/** The fields of a session that its cookie needs. */
export interface CookieSession {
  readonly sessionId: string
  readonly idlePeriodExpiresAt: Date
}

const day = 86_400_000

/** Creates the methods that write and read the session's token. Throws `invalid_option` for an invalid cookie. */
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
    // 400 days: browsers cap a longer lifetime (RFC 6265bis, section 5.5), and some frameworks throw.
    return expires ? Math.min(idlePeriodExpiresAt.getTime(), now + 400 * day) : now + 365 * day
  }
}
