import type { RequestAuth, SessionFields } from "./core/auth.ts"
import { readCookie } from "./core/cookie.ts"
import type { Cookie, CookieOptions } from "./core/cookie.ts"
import { AuthError } from "./core/errors.ts"
import { checkOptions } from "./core/options.ts"
import { checkOrigins, verifyRequestOrigin } from "./core/origin.ts"
import type { UserId } from "./core/ports.ts"
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

/** What the proxy needs of `createSnapshots()` from `nightlatch/stateless`. */
export interface SnapshotReader {
  readonly cookieName: string
  /** Opens a snapshot of the session with this token; `null` for anything else. */
  openSnapshot(value: string | null, token: string): Promise<OpenSnapshot | null>
}

/** What a snapshot says: who was signed in a moment ago. It may have changed since. */
export interface OpenSnapshot {
  userId: UserId
  claims: Readonly<Record<string, unknown>>
}

/** How the proxy uses snapshots. */
export interface ProxySnapshots {
  /** What `createSnapshots()` returned; its secrets are those of the application's. */
  with: SnapshotReader
  /** Whether the page at `path` is for this member. Asked where the snapshot is good; without one the visitor goes on. */
  authorize(snapshot: OpenSnapshot, path: string): boolean
  /** The page for members who may not go on. It is public. */
  forbiddenPath: string
}

/** What {@link createAuthProxy} takes. */
export interface AuthProxyOptions {
  /** The same object that `createAuth` got. */
  cookie?: CookieOptions | undefined
  /** The same list that `createAuth` got: exact origins that may change state besides a request's own. */
  trustedOrigins?: readonly string[] | undefined
  /** Where those come who are signed out. A path stands for itself and for what lies below it; `/` for itself alone. */
  publicPaths: readonly string[]
  /** The page to sign in at. It is public. */
  signInPath: string
}

/** What {@link createAuthProxy} takes to look closer at a visitor. */
export interface AwareProxyOptions extends AuthProxyOptions {
  /** A stateless auth, whose `cookie` and `trustedOrigins` are used: its sessions are checked and sealed anew here. */
  auth?: ProxyAuth | undefined
  /** Sends members away from pages that are not for them, by what their snapshot says. Asks no database. */
  snapshots?: ProxySnapshots | undefined
}

/** What the proxy needs of a stateless auth. */
export type ProxyAuth = Pick<
  RequestAuth<SessionFields, { id: UserId }, never, never>,
  "validateSession" | "createSessionCookie" | "createBlankSessionCookie" | "readSessionCookie" | "trustedOrigins"
>

/**
 * Makes the function for `proxy.ts`, or `middleware.ts` before Next.js 16. It answers unsafe cross-site requests with
 * 403, and sends who has no session cookie from pages that are not public to `signInPath`.
 *
 * It asks no database, so it cannot tell a live session from a dead one: it saves a visitor a detour and protects
 * nothing. `verifySession`, `routeHandler`, `serverAction` and their like protect. It never sends anyone away from
 * `signInPath`, so that an ended session cannot run in circles. `undefined` means: go on.
 *
 * Given a stateless auth it sends ended sessions away too, and re-seals those that are due, since Server Components
 * cannot set cookies. Given snapshots it knows what members may see, without a database and at most as late as they are
 * old; a snapshot that is missing or does not belong to the session says nothing, and the visitor goes on.
 *
 * Throws `invalid_option` for a path that does not start with `/`, and for what `createAuth` would not take.
 *
 * @example
 * export const proxy = createAuthProxy({ cookie, publicPaths: ["/", "/sign-up", "/api"], signInPath: "/sign-in" })
 * export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" }
 */
