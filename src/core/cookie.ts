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
  domain?: string
  partitioned?: boolean
  /** In seconds. Without it the cookie ends with the browser. */
  maxAge?: number
}

/** A cookie to set. */
export interface Cookie {
  name: string
  value: string
  attributes: CookieAttributes
  /** Writes the cookie as the value of a `Set-Cookie` header. */
  serialize(): string
}

/** A cookie's name and attributes, once checked. */
export type CookieShape = { name: string; attributes: CookieAttributes }

// RFC 6265, section 4.1.1: a token, cookie octets, and attribute text without `;`, controls or anything beyond ASCII.
const nameShape = /^[!#$%&'*+\-.^_`|~\w]+$/
const valueShape = /^[!#-+\--:<-[\]-~]*$/
const pathShape = /^\/[ -:<-~]{0,1023}$/
const domainShape = /^[a-z\d]([a-z\d.-]{0,251}[a-z\d])?$/i

/** Checks the session cookie's options. Throws `invalid_option` for one that browsers would refuse or that is unsafe. */
export function checkCookie(options: CookieOptions = {}): CookieShape {
  const { domain, path = "/", sameSite = "lax", secure = true, partitioned } = options
  const { name = secure && path === "/" && domain === undefined ? "__Host-session" : "session" } = options
  const attributes: CookieAttributes = { httpOnly: true, secure, sameSite, path }
  if (domain !== undefined) attributes.domain = domain
  if (partitioned) attributes.partitioned = true
  const problem = problemOf(name, attributes)
  if (problem) throw new AuthError("invalid_option", `cookie: ${problem}.`)
  return { name, attributes }
}

function problemOf(name: string, { domain, path, sameSite, secure, partitioned }: CookieAttributes): string | null {
  if (!matches(nameShape, name) || name.length > 256)
    return "name must be 1 to 256 letters, digits or symbols of RFC 6265"
  if (!matches(pathShape, path)) return "path must begin with / and hold plain ASCII without ;"
  if (domain !== undefined && !matches(domainShape, domain)) return "domain must be a host name, such as example.com"
  if (!["strict", "lax", "none"].includes(sameSite)) return "sameSite must be strict, lax or none"
  if (typeof secure !== "boolean") return "secure must be true or false"
  if (!secure && (sameSite === "none" || partitioned)) return 'sameSite "none" and partitioned need secure: true'
  // Browsers compare the prefixes without regard to case.
  if (/^__(host|secure)-/i.test(name) && !secure)
    return "a name that begins with __Host- or __Secure- needs secure: true"
  if (/^__host-/i.test(name) && (domain !== undefined || path !== "/")) return "__Host- needs path / and no domain"
  return null
}

function matches(shape: RegExp, text: unknown): boolean {
  return typeof text === "string" && shape.test(text)
}

/** Makes a cookie. Throws `invalid_option` for a value that needs escaping, `cookie_too_large` over 4,096 bytes (RFC 6265bis). */
export function createCookie({ name, attributes }: CookieShape, value: string, maxAge?: number): Cookie {
  const isBlank = value === "" && maxAge !== 0
  if (isBlank || !matches(valueShape, value)) throw new AuthError("invalid_option", "A session cookie needs a token.")
  if (name.length + value.length > 4096)
    throw new AuthError("cookie_too_large", "The session cookie is over 4,096 bytes.")
  const cookie = { name, value, attributes: { ...attributes, ...(maxAge !== undefined && { maxAge }) } }
  return { ...cookie, serialize: () => serialize(cookie) }
}

function serialize({ name, value, attributes }: Omit<Cookie, "serialize">): string {
  const { maxAge, domain, path, httpOnly, secure, sameSite, partitioned } = attributes
  const parts = [`${name}=${value}`]
  if (maxAge !== undefined) parts.push(`Max-Age=${maxAge}`)
  if (maxAge === 0) parts.push("Expires=Thu, 01 Jan 1970 00:00:00 GMT")
  if (domain !== undefined) parts.push(`Domain=${domain}`)
  parts.push(`Path=${path}`)
  if (httpOnly) parts.push("HttpOnly")
  if (secure) parts.push("Secure")
  parts.push(`SameSite=${sameSite[0]!.toUpperCase()}${sameSite.slice(1)}`)
  if (partitioned) parts.push("Partitioned")
  return parts.join("; ")
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
