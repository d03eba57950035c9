/**
 * The name and attributes of the session cookie. The default is the safest: `__Host-session`, `Secure`, `HttpOnly`,
 * `SameSite=Lax`.
 */
export interface CookieOptions {
  /** The name. Default `__Host-session` if the cookie is secure, has path `/` and no domain, otherwise `session`. */
  name?: string | undefined
  /**
   * The domain. By default none: browsers send the cookie only to the host that set it, also on localhost and IP
   * addresses. With a domain such as `example.com`, its subdomains also get the cookie, and each can set one of the
   * same name.
   */
  domain?: string | undefined
  /** The path. Default `/`. */
  path?: string | undefined
  /** The `SameSite` attribute. Default `lax`. */
  sameSite?: "strict" | "lax" | "none" | undefined
  /**
   * The `Secure` attribute. Default `true`. To develop over HTTP, set it to `process.env.NODE_ENV === "production"`.
   * Requests never decide it.
   */
  secure?: boolean | undefined
  /** Sets `Partitioned` (CHIPS), for pages in a frame on another site. Default `false`. */
  partitioned?: boolean | undefined
  /**
   * The cookies that this one has replaced. Each expires when the session cookie is set or deleted. Otherwise browsers
   * keep an earlier cookie and send both. If the two values differ, nobody is signed in.
   */
  replaces?: readonly ReplacedCookie[] | undefined
}

/** An earlier session cookie, with its former options. */
export interface ReplacedCookie {
  /** The name. Default: the current name. */
  name?: string | undefined
  /** The domain. Default none. If `cookie.domain` is set, the same cookie without a domain always expires. */
  domain?: string | undefined
  /** The path. Default `/`. */
  path?: string | undefined
}

/** The attributes of a cookie. */
export interface CookieAttributes {
  httpOnly: boolean
  secure: boolean
  sameSite: "strict" | "lax" | "none"
  path: string
  domain?: string | undefined
  partitioned?: boolean | undefined
  /** In seconds. Without it, the cookie ends with the browser. */
  maxAge?: number | undefined
}

/** A cookie to set. */
export interface Cookie {
  name: string
  value: string
  attributes: CookieAttributes
  /** Cookies that expire with this one. Write each as its own `Set-Cookie` header. Absent if there are none. */
  replaces?: readonly Cookie[]
  /** Returns the value of the `Set-Cookie` header. */
  serialize(): string
}

// RFC 2109 syntax, which browsers never followed: a header that starts with `$Version`, and a quoted string with a `;`
// in it. A cookie in such text is not ours. A lone quote is an ordinary character (RFC 6265, section 4.2.2).
const legacyText = /^[ \t]*\$Version=.*|="[^";]*;[^"]*"(?=[ \t]*(;|$))/g

/** Reads one cookie from a `Cookie` header. Never throws. */
export type ReadCookie = (header: string | null | undefined, onConflict?: () => void) => string | null

/**
 * Creates the function that reads one cookie. The name matches byte for byte. Different values under one name are a
 * conflict, and read as none: their order does not show who set them (RFC 6265, section 5.4).
 */
export function createCookieReader(name: string): ReadCookie {
  // Every request pays for this, so it searches for the name first, and then checks what is before it.
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

/** Reads the token from an `Authorization: Bearer` header (RFC 6750). The scheme can have any case. */
export function readBearerToken(header: string | null | undefined): string | null {
  return (typeof header === "string" && /^bearer +(\S+)$/i.exec(header)?.[1]) || null
}
