import { parseCookie, readSessionId } from "../cookie.ts"
import type { CookieAttributes } from "../cookie.ts"
import type { Middleware } from "../request-context.ts"

/** What is used of SvelteKit's `RequestEvent`. */
export interface SvelteKitRequestEvent {
  request: Request
  cookies: {
    get(name: string): string | undefined
    set(name: string, value: string, options: CookieAttributes & { path: string }): void
  }
}

/** What is used of Astro's `APIContext`. */
export interface AstroApiContext {
  request: Request
  cookies: {
    get(name: string): { value: string | undefined } | undefined
    set(name: string, value: string, options?: CookieAttributes): void
  }
}

/** What is used of Qwik City's `RequestEvent`. */
export interface QwikRequestEvent {
  request: Request
  cookie: {
    get(name: string): { value: string } | null
    set(name: string, value: string, options?: CookieAttributes): void
  }
}

/** Serves SvelteKit: `handleRequest(event)`. */
export const sveltekit = (): Middleware<[SvelteKitRequestEvent]> =>
  function svelteKitMiddleware({ args: [{ request, cookies }], sessionCookieName: name }) {
    return {
      request,
      sessionCookie: valueInJar(cookies.get(name), name, request.headers),
      setCookie: ({ name, value, attributes }) => cookies.set(name, value, { path: ".", ...attributes }),
    }
  }

/** Serves Astro: `handleRequest(context)`. */
export const astro = (): Middleware<[AstroApiContext]> =>
  function astroMiddleware({ args: [{ request, cookies }], sessionCookieName: name }) {
    return {
      request,
      sessionCookie: valueInJar(cookies.get(name)?.value, name, request.headers),
      setCookie: ({ name, value, attributes }) => cookies.set(name, value, attributes),
    }
  }

/** Serves Qwik City: `handleRequest(event)`. */
export const qwik = (): Middleware<[QwikRequestEvent]> =>
  function qwikMiddleware({ args: [{ request, cookie }], sessionCookieName: name }) {
    return {
      request,
      sessionCookie: valueInJar(cookie.get(name)?.value, name, request.headers),
      setCookie: ({ name, value, attributes }) => cookie.set(name, value, attributes),
    }
  }

/**
 * Reads the session cookie through a framework's jar, which knows what this request has set so far. Of several values
 * that were sent a jar picks one, so those are read by our own rules. `""` is none: the header is not to be asked again.
 */
export function valueInJar(value: string | undefined, name: string, headers: Pick<Headers, "get">): string {
  if (!value) return ""
  const sent = headers.get("Cookie") ?? ""
  const wasSent = sent.split(";").some((pair) => parseCookie(pair)[name] === value)
  return wasSent ? (readSessionId(sent, name) ?? "") : value
}
