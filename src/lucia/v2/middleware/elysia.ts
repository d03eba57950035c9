import { withCookie } from "../../../request/response-headers.ts"
import type { Cookie } from "../cookie.ts"
import type { Middleware } from "../request-context.ts"
import { listOf } from "./frameworks.ts"

/** The part of Elysia's `Context` that is used. */
export interface ElysiaContext {
  request: Request
  set: { headers: Record<string, string | string[] | number | undefined> }
}

/** Middleware for Elysia: `handleRequest(context)`. */
export const elysia =
  (): Middleware<[ElysiaContext]> =>
  ({ args: [{ request, set }] }) => ({ request, setCookie: (cookie) => holdCookie(ownHeaders(set), cookie) })

const owned = new WeakSet<object>()

// Copied once, because the application may share one headers object between all responses.
function ownHeaders(set: ElysiaContext["set"]): ElysiaContext["set"]["headers"] {
  if (!owned.has(set.headers)) owned.add((set.headers = { ...set.headers }))
  return set.headers
}

// If Elysia has cookies from its own jar, it assigns them to the header and replaces what is there. This header
// therefore keeps the cookie, whatever is assigned. Before Elysia 1 the name was capitalised; the other spelling is
// then left out.
function holdCookie(headers: ElysiaContext["set"]["headers"], cookie: Cookie): void {
  let values = [...listOf(headers["Set-Cookie"]), ...listOf(headers["set-cookie"])]
  const header = {
    configurable: true,
    get: () => withCookie([...new Set(values)], cookie),
    set: (assigned: string | string[] | undefined) => (values = listOf(assigned)),
  }
  Object.defineProperties(headers, { "Set-Cookie": header, "set-cookie": { ...header, enumerable: true } })
}
