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

/** Reads one cookie out of a `Cookie` header. Never throws. */
export type ReadCookie = (header: string | null | undefined, onConflict?: () => void) => string | null

/**
 * Makes the function that reads one cookie. The name matches byte for byte. Several different values under one name are
 * none, since their order does not say who set them (RFC 6265, section 5.4): that is a conflict.
 */
export function createCookieReader(name: string): ReadCookie {
  // Every request pays for this: it searches for the name first, and then looks back at what stands before it.
  const pair = new RegExp(`(?<=(^|;)[ \\t]*)${name.replace(/\W/g, "\\$&")}=[^;]*`, "g")
  return (header, onConflict) => {
    const pairs = typeof header === "string" && header.match(pair)
    if (!pairs) return null
    const found = pairs[0]!
    if (pairs.some((other) => other !== found)) {
      onConflict?.()
      return null
    }
    if (/["$]/.test(header) && !header.replace(legacyText, "").match(pair)?.includes(found)) return null
    return found.slice(name.length + 1) || null
  }
}

/** Reads the token out of an `Authorization: Bearer` header (RFC 6750); the scheme may have any case. */
export function readBearerToken(header: string | null | undefined): string | null {
  return (typeof header === "string" && /^bearer +(\S+)$/i.exec(header)?.[1]) || null
}
