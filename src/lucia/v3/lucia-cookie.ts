import { AuthError } from "../../core/errors.ts"

/** What a cookie carries besides its name and value. */
export interface CookieAttributes {
  secure?: boolean
  path?: string
  domain?: string
  sameSite?: "lax" | "strict" | "none"
  httpOnly?: boolean
  /** In seconds. Express counts milliseconds: give it `serialize()` instead. */
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
   * Writes the cookie as the value of a `Set-Cookie` header. Throws `invalid_option` for a path or domain with a `;` or
   * a line break, which would add attributes or headers.
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
