import { privateResponse, setCookieHeader, withCookie } from "../../../request/response-headers.ts"
import { createCookie } from "../cookie.ts"
import type { Cookie } from "../cookie.ts"
import type { LuciaRequest, Middleware, MiddlewareRequestContext, RequestContext } from "../request-context.ts"

type HeaderValue = string | readonly string[] | number | undefined

/** The part of an `IncomingMessage` that is read. */
export interface NodeIncomingMessage {
  method?: string | undefined
  headers: Record<string, string | string[] | undefined>
  /** Of type `unknown`, because only a `TLSSocket` shows that it is encrypted. */
  socket?: unknown
}

/** The part of an `OutgoingMessage` that is used. */
export interface NodeOutgoingMessage {
  getHeader(name: string): string | string[] | number | undefined
  setHeader(name: string, value: string | number | readonly string[]): unknown
}

/** The part of Fastify's `FastifyReply` that is used. */
export interface FastifyReply {
  getHeader(name: string): string | string[] | number | undefined
  removeHeader(name: string): unknown
  header(name: string, value: string[]): unknown
}

/** The part of an h3 1 event that is used. */
export interface NodeH3Event {
  node: { req: NodeIncomingMessage; res: NodeOutgoingMessage }
}

/** The part of an h3 2 event that is used. It has a web `Request` on every platform. */
export interface WebH3Event {
  req: Request
  res: { headers: Headers }
}

/** The part of Hono's `Context` that is used. Before Hono 3, `req` was the `Request` itself. */
export interface HonoContext {
  req: { method: string; url: string } & ({ raw: Request } | { headers: Headers })
  res: { headers: Headers }
  header(name: string, value?: string, options?: { append?: boolean }): void
}

/** Middleware for a {@link RequestContext}: `handleRequest(context)`. */
export const luciaMiddleware =
  (): Middleware<[MiddlewareRequestContext]> =>
  ({ args: [context] }) =>
    context

/** Middleware for the web `Request`: `handleRequest(request)`. Add the cookies with `authRequest.applyTo(response)`. */
export const web =
  (): Middleware<[Request]> =>
  ({ args: [request] }) =>
    webContext(request)

/** Middleware for `node:http`: `handleRequest(req, res)`. */
export const node =
  (): Middleware<[NodeIncomingMessage, NodeOutgoingMessage]> =>
  ({ args: [req, res] }) =>
    nodeContext(req, res)

/** Middleware for Express: `handleRequest(req, res)`. A cookie without a path gets `/`, as with `res.cookie`. */
export const express =
  (): Middleware<[NodeIncomingMessage, NodeOutgoingMessage]> =>
  ({ args: [req, res] }) => {
    const { request, setCookie } = nodeContext(req, res)
    const withPath = ({ name, value, attributes }: Cookie) => createCookie(name, value, { path: "/", ...attributes })
    return { request, setCookie: (cookie) => setCookie(withPath(cookie)) }
  }

/** Middleware for Fastify: `handleRequest(request, reply)`. */
export const fastify =
  (): Middleware<[NodeIncomingMessage, FastifyReply]> =>
  ({ args: [req, reply] }) => ({
    request: nodeRequest(req),
    setCookie: (cookie) => {
      const values = withCookie(listOf(reply.getHeader("set-cookie")), cookie)
      // header() appends to the existing cookies.
      reply.removeHeader("set-cookie")
      reply.header("set-cookie", values)
    },
  })

/** Middleware for h3 and Nitro: `handleRequest(event)`. */
export const h3 =
  (): Middleware<[NodeH3Event | WebH3Event]> =>
  ({ args: [event] }) =>
    isWebEvent(event)
      ? { request: event.req, setCookie: (cookie) => setCookieHeader(event.res.headers, cookie) }
      : nodeContext(event.node.req, event.node.res)

/** Middleware for Hono: `handleRequest(context)`. */
export const hono =
  (): Middleware<[HonoContext]> =>
  ({ args: [context] }) => ({
    request: "raw" in context.req ? context.req.raw : context.req,
    setCookie: (cookie) => {
      const before = context.res.headers.getSetCookie()
      const values = withCookie(before, cookie)
      // Hono 3 does not show the cookies set so far, so none is removed unless necessary.
      const isReplaced = values.length <= before.length
      if (isReplaced) context.header("Set-Cookie", undefined)
      for (const value of isReplaced ? values : values.slice(-1)) context.header("Set-Cookie", value, { append: true })
    },
  })

/** Creates the context of a `Request`. Its cookies wait for a response. */
export function webContext(request: LuciaRequest): RequestContext {
  const pending = new Map<string, Cookie>()
  return {
    request,
    setCookie: (cookie) => void pending.set(cookie.name, cookie),
    applyTo: (response) => privateResponse(response, pending.values()),
  }
}

/** Creates the context of a Node.js request. Without a response, no cookie can be set. */
export function nodeContext(req: NodeIncomingMessage, res?: NodeOutgoingMessage | null): RequestContext {
  return {
    request: nodeRequest(req),
    setCookie: (cookie) => {
      res?.setHeader("Set-Cookie", withCookie(listOf(res.getHeader("Set-Cookie")), cookie))
    },
  }
}

// HTTP/2 sends the host in a pseudo-header.
function nodeRequest({ method = "", headers, socket }: NodeIncomingMessage): LuciaRequest {
  const get = (name: string) => {
    const key = name.toLowerCase()
    const value = headers[key] ?? (key === "host" ? headers[":authority"] : undefined)
    return value === undefined ? null : listOf(value).join(", ")
  }
  const isEncrypted = (socket as { encrypted?: unknown } | null | undefined)?.encrypted === true
  return { method, scheme: isEncrypted ? "https" : "http", headers: { get } }
}

/** Returns a header's values as a list, even if it is set only once. */
export function listOf(value: HeaderValue): string[] {
  if (value === undefined) return []
  return typeof value === "object" ? [...value] : [String(value)]
}

// In h3 1, `req` is an IncomingMessage, whose headers are a plain object.
function isWebEvent(event: NodeH3Event | WebH3Event): event is WebH3Event {
  return "req" in event && typeof event.req.headers.get === "function"
}
