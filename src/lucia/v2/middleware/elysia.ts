import { withCookie } from "../../../request/response-headers.ts"
import type { Cookie } from "../cookie.ts"
import type { Middleware } from "../request-context.ts"
import { listOf } from "./frameworks.ts"

/** What is used of Elysia's `Context`. */
export interface ElysiaContext {
  request: Request
  set: { headers: Record<string, string | string[] | number | undefined> }
}

/** Serves Elysia: `handleRequest(context)`. */
export const elysia =
  (): Middleware<[ElysiaContext]> =>
  ({ args: [{ request, set }] }) => ({ request, setCookie: (cookie) => holdCookie(ownHeaders(set), cookie) })

const owned = new WeakSet<object>()

// A copy, once: the application may give one object of headers to every response.
function ownHeaders(set: ElysiaContext["set"]): ElysiaContext["set"]["headers"] {
  if (!owned.has(set.headers)) owned.add((set.headers = { ...set.headers }))
  return set.headers
}

// If Elysia has cookies from its own jar to set, it assigns them to the header and replaces what is there. So the header is
// made to keep this cookie, whatever is assigned. Before Elysia 1 its name was in capitals; the other one is then left out.
function holdCookie(headers: ElysiaContext["set"]["headers"], cookie: Cookie): void {
  let values = [...listOf(headers["Set-Cookie"]), ...listOf(headers["set-cookie"])]
  const header = {
    configurable: true,
    get: () => withCookie([...new Set(values)], cookie),
    set: (assigned: string | string[] | undefined) => (values = listOf(assigned)),
  }
  Object.defineProperties(headers, { "Set-Cookie": header, "set-cookie": { ...header, enumerable: true } })
}
