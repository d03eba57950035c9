import { AuthError } from "./errors.ts"

/** The session cookie's name and attributes. The default is the safest: `__Host-session`, `Secure`, `HttpOnly`, `SameSite=Lax`. */
export interface CookieOptions {
  /** Default `__Host-session` when secure, with path `/` and no domain; else `session`. */
  name?: string
  /** Default none: only the host that set the cookie gets it back. */
  domain?: string
  /** Default `/`. */
  path?: string
  /** Default `lax`. */
  sameSite?: "strict" | "lax" | "none"
  /** Default `true`. Set it to `process.env.NODE_ENV === "production"` to develop on http: it is never decided from a request. */
  secure?: boolean
  /** Sets `Partitioned` (CHIPS), for pages that run in a frame on another site. Default `false`. */
  partitioned?: boolean
}

/** What a cookie carries besides its name and value. */
export interface CookieAttributes {
  httpOnly: boolean
  secure: boolean
  sameSite: "strict" | "lax" | "none"
  path: string
  domain?: string | undefined
  partitioned?: boolean | undefined
  /** In seconds. Without it the cookie ends with the browser. */
  maxAge?: number | undefined
}

/** A cookie to set. */
export interface Cookie {
  name: string
  value: string
  attributes: CookieAttributes
  /** Writes the cookie as the value of a `Set-Cookie` header. */
  serialize(): string
}

// RFC 6265, section 4.1.1, without what would need escaping: `;`, controls, and anything beyond ASCII.
const cookieShape =
  /^[!#$%&'*+\-.^_`|~\w]+=; Path=\/[ -:<-~]{0,1023}; HttpOnly(; Secure)?; SameSite=(Strict|Lax|None)(; Domain=[a-z\d]([a-z\d.-]{0,251}[a-z\d])?)?(; Partitioned)?$/i
const valueShape = /^[!#-+\--:<-[\]-~]*$/

/** Makes cookies of one name, for a value and a lifetime in seconds. */
export type CookieMaker = (value: string, maxAge?: number) => Cookie

/**
 * Checks the session cookie's options, and says its name and how to make it.
 *
 * Throws `invalid_option` for options that browsers would refuse or that are unsafe. Making a cookie throws
 * `invalid_option` for a value that would need escaping and `cookie_too_large` over 4,096 bytes (RFC 6265bis).
 */
export function createCookieMaker(options: CookieOptions = {}): [name: string, make: CookieMaker] {
  const { domain, path = "/", sameSite = "lax", secure = true, partitioned } = options
  const { name = secure && path === "/" && domain === undefined ? "__Host-session" : "session" } = options
  const suffix =
    `; Path=${path}; HttpOnly${secure ? "; Secure" : ""}; SameSite=${capitalize(sameSite)}` +
    `${domain === undefined ? "" : `; Domain=${domain}`}${partitioned ? "; Partitioned" : ""}`

  // Browsers compare the prefixes without regard to case.
  const needsHost = /^__host-/i.test(name)
  const needsSecure = needsHost || partitioned || sameSite === "none" || /^__secure-/i.test(name)
  const isUnsafe = (needsSecure && !secure) || (needsHost && (domain ?? path) !== "/")
  if (isUnsafe || !cookieShape.test(`${name}=${suffix}`)) {
    throw new AuthError("invalid_option", `No browser keeps such a cookie: ${JSON.stringify(name + suffix)}`)
  }

  function make(value: string, maxAge?: number): Cookie {
    const isTooLarge = name.length + value.length > 4096
    if (isTooLarge || !valueShape.test(value) || (!value && maxAge !== 0)) {
      throw new AuthError(isTooLarge ? "cookie_too_large" : "invalid_option", "This cannot be the value of a cookie")
    }
    const lifetime = maxAge === undefined ? "" : `; Max-Age=${maxAge}${maxAge ? "" : epoch}`
    const attributes = { httpOnly: true, secure, sameSite, path, domain, partitioned, maxAge }
    return { name, value, attributes, serialize: () => `${name}=${value}${lifetime}${suffix}` }
  }

  return [name, make]
}

const epoch = "; Expires=Thu, 01 Jan 1970 00:00:00 GMT"

function capitalize(word: string): string {
  return word[0]?.toUpperCase() + word.slice(1)
}

/**
 * Reads one cookie out of a `Cookie` header. The name matches to the letter. Several different values under one name
 * are none, since their order says nothing about who set them (RFC 6265, section 5.4).
 */
export function readCookie(header: string | null | undefined, name: string): string | null {
  if (typeof header !== "string" || isLegacy(header)) return null
  let found: string | null = null
  for (let at = header.indexOf(`${name}=`); at !== -1; at = header.indexOf(`${name}=`, at + 1)) {
    if (!beginsPair(header, at)) continue
    const end = header.indexOf(";", at)
    const value = header.slice(at + name.length + 1, end === -1 ? undefined : end)
    if (found !== null && found !== value) return null
    found = value
  }
  return found || null
}

function beginsPair(header: string, at: number): boolean {
  let before = at - 1
  while (header[before] === " " || header[before] === "\t") before--
  return before < 0 || header[before] === ";"
}

// `$Version` and a quoted string that runs across a `;` belong to RFC 2109. No browser writes them: they are how one
// cookie is made to look like several, or several like one.
function isLegacy(header: string): boolean {
  return /["$]/.test(header) && header.split(";").some((pair) => /^\$Version=|^[^=]*="[^"]*$/.test(pair.trim()))
}

/** Reads the token out of an `Authorization: Bearer` header (RFC 6750); the scheme may have any case. */
export function readBearerToken(header: string | null | undefined): string | null {
  if (typeof header !== "string") return null
  return /^bearer +([\w\-.~+/]+=*)$/i.exec(header)?.[1] ?? null
}
