import { after, isPromise } from "../../../platform/maybe-promise.ts"
import type { MaybePromise } from "../../../platform/maybe-promise.ts"
import type { Cookie, CookieAttributes } from "../cookie.ts"
import { afterBoth } from "../request-context.ts"
import type { LuciaRequest, Middleware, RequestContext } from "../request-context.ts"
import { valueInJar } from "./cookie-jars.ts"
import { nodeContext, webContext } from "./frameworks.ts"
import type { NodeIncomingMessage, NodeOutgoingMessage } from "./frameworks.ts"

/** The part of `cookies()` from `next/headers` that is used. */
export interface NextCookies {
  get(name: string): { value: string } | undefined
  set(name: string, value: string, attributes: CookieAttributes): unknown
  delete?(name: string): unknown
}

/** The function `cookies` of `next/headers`. Its result is a promise since Next.js 15. */
export type NextCookiesFunction = () => NextCookies | Promise<NextCookies>
/** The function `headers` of `next/headers`. Its result is a promise since Next.js 15. */
export type NextHeadersFunction = () => Pick<Headers, "get"> | Promise<Pick<Headers, "get">>

/** A request of the Pages Router. Without `res`, no cookie can be set. */
export interface NextPagesContext {
  req: NodeIncomingMessage
  res?: NodeOutgoingMessage
}

/** A request of the App Router. `request` is `null` where Next.js provides none: in a render and in a Server Action. */
export interface NextAppContext {
  request: LuciaRequest | null
  cookies: NextCookiesFunction
}

/** The request in proxy.ts (middleware.ts) and Route Handlers. */
export type NextRequest = Request & { cookies: Pick<NextCookies, "get"> }

/** The functions of `next/headers`. */
export interface NextHeaders {
  headers: NextHeadersFunction
  cookies: NextCookiesFunction
}

/**
 * Middleware for Next.js: `handleRequest({ req, res })`, `handleRequest({ request, cookies })`,
 * `handleRequest(nextRequest)`.
 */
export const nextjs =
  (): Middleware<[NextPagesContext | NextAppContext | NextRequest]> =>
  ({ args: [context], sessionCookieName }) => {
    if (!isAppContext(context)) return requestContext(context)
    const jar = context.cookies()
    return contextOf(sessionCookieName, jar, context.request ? ownRequest(context.request) : ambientRequest(jar))
  }

/**
 * Middleware for Next.js: `handleRequest({ req, res })`, `handleRequest(nextRequest)`,
 * `handleRequest(request.method, context)`.
 */
export const nextjs_future =
  (): Middleware<[NextPagesContext] | [NextRequest] | [requestMethod: string, context: NextHeaders]> =>
  ({ args, sessionCookieName }) => {
    if (args.length === 1) return requestContext(args[0])
    const [method, { headers, cookies }] = args
    const request = after(headers(), (headers): LuciaRequest => ({ method, scheme: "http", headers }))
    return contextOf(sessionCookieName, cookies(), request)
  }

function requestContext(context: NextPagesContext | NextRequest): RequestContext {
  return "req" in context ? nodeContext(context.req, context.res) : webContext(ownRequest(context))
}

// Next.js's URL has the host that it listens on, such as localhost, and not the one that the browser requested.
function ownRequest(request: LuciaRequest): LuciaRequest {
  const { method, headers } = request
  return headers.get("Host") === null ? request : { method, scheme: "http", headers }
}

function isAppContext(context: NextPagesContext | NextAppContext | NextRequest): context is NextAppContext {
  return "cookies" in context && typeof context.cookies === "function"
}

function contextOf(name: string, jar: MaybePromise<NextCookies>, request: MaybePromise<LuciaRequest>): RequestContext {
  const sessionCookie = afterBoth(jar, request, (jar, { headers }) => valueInJar(jar.get(name)?.value, name, headers))
  return { request, sessionCookie, setCookie: writerOf(jar) }
}

/**
 * Describes a request that was not passed in. A read-only cookie jar means a render, which may read the session.
 * Anything else is a Server Action or a Route Handler: it counts as unsafe, so that its headers decide.
 */
async function ambientRequest(jar: MaybePromise<NextCookies>): Promise<LuciaRequest> {
  return { method: isWritable(await jar) ? "POST" : "GET", scheme: "http", headers: await ambientHeaders() }
}

async function ambientHeaders(): Promise<Pick<Headers, "get">> {
  const next = await importNext()
  return next ? ((await next.headers()) as Pick<Headers, "get">) : new Headers()
}

// No static import, because the other frameworks share this module. Inside try, bundlers only warn about a missing
// module.
async function importNext() {
  try {
    return await import("next/headers.js")
  } catch {
    return null
  }
}

// Few callers await the promise, so its failure must not end the process. Callers that read the session also get the
// error.
function writerOf(jar: MaybePromise<NextCookies>): RequestContext["setCookie"] {
  if (!isPromise(jar)) return (cookie) => write(jar, cookie)
  return (cookie) => jar.then((jar) => write(jar, cookie)).catch(() => {})
}

function write(jar: NextCookies, { name, value, attributes }: Cookie): void {
  if (isWritable(jar)) jar.set(name, value, attributes)
}

// Where cookies cannot be set, set and delete are the same throwing function.
function isWritable(jar: NextCookies): boolean {
  return (jar.set as unknown) !== jar.delete
}
