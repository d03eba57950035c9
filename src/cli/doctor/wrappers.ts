import { callsOf, property } from "./calls.ts"
import type { Call } from "./calls.ts"
import { functionsAround } from "./functions.ts"
import { oncePer } from "./once.ts"
import type { Project } from "./project.ts"
import { mentions, placesOf, textAt, whole } from "./source.ts"
import type { Source } from "./source.ts"

const wrappers = new Set(["routeHandler", "serverAction", "apiRoute", "serverSideProps", "protectedPage", "handler"])
const permission = /^(?:can|may|require|ensure|assert)[A-Z]|[aA]dmin|[pP]ermission|[oO]wner|[aA]llowed|^authori[sz]e/

/** Returns the wrapper calls around a position, such as `routeHandler()`. */
export function wrappersAround(source: Source, at: number): Call[] {
  return callsOf(source, wrappers).filter(({ open, close }) => open < at && at < close)
}

/** Returns whether only authorized users reach a position: by `authorize`, or by a role check nearby. */
export function isAuthorized(source: Source, at: number): boolean {
  if (wrappersAround(source, at).some(({ args }) => property(source, args.at(-1), "authorize"))) return true
  const scope = functionsAround(source, at).at(-1)?.body ?? whole(source)
  for (let place = scope.start; place < scope.end; place++) if (isPermission(source, place)) return true
  return false
}

// A name such as `requireAdmin`, or `user.role` in a comparison.
function isPermission(source: Source, at: number): boolean {
  if (source.tokens[at]!.kind !== "name") return false
  if (textAt(source, at) === "role") return /^[!=]==?$/.test(textAt(source, at + 1))
  return permission.test(textAt(source, at))
}

/** Returns whether a file has a directive such as `"use client"`. */
export function hasDirective(source: Source, directive: string): boolean {
  const [first] = placesOf(source, new Set([`"${directive}"`, `'${directive}'`]))
  return first !== undefined && first < 4 && !mentions(source, new Set(["import"]), { start: 0, end: first })
}

const requestWrappers = new Set(["createWebAuth", "createNodeAuth", "createHonoAuth"])
const requestSession = /^(?:authRequest|(?:c\.var|req|ctx\.var)\.auth)$/

const servesRequests = oncePer(({ sources }: Project) => {
  return sources.some((each) => callsOf(each, requestWrappers).length > 0)
})

/** Returns the calls of these methods on a handler's session: `authRequest`, `c.var.auth` and `req.auth`. */
export function callsOnRequests(source: Source, project: Project, names: ReadonlySet<string>): Call[] {
  return servesRequests(project) ? callsOf(source, names).filter(({ object }) => requestSession.test(object)) : []
}
