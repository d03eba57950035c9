import { authNamesOf } from "../auth-names.ts"
import { callsOf, propertiesOf, property } from "../calls.ts"
import type { Call } from "../calls.ts"
import { codeOf } from "../expression-text.ts"
import { functionsOf } from "../functions.ts"
import { isAllFromVisitor, isFromVisitor } from "../outside.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Rule, Spot } from "../rule.ts"
import { isAt, mentions, textAt } from "../source.ts"
import type { Range, Source } from "../source.ts"
import { stringValue } from "../token.ts"
import { callsOnRequests, isAuthorized } from "../wrappers.ts"
import { pages } from "../pages.ts"

const redirects = new Set(["redirect", "permanentRedirect"])
const navigators = new Set(["push", "replace", "goto", "navigateTo"])
const aboutUser = new Set([
  "createSession",
  "signIn",
  "getUserSessions",
  "invalidateUserSessions",
  "updateUser",
  "updateUserPassword",
  "deleteUser",
  "createKey",
])
const ending = new Set(["signOut", "invalidateSession", "invalidateUserSessions", "deleteUser", "updateUserPassword"])
const privileges = /^(?:role|roles|isAdmin|is_admin|admin|permissions|plan|verified|emailVerified)$/

/** Rules about visitors' input. */
export const requestRules: Rule[] = [
  {
    name: "open-redirect",
    severity: "error",
    finds: "a redirect to an address that the visitor sent, without `safeRedirect`",
    cure: 'Write `redirect(safeRedirect(next, "/"))`, with `safeRedirect` from `nightlatch/web`.',
    page: pages.nextjs,
    check: inEachSource((source) =>
      redirectTargets(source)
        .filter((each) => isTarget(source, each))
        .map(({ start }): Spot => {
          return [start, "A link to this site can send visitors anywhere: the target comes from the request."]
        }),
    ),
  },
  {
    name: "client-user-id",
    severity: "error",
    finds: "a user id that the visitor sent, given to `auth` or `users`",
    cure: "Use `user.id` of the session. If an admin acts for others, check that with `authorize`.",
    page: pages.authorization,
    check: inEachSource((source, project) =>
      callsAbout(source, project, aboutUser)
        .filter(({ args, at }) => {
          return isFromVisitor(source, userIdOf(source, args)) && !isAuthorized(source, at)
        })
        .map(({ at, name }): Spot => [at, `${name}() gets a user id from the request: anyone can name another user.`]),
    ),
  },
  {
    name: "foreign-session",
    severity: "error",
    finds: "`invalidateSession()` with an id that the visitor sent, and without `{ userId }`",
    cure: "Write `auth.invalidateSession(id, { userId: user.id })`, so that a forged form ends nobody else's session.",
    page: pages.devices,
    check: inEachSource((source, project) =>
      callsAbout(source, project, new Set(["invalidateSession"]))
        .filter(({ args, at }) => {
          return args.length === 1 && isFromVisitor(source, args[0]!) && !isAuthorized(source, at)
        })
        .map(({ at }): Spot => [at, "The session id comes from the request, and any user's session has one."]),
    ),
  },
  {
    name: "mass-assignment",
    severity: "error",
    finds: "`createUser()` or `updateUser()` with all that the visitor sent, or with a role from the form",
    cure: "Name the fields that a visitor may choose, one by one. Let the database or your own code give the role.",
    page: pages.authorization,
    check: inEachSource((source, project) =>
      callsAbout(source, project, new Set(["createUser", "updateUser"]))
        .filter((call) => {
          return takesTooMuch(source, call) && !isAuthorized(source, call.at)
        })
        .map(({ at, name }): Spot => [at, `${name}() writes columns that the visitor chooses, such as a role.`]),
    ),
  },
  {
    name: "get-changes-state",
    severity: "warning",
    finds: "a GET route that signs out, ends sessions or deletes a user",
    cure: "Use POST, and a form or `fetch` in place of the link. GET passes the check against cross-site requests.",
    page: pages.wrappers,
    check: inEachSource((source) =>
      [...gettersOf(source), ...pagesRoutes(source)].flatMap((range) => {
        return callsOf(source, ending, range).map(({ at, name }): Spot => {
          return [at, `${name}() runs for GET requests: any site can send a visitor here by a link or an image.`]
        })
      }),
    ),
  },
]

