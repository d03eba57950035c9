import type { Cookie } from "../core/cookie.ts"
import { AuthError } from "../core/errors.ts"

/** What a response that depends on a session says to caches (RFC 9111, section 5.2.2). */
export const privateCacheControl = "private, no-store"

/** Adds `Cookie` to a `Vary` header's value, unless it is there. */
export function varyByCookie(vary: string | null | undefined): string {
  if (!vary) return "Cookie"
  const names = vary.split(",").map((name) => name.trim().toLowerCase())
  return names.includes("cookie") || names.includes("*") ? vary : `${vary}, Cookie`
}

/** What a response needs of a cookie. */
type WrittenCookie = Pick<Cookie, "name" | "serialize" | "replaces">

/** Puts a cookie, and the earlier ones that it replaces, among `Set-Cookie` values in place of all others of their names. */
export function withCookie(values: readonly string[], cookie: WrittenCookie): string[] {
  const cookies = [...(cookie.replaces ?? []), cookie]
  const others = values.filter((value) => !cookies.some(({ name }) => value.startsWith(`${name}=`)))
  return [...others, ...cookies.map((each) => each.serialize())]
}

/** Returns whether a value is a `Response`, of whatever realm or package: it is known by its shape. */
export function isResponse(value: unknown): value is Response {
  // Errors of many HTTP clients have a status and headers too. They cannot be cloned.
  const { status, headers, clone } = Object(value) as Partial<Response>
  return typeof status === "number" && typeof headers?.get === "function" && typeof clone === "function"
}

/**
 * Copies a response, keeps shared caches away from the copy, and sets cookies on it. The response itself stays as it is:
 * the application may answer others with it.
 *
 * A response that cannot be copied is returned unchanged: `Response.error()`, and a WebSocket handshake (status 101)
 * outside of Workers. Throws `unsupported` for a body that has been read before.
 */
export function privateResponse(
  response: Response,
  cookies: Iterable<WrittenCookie> = [],
  headers: Iterable<readonly [name: string, value: string]> = [],
): Response {
  const copy = copyOf(response)
  if (!copy) return response
  copy.headers.set("Cache-Control", privateCacheControl)
  copy.headers.set("Vary", varyByCookie(copy.headers.get("Vary")))
  for (const [name, value] of headers) copy.headers.set(name, value)
  for (const cookie of cookies) setCookieHeader(copy.headers, cookie)
  giveWay(response.headers)
  return copy
}

const changed = ["cache-control", "set-cookie", "vary"]

// In Hono, `c.res = copy` lays the headers of the original over those of the copy: the session's cookie would be lost, and
// the page be public. It asks the original for its entries() at once, so until then these leave out what was changed.
function giveWay(headers: Headers): void {
  if (changed.every((name) => headers.get(name) === null)) return
  const value = () => [...headers].filter(([name]) => !changed.includes(name)).values()
  const isSet = Reflect.defineProperty(headers, "entries", { configurable: true, value })
  if (isSet) queueMicrotask(() => Reflect.deleteProperty(headers, "entries"))
}

/** Sets a cookie, in place of an earlier one of its name. */
export function setCookieHeader(headers: Headers, cookie: WrittenCookie): void {
  const values = withCookie(headers.getSetCookie(), cookie)
  headers.delete("Set-Cookie")
  for (const value of values) headers.append("Set-Cookie", value)
}

function copyOf(response: Response): Response | null {
  const { body, bodyUsed, status } = response
  if (bodyUsed || body?.locked) throw new AuthError("unsupported", usedBody)
  try {
    return new Response(body, response)
  } catch (error) {
    if (status < 200) return null
    throw error
  }
}

// Not cloned: a clone would keep in memory whatever is streamed, and would not end with the visitor's connection.
const usedBody =
  "response: its body was sent before and can be read only once; create a Response for each request, or return response.clone()"
