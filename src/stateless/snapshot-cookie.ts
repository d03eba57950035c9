import type { Cookie, CookieAttributes } from "../core/cookie.ts"
import { readCookie } from "../core/cookie.ts"
import { defined } from "../core/defined.ts"
import { createSessionCookies } from "../core/session-cookie.ts"

/** Makes the cookie of a snapshot, or the one that deletes it, with the attributes of the session's own cookie. */
export function snapshotCookies(name: string, maxAge: number, attributes: CookieAttributes) {
  const { domain, path, sameSite, secure, partitioned } = attributes
  const cookies = createSessionCookies(defined({ name, domain, path, sameSite, secure, partitioned }), maxAge)
  return {
    read: (header: string | null): string | null => readCookie(header, name),
    write: (value: string): Cookie => cookies.createSessionCookie(value),
    blank: (): Cookie => cookies.createBlankSessionCookie(),
  }
}
