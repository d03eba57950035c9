import { privateResponse, replaceSetCookie } from "../../../request/response-headers.ts"
import type { Cookie } from "../cookie.ts"
import type { LuciaRequest, Middleware, MiddlewareRequestContext, RequestContext } from "../request-context.ts"

/** Takes a {@link RequestContext} as it is: `handleRequest(context)`. */
export const luciaMiddleware = (): Middleware<[MiddlewareRequestContext]> =>
  function luciaMiddleware({ args: [context] }) {
    return context
  }

/** Serves the Web's `Request`: `handleRequest(request)`. The cookies join a response by `authRequest.applyTo(response)`. */
export const web = (): Middleware<[Request]> =>
  function webMiddleware({ args: [request] }) {
    return webContext(request)
  }

/** Makes the context of a `Request`, whose cookies wait for a response. */
export function webContext(request: LuciaRequest): RequestContext {
  const pending = new Map<string, Cookie>()
  return {
    request,
    setCookie: (cookie) => void pending.set(cookie.name, cookie),
    applyTo: (response) => {
      const applied = privateResponse(response)
      for (const cookie of pending.values()) setCookieHeader(applied.headers, cookie)
      return applied
    },
  }
}

/** Sets a cookie in place of an earlier one of its name. Every other value stays as it is. */
export function setCookieHeader(headers: Headers, { name, serialize }: Cookie): void {
  const values = replaceSetCookie(headers.getSetCookie(), name, serialize())
  headers.delete("Set-Cookie")
  for (const value of values) headers.append("Set-Cookie", value)
}
