import type { Context, MiddlewareHandler } from "hono"

import type { AnyAuth } from "./core/auth.ts"
import { checkOptions } from "./core/options.ts"
import type { MemberCheck } from "./request/access.ts"
import { refuseCrossOrigin } from "./request/cross-origin.ts"
import type { CrossOriginOptions } from "./request/cross-origin.ts"
import type { Keepers } from "./request/device.ts"
import type { Authorize } from "./request/member.ts"
import type { RequestSession } from "./request/request-session.ts"
import { isResponse } from "./request/response-headers.ts"
import { createWebAuth } from "./web.ts"

export type { AnyAuth } from "./core/auth.ts"
export type { MemberCheck, Refusal } from "./request/access.ts"
export type { DeviceKeeper, DeviceOptions, DeviceRequest } from "./request/device.ts"
export type { FlowRequest } from "./request/flow.ts"
export type { Authorize, Decision, Member } from "./request/member.ts"
export type { CrossOriginOptions } from "./request/cross-origin.ts"
export type { ElevatingDoor, NewSession, PersistOptions, RequestSession } from "./request/request-session.ts"
export type { SnapshotKeeper, SnapshotOptions } from "./request/snapshots.ts"

/** What {@link createHonoAuth} takes besides the auth. */
export interface HonoAuthOptions<A extends AnyAuth> extends CrossOriginOptions, Keepers<A> {}

/** The type of `c.var.auth`, as in `InferAuthRequest<typeof auth>`. */
export type InferAuthRequest<A extends AnyAuth> = RequestSession<A>

/**
 * The environment of a Hono application that uses {@link createHonoAuth}, where Hono does not infer it.
 *
 * @example
 * const app = new Hono<HonoAuthEnv<typeof auth>>()
 */
export interface HonoAuthEnv<A extends AnyAuth> {
  Variables: { auth: RequestSession<A> }
}

/** What {@link createHonoAuth} returns: a middleware, which also answers for clients without cookies. */
export interface HonoAuth<A extends AnyAuth> extends MiddlewareHandler<HonoAuthEnv<A>> {
  /**
   * Resolves to the member of an `Authorization: Bearer` token, or to why there is none: `"signed_out"`, or what
   * `authorize` decided, `"forbidden"` or `"confirm"`. It needs no middleware, reads no cookie and checks no origin.
   * `request` is `c.req.raw`.
   *
   * @example
   * const { member, refused } = await honoAuth.memberOf(c.req.raw)
   * if (!member) return c.text(refused, refused === "forbidden" ? 403 : 401)
   */
  memberOf(request: Request, options?: { authorize?: Authorize<A> | undefined }): Promise<MemberCheck<A>>
}

// Which auth a request's session belongs to.
const opened = new WeakMap<Context, unknown>()

/**
 * Makes a middleware for Hono: answers unsafe cross-origin requests with 403 and puts the session at `c.var.auth`.
 * Whatever response leaves, it sets the session's cookie, and keeps shared caches away if the response depends on the
 * session: redirects, streams and the pages of `app.onError` too.
 *
 * The first one that a request meets decides, so put one with `allowCrossOrigin` for a path before the one for all paths.
 * A change that is still under way when the response leaves is `headers_sent`, and reaches `app.onError`.
 *
 * @example
 * const app = new Hono().use(createHonoAuth(auth)).get("/profile", async (c) => {
 *   const signedIn = await c.var.auth.validate()
 *   return signedIn ? c.json(signedIn.user) : c.redirect("/sign-in")
 * })
 */
export function createHonoAuth<A extends AnyAuth>(auth: A, options: HonoAuthOptions<A> = {}): HonoAuth<A> {
  checkOptions("createHonoAuth()", options, "allowCrossOrigin", "snapshots", "device")
  const { allowCrossOrigin, ...keepers } = options
  const { handleRequest, memberOf } = createWebAuth(auth, keepers)
  const { device } = keepers

  const middleware: MiddlewareHandler<HonoAuthEnv<A>> = async (c, next) => {
    if (device && device.path === new URL(c.req.raw.url).pathname) return device.handler(c.req.raw)
    if (opened.get(c) === auth) return next()
    opened.set(c, auth)
    const { applyTo, ...session } = handleRequest(c.req.raw, { allowCrossOrigin })
    if (session.crossOrigin) return refuseCrossOrigin()
    c.set("auth", session)
    await passOn(next, applyTo)
    const response = applyTo(c.res)
    if (response === c.res) return undefined
    // Emptied first: Hono lays the headers of an earlier response over those of a new one.
    c.res = undefined
    c.res = response
    return undefined
  }
  return Object.assign(middleware, { memberOf })
}

// Hono makes responses of errors, but hands on a Response that is thrown.
async function passOn(next: () => Promise<void>, applyTo: (response: Response) => Response): Promise<void> {
  try {
    await next()
  } catch (thrown) {
    const rethrown: unknown = isResponse(thrown) ? applyTo(thrown) : thrown
    throw rethrown
  }
}
