import { createCookieReader } from "../../core/cookie.ts"
import { AuthError } from "../../core/errors.ts"

/** A cookie's attributes. */
export interface CookieAttributes {
  domain?: string
  /** Default: `encodeURIComponent`. */
  encode?: (value: string) => string
  expires?: Date
  httpOnly?: boolean
  /** In seconds. */
  maxAge?: number
  path?: string
  priority?: "low" | "medium" | "high"
  /** `true` means `strict`. */
  sameSite?: boolean | "lax" | "strict" | "none"
  secure?: boolean
}

/** A cookie to set. */
export interface Cookie {
  readonly name: string
  readonly value: string
  readonly attributes: CookieAttributes
  /** Returns the value of the cookie's `Set-Cookie` header. */
  readonly serialize: () => string
}

/** Creates a cookie. Throws `invalid_option` if {@link serializeCookie} rejects it. */
export function createCookie(name: string, value: string, attributes: CookieAttributes): Cookie {
  const serialize = () => serializeCookie(name, value, attributes)
  serialize()
  return { name, value, attributes, serialize }
}

// RFC 6265, section 4.1.1. Like browsers, allows spaces and commas in values that were encoded by hand.
const shapes = {
  name: /^[!#$%&'*+\-.^_`|~\w]+$/,
  value: /^[ -:<-~]*$/,
  domain: /^[ -:<-~]*$/,
  path: /^[ -:<-~]*$/,
  expires: /^\w{3}, \d{2} \w{3} \d{4} /,
  maxAge: /^-?\d+$/,
  priority: /^(low|medium|high)$/i,
  sameSite: /^(lax|strict|none)$/i,
}

/**
 * Returns the value of a cookie's `Set-Cookie` header. Throws `invalid_option` for a name that is not a token. Also
 * throws it for a value, domain or path with a `;`, a control character or a non-ASCII character, which would add
 * attributes or headers.
 */
export function serializeCookie(name: string, value: string, attributes: CookieAttributes = {}): string {
  const { encode = encodeURIComponent, domain, path, maxAge, expires, priority, sameSite } = attributes ?? {}
  const parts = [
    `${checked("name", name)}=${checked("value", encode(value))}`,
    maxAge != null && `Max-Age=${checked("maxAge", integer(maxAge))}`,
    domain && `Domain=${checked("domain", domain)}`,
    path && `Path=${checked("path", path)}`,
    expires && `Expires=${checked("expires", expires.toUTCString())}`,
    attributes?.httpOnly && "HttpOnly",
    attributes?.secure && "Secure",
    priority && `Priority=${capitalized(checked("priority", priority))}`,
    sameSite && `SameSite=${capitalized(checked("sameSite", sameSite === true ? "strict" : sameSite))}`,
  ]
  return parts.filter(Boolean).join("; ")
}

function checked(part: keyof typeof shapes, text: string): string {
  if (shapes[part].test(text)) return text
  throw new AuthError(
    "invalid_option",
    `cookie.${part}: not allowed in a Set-Cookie header; use what RFC 6265, section 4.1.1, allows`,
  )
}

// As a BigInt, because a large number would be written with an exponent.
function integer(number: number): string {
  const whole = Math.floor(number)
  return Number.isFinite(whole) ? BigInt(whole).toString() : ""
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()
}

/**
 * Reads every cookie of a `Cookie` header as jshttp does. The first of several wins, quotes are removed, and a value
 * that cannot be decoded is kept unchanged. The object has no prototype, so any name is safe.
 */
export function parseCookie(header: string): Record<string, string> {
  const cookies = Object.create(null) as Record<string, string>
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=")
    const name = pair.slice(0, Math.max(at, 0)).trim()
    if (at !== -1 && !(name in cookies)) cookies[name] = decode(pair.slice(at + 1))
  }
  return cookies
}

/**
 * Reads the session id from a `Cookie` header. Returns `null` if the name has several different values, because their
 * order does not show who set them (RFC 6265, section 5.4).
 */
export function readSessionId(header: string | null | undefined, name: string): string | null {
  const value = createCookieReader(name)(header)
  return value === null ? null : decode(value)
}

function decode(text: string): string {
  const value = text.trim()
  const bare = value.startsWith('"') ? value.slice(1, -1) : value
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare
  }
}