function redirectTargets(source: Source): Range[] {
  const moves = callsOf(source, new Set([...redirects, ...navigators])).filter(({ name, object }) => {
    return (
      redirects.has(name) ||
      object === "router" ||
      object === "navigate" ||
      (!object && name !== "push" && name !== "replace")
    )
  })
  const headers = callsOf(source, new Set(["set", "setHeader", "append"])).filter(({ args }) => {
    return args.length === 2 && stringValue(source.tokens[args[0]!.start])?.toLowerCase() === "location"
  })
  return [...moves.flatMap(({ args }) => args), ...headers.map(({ args }) => args[1]!), ...namedTargets(source)]
}

// `Location: target` and, in `getServerSideProps`, `destination: target`.
function namedTargets(source: Source): Range[] {
  return source.tokens.flatMap((token, at) => {
    const isName = /^["']?(?:Location|destination)["']?$/i.test(token.text) && isAt(source, at + 1, ":")
    if (!isName || !/^[{,]$/.test(textAt(source, at - 1))) return []
    const open = openingBefore(source, at)
    return propertiesOf(source, open).flatMap((each) => (each.at === at ? [each.value] : []))
  })
}

function openingBefore(source: Source, at: number): number {
  for (let open = at - 1; open >= 0; open--) {
    if (isAt(source, open, "{")) return open
    if (source.pairs[open]! >= 0 && source.pairs[open]! < open) open = source.pairs[open]!
  }
  return -1
}

// Also `new URL(target, base)`, because a target with its own host ignores the base.
function isTarget(source: Source, range: Range): boolean {
  if (isFromVisitor(source, range)) return true
  if (!isAt(source, range.start, "new", "URL", "(") || source.pairs[range.start + 2] !== range.end - 1) return false
  const [call] = callsOf(source, new Set(["URL"]), range)
  return call?.args[0] !== undefined && isFromVisitor(source, call.args[0])
}

function callsAbout(source: Source, project: Project, names: ReadonlySet<string>): Call[] {
  const { meaning, calls } = authNamesOf(project)
  const onObjects = callsOf(source, names).filter(({ object }) => meaning(source, object)?.member === "")
  const onRequests = callsOnRequests(source, project, names)
  const onNames = calls(source, names).filter(({ object }) => !object)
  return [...onObjects, ...onRequests, ...onNames]
}

// With Node.js, the call is `signIn(req, res, userId)`.
function userIdOf(source: Source, args: Range[]): Range {
  const [first = { start: 0, end: 0 }, , third = first] = args
  return /^(?:req|request)$/.test(codeOf(source, first)) ? third : first
}

function takesTooMuch(source: Source, { name, args }: Call): boolean {
  const attributes = name === "createUser" ? property(source, args[0], "attributes")?.value : args[1]
  if (!attributes) return false
  if (isAllFromVisitor(source, attributes)) return true
  return propertiesOf(source, attributes.start).some(({ key, value }) => {
    return key === "..." ? isAllFromVisitor(source, value) : privileges.test(key) && isFromVisitor(source, value)
  })
}

// The code that runs for GET: `export const GET`, `export function GET` and `app.get("/path", handler)`.
function gettersOf(source: Source): Range[] {
  const named = functionsOf(source)
    .filter(({ name, isExported }) => isExported && name === "GET")
    .map(({ body }) => body)
  const wrapped = callsOf(source, new Set(["routeHandler", "handler"])).filter(({ start }) => {
    return isAt(source, start - 4, "export", "const", "GET", "=")
  })
  const routes = callsOf(source, new Set(["get"])).filter(({ args, object }) => {
    return args.length > 1 && object !== "" && stringValue(source.tokens[args[0]!.start])?.startsWith("/")
  })
  return [...named, ...[...wrapped, ...routes].map(({ open, close }) => ({ start: open, end: close }))]
}

// An API route of the Pages Router runs for every method that it does not reject.
function pagesRoutes(source: Source): Range[] {
  if (!/(?:^|\/)pages\/api\//.test(source.path) || mentions(source, new Set(["method"]))) return []
  const isLimited = source.tokens.some((token) => /^(?:POST|DELETE|PUT|PATCH)$/.test(stringValue(token) ?? ""))
  return isLimited ? [] : [{ start: 0, end: source.tokens.length }]
}
