import { readBearerToken } from "./cookie.ts"
import type { Cookie, CookieOptions, ReplacedCookie } from "./cookie.ts"
import { defined } from "./defined.ts"
import { AuthError } from "./errors.ts"
import { checkOption, checkOptions } from "./options.ts"
import { isPersistent, markToken } from "./persistence.ts"

/**
 * Creates the functions that write and read the session cookie, which lives `lifetime` milliseconds.
 *
 * Throws `invalid_option` if options are unsafe or browsers would refuse them. Writing a cookie throws `invalid_option`
 * if the value would need escaping, and `cookie_too_large` over 4,096 bytes (RFC 6265bis).
 */
export function createSessionCookies(options: CookieOptions = {}, lifetime: number) {
  checkOptions("cookie", options, "name", "domain", "path", "sameSite", "secure", "partitioned", "replaces")
  const { domain, path = "/", sameSite = "lax", secure = true, partitioned, replaces = [] } = options
  const isOfHost = domain === undefined && path === "/"
  const { name = secure && isOfHost ? "__Host-session" : "session" } = options
  const seconds = Math.ceil(lifetime / 1000)
  // 400 days. Browsers shorten a longer lifetime (RFC 6265bis, section 5.5).
  const maxAge = Math.min(seconds, 34_560_000)

  // RFC 6265, section 4.1.1, without what would need escaping: `;`, control characters, and everything beyond ASCII.
  checkOption("cookie.name", name, /^[!#-'*+\-.^`|~\w]+$/.test(name), 'is invalid; use one such as "session"')
  checkOption("cookie.path", path, /^\/[ -:<-~]{0,1023}$/.test(path), 'is invalid; use one such as "/app"')
  checkOption(
    "cookie.sameSite",
    sameSite,
    /^(strict|lax|none)$/.test(sameSite),
    'is invalid; use "strict", "lax" or "none"',
  )
  // Browsers refuse IP addresses and top-level domains, so it needs two labels, and a letter at the start of the last.
  checkOption(
    "cookie.domain",
    domain,
    domain === undefined || /^(?!.{254})([\w-]+\.)+[a-z][a-z\d-]*[a-z\d]$/i.test(domain),
    'is invalid; use one such as "example.com", or none',
  )
  checkOption("cookie.name", name, isOfHost || !/^__host-/i.test(name), 'is for one host; use path "/" and no domain')
  const insecure = "requires Secure; use cookie.secure: true"
  checkOption("cookie.name", name, secure || !prefix.test(name), insecure)
  checkOption("cookie.sameSite", sameSite, secure || sameSite !== "none", insecure)
  checkOption("cookie.partitioned", partitioned, secure || !partitioned, insecure)

  // With a domain, browsers also keep a cookie that was set without it.
  const replaced = (domain ? [{ path }, ...replaces] : replaces).map(blankOf)

  function blankOf(earlier: ReplacedCookie): Cookie {
    checkOptions("cookie.replaces", earlier, "name", "domain", "path")
    // A name with a prefix was Secure, even if the current one is not, as in development.
    const old = { name, sameSite, partitioned, secure: secure || prefix.test(earlier.name ?? ""), ...defined(earlier) }
    const cookie = createSessionCookies(old, 0).createBlankSessionCookie()
    const isOther = old.name !== name || old.domain !== domain || cookie.attributes.path !== path
    checkOption("cookie.replaces", old.name, isOther, "is the session cookie; remove it")
    return cookie
  }

  function write(value: string, maxAge?: number): Cookie {
    const bytes = name.length + value.length
    if (bytes > 4096) throw new AuthError("cookie_too_large", `cookie: ${bytes} bytes; use at most 4096`)
    return defined({
      name,
      value,
      attributes: defined({ httpOnly: true, secure, sameSite, path, domain, partitioned, maxAge }),
      serialize: () =>
        [
          `${name}=${value}`,
          maxAge !== undefined && `Max-Age=${maxAge}`,
          maxAge === 0 && `Expires=${new Date(0).toUTCString()}`,
          `Path=${path}`,
          "HttpOnly",
          secure && "Secure",
          `SameSite=${sameSite.replace(/./, (first) => first.toUpperCase())}`,
          domain && `Domain=${domain}`,
          partitioned && "Partitioned",
        ]
          .filter(Boolean)
          .join("; "),
      replaces: replaced[0] && replaced,
    })
  }

  return {
    sessionCookieName: name,
    renewsCookie: seconds > maxAge,
    createSessionCookie(token: string, options: { persistent?: boolean | undefined } = {}) {
      checkOptions("createSessionCookie()", options, "persistent")
      const { persistent = isPersistent(token) } = options
      const value = markToken(token, persistent)
      if (!/^[!#-+\--:<-[\]-~]+$/.test(value))
        throw new AuthError("invalid_option", "token: not a cookie value; use createSession()")
      return write(value, persistent ? maxAge : undefined)
    },
    createBlankSessionCookie: () => write("", 0),
    readBearerToken,
  }
}

// Browsers ignore the case of the prefixes (RFC 6265bis, section 4.1.3, which names the first two). The fourth prefix,
// `__Host-Http-`, starts with the first.
const prefix = /^__(host|secure|http)-/i
