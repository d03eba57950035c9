import { createCookieReader } from "../../core/cookie.ts"
import { invalidOption } from "../../core/options.ts"
import { Cookie } from "./lucia-cookie.ts"

/** The session cookie of Lucia v3. */
export interface SessionCookieOptions {
  /** Default `auth_session`. */
  name?: string
  /** Default `true`: the cookie lives as long as a session. `false`: 400 days, and the row alone decides. */
  expires?: boolean
  attributes?: SessionCookieAttributesOptions
}

/** The attributes of the session cookie that can be chosen. */
export interface SessionCookieAttributesOptions {
  /** Default `lax`. */
  sameSite?: "lax" | "strict" | "none"
  /** Default none: only the host that set the cookie gets it back. */
  domain?: string
  /** Default `/`. */
  path?: string
  /** Default `true`. */
  secure?: boolean
}

// 400 days. Browsers cut a longer life short (RFC 6265bis, section 5.5), and Hono throws.
const maxMaxAge = 34_560_000

/**
 * Makes what writes and reads the session cookie, for sessions of `lifetime` milliseconds. Throws `invalid_option` for an
 * unsafe cookie.
 */
export function createLuciaCookies(options: SessionCookieOptions = {}, lifetime: number) {
  const { name = "auth_session", expires = true, attributes = {} } = options
  if (name === "") throw invalidOption("sessionCookie.name", name, 'is not a name; use one such as "auth_session"')
  // A value that is left undefined must not remove the default, least of all `secure`.
  const { secure = true, sameSite = "lax", path = "/", domain } = attributes
  const scope = { httpOnly: true, secure, sameSite, path, ...(domain !== undefined && { domain }) }
  const maxAge = expires ? Math.min(Math.ceil(lifetime / 1000), maxMaxAge) : maxMaxAge
  const readCookie = createCookieReader(encodeURIComponent(name))
  const write = (value: string, maxAge: number) => new Cookie(name, value, { ...scope, maxAge })
  write("", 0).serialize()
  return {
    name,
    create: (sessionId: string) => write(sessionId, maxAge),
    createBlank: () => write("", 0),
    read: (header: string | null | undefined) => decode(readCookie(header) ?? ""),
  }
}

// An invalid spelling is none, and so is an empty one.
function decode(value: string): string | null {
  try {
    return decodeURIComponent(value) || null
  } catch {
    return null
  }
}
