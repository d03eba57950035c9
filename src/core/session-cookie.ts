import { readBearerToken, readCookie } from "./cookie.ts"
import type { Cookie, CookieOptions } from "./cookie.ts"
import { defined } from "./defined.ts"
import { AuthError } from "./errors.ts"
import { checkOptions } from "./options.ts"
import { isPersistent, markToken } from "./persistence.ts"

// RFC 6265, section 4.1.1, without what would need escaping: `;`, controls, and anything beyond ASCII. One line each for
// name, path, SameSite and domain.
const cookieShape = /^[!#$%&'*+\-.^_`|~\w]+\n\/[ -:<-~]{0,1023}\n(strict|lax|none)\n[\w.-]{0,253}$/
const valueShape = /^[!#-+\--:<-[\]-~]+$/
// 400 days. Browsers cut a longer life short (RFC 6265bis, section 5.5).
const longestMaxAge = 34_560_000

/**
 * Makes the functions that write and read the session cookie, which lives `lifetime` milliseconds.
 *
 * Throws `invalid_option` for options that browsers would refuse or that are unsafe. Writing a cookie throws
 * `invalid_option` for a value that would need escaping and `cookie_too_large` over 4,096 bytes (RFC 6265bis).
 */
export function createSessionCookies(options: CookieOptions = {}, lifetime: number) {
  checkOptions("cookie", options, "name", "domain", "path", "sameSite", "secure", "partitioned")
  const { domain, path = "/", sameSite = "lax", secure = true, partitioned } = options
  const { name = secure && path === "/" && !domain ? "__Host-session" : "session" } = options
  const seconds = Math.ceil(lifetime / 1000)

  // Browsers compare the prefixes without regard to case.
  const needsSecure = partitioned || sameSite === "none" || /^__(host|secure)-/i.test(name)
  const isUnsafe = (needsSecure && !secure) || (/^__host-/i.test(name) && (domain ?? path) !== "/")
  if (isUnsafe || !cookieShape.test([name, path, sameSite, domain].join("\n"))) {
    throw new AuthError("invalid_option", "Impossible cookie")
  }

  function write(value: string, maxAge?: number): Cookie {
    const isTooLarge = name.length + value.length > 4096
    if (isTooLarge || (maxAge !== 0 && !valueShape.test(value))) {
      throw new AuthError(isTooLarge ? "cookie_too_large" : "invalid_option", "Not a cookie value")
    }
    const parts = [
      `${name}=${value}`,
      maxAge !== undefined && `Max-Age=${maxAge}`,
      maxAge === 0 && "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
      `Path=${path}`,
      "HttpOnly",
      secure && "Secure",
      `SameSite=${sameSite[0]!.toUpperCase()}${sameSite.slice(1)}`,
      domain && `Domain=${domain}`,
      partitioned && "Partitioned",
    ]
    const attributes = defined({ httpOnly: true, secure, sameSite, path, domain, partitioned, maxAge })
    return { name, value, attributes, serialize: () => parts.filter(Boolean).join("; ") }
  }

  return {
    sessionCookieName: name,
    renewsCookie: seconds > longestMaxAge,
    createSessionCookie(token: string, options: { persistent?: boolean | undefined } = {}) {
      checkOptions("createSessionCookie()", options, "persistent")
      const { persistent = isPersistent(token) } = options
      return write(markToken(token, persistent), persistent ? Math.min(seconds, longestMaxAge) : undefined)
    },
    createBlankSessionCookie: () => write("", 0),
    readSessionCookie: (header: string | null | undefined) => readCookie(header, name),
    readBearerToken,
  }
}
