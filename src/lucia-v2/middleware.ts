export type { AstroApiContext, QwikRequestEvent, SvelteKitRequestEvent } from "../lucia/v2/middleware/cookie-jars.ts"
export { astro, qwik, sveltekit } from "../lucia/v2/middleware/cookie-jars.ts"
export type { ElysiaContext } from "../lucia/v2/middleware/elysia.ts"
export { elysia } from "../lucia/v2/middleware/elysia.ts"
export type { FastifyReply } from "../lucia/v2/middleware/fastify.ts"
export { fastify } from "../lucia/v2/middleware/fastify.ts"
export type { NodeH3Event, WebH3Event } from "../lucia/v2/middleware/h3.ts"
export { h3 } from "../lucia/v2/middleware/h3.ts"
export type { HonoContext } from "../lucia/v2/middleware/hono.ts"
export { hono } from "../lucia/v2/middleware/hono.ts"
export type {
  NextAppContext,
  NextCookies,
  NextCookiesFunction,
  NextHeaders,
  NextHeadersFunction,
  NextPagesContext,
  NextRequest,
} from "../lucia/v2/middleware/nextjs.ts"
export { nextjs, nextjs_future } from "../lucia/v2/middleware/nextjs.ts"
export type { NodeIncomingMessage, NodeOutgoingMessage } from "../lucia/v2/middleware/node.ts"
export { express, node } from "../lucia/v2/middleware/node.ts"
export type { CookieAttributes } from "../lucia/v2/cookie.ts"
export type { LuciaRequest, Middleware, MiddlewareRequestContext, RequestContext } from "../lucia/v2/request-context.ts"
export { luciaMiddleware as lucia, web } from "../lucia/v2/middleware/web.ts"
