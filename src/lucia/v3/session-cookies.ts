import { createCookieReader } from "../../core/cookie.ts"
import { AuthError } from "../../core/errors.ts"
import { invalidOption } from "../../core/options.ts"

/** A cookie's attributes. */
export interface CookieAttributes {
  secure?: boolean
  path?: string
  domain?: string
  sameSite?: "lax" | "strict" | "none"
  httpOnly?: boolean
  /** In seconds. Express expects milliseconds: use `serialize()` there. */
  maxAge?: number
  expires?: Date
}

const sameSites = { lax: "Lax", none: "None", strict: "Strict" }

/** A cookie to set. */
export class Cookie {
  name: string
  value: string
  attributes: CookieAttributes

  constructor(name: string, value: string, attributes: CookieAttributes) {
    this.name = name
    this.value = value
    this.attributes = attributes
  }

  /**
   * Returns the value of the cookie's `Set-Cookie` header. Throws `invalid_option` for a path or domain with a `;` or a
   * line break, which would add attributes or headers.
   */
  serialize(): string {
    const { domain, expires, httpOnly, maxAge, path, sameSite, secure } = this.attributes ?? {}
    const parts = [
      `${encodeURIComponent(this.name)}=${encodeURIComponent(this.value)}`,
      domain !== undefined && `Domain=${requirePlain(domain)}`,
      expires !== undefined && `Expires=${expires.toUTCString()}`,
      httpOnly && "HttpOnly",
      maxAge !== undefined && `Max-Age=${Math.ceil(maxAge)}`,
      path !== undefined && `Path=${requirePlain(path)}`,
      sameSite && sameSites[sameSite] && `SameSite=${sameSites[sameSite]}`,
      secure && "Secure",
    ]
    return parts.filter(Boolean).join("; ")
  }
}

function requirePlain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what must not get into a header.
  if (!/[;\x00-\x1f\x7f]/.test(text)) return text
  throw new AuthError(
    "invalid_option",
    "sessionCookie.attributes: path or domain has a semicolon or a control character; remove it",
  )
}

/** The options of the session cookie, as in Lucia v3. */
export interface SessionCookieOptions {
  /** Default: `auth_session`. */
  name?: string
  /** Default: `true`, the cookie lives as long as a session. `false`: 400 days, and only the stored session decides. */
  expires?: boolean
  attributes?: SessionCookieAttributesOptions
}

/** The configurable attributes of the session cookie. */
export interface SessionCookieAttributesOptions {
  /** Default: `lax`. */
  sameSite?: "lax" | "strict" | "none"
  /** Default: none, so that only the host that set the cookie receives it. */
  domain?: string
  /** Default: `/`. */
  path?: string
  /** Default: `true`. */
  secure?: boolean
}

// 400 days. Browsers cap a longer lifetime (RFC 6265bis, section 5.5), and Hono throws.
const maxMaxAge = 34_560_000

/**
 * Creates the functions that write and read the session cookie, for sessions of `lifetime` milliseconds. Throws
 * `invalid_option` for an unsafe cookie.
 */
export function createLuciaCookies(options: SessionCookieOptions = {}, lifetime: number) {
  const { name = "auth_session", expires = true, attributes = {} } = options
  if (name === "") throw invalidOption("sessionCookie.name", name, 'is not a name; use one such as "auth_session"')
  // An undefined value must not remove the default, above all not of `secure`.
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

// Returns `null` for an invalid encoding and for an empty value.
function decode(value: string): string | null {
  try {
    return decodeURIComponent(value) || null
  } catch {
    return null
  }
}
