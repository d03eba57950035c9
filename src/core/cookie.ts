/** The session cookie's name and attributes. The default is the safest: `__Host-session`, `Secure`, `HttpOnly`, `SameSite=Lax`. */
export interface CookieOptions {
  /** Default `__Host-session` when secure, with path `/` and no domain; else `session`. */
  name?: string | undefined
  /**
   * Default none: only the host that set the cookie gets it back, as on localhost and at IP addresses. With a domain such
   * as `example.com`, its subdomains get it too, and each can set a cookie of the same name.
   */
  domain?: string | undefined
  /** Default `/`. */
  path?: string | undefined
  /** Default `lax`. */
  sameSite?: "strict" | "lax" | "none" | undefined
  /** Default `true`. Set it to `process.env.NODE_ENV === "production"` to develop on http: it is never decided from a request. */
  secure?: boolean | undefined
  /** Sets `Partitioned` (CHIPS), for pages that run in a frame on another site. Default `false`. */
  partitioned?: boolean | undefined
  /**
   * Cookies that this one has replaced: each expires when the session's cookie is set or deleted. Otherwise browsers keep
   * an earlier cookie and send both, and with two different values nobody is signed in.
   */
  replaces?: readonly ReplacedCookie[] | undefined
}

/** An earlier session cookie, as it was configured then. */
export interface ReplacedCookie {
  /** Default the name of today. */
  name?: string | undefined
  /** Default none. Where `cookie.domain` is set, the same cookie without a domain expires in any case. */
  domain?: string | undefined
  /** Default `/`. */
  path?: string | undefined
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
  /** Cookies that expire with this one: write each as a `Set-Cookie` header of its own. Absent if there are none. */
  replaces?: readonly Cookie[]
  /** Writes the cookie as the value of a `Set-Cookie` header. */
  serialize(): string
}

// RFC 2109, which browsers never followed: a header that starts with `$Version`, and a quoted string that runs across a
// `;`. What stands in one is no cookie of ours. A lone quote is an ordinary character (RFC 6265, section 4.2.2).
const legacyText = /^[ \t]*\$Version=.*|="[^";]*;[^"]*"(?=[ \t]*(;|$))/g

/**
 * Reads one cookie out of a `Cookie` header. The name matches byte for byte. Several different values under one name are
 * none, since their order does not say who set them (RFC 6265, section 5.4): that is a conflict.
 */
export function readCookie(header: string | null | undefined, name: string, onConflict?: () => void): string | null {
  if (typeof header !== "string") return null
  const value = onlyValue(header, name)
  if (value === undefined) onConflict?.()
  if (!value || !/["$]/.test(header)) return value || null
  return onlyValue(header.replace(legacyText, ""), name) ? value : null
}

// `undefined` for several different values. Searched and not split: every request pays for this.
function onlyValue(header: string, name: string): string | null | undefined {
  const start = `${name}=`
  let found: string | null = null
  for (let at = header.indexOf(start); at !== -1; at = header.indexOf(start, at + 1)) {
    if (!beginsPair(header, at)) continue
    const value = header.slice(at + start.length).split(";", 1)[0]!
    if (found !== null && found !== value) return undefined
    found = value
  }
  return found
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
