import { createCookieReader } from "../../core/cookie.ts"
import { invalidOption } from "../../core/options.ts"
import { Cookie } from "./lucia-cookie.ts"
import type { CookieAttributes } from "./lucia-cookie.ts"

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

/** Writes and reads the session cookie. */
export interface SessionCookies {
  name: string
  create(sessionId: string): Cookie
  createBlank(): Cookie
  read(header: string | null | undefined): string | null
}

// 400 days. Browsers cut a longer life short (RFC 6265bis, section 5.5), and Hono throws.
const maxMaxAge = 34_560_000

/** Makes {@link SessionCookies} for sessions of `lifetime` milliseconds. Throws `invalid_option` for an unsafe cookie. */
export function createLuciaCookies(options: SessionCookieOptions = {}, lifetime: number): SessionCookies {
  const { name = "auth_session", expires = true } = options
  if (name === "") throw invalidOption("sessionCookie.name", name, 'is not a name; use one such as "auth_session"')
  const attributes = withDefaults(options.attributes)
  const maxAge = expires ? Math.min(Math.ceil(lifetime / 1000), maxMaxAge) : maxMaxAge
  const readCookie = createCookieReader(encodeURIComponent(name))
  const cookies = {
    name,
    create: (sessionId: string) => new Cookie(name, sessionId, { ...attributes, maxAge }),
    createBlank: () => new Cookie(name, "", { ...attributes, maxAge: 0 }),
    read: (header: string | null | undefined) => decode(readCookie(header)),
  }
  cookies.createBlank().serialize()
  return cookies
}

// A value that is left undefined must not remove the default, least of all `secure`.
function withDefaults(options: SessionCookieAttributesOptions = {}): CookieAttributes {
  const { secure = true, sameSite = "lax", path = "/", domain } = options
  const attributes = { httpOnly: true, secure, sameSite, path }
  return domain === undefined ? attributes : { ...attributes, domain }
}

function decode(value: string | null): string | null {
  if (value === null) return null
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}
