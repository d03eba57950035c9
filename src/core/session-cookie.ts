import { createCookieMaker, readBearerToken, readCookie } from "./cookie.ts"
import type { Cookie, CookieOptions } from "./cookie.ts"

// Browsers cut a longer life short (RFC 6265bis, section 5.5).
export const longestMaxAge = 400 * 86_400

/** Makes the functions that write and read the session cookie. `lifetime` is in milliseconds. */
export function createSessionCookies(options: CookieOptions | undefined, lifetime: number) {
  const [sessionCookieName, makeCookie] = createCookieMaker(options)
  const maxAge = Math.min(Math.ceil(lifetime / 1000), longestMaxAge)

  return {
    sessionCookieName,
    createSessionCookie: (token: string, { persistent = true }: { persistent?: boolean } = {}): Cookie =>
      makeCookie(token, persistent ? maxAge : undefined),
    createBlankSessionCookie: (): Cookie => makeCookie("", 0),
    readSessionCookie: (header: string | null | undefined) => readCookie(header, sessionCookieName),
    readBearerToken,
  }
}
