/** The session cookie's name and attributes. The default is the safest: `__Host-session`, `Secure`, `HttpOnly`, `SameSite=Lax`. */
export interface CookieOptions {
  /** Default `__Host-session` when secure, with path `/` and no domain; else `session`. */
  name?: string | undefined
  /** Default none: only the host that set the cookie gets it back. */
  domain?: string | undefined
  /** Default `/`. */
  path?: string | undefined
  /** Default `lax`. */
  sameSite?: "strict" | "lax" | "none" | undefined
  /** Default `true`. Set it to `process.env.NODE_ENV === "production"` to develop on http: it is never decided from a request. */
  secure?: boolean | undefined
  /** Sets `Partitioned` (CHIPS), for pages that run in a frame on another site. Default `false`. */
  partitioned?: boolean | undefined
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

// `$Version` and a quoted string that runs across a `;` belong to RFC 2109. No browser writes them: they are how one
// cookie is made to look like several, or several like one.
const legacyShape = /(^|; ?)(\$Version=|[^=;]*="[^";]*(;|$))/

/**
 * Reads one cookie out of a `Cookie` header. The name matches to the letter. Several different values under one name
 * are none, since their order says nothing about who set them (RFC 6265, section 5.4).
 */
export function readCookie(header: string | null | undefined, name: string): string | null {
  if (typeof header !== "string" || (/["$]/.test(header) && legacyShape.test(header))) return null
  const start = `${name}=`
  let found: string | null = null
  for (let at = header.indexOf(start); at !== -1; at = header.indexOf(start, at + 1)) {
    if (!beginsPair(header, at)) continue
    const value = header.slice(at + start.length).split(";", 1)[0]!
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

/** Reads the token out of an `Authorization: Bearer` header (RFC 6750); the scheme may have any case. */
export function readBearerToken(header: string | null | undefined): string | null {
  if (typeof header !== "string") return null
  return /^bearer +(\S+)$/i.exec(header)?.[1] ?? null
}
