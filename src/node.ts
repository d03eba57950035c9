import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http"
import type { TLSSocket } from "node:tls"

import type { AnyAuth } from "./core/auth.ts"
import type { Cookie } from "./core/cookie.ts"
import { isAuthError } from "./core/errors.ts"
import { checkOptions } from "./core/options.ts"
import type { OriginRequest } from "./core/origin.ts"
import { checkCrossOrigin, crossOriginRefusal } from "./request/cross-origin.ts"
import type { CrossOriginOptions } from "./request/cross-origin.ts"
import type { RequestIo } from "./request/request-io.ts"
import { createRequestSession } from "./request/request-session.ts"
import type { RequestSession } from "./request/request-session.ts"
import { privateCacheControl, varyByCookie, withCookie } from "./request/response-headers.ts"
import { checkSnapshots } from "./request/snapshots.ts"
import type { SnapshotOptions } from "./request/snapshots.ts"

export type { AnyAuth } from "./core/auth.ts"
export type { Member } from "./request/member.ts"
export type { CrossOriginOptions } from "./request/cross-origin.ts"
export type { NewSession, PersistOptions, RequestSession } from "./request/request-session.ts"
export type { SnapshotKeeper, SnapshotOptions } from "./request/snapshots.ts"

/** Hands a request on, as Connect and Express do. */
export type Next = (error?: unknown) => void

/** The type of what `handleRequest` returns, as in `InferAuthRequest<typeof auth>`. */
export type InferAuthRequest<A extends AnyAuth> = RequestSession<A>

/** What {@link createNodeAuth} returns. */
export interface NodeAuth<A extends AnyAuth> {
  /** Reads a request's session. Cookies go straight to the response, so sign in and out before its headers are sent. */
  handleRequest(req: IncomingMessage, res: ServerResponse, options?: CrossOriginOptions): RequestSession<A>
  /**
   * Wraps a listener for `node:http`: answers unsafe cross-origin requests with 403. What the listener throws goes to
   * `next`. Without a `next` it goes to `console.error`, and the client gets 503 if the store or the hasher failed and 500
   * otherwise. So does `headers_sent` if the response goes out while the session is still being written.
   */
  handler<Req extends IncomingMessage, Res extends ServerResponse>(
    handle: (req: Req, res: Res, auth: RequestSession<A>) => unknown,
    options?: CrossOriginOptions,
  ): (req: Req, res: Res, next?: Next) => Promise<void>
  /**
   * Makes a middleware for Express and Connect: answers unsafe cross-origin requests with 403 and puts the session at
   * `req.auth`. The first one that a request meets decides, so put one with `allowCrossOrigin` for a path before the one
   * for all paths. If the response goes out while the session is still being written, `headers_sent` goes to `next`, and
   * the client gets a 500.
   */
  middleware(
    options?: CrossOriginOptions,
  ): (req: IncomingMessage & { auth?: RequestSession<A> }, res: ServerResponse, next: Next) => void
}

/**
 * Serves sessions over `node:http`, and so over Express, Connect and their like. `snapshots` keeps a snapshot cookie
 * next to the session's.
 *
 * @example
 * const { handler } = createNodeAuth(auth)
 * createServer(handler(async (req, res, { validate }) => {
 *   const signedIn = await validate()
 *   res.end(signedIn ? `Hello ${signedIn.user.username}` : "Please sign in")
 * }))
 */
export function createNodeAuth<A extends AnyAuth>(auth: A, options: SnapshotOptions<A> = {}): NodeAuth<A> {
  checkOptions("createNodeAuth()", options, "snapshots")
  const { snapshots } = options
  checkSnapshots(snapshots)

  const opened = new WeakSet<IncomingMessage>()

  function bindSession(
    req: IncomingMessage,
    res: ServerResponse,
    report: (error: unknown) => void,
    { allowCrossOrigin }: CrossOriginOptions = {},
  ) {
    const pending = new Map<string, Cookie>()
    let isUsed = false
    const io: RequestIo = {
      request: req,
      origin: originOf(req),
      allowCrossOrigin,
      canWrite: () => !res.headersSent,
      write(cookie) {
        pending.set(cookie.name, cookie)
        setCookie(res, cookie)
      },
      onUse() {
        isUsed = true
        if (!res.headersSent) keepPrivate(res)
      },
    }
    const { finish, ...session } = createRequestSession(auth, io, snapshots)
    // Headers are written at once, so that others see them, and put right when they go out, whatever others have written.
    onSend(res, {
      apply(sent) {
        if (isUsed) keepPrivate(sent)
        for (const cookie of pending.values()) if (!hasCookie(sent, cookie.name)) setCookie(sent, cookie)
      },
      isComplete() {
        const unfinished = finish()
        // Not thrown at whoever sends the response: that may be a callback or a stream, where it would end the process.
        if (unfinished) queueMicrotask(() => report(unfinished))
        return !unfinished
      },
    })
    return session
  }

  return {
    handleRequest(req, res, options) {
      checkCrossOrigin("handleRequest()", options)
      return bindSession(req, res, (error) => fail(res, error), options)
    },
    handler(handle, options) {
      checkCrossOrigin("handler()", options)
      return async (req, res, next) => {
        const report = next ?? ((error: unknown) => fail(res, error))
        try {
          const authRequest = bindSession(req, res, report, options)
          if (authRequest.crossOrigin) refuse(res)
          else await handle(req, res, authRequest)
        } catch (error) {
          report(error)
        }
      }
    },
    middleware(options) {
      checkCrossOrigin("middleware()", options)
      return (req, res, next) => {
        if (opened.has(req)) return next()
        opened.add(req)
        const authRequest = bindSession(req, res, next, options)
        if (authRequest.crossOrigin) return refuse(res)
        req.auth = authRequest
        next()
      }
    },
  }
}

