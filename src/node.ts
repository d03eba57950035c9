import type { IncomingMessage, ServerResponse } from "node:http"
import type { TLSSocket } from "node:tls"

import type { AnyAuth } from "./core/auth.ts"
import type { Cookie } from "./core/cookie.ts"
import { isAuthError } from "./core/errors.ts"
import { checkOptions, invalidOption } from "./core/options.ts"
import type { OriginRequest } from "./core/origin.ts"
import { onSend } from "./node/on-send.ts"
import { checkMember } from "./request/access.ts"
import type { MemberCheck } from "./request/access.ts"
import { checkCrossOrigin, crossOriginRefusal } from "./request/cross-origin.ts"
import type { CrossOriginOptions } from "./request/cross-origin.ts"
import { checkKeepers } from "./request/device.ts"
import type { Keepers } from "./request/device.ts"
import type { Authorize } from "./request/member.ts"
import type { RequestIo } from "./request/request-io.ts"
import { createRequestSession } from "./request/request-session.ts"
import type { RequestSession } from "./request/request-session.ts"
import { privateCacheControl, varyByCookie, withCookie } from "./request/response-headers.ts"

export type { AnyAuth } from "./core/auth.ts"
export type { MemberCheck, Refusal } from "./request/access.ts"
export type { DeviceKeeper, DeviceOptions, DeviceRequest } from "./request/device.ts"
export type { FlowRequest } from "./request/flow.ts"
export type { Authorize, Decision, Member } from "./request/member.ts"
export type { CrossOriginOptions } from "./request/cross-origin.ts"
export type { ElevatingDoor, NewSession, PersistOptions, RequestSession } from "./request/request-session.ts"
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
  /**
   * Answers browsers that register or refresh at the path of `device`. What `handler` and `middleware` make does it itself.
   */
  answerDevice(req: IncomingMessage, res: ServerResponse): Promise<void>
  /**
   * Resolves to the member of an `Authorization: Bearer` token, or to why there is none: `"signed_out"`, or what
   * `authorize` decided, `"forbidden"` or `"confirm"`. For clients without cookies: it reads none and checks no origin.
   */
  memberOf(req: IncomingMessage, options?: { authorize?: Authorize<A> | undefined }): Promise<MemberCheck<A>>
}

/**
 * Serves sessions over `node:http`, and so over Express, Connect and their like. `snapshots` keeps a snapshot cookie
 * next to the session's, and `device` binds sessions to devices.
 *
 * @example
 * const { handler } = createNodeAuth(auth)
 * createServer(handler(async (req, res, { validate }) => {
 *   const signedIn = await validate()
 *   res.end(signedIn ? `Hello ${signedIn.user.username}` : "Please sign in")
 * }))
 */
export function createNodeAuth<A extends AnyAuth>(auth: A, keepers: Keepers<A> = {}): NodeAuth<A> {
  checkOptions("createNodeAuth()", keepers, "snapshots", "device")
  checkKeepers(keepers)
  const { device } = keepers

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
      headers: { set: (name, value) => res.setHeader(name, value), delete: (name) => res.removeHeader(name) },
      onUse() {
        isUsed = true
        if (!res.headersSent) keepPrivate(res)
      },
    }
    const { finish, ...session } = createRequestSession(auth, io, keepers)
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

  function isForDevice(req: IncomingMessage & { originalUrl?: string }): boolean {
    // A router of Express takes its own path away from `url`.
    return device?.path === (req.originalUrl ?? req.url)?.split("?", 1)[0]
  }

  async function answerDevice(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!device) throw invalidOption("device", device, "is missing; pass what createDeviceBinding() returned")
    const response = await device.handler(originOf(req))
    const { status, headers } = response
    // Not as a list: where another header was set before, Node.js 20 would keep the last Set-Cookie alone.
    for (const [name, value] of headers) res.setHeader(name, name === "set-cookie" ? headers.getSetCookie() : value)
    res.writeHead(status).end(await response.text())
  }

  return {
    answerDevice,
    handleRequest(req, res, options) {
      checkCrossOrigin("handleRequest()", options)
      return bindSession(req, res, (error) => fail(res, error), options)
    },
    handler(handle, options) {
      checkCrossOrigin("handler()", options)
      return async (req, res, next) => {
        const report = next ?? ((error: unknown) => fail(res, error))
        try {
          if (isForDevice(req)) return await answerDevice(req, res)
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
        if (isForDevice(req)) return void handOver(answerDevice(req, res), next)
        if (opened.has(req)) return next()
        opened.add(req)
        const authRequest = bindSession(req, res, next, options)
        if (authRequest.crossOrigin) return refuse(res)
        req.auth = authRequest
        next()
      }
    },
    async memberOf(req, options) {
      return checkMember(await createRequestSession(auth, bearerIo(req), { device }).validateBearerToken(), options)
    },
  }
}

async function handOver(answered: Promise<void>, next: Next): Promise<void> {
  try {
    await answered
  } catch (error) {
    next(error)
  }
}

/** How a request is read that is answered without regard to cookies. */
function bearerIo(req: IncomingMessage): RequestIo {
  const origin = originOf(req)
  return { request: req, origin, allowCrossOrigin: true, canWrite: () => true, write() {}, onUse() {} }
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

function refuse(res: ServerResponse): void {
  res.writeHead(403, { "Content-Type": "text/plain" }).end(crossOriginRefusal)
}

function fail(res: ServerResponse, error: unknown): void {
  console.error(error)
  if (res.headersSent) return void (res.writableEnded || res.destroy())
  // What the handler said of its own body is not true of ours: a client would wait for the rest.
  for (const name of res.getHeaderNames()) if (name.startsWith("content-")) res.removeHeader(name)
  const isOutage = isAuthError(error) && /^(store|hash|provider)_failed$/.test(error.code)
  res.writeHead(isOutage ? 503 : 500, { "Content-Type": "text/plain" }).end(isOutage ? "Try again later" : "Error")
}
