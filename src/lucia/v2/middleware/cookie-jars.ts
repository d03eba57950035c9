import { parseCookie, readSessionId } from "../cookie.ts"
import type { CookieAttributes } from "../cookie.ts"
import type { Middleware, RequestContext } from "../request-context.ts"

/** The part of SvelteKit's `RequestEvent` that is used. */
export interface SvelteKitRequestEvent {
  request: Request
  cookies: {
    get(name: string): string | undefined
    set(name: string, value: string, options: CookieAttributes & { path: string }): void
  }
}

/** The part of Astro's `APIContext` that is used. */
export interface AstroApiContext {
  request: Request
  cookies: {
    get(name: string): { value: string | undefined } | undefined
    set(name: string, value: string, options?: CookieAttributes): void
  }
}

/** The part of Qwik City's `RequestEvent` that is used. */
export interface QwikRequestEvent {
  request: Request
  cookie: {
    get(name: string): { value: string } | null
    set(name: string, value: string, options?: CookieAttributes): void
  }
}

/** Middleware for SvelteKit: `handleRequest(event)`. */
export const sveltekit =
  (): Middleware<[SvelteKitRequestEvent]> =>
  ({ args: [{ request, cookies }], sessionCookieName }) =>
    jarContext(request, sessionCookieName, {
      get: (name) => cookies.get(name),
      set: (name, value, attributes) => cookies.set(name, value, { path: ".", ...attributes }),
    })

/** Middleware for Astro: `handleRequest(context)`. */
export const astro =
  (): Middleware<[AstroApiContext]> =>
  ({ args: [{ request, cookies }], sessionCookieName }) =>
    jarContext(request, sessionCookieName, cookies)

/** Middleware for Qwik City: `handleRequest(event)`. */
export const qwik =
  (): Middleware<[QwikRequestEvent]> =>
  ({ args: [{ request, cookie }], sessionCookieName }) =>
    jarContext(request, sessionCookieName, cookie)

interface CookieJar {
  get(name: string): { value: string | undefined } | string | null | undefined
  set(name: string, value: string, attributes: CookieAttributes): void
}

function jarContext(request: Request, cookieName: string, jar: CookieJar): RequestContext {
  const cookie = jar.get(cookieName)
  return {
    request,
    sessionCookie: valueInJar(typeof cookie === "string" ? cookie : cookie?.value, cookieName, request.headers),
    setCookie: ({ name, value, attributes }) => jar.set(name, value, attributes),
  }
}

/**
 * Reads the session cookie through a framework's cookie jar, which knows the cookies that this request has set so far.
 * If several values were sent, a jar picks one, so those are read by our own rules. `""` means none, so that the header
 * is not read.
 */
export function valueInJar(value: string | undefined, name: string, headers: Pick<Headers, "get">): string {
  if (!value) return ""
  const sent = headers.get("Cookie") ?? ""
  const wasSent = sent.split(";").some((pair) => parseCookie(pair)[name] === value)
  return wasSent ? (readSessionId(sent, name) ?? "") : value
}
