import { readBearerToken, readCookie } from "./cookie.ts"
import type { Cookie, CookieOptions, ReplacedCookie } from "./cookie.ts"
import { defined } from "./defined.ts"
import { AuthError } from "./errors.ts"
import { checkOptions } from "./options.ts"
import { isPersistent, markToken } from "./persistence.ts"

// RFC 6265, section 4.1.1, without what would need escaping: `;`, controls, and anything beyond ASCII.
const nameShape = /^[!#$%&'*+\-.^_`|~\w]+$/
const pathShape = /^\/[ -:<-~]{0,1023}$/
// Two labels or more, the last of which starts with a letter: browsers refuse IP addresses and top-level domains.
const domainShape = /^(?=.{3,253}$)([\w-]+\.)+[a-z][a-z\d-]*[a-z\d]$/i
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
  checkOptions("cookie", options, "name", "domain", "path", "sameSite", "secure", "partitioned", "replaces")
  const { domain, path = "/", sameSite = "lax", secure = true, partitioned, replaces = [] } = options
  const { name = secure && path === "/" && !domain ? "__Host-session" : "session" } = options
  const seconds = Math.ceil(lifetime / 1000)
  checkCookie({ name, domain, path, sameSite, secure, partitioned })
  // Where there is a domain, browsers also keep what was set without it.
  const replaced = [...(domain ? [{ path }] : []), ...replaces].map(blankOf)

  function blankOf(earlier: ReplacedCookie): Cookie {
    checkOptions("cookie.replaces", earlier, "name", "domain", "path")
    const own = { name, ...defined(earlier) }
    if (own.name === name && own.domain === domain && (own.path ?? "/") === path)
      throw new AuthError("invalid_option", "cookie.replaces names the session's own cookie. Remove that entry.")
    // A name with a prefix was Secure, also where today's is not, as in development.
    const attributes = { sameSite, partitioned, secure: secure || prefix.test(own.name) }
    return createSessionCookies({ ...own, ...attributes }, 0).createBlankSessionCookie()
  }

  function write(value: string, maxAge?: number): Cookie {
    const bytes = name.length + value.length
    if (bytes > 4096) throw new AuthError("cookie_too_large", `Cookies have at most 4096 bytes, not ${bytes}.`)
    if (maxAge !== 0 && !valueShape.test(value))
      throw new AuthError("invalid_option", "The token has characters that a cookie cannot hold.")
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
    const cookie = { name, value, attributes, serialize: () => parts.filter(Boolean).join("; ") }
    return replaced.length > 0 ? { ...cookie, replaces: replaced } : cookie
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
    readSessionCookie: (header: string | null | undefined, onConflict?: () => void) =>
      readCookie(header, name, onConflict),
    readBearerToken,
  }
}

// Browsers compare the prefixes without regard to case (RFC 6265bis, section 4.1.3, which names the first two).
const prefix = /^__(host|secure|http|host-http)-/i

function checkCookie(options: Omit<CookieOptions, "replaces">): void {
  const { name = "", domain, path = "", sameSite = "", secure, partitioned } = options
  const insecure = partitioned ? "partitioned" : sameSite === "none" ? "sameSite" : prefix.test(name) && "name"

  check("name", nameShape.test(name), 'Use letters, digits, "-" and "_".')
  check("path", pathShape.test(path), 'Start with "/", and use ASCII without ";".')
  check("sameSite", /^(strict|lax|none)$/.test(sameSite), 'Use "strict", "lax" or "none".')
  check("domain", domain === undefined || domainShape.test(domain), domainAdvice)
  check("name", !/^__host-/i.test(name) || (domain ?? path) === "/", 'It requires path "/" and no domain.')
  if (insecure) check(insecure, secure, "It requires cookie.secure: true.")

  function check(option: keyof typeof options, isRight: boolean | undefined, remedy: string): void {
    if (isRight) return
    throw new AuthError("invalid_option", `cookie.${option}: ${JSON.stringify(options[option])} is invalid. ${remedy}`)
  }
}

const domainAdvice = 'Use one such as "example.com", or none: localhost and IP addresses need none.'
