import { isPromise } from "../../platform/maybe-promise.ts"
import type { MaybePromise } from "../../platform/maybe-promise.ts"
import type { Cookie } from "./cookie.ts"

/** Whether an application is in development, on http, or in production. Decides the session cookie's `Secure`. */
export type Env = "DEV" | "PROD"

/** The part of a request that sessions need. A `Request` is one. */
export interface LuciaRequest {
  method: string
  /** The URL with the request's own origin. Without it, the `Host` header is used. */
  url?: string | undefined
  /** How the request arrived, if there is no `url`. */
  scheme?: "http" | "https" | undefined
  headers: Pick<Headers, "get">
}

/**
 * A request and response, as a middleware returns them. Next.js provides cookies and headers as promises, so each part
 * may be a promise. `readContext` waits only if it must.
 */
export interface RequestContext {
  request: LuciaRequest | Promise<LuciaRequest>
  /** The session cookie's value, if the framework has read it; `""` for none. With `null`, the `Cookie` header is read. */
  sessionCookie?: string | null | undefined | Promise<string | null>
  /**
   * Sets a cookie, and replaces an earlier one with its name. Does nothing in a render, which cannot set cookies.
   * Throws the framework's error if the response has already been sent. Resolves when the cookie is set, if the
   * framework's cookies are a promise.
   */
  setCookie: (cookie: Cookie) => void | Promise<void>
  /** Adds the cookies to a response, if `setCookie` could only remember them. */
  applyTo?: ((response: Response) => Response) | undefined
}

/** The result of a middleware: a {@link RequestContext}, or one whose headers are an object of at most three. */
export interface MiddlewareRequestContext extends Omit<RequestContext, "request"> {
  request: ContextRequest | Promise<LuciaRequest>
}

/** A request as your own middleware can describe it. */
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

/** Creates a {@link RequestContext} from the arguments of `handleRequest`. */
// oxlint-disable-next-line typescript/no-explicit-any -- as in Lucia v2: any middleware is one of these.
export type Middleware<Args extends any[] = any> = (context: {
  args: Args
  env: Env
  sessionCookieName: string
}) => MiddlewareRequestContext

/** Normalises the result of a middleware. */
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

/** Reads a context, synchronously if no part of it is a promise. */
export function readContext<Result>(
  { request, sessionCookie }: RequestContext,
  read: (request: LuciaRequest, sessionCookie: string | null | undefined) => Result,
): MaybePromise<Result> {
  return afterBoth(request, sessionCookie, read)
}

/** Continues with two values, synchronously if neither is a promise. */
export function afterBoth<A, B, Result>(
  a: MaybePromise<A>,
  b: MaybePromise<B>,
  proceed: (a: A, b: B) => Result,
): MaybePromise<Result> {
  if (isPromise(a) || isPromise(b)) return Promise.all([a, b]).then((values) => proceed(...values))
  return proceed(a, b)
}

// Fields are copied by name, because those of a Request are getters.
function withHeaders({ method, url, scheme, headers }: ContextRequest): LuciaRequest {
  if (!("authorization" in headers)) return { method, url, scheme, headers }
  const present = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  return { method, url, scheme, headers: new Headers(present) }
}