function originOf(req: IncomingMessage): OriginRequest {
  // HTTP/2 names the host in a pseudo-header.
  const host = req.headers.host ?? req.headers[":authority"]
  const scheme = (req.socket as Partial<TLSSocket>).encrypted ? "https" : "http"
  const get = (name: string) => {
    const value = name === "Host" ? host : req.headers[name.toLowerCase()]
    return value === undefined ? null : String(value)
  }
  return { method: req.method ?? "", url: `${scheme}://${String(host ?? "")}`, headers: { get } }
}

function setCookie(res: ServerResponse, cookie: Cookie): void {
  res.setHeader("Set-Cookie", withCookie(cookiesOf(res), cookie))
}

function hasCookie(res: ServerResponse, name: string): boolean {
  return cookiesOf(res).some((value) => value.startsWith(`${name}=`))
}

function cookiesOf(res: ServerResponse): string[] {
  const values = res.getHeader("Set-Cookie") ?? []
  return Array.isArray(values) ? values : [String(values)]
}

function keepPrivate(res: ServerResponse): void {
  res.setHeader("Cache-Control", privateCacheControl)
  res.setHeader("Vary", varyByCookie(res.getHeader("Vary")?.toString()))
}

/** Names and values in turn, or pairs of them. */
type RawHeaders = string[] | [string, OutgoingHttpHeader][]

interface Sending {
  /** Puts the headers right. */
  apply(sent: ServerResponse): void
  /** Returns whether the response may go out, and reports it if not. */
  isComplete(): boolean
}

// Every way to send headers ends in writeHead. What it is given joins the others first, as Node itself would do it. It is
// asked which response is sent: Next.js hands out a stand-in in development.
function onSend(res: ServerResponse, { apply, isComplete }: Sending): void {
  const { writeHead, end } = res
  res.writeHead = function (this: ServerResponse, status: number, ...rest: unknown[]) {
    if (this.headersSent) return Reflect.apply(writeHead, this, [status, ...rest]) as ServerResponse
    const headers = typeof rest[0] === "string" ? rest[1] : rest[0]
    setHeaders(this, headers as OutgoingHttpHeaders | RawHeaders | undefined)
    const reason = typeof rest[0] === "string" ? [rest[0]] : []
    const line = isComplete() ? [status, ...reason] : failing(this)
    apply(this)
    return Reflect.apply(writeHead, this, line) as ServerResponse
  } as ServerResponse["writeHead"]
  // A response that ends at once is held back whole, so that an error page can take its place.
  res.end = function (this: ServerResponse, ...args: unknown[]) {
    return this.headersSent || isComplete() ? (Reflect.apply(end, this, args) as ServerResponse) : this
  } as ServerResponse["end"]
}

// Too late for an error page: that would be written after the end.
function failing(res: ServerResponse): [status: number] {
  res.on("error", () => {})
  return [500]
}

function setHeaders(res: ServerResponse, headers: OutgoingHttpHeaders | RawHeaders = {}): void {
  const pairs = Array.isArray(headers) ? pairsOf(headers) : Object.entries(headers)
  const joined = new Map<string, { name: string; values: OutgoingHttpHeader[] }>()
  // A name may repeat, in another case too: it is one header.
  for (const [name, value] of pairs) {
    if (value === undefined) continue
    const { values } = joined.get(name.toLowerCase()) ?? {}
    if (values) values.push(value)
    else joined.set(name.toLowerCase(), { name, values: [value] })
  }
  for (const { name, values } of joined.values()) {
    const [first, ...others] = values
    res.setHeader(name, others.length > 0 ? values.flat().map(String) : first!)
  }
}

/** Takes names and values in turn, or pairs of them, as `writeHead` does. */
function pairsOf(headers: RawHeaders): [string, OutgoingHttpHeader | undefined][] {
  const flat = (Array.isArray(headers[0]) ? headers.flat(1) : headers) as string[]
  return flat.flatMap((name, n) => (n % 2 === 0 ? [[name, flat[n + 1]] as [string, string]] : []))
}

function refuse(res: ServerResponse): void {
  res.writeHead(403, { "Content-Type": "text/plain" }).end(crossOriginRefusal)
}

function fail(res: ServerResponse, error: unknown): void {
  console.error(error)
  if (res.headersSent) return void (res.writableEnded || res.destroy())
  // What the handler said of its own body is not true of ours: a client would wait for the rest.
  for (const name of res.getHeaderNames()) if (name.startsWith("content-")) res.removeHeader(name)
  const isOutage = isAuthError(error) && (error.code === "store_failed" || error.code === "hash_failed")
  res.writeHead(isOutage ? 503 : 500, { "Content-Type": "text/plain" }).end(isOutage ? "Try again later" : "Error")
}
