import type { Cookie } from "../../core/cookie.ts"
import { shown } from "../../core/options.ts"
import { privateResponse } from "../../request/response-headers.ts"

/** Goes on, as `NextResponse.next()` does, and sets a cookie. */
export function goOn(cookie: Cookie): Response {
  return privateResponse(new Response(null, { headers: { "x-middleware-next": "1" } }), [cookie])
}

/** Sends the visitor to another page. */
export function redirection(address: string): Response {
  const response = privateResponse(Response.redirect(address, 307))
  // Else the Pages Router's client keeps it, and sends the visitor away again after signing in.
  response.headers.set("x-middleware-cache", "no-cache")
  return response
}

// Wide enough for every token of this package and those it takes over; the real check is not here.
export function isTokenLike(value: string | null): boolean {
  return value !== null && /^[\w.~+/=%-]{24,}$/.test(value)
}

// A visitor's path may lead signInPath() astray, so this is no error of the server. The developer hears of it all the same.
export function noPage(path: string): Response {
  console.error(`signInPath(): returned ${shown(path)}, not a path of this site; return one such as "/sign-in"`)
  return privateResponse(new Response("Not found", { status: 404 }))
}
