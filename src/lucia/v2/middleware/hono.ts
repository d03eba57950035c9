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
      setCookie: (cookie) => {
        const values = context.res.headers.getSetCookie()
        const others = values.filter((value) => !value.startsWith(`${cookie.name}=`))
        // Hono 3 does not show what is set so far, so nothing is removed unless it must be.
        if (others.length < values.length) rewrite(context, others)
        context.header("Set-Cookie", cookie.serialize(), { append: true })
      },
    }
  }

function rewrite(context: HonoContext, cookies: string[]): void {
  context.header("Set-Cookie", undefined)
  for (const cookie of cookies) context.header("Set-Cookie", cookie, { append: true })
}
