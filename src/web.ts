import type { RequestAuth, SessionFields } from "./core/auth.ts"
import type { Cookie } from "./core/cookie.ts"
import { checkOptions } from "./core/options.ts"
import type { UserId } from "./core/ports.ts"
import { createRequestSession } from "./core/request-session.ts"
import type { RequestIo, RequestSession } from "./core/request-session.ts"
import type { SnapshotOptions } from "./core/snapshots.ts"
import { privateResponse } from "./core/response-headers.ts"

export { safeRedirect } from "./core/safe-redirect.ts"
export type { PersistOptions, RequestSession, SignedIn } from "./core/request-session.ts"
export type { SnapshotOptions } from "./core/snapshots.ts"

/** The session of one `Request`. */
export interface AuthRequest<
  S extends SessionFields,
  U extends { id: UserId },
  Id extends UserId,
  SessionRow,
> extends RequestSession<S, U, Id, SessionRow> {
  /**
   * Adds the session's cookie to a response, and the headers that keep shared caches away from it. Returns a copy where
   * the response's headers are immutable, as those of `fetch` and `Response.redirect` are; else the response itself.
   */
  applyTo(response: Response): Response
}

/** What {@link createWebAuth} returns. */
export interface WebAuth<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow> {
  /** Reads a request's session. Give its response to `applyTo`. */
  handleRequest(request: Request): AuthRequest<S, U, Id, SessionRow>
  /** Wraps a handler: unsafe cross-site requests are answered with 403, and `applyTo` is done. */
  handler(
    handle: (request: Request, auth: AuthRequest<S, U, Id, SessionRow>) => Response | Promise<Response>,
  ): (request: Request) => Promise<Response>
}

/**
 * Serves sessions over the Web's `Request` and `Response`. `snapshots` keeps a snapshot cookie beside the session's.
 *
 * @example
 * const { handler } = createWebAuth(auth)
 * export const GET = handler(async (request, authRequest) => {
 *   const signedIn = await authRequest.validate()
 *   return signedIn ? Response.json(signedIn.user) : new Response(null, { status: 401 })
 * })
 */
export function createWebAuth<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow>(
  auth: RequestAuth<S, U, Id, SessionRow>,
  options: { snapshots?: SnapshotOptions<S, U> | undefined } = {},
): WebAuth<S, U, Id, SessionRow> {
  checkOptions("createWebAuth()", options, "snapshots")
  const { snapshots } = options
  checkOptions("snapshots", snapshots, "with", "claims")

  function handleRequest(request: Request): AuthRequest<S, U, Id, SessionRow> {
    let used = false
    const pending = new Map<string, Cookie>()
    const io: RequestIo = {
      request,
      origin: request,
      canWrite: () => true,
      write: (cookie) => pending.set(cookie.name, cookie),
      onUse: () => (used = true),
    }
    const session = createRequestSession(auth, io, snapshots)
    return { ...session, applyTo: (response) => (used ? privateResponse(response, pending.values()) : response) }
  }

  return {
    handleRequest,
    handler: (handle) => async (request) => {
      const authRequest = handleRequest(request)
      if (authRequest.crossOrigin) return new Response("Cross-site request refused", { status: 403 })
      return authRequest.applyTo(await handle(request, authRequest))
    },
  }
}
