export type { CookieAttributes } from "../lucia/v2/cookie.ts"
export type { AstroApiContext, QwikRequestEvent, SvelteKitRequestEvent } from "../lucia/v2/middleware/cookie-jars.ts"
export { astro, qwik, sveltekit } from "../lucia/v2/middleware/cookie-jars.ts"
export type { ElysiaContext } from "../lucia/v2/middleware/elysia.ts"
export { elysia } from "../lucia/v2/middleware/elysia.ts"
export type {
  FastifyReply,
  HonoContext,
  NodeH3Event,
  NodeIncomingMessage,
  NodeOutgoingMessage,
  WebH3Event,
} from "../lucia/v2/middleware/frameworks.ts"
export { express, fastify, h3, hono, luciaMiddleware as lucia, node, web } from "../lucia/v2/middleware/frameworks.ts"
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
export type { LuciaRequest, Middleware, MiddlewareRequestContext, RequestContext } from "../lucia/v2/request-context.ts"
