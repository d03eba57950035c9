import type { AnyAuth } from "./core/auth.ts"
import type { Cookie } from "./core/cookie.ts"
import { AuthError } from "./core/errors.ts"
import { checkOptions } from "./core/options.ts"
import { checkMember } from "./request/access.ts"
import type { MemberCheck } from "./request/access.ts"
import { checkCrossOrigin, refuseCrossOrigin } from "./request/cross-origin.ts"
import type { CrossOriginOptions } from "./request/cross-origin.ts"
import { checkKeepers } from "./request/device.ts"
import type { Keepers } from "./request/device.ts"
import type { Authorize } from "./request/member.ts"
import type { RequestIo } from "./request/request-io.ts"
import { createRequestSession } from "./request/request-session.ts"
import type { RequestSession } from "./request/request-session.ts"
import { isResponse, privateResponse } from "./request/response-headers.ts"

export { safeRedirect } from "./request/safe-redirect.ts"
export type { AnyAuth } from "./core/auth.ts"
export type { MemberCheck, Refusal } from "./request/access.ts"
export type { DeviceKeeper, DeviceOptions, DeviceRequest } from "./request/device.ts"
export type { FlowRequest } from "./request/flow.ts"
export type { Authorize, Decision, Member } from "./request/member.ts"
export type { CrossOriginOptions } from "./request/cross-origin.ts"
export type { ElevatingDoor, NewSession, PersistOptions, RequestSession } from "./request/request-session.ts"
export type { SnapshotKeeper, SnapshotOptions } from "./request/snapshots.ts"

/** The session of one `Request`. */
export interface AuthRequest<A extends AnyAuth> extends RequestSession<A> {
  /**
   * Returns a copy of a response with the session's cookie, and with headers that keep shared caches away from it. Returns
   * the response itself if it does not depend on the session. Call it last: signing in or out afterwards throws
   * `headers_sent`.
   *
   * Throws `headers_sent` if `signIn`, `setSession`, `rotate`, `elevate` or `signOut` is still under way, and `unsupported`
   * for anything but a `Response` and for a body that was sent before. A response that cannot be copied carries no cookie:
   * `Response.error()`, and a WebSocket handshake (status 101) outside of Workers.
   */
  applyTo(response: Response): Response
}

/** The type of what `handleRequest` returns, as in `InferAuthRequest<typeof auth>`. */
export type InferAuthRequest<A extends AnyAuth> = AuthRequest<A>

/** What {@link createWebAuth} returns. */
export interface WebAuth<A extends AnyAuth> {
  /** Reads a request's session. Give its response to `applyTo`. */
  handleRequest(request: Request, options?: CrossOriginOptions): AuthRequest<A>
  /**
   * Wraps a handler: answers unsafe cross-origin requests with 403, and calls `applyTo` for the response that the handler
   * returns or throws. What it throws is thrown on.
   */
  handler(
    handle: (request: Request, auth: AuthRequest<A>) => Response | Promise<Response>,
    options?: CrossOriginOptions,
  ): (request: Request) => Promise<Response>
  /**
   * Resolves to the member of an `Authorization: Bearer` token, or to why there is none: `"signed_out"`, or what
   * `authorize` decided, `"forbidden"` or `"confirm"`. For clients without cookies: it reads none and checks no origin.
   *
   * @example
   * const { member, refused } = await memberOf(request, { authorize: door.recent({ within: "10m" }) })
   * if (!member) return new Response(refused, { status: refused === "forbidden" ? 403 : 401 })
   */
  memberOf(request: Request, options?: { authorize?: Authorize<A> | undefined }): Promise<MemberCheck<A>>
}

/**
 * Serves sessions over the Web's `Request` and `Response`. `snapshots` keeps a snapshot cookie next to the session's.
 * `device` binds sessions to devices; what `handler` makes answers browsers at its path, whatever it wraps.
 *
 * @example
 * const { handler } = createWebAuth(auth)
 * export const GET = handler(async (request, authRequest) => {
 *   const signedIn = await authRequest.validate()
 *   return signedIn ? Response.json(signedIn.user) : new Response(null, { status: 401 })
 * })
 */
export function createWebAuth<A extends AnyAuth>(auth: A, keepers: Keepers<A> = {}): WebAuth<A> {
  checkOptions("createWebAuth()", keepers, "snapshots", "device")
  checkKeepers(keepers)
  const { device } = keepers

  function createAuthRequest(request: Request, options: CrossOriginOptions = {}) {
    let used = false
    const pending = new Map<string, Cookie>()
    const headers = new Map<string, string>()
    const io: RequestIo = {
      request,
      origin: request,
      allowCrossOrigin: options.allowCrossOrigin,
      canWrite: () => true,
      write: (cookie) => pending.set(cookie.name, cookie),
      headers,
      onUse: () => (used = true),
    }
    const { finish, ...session } = createRequestSession(auth, io, keepers)

    function applyTo(response: Response): Response {
      const unfinished = finish()
      if (unfinished) throw unfinished
      if (!isResponse(response)) throw new AuthError("unsupported", notAResponse(response))
      return used ? privateResponse(response, pending.values(), headers) : response
    }

    const authRequest: AuthRequest<A> = { ...session, applyTo }
    return { authRequest, finish }
  }

  return {
    handleRequest: (request, options) =>
      createAuthRequest(request, checkCrossOrigin("handleRequest()", options)).authRequest,
    handler(handle, options) {
      checkCrossOrigin("handler()", options)
      return async (request) => {
        if (device && device.path === new URL(request.url).pathname) return device.handler(request)
        const { authRequest, finish } = createAuthRequest(request, options)
        if (authRequest.crossOrigin) return refuseCrossOrigin()
        try {
          return authRequest.applyTo(await handle(request, authRequest))
        } catch (thrown) {
          const rethrown: unknown = isResponse(thrown) ? authRequest.applyTo(thrown) : thrown
          finish()
          throw rethrown
        }
      }
    },
    async memberOf(request, options) {
      const { authRequest } = createAuthRequest(request, { allowCrossOrigin: true })
      return checkMember(await authRequest.validateBearerToken(), options)
    },
  }
}

function notAResponse(value: unknown): string {
  const kind = value === null ? "null" : typeof value
  return `applyTo(): ${kind} is not a Response; return one from every path of the handler, such as Response.json(data)`
}
