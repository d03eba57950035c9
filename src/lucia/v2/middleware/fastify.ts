import { replaceSetCookie } from "../../../request/response-headers.ts"
import type { Middleware } from "../request-context.ts"
import { listOf, nodeRequest } from "./node.ts"
import type { NodeIncomingMessage } from "./node.ts"

/** What is used of Fastify's `FastifyReply`. */
export interface FastifyReply {
  getHeader(name: string): string | string[] | number | undefined
  removeHeader(name: string): unknown
  header(name: string, value: string[]): unknown
}

/** Serves Fastify: `handleRequest(request, reply)`. */
export const fastify = (): Middleware<[NodeIncomingMessage, FastifyReply]> =>
  function fastifyMiddleware({ args: [req, reply] }) {
    return {
      request: nodeRequest(req),
      setCookie: ({ name, serialize }) => {
        const values = replaceSetCookie(listOf(reply.getHeader("set-cookie")), name, serialize())
        // header() adds to the cookies that are there.
        reply.removeHeader("set-cookie")
        reply.header("set-cookie", values)
      },
    }
  }
