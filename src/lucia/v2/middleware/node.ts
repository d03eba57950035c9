import { replaceSetCookie } from "../../../request/response-headers.ts"
import { createCookie } from "../cookie.ts"
import type { Cookie } from "../cookie.ts"
import type { LuciaRequest, Middleware, RequestContext } from "../request-context.ts"

/** What is read of an `IncomingMessage`. */
export interface NodeIncomingMessage {
  method?: string | undefined
  headers: Record<string, string | string[] | undefined>
  /** Of type `unknown`, since only a `TLSSocket` says that it is encrypted. */
  socket?: unknown
}

/** What is used of an `OutgoingMessage`. */
export interface NodeOutgoingMessage {
  getHeader(name: string): string | string[] | number | undefined
  setHeader(name: string, value: string | number | readonly string[]): unknown
}

/** Serves `node:http`: `handleRequest(req, res)`. */
export const node = (): Middleware<[NodeIncomingMessage, NodeOutgoingMessage]> =>
  function nodeMiddleware({ args: [req, res] }) {
    return nodeContext(req, res)
  }

/** Serves Express: `handleRequest(req, res)`. Where the cookie has no path it is `/`, as with `res.cookie`. */
export const express = (): Middleware<[NodeIncomingMessage, NodeOutgoingMessage]> =>
  function expressMiddleware({ args: [req, res] }) {
    const context = nodeContext(req, res)
    const setCookie = ({ name, value, attributes }: Cookie) =>
      context.setCookie(createCookie(name, value, { path: "/", ...attributes }))
    return { ...context, setCookie }
  }

/** Makes the context of a request of Node.js. Without a response no cookie can be set. */
export function nodeContext(req: NodeIncomingMessage, res?: NodeOutgoingMessage | null): RequestContext {
  return {
    request: nodeRequest(req),
    setCookie: (cookie) => {
      res?.setHeader(
        "Set-Cookie",
        replaceSetCookie(listOf(res.getHeader("Set-Cookie")), cookie.name, cookie.serialize()),
      )
    },
  }
}

/** Reads a request of Node.js. HTTP/2 names the host in a pseudo-header. */
export function nodeRequest({ method = "", headers, socket }: NodeIncomingMessage): LuciaRequest {
  const get = (name: string) => {
    const key = name.toLowerCase()
    const value = headers[key] ?? (key === "host" ? headers[":authority"] : undefined)
    return value === undefined ? null : listOf(value).join(", ")
  }
  return { method, scheme: isEncrypted(socket) ? "https" : "http", headers: { get } }
}

/** Makes a list of a header's value, which is one where it is set once. */
export function listOf(value: string | readonly string[] | number | undefined): string[] {
  if (value === undefined) return []
  return typeof value === "object" ? [...value] : [String(value)]
}

function isEncrypted(socket: unknown): boolean {
  return typeof socket === "object" && socket !== null && "encrypted" in socket && socket.encrypted === true
}
