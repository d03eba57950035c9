import { isPromise } from "../../platform/maybe-promise.ts"
import type { MaybePromise } from "../../platform/maybe-promise.ts"
import type { Cookie } from "./cookie.ts"

/** Whether an application is being developed, on http, or serves users. Decides the session cookie's `Secure`. */
export type Env = "DEV" | "PROD"

/** The part of a request that sessions need. A `Request` is one. */
export interface LuciaRequest {
  method: string
  /** Names the request's own origin. Where it is missing the `Host` header does. */
  url?: string | undefined
  /** How the request arrived, where there is no `url` to tell. */
  scheme?: "http" | "https" | undefined
  headers: Pick<Headers, "get">
}

/**
 * What a middleware makes of a framework's request and response. Next.js hands out cookies and headers as promises, so
 * each part may be one; `readContext` waits only where it must.
 */
export interface RequestContext {
  request: LuciaRequest | Promise<LuciaRequest>
  /** The session cookie's value where the framework has read it, `""` for none. `null` leaves it to the `Cookie` header. */
  sessionCookie?: string | null | undefined | Promise<string | null>
  /**
   * Sets a cookie, in place of an earlier one of its name. In a render, which cannot, does nothing. Throws what the
   * framework throws when the response is on its way already. Resolves when it is set, where the framework hands out its
   * cookies as a promise.
   */
  setCookie: (cookie: Cookie) => void | Promise<void>
  /** Adds the cookies to a response, where `setCookie` could only remember them. */
  applyTo?: ((response: Response) => Response) | undefined
}

/** What a middleware returns: a {@link RequestContext}, or one with no more than three headers, as an object. */
export interface MiddlewareRequestContext extends Omit<RequestContext, "request"> {
  request: ContextRequest | Promise<LuciaRequest>
}

/** A request as your own middleware may describe it. */
export interface ContextRequest extends Omit<LuciaRequest, "headers"> {
  headers: Pick<Headers, "get"> | HeaderValues
  storedSessionCookie?: string | null
}

/** The three headers that Lucia v2 read. */
export interface HeaderValues {
  origin: string | null
  cookie: string | null
  authorization: string | null
}

/** Makes a {@link RequestContext} of the arguments that `handleRequest` is called with. */
// oxlint-disable-next-line typescript/no-explicit-any -- as in Lucia v2: any middleware is one of these.
export type Middleware<Args extends any[] = any> = (context: {
  args: Args
  env: Env
  sessionCookieName: string
}) => MiddlewareRequestContext

/** Brings what a middleware returned into one form. */
export function transformRequestContext(context: MiddlewareRequestContext): RequestContext {
  const { request, sessionCookie, setCookie, applyTo } = context
  const isLater = "then" in request
  return {
    request: isLater ? request : withHeaders(request),
    sessionCookie: sessionCookie ?? (isLater ? undefined : request.storedSessionCookie),
    setCookie,
    applyTo,
  }
}

/** Reads a context: at once where no part of it is a promise. */
export function readContext<Result>(
  { request, sessionCookie }: RequestContext,
  read: (request: LuciaRequest, sessionCookie: string | null | undefined) => Result,
): MaybePromise<Result> {
  return afterBoth(request, sessionCookie, read)
}

/** Continues with two values: at once if both are there. */
export function afterBoth<A, B, Result>(
  a: MaybePromise<A>,
  b: MaybePromise<B>,
  proceed: (a: A, b: B) => Result,
): MaybePromise<Result> {
  if (isPromise(a) || isPromise(b)) return Promise.all([a, b]).then((values) => proceed(...values))
  return proceed(a, b)
}

// Members are copied by name: those of a Request are getters.
function withHeaders({ method, url, scheme, headers }: ContextRequest): LuciaRequest {
  if (!("authorization" in headers)) return { method, url, scheme, headers }
  const present = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  return { method, url, scheme, headers: new Headers(present) }
}
