import { replaceSetCookie } from "../../core/response-headers.ts"
import type { LuciaRequest, Middleware } from "../request-context.ts"

/** What is used of Hono's `Context`. Before Hono 3 `req` was the `Request` itself. */
export interface HonoContext {
  req: { method: string; url: string } & ({ raw: Request } | { headers: Headers })
  res: { headers: Headers }
  header(name: string, value?: string, options?: { append?: boolean }): void
}

/** Serves Hono: `handleRequest(context)`. */
export const hono = (): Middleware<[HonoContext]> =>
  function honoMiddleware({ args: [context] }) {
    const request: LuciaRequest = "raw" in context.req ? context.req.raw : context.req
    return {
      request,
      setCookie: ({ name, serialize }) => {
        const values = replaceSetCookie(context.res.headers.getSetCookie(), name, serialize())
        context.header("Set-Cookie", undefined)
        for (const value of values) context.header("Set-Cookie", value, { append: true })
      },
    }
  }
