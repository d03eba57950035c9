import type { AnyAuth } from "../core/auth.ts"
import { createCookieReader } from "../core/cookie.ts"
import type { CookieOptions } from "../core/cookie.ts"
import { AuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import { checkOrigins, verifyRequestOrigin } from "../core/origin.ts"
import type { UserId } from "../core/ports.ts"
import { after } from "../platform/maybe-promise.ts"
import { createSessionCookies } from "../core/session-cookie.ts"
import { refuseCrossOrigin } from "../request/cross-origin.ts"
import { privateResponse } from "../request/response-headers.ts"
import { checkSnapshots } from "../request/snapshots.ts"
import { goOn, isTokenLike, noPage, redirection } from "./lib/proxy-answers.ts"
import { createOffers, withOffer } from "./lib/proxy-offer.ts"
import {
  addressOf,
  comesBack,
  isFile,
  isIn,
  isPlain,
  ownPaths,
  pathOf,
  plainOwnPath,
  signInAddress,
} from "./lib/proxy-paths.ts"
import type { ProxyRequest } from "./lib/proxy-paths.ts"

export type { ProxyRequest } from "./lib/proxy-paths.ts"

/** What the proxy needs of `createSnapshots()` from `nightlatch/stateless`. */
export interface SnapshotReader<Claims extends object> {
  readonly cookieName: string
  /** Opens a snapshot of the session with this token; `null` for anything else. */
  openSnapshot(value: unknown, bound: { sessionToken: unknown }): Promise<OpenSnapshot<Claims> | null>
}

/** What a snapshot says: who was signed in a moment ago. It may have changed since. */
export interface OpenSnapshot<Claims extends object> {
  userId: UserId
  claims: Claims
}

/** How the proxy uses snapshots: the three options go together. */
export interface SnapshotChecks<Claims extends object> {
  /** What `createSnapshots()` returned. Sends members away from pages that are not for them. Asks no database. */
  snapshots: SnapshotReader<Claims>
  /**
   * Returns whether the page or file at `path`, which is decoded, is for this user. Called only with a valid snapshot, and
   * not for `publicPaths`; without a snapshot the visitor goes on. A path that can be read in several ways, such as
   * `/a/%2e%2e/b`, is for nobody.
   */
  authorize(snapshot: OpenSnapshot<Claims>, path: string): boolean
  /** The page for members who may not go on. It is public. */
  forbiddenPath: string
}

/** What {@link createAuthProxy} takes. */
export interface AuthProxyOptions {
  /** The same object that `createAuth` got. */
  cookie?: CookieOptions | undefined
  /** The same list that `createAuth` got: exact origins that may change state besides a request's own. */
  trustedOrigins?: readonly string[] | undefined
  /** Pages for signed-out visitors. A path covers itself and everything below it; `/` covers only itself. */
  publicPaths: readonly string[]
  /**
   * The sign-in page, or a function that returns it for a request, such as `/de/sign-in` for a site with a language in its
   * paths. It is public, with any other path in front of its last segment too.
   *
   * Visitors choose what the function reads, so let it choose from a list. If it returns anything but a path of this site,
   * the answer is 404, and `console.error` names the value.
   */
  signInPath: string | ((request: ProxyRequest) => string)
  /**
   * Paths that accept cross-origin POSTs, such as the `form_post` of "Sign in with Apple" or the return from a payment.
   * They cover what `publicPaths` cover, unless the request encodes a character without need, as in `/api%2Fcallback`. Give
   * their `routeHandler` or `apiRoute` `allowCrossOrigin` as well. Default none.
   */
  allowCrossOrigin?: readonly string[] | undefined
  /**
   * Where `createDeviceBinding` answers, with the base path: what it returned or, where that would open the database,
   * `{ path: "/auth/device" }`.
   * Offers to bind a session that a Server Action has opened, and lets browsers register and refresh.
   */
  device?: { readonly path: string } | undefined
}

/** What {@link createAuthProxy} takes to look closer at a visitor. */
export type AwareProxyOptions<Claims extends object> = AuthProxyOptions & {
  /** A stateless auth, whose `cookie` and `trustedOrigins` are used: its sessions are checked and re-encrypted here. */
  auth?: ProxyAuth | undefined
} & (SnapshotChecks<Claims> | NoSnapshots)

type NoSnapshots = { [Name in keyof SnapshotChecks<never>]?: undefined }

/** What the proxy needs of a stateless auth. */
export type ProxyAuth = Pick<
  AnyAuth,
  "validateSession" | "createSessionCookie" | "createBlankSessionCookie" | "readSessionCookie" | "trustedOrigins"
>

/**
 * Makes the function for `proxy.ts`, or `middleware.ts` before Next.js 16. It answers unsafe cross-origin requests with
 * 403, and redirects visits without a session cookie from pages that are not public to `signInPath?next=...`. Give `next`
 * to `safeRedirect` after signing in. Files, which have an extension, are public. `undefined` means: go on.
 *
 * It asks no database, so it cannot tell a live session from an ended one: it saves a visitor a detour and protects
 * nothing. `protectedPage`, `verifySession`, `routeHandler`, `serverAction` and the Pages Router's wrappers protect. It
 * never redirects from the sign-in page, so there is no redirect loop.
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
  options: AuthProxyOptions & { auth?: undefined } & NoSnapshots,
): (request: ProxyRequest) => Response | undefined
export function createAuthProxy<Claims extends object>(
  options: AwareProxyOptions<Claims>,
): (request: ProxyRequest) => Promise<Response | undefined>
export function createAuthProxy<Claims extends object>(
  options: AwareProxyOptions<Claims>,
): (request: ProxyRequest) => Response | undefined | Promise<Response | undefined> {
  checkOptions(
    "createAuthProxy()",
    options,
    "auth",
    "snapshots",
    "authorize",
    "forbiddenPath",
    "cookie",
    "trustedOrigins",
    "publicPaths",
    "signInPath",
    "allowCrossOrigin",
    "device",
  )
  const { auth, cookie, trustedOrigins, publicPaths, signInPath, allowCrossOrigin = [], device } = options
  const checks = snapshotChecks(options)
  const origins = auth ?? { trustedOrigins: checkOrigins(trustedOrigins) }
  const readSnapshot = checks && createCookieReader(checks.snapshots.cookieName)
  const readSessionCookie = auth?.readSessionCookie ?? createReader(cookie)
  const openPaths = [
    ...ownPaths("publicPaths", publicPaths),
    ...ownPaths("forbiddenPath", checks ? [checks.forbiddenPath] : []),
    ...ownPaths("signInPath", typeof signInPath === "function" ? [] : [signInPath]),
    "/_next/static",
    "/_next/image",
  ]
  const crossOriginPaths = ownPaths("allowCrossOrigin", allowCrossOrigin)

  const offerFor = createOffers(device, auth ? auth.createBlankSessionCookie().attributes.secure : cookie?.secure)

  return (request) => {
    // The signature is the check. This is the public path: `nextUrl` has no base path.
    if (device && new URL(request.url).pathname === device.path) return undefined
    if (!verifyRequestOrigin(request, origins) && !isCrossOriginPath(request))
      return privateResponse(refuseCrossOrigin())
    // A form or a call that is not signed in is answered where it goes: a redirect would lose it.
    if (request.method !== "GET" && request.method !== "HEAD") return undefined
    const visit = visitOf(request)
    const offer = offerFor(request)
    const decided = auth || checks ? lookCloser(visit) : glance(visit)
    if (offer === null) return decided
    return after(decided, (response) => withOffer(response, offer))
  }

  // Next.js routes by the segments as they were sent, where `%2F` separates nothing.
  function isCrossOriginPath(request: ProxyRequest): boolean {
    return isIn(crossOriginPaths, pathOf(request)) && isPlain(request)
  }

  function visitOf(request: ProxyRequest): Visit {
    const header = request.headers.get("Cookie")
    const path = pathOf(request)
    return { request, path, isOpen: isIn(openPaths, path), token: readSessionCookie(header), header }
  }

  function glance({ request, path, token, isOpen }: Visit): Response | undefined {
    if (isOpen || isFile(path) || isTokenLike(token)) return undefined
    const target = typeof signInPath === "function" ? signInPath(request) : signInPath
    const plain = plainOwnPath(target)
    if (plain === null) return noPage(target)
    return comesBack(request, path, plain) ? undefined : redirection(signInAddress(target, request))
  }

  async function lookCloser(visit: Visit): Promise<Response | undefined> {
    const validation = auth && visit.token !== null ? await auth.validateSession(visit.token) : null
    const isEnded = validation !== null && "reason" in validation
    const token = isEnded ? null : visit.token
    const signedOut = glance({ ...visit, token })
    if (signedOut) return isEnded ? forgetting(signedOut, visit) : signedOut
    const turnedAway = token && (await turnedAwayBySnapshot(visit, token))
    if (turnedAway) return turnedAway
    const renewed = isEnded ? undefined : validation?.token
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
    if (!checks || visit.isOpen) return undefined
    const { snapshots, authorize, forbiddenPath } = checks
    const value = readSnapshot?.(visit.header)
    const snapshot = await snapshots.openSnapshot(value, { sessionToken: token })
    if (!snapshot) return undefined
    // A promise or a role would be truthy, whoever asks.
    const isWelcome = visit.path !== null && authorize(snapshot, visit.path) === true
    return isWelcome ? undefined : redirection(addressOf(forbiddenPath, visit.request))
  }
}

// A check that is never asked would look like one that lets everybody in.
function snapshotChecks<Claims extends object>(options: AwareProxyOptions<Claims>): SnapshotChecks<Claims> | null {
  const { snapshots, authorize, forbiddenPath } = options
  if ([snapshots, authorize, forbiddenPath].every((option) => option === undefined)) return null
  checkSnapshots(snapshots, "openSnapshot")
  if (snapshots === undefined || typeof authorize !== "function" || forbiddenPath === undefined)
    throw new AuthError(
      "invalid_option",
      "createAuthProxy(): of snapshots, authorize and forbiddenPath one is missing; pass all three or none",
    )
  return { snapshots, authorize, forbiddenPath }
}

function createReader(cookie: CookieOptions | undefined): ProxyAuth["readSessionCookie"] {
  const { sessionCookieName } = createSessionCookies(cookie, 0)
  return createCookieReader(sessionCookieName)
}

/** A request for a page, as the proxy sees it. */
interface Visit {
  request: ProxyRequest
  /** Decoded; `null` if it can be read in several ways. */
  path: string | null
  isOpen: boolean
  token: string | null
  header: string | null
}
