import type { Middleware } from "../request-context.ts"
import { nodeContext } from "./node.ts"
import type { NodeIncomingMessage, NodeOutgoingMessage } from "./node.ts"
import { setCookieHeader } from "./web.ts"

/** What is used of an event of h3 1. */
export interface NodeH3Event {
  node: { req: NodeIncomingMessage; res: NodeOutgoingMessage }
}

/** What is used of an event of h3 2, which knows the Web's `Request` on every platform. */
export interface WebH3Event {
  req: Request
  res: { headers: Headers }
}

/** Serves h3 and Nitro: `handleRequest(event)`. */
export const h3 = (): Middleware<[NodeH3Event | WebH3Event]> =>
  function h3Middleware({ args: [event] }) {
    if (!isWebEvent(event)) return nodeContext(event.node.req, event.node.res)
    return { request: event.req, setCookie: (cookie) => setCookieHeader(event.res.headers, cookie) }
  }

// In h3 1 `req` is the IncomingMessage, whose headers are a plain object.
function isWebEvent(event: NodeH3Event | WebH3Event): event is WebH3Event {
  return "req" in event && typeof event.req.headers.get === "function"
}
