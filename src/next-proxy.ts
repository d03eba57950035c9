import type { CookieOptions } from "./core/cookie.ts"
import { AuthError } from "./core/errors.ts"
import { checkOrigins, verifyRequestOrigin } from "./core/origin.ts"
import { privateResponse } from "./core/response-headers.ts"
import { createSessionCookies } from "./core/session-cookie.ts"

/** The part of a `NextRequest` that the proxy reads; a plain `Request` has enough of it. */
export interface ProxyRequest {
  method: string
  url: string
  headers: { get(name: string): string | null }
  /** The address without base path and locale. */
  nextUrl?: { pathname: string; search: string; clone(): { pathname: string; search: string; toString(): string } }
}

/** What {@link createAuthProxy} takes. */
export interface AuthProxyOptions {
  /** The same object that `createAuth` got. */
  cookie?: CookieOptions
  /** The same list that `createAuth` got: exact origins that may change state besides a request's own. */
  trustedOrigins?: readonly string[]
  /** Where those come who are signed out. A path stands for itself and for what lies below it; `/` for itself alone. */
  publicPaths: readonly string[]
  /** The page to sign in at. It is public. */
  signInPath: string
}

/**
 * Makes the function for `proxy.ts`, or `middleware.ts` before Next.js 16. It answers unsafe cross-site requests with
 * 403, and sends who has no session cookie from pages that are not public to `signInPath`.
 *
 * It asks no database, so it cannot tell a live session from a dead one: it saves a visitor a detour and protects
 * nothing. `verifySession`, `routeHandler`, `serverAction` and their like protect. It never sends anyone away from
 * `signInPath`, so that an ended session cannot run in circles. `undefined` means: go on.
 *
 * Throws `invalid_option` for a path that does not start with `/`, and for what `createAuth` would not take.
 *
 * @example
 * export const proxy = createAuthProxy({ cookie, publicPaths: ["/", "/sign-up", "/api"], signInPath: "/sign-in" })
 * export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" }
 */
export function createAuthProxy({
  cookie,
  trustedOrigins,
  publicPaths,
  signInPath,
}: AuthProxyOptions): (request: ProxyRequest) => Response | undefined {
  const origins = { trustedOrigins: checkOrigins(trustedOrigins) }
  const { readSessionCookie } = createSessionCookies(cookie, 0)
  const open = [...publicPaths, signInPath, "/_next/static", "/_next/image"].map(publicPath)

  return (request) => {
    if (!verifyRequestOrigin(request, origins)) return refusal()
    // A form or a call that is not signed in is answered where it goes: a redirect would lose it.
    const isVisit = request.method === "GET" || request.method === "HEAD"
    if (!isVisit || isTokenLike(readSessionCookie(request.headers.get("Cookie")))) return undefined
    const path = plainPath((request.nextUrl ?? new URL(request.url)).pathname)
    if (path !== null && open.some((each) => isWithin(path, each))) return undefined
    return redirection(addressOf(signInPath, request))
  }
}

function redirection(address: string): Response {
  const response = privateResponse(Response.redirect(address, 307))
  // Else the Pages Router's client keeps it, and sends the visitor away again after signing in.
  response.headers.set("x-middleware-cache", "no-cache")
  return response
}

function refusal(): Response {
  return privateResponse(new Response("Cross-site request refused", { status: 403 }))
}

// Wide enough for every token of this package and those it takes over; the real check is not here.
function isTokenLike(value: string | null): boolean {
  return value !== null && /^[\w.~+/=-]{24,}$/.test(value)
}

function publicPath(path: string): string {
  const plain = /^\/(?![/\\])[^?#]*$/.test(path) ? plainPath(path) : null
  if (plain === null) throw new AuthError("invalid_option", `"${path}" is not a path of this site, such as "/sign-in"`)
  return plain
}

/** The path decoded, with `//` as `/` and without a last one; `null` for one that can be read in several ways. */
function plainPath(path: string): string | null {
  try {
    const plain = `/${decodeURIComponent(path).split("/").filter(Boolean).join("/")}`
    return /\\|\/\.\.?(\/|$)/.test(plain) ? null : plain
  } catch {
    return null
  }
}

function isWithin(path: string, parent: string): boolean {
  return path === parent || (parent !== "/" && path.startsWith(`${parent}/`))
}

function addressOf(path: string, { nextUrl, url }: ProxyRequest): string {
  const address = nextUrl ? nextUrl.clone() : new URL(url)
  address.pathname = path
  address.search = ""
  return address.toString()
}
