import type { Cookie } from "./cookie.ts"

/** What a response that depends on a session says to caches (RFC 9111, section 5.2.2). */
export const privateCacheControl = "private, no-store"

/** Adds `Cookie` to a `Vary` header's value, unless it is there. */
export function varyByCookie(vary: string | null | undefined): string {
  if (!vary) return "Cookie"
  const names = vary.split(",").map((name) => name.trim().toLowerCase())
  return names.includes("cookie") || names.includes("*") ? vary : `${vary}, Cookie`
}

/** Puts a cookie among `Set-Cookie` values in place of an earlier one of its name. The others stay as they are. */
export function replaceSetCookie(values: readonly string[], name: string, value: string): string[] {
  return [...values.filter((other) => !other.startsWith(`${name}=`)), value]
}

/**
 * Keeps shared caches away from a response, and sets cookies on it. Returns a copy where its headers are immutable; else
 * the response itself.
 */
export function privateResponse(response: Response, cookies: Iterable<Cookie> = []): Response {
  const target = isMutable(response) ? response : new Response(response.body, response)
  target.headers.set("Cache-Control", privateCacheControl)
  target.headers.set("Vary", varyByCookie(target.headers.get("Vary")))
  for (const cookie of cookies) setCookie(target.headers, cookie)
  return target
}

function setCookie(headers: Headers, cookie: Cookie): void {
  const values = replaceSetCookie(headers.getSetCookie(), cookie.name, cookie.serialize())
  headers.delete("Set-Cookie")
  for (const value of values) headers.append("Set-Cookie", value)
}

// The headers of `fetch` and `Response.redirect` are immutable.
function isMutable({ headers }: Response): boolean {
  try {
    headers.delete("nightlatch-probe")
    return true
  } catch {
    return false
  }
}
