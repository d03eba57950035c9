import * as nextCache from "next/cache.js"
import { cookies, headers } from "next/headers.js"

import type { Cookie } from "../../core/cookie.ts"

/** The headers of a request: one object for an action and the render that follows. */
export interface HeaderList {
  get(name: string): string | null
}

/** The cookies of a request, with what it has set so far. */
export interface CookieJar {
  get(name: string): { value: string } | undefined
  getAll(): { name: string; value: string }[]
  set(cookie: { name: string; value: string; expires?: Date }): unknown
  delete(name: string): unknown
}

/** What Next.js knows about the current request. */
export interface NextRequestState {
  jar: CookieJar
  head: HeaderList
  /** Whether a render does not see what an action has put into the jar: so it is before Next.js 15. */
  isStale: boolean
}

// What Next.js 16.3 and later prerenders for one visitor must neither read the clock nor write, so it stops here.
// Everywhere else this resolves at once.
const { io: untilRequested } = nextCache as { io?: () => Promise<void> }

/** Reads the state. The jar comes first: with Cache Components nothing may read the clock before it. */
export async function readRequest(): Promise<NextRequestState> {
  const made = cookies()
  const jar = await made
  await untilRequested?.()
  return { jar, head: await headers(), isStale: !("then" in made) }
}

/** Returns whether cookies can be set. Where they cannot, Next.js has one function that throws for both `set` and `delete`. */
export function isWritable(jar: CookieJar): boolean {
  return (jar.set as unknown) !== jar.delete
}

/**
 * Makes the request of an action, of which Next.js tells neither method nor scheme. The method is POST, and what is not
 * known counts as unsafe; the address is http, as that of every request, whatever the proxy in front of it speaks.
 */
export function actionRequest(head: HeaderList) {
  return { method: "POST", url: `http://${head.get("Host") ?? ""}`, headers: head }
}

const signsOfChange = ["Origin", "Next-Action", "Content-Length", "Transfer-Encoding"]

/**
 * Makes the request of code that reads the session in a render, a bare Route Handler or a bare action. Browsers send
 * `Origin` with every cross-origin request except a GET that needs no CORS, and with every POST; and a GET has no body.
 */
export function readerRequest(head: HeaderList) {
  const mayChange = signsOfChange.some((name) => head.get(name) !== null)
  return { ...actionRequest(head), method: mayChange ? "POST" : "GET" }
}

/**
 * The `Cookie` header as it stands: what the browser sent, unless this request's proxy or action has set the session's
 * cookie. The jar tells that; but it takes the last of several values, so what was sent is read by our own rules.
 */
export function cookieHeader(name: string, jar: CookieJar, head: HeaderList): string | null {
  const sent = head.get("Cookie")
  const value = jar.get(name)?.value ?? ""
  const pairs = (sent ?? "").split(/; */).filter((pair) => pair.startsWith(`${name}=`))
  const wasSent =
    pairs.length === 0 ? value === "" : pairs.some((pair) => decode(pair.slice(name.length + 1)) === value)
  return wasSent ? sent : `${name}=${encodeURIComponent(value)}`
}

/**
 * Returns the path that a form or a call of this site was sent from, by its `Referer`; `null` if that is not known. A
 * Server Action is sent from the page that has it.
 */
export function pathSentFrom(head: HeaderList): string | null {
  const referer = head.get("Referer")
  if (referer === null || !URL.canParse(referer)) return null
  const { host, pathname, search } = new URL(referer)
  return host === head.get("Host") ? `${withoutBasePath(pathname)}${search}` : null
}

// redirect() puts the base path in front of what it is given, so here it would be there twice.
function withoutBasePath(pathname: string): string {
  // Next.js writes the path here as it builds the application.
  // oxlint-disable-next-line no-underscore-dangle -- that is its name
  const basePath = process.env.__NEXT_ROUTER_BASEPATH ?? ""
  if (pathname === basePath) return "/"
  return pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : pathname
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return ""
  }
}

/**
 * Puts a cookie into the jar, and those that it replaces. The jar holds one cookie of a name, so one that it replaces
 * under the same name stays until a Route Handler, an API route or the proxy writes the session's cookie. A cookie that
 * deletes gets a date too, for browsers that know no `Max-Age`.
 */
export function setCookie(jar: CookieJar, { name, value, attributes, replaces = [] }: Cookie): void {
  for (const replaced of replaces) if (replaced.name !== name) setCookie(jar, replaced)
  jar.set({ name, value, ...attributes, ...(attributes.maxAge === 0 && { expires: new Date(0) }) })
}