export function createAuthProxy(
  options: AuthProxyOptions & { auth?: undefined; snapshots?: undefined },
): (request: ProxyRequest) => Response | undefined
export function createAuthProxy(options: AwareProxyOptions): (request: ProxyRequest) => Promise<Response | undefined>
export function createAuthProxy(
  options: AwareProxyOptions,
): (request: ProxyRequest) => Response | undefined | Promise<Response | undefined> {
  checkOptions(
    "createAuthProxy()",
    options,
    "auth",
    "snapshots",
    "cookie",
    "trustedOrigins",
    "publicPaths",
    "signInPath",
  )
  const { auth, snapshots, cookie, trustedOrigins, publicPaths, signInPath } = options
  checkOptions("snapshots", snapshots, "with", "authorize", "forbiddenPath")
  const origins = auth ?? { trustedOrigins: checkOrigins(trustedOrigins) }
  const { readSessionCookie } = auth ?? createSessionCookies(cookie, 0)
  const ownPaths = snapshots ? [signInPath, snapshots.forbiddenPath] : [signInPath]
  const open = [...publicPaths, ...ownPaths, "/_next/static", "/_next/image"].map(publicPath)

  return (request) => {
    if (!verifyRequestOrigin(request, origins)) return refusal()
    // A form or a call that is not signed in is answered where it goes: a redirect would lose it.
    if (request.method !== "GET" && request.method !== "HEAD") return undefined
    const visit = visitOf(request)
    return auth || snapshots ? lookCloser(visit) : glance(visit)
  }

  function visitOf(request: ProxyRequest): Visit {
    const header = request.headers.get("Cookie")
    const path = plainPath((request.nextUrl ?? new URL(request.url)).pathname)
    const isOpen = path !== null && open.some((each) => isWithin(path, each))
    return { request, path: path ?? "", isOpen, token: readSessionCookie(header), header }
  }

  function glance({ request, token, isOpen }: Visit): Response | undefined {
    return isOpen || isTokenLike(token) ? undefined : redirection(addressOf(signInPath, request))
  }

  async function lookCloser(visit: Visit): Promise<Response | undefined> {
    const known = auth && visit.token !== null ? await auth.validateSession(visit.token) : null
    const isEnded = known !== null && "reason" in known
    const token = isEnded ? null : visit.token
    const signedOut = glance({ ...visit, token })
    if (signedOut) return isEnded ? forgetting(signedOut, visit) : signedOut
    const turnedAway = token && (await turnedAwayBySnapshot(visit, token))
    if (turnedAway) return turnedAway
    const renewed = known === null || isEnded ? undefined : known.token
    return auth && renewed !== undefined ? goOn(auth.createSessionCookie(renewed)) : undefined
  }

  // A page whose cache of revocations is older would believe the cookie, and send the visitor back. What is fetched in the
  // background may answer late, and must not delete the cookie of a new sign-in.
  function forgetting(response: Response, { request }: Visit): Response {
    const mode = request.headers.get("Sec-Fetch-Mode")
    return auth && (mode === null || mode === "navigate")
      ? privateResponse(response, [auth.createBlankSessionCookie()])
      : response
  }

  async function turnedAwayBySnapshot(visit: Visit, token: string): Promise<Response | undefined> {
    if (!snapshots || visit.isOpen) return undefined
    const snapshot = await snapshots.with.openSnapshot(readCookie(visit.header, snapshots.with.cookieName), token)
    if (!snapshot) return undefined
    const isWelcome = snapshots.authorize(snapshot, visit.path)
    return isWelcome ? undefined : redirection(addressOf(snapshots.forbiddenPath, visit.request))
  }
}

/** A request for a page, as the proxy sees it. */
interface Visit {
  request: ProxyRequest
  /** Decoded; empty for one that can be read in several ways. */
  path: string
  isOpen: boolean
  token: string | null
  header: string | null
}

/** Goes on, as `NextResponse.next()` does, and sets a cookie. */
function goOn(cookie: Cookie): Response {
  return privateResponse(new Response(null, { headers: { "x-middleware-next": "1" } }), [cookie])
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
  return value !== null && /^[\w.~+/=%-]{24,}$/.test(value)
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
