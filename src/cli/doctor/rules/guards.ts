import { authNamesOf } from "../auth-names.ts"
import { callsOf } from "../calls.ts"
import type { Call } from "../calls.ts"
import { bindingsOf } from "../expressions.ts"
import { functionsAround } from "../functions.ts"
import type { Func } from "../functions.ts"
import { asksWhoIsSignedIn } from "../guard-search.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Rule, Spot } from "../rule.ts"
import { isAt, placesOf, textAt } from "../source.ts"
import type { Source } from "../source.ts"
import { callsOnRequests, hasDirective, wrappersAround } from "../wrappers.ts"
import { pages } from "../pages.ts"

const reads = new Set(["getSession", "validateRequest"])
const requestReads = new Set(["validate"])
const methods = /^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)$/

// Actions and data that only the user, or an admin, may reach.
const personal = new Set([
  "getUserSessions",
  "invalidateSession",
  "invalidateUserSessions",
  "updateUser",
  "updateUserPassword",
  "deleteUser",
  "createKey",
  "deleteKey",
  "renameKey",
  "getUserKeys",
])

/** Rules about code that should check who is signed in. */
export const guardRules: Rule[] = [
  {
    name: "missing-guard",
    severity: "error",
    finds:
      "a page, Server Action, Route Handler or API route that reads or changes a user without asking who is signed in",
    cure: "Wrap it in `protectedPage`, `serverAction`, `routeHandler`, `apiRoute` or `serverSideProps`, or call `verifySession()` first.",
    page: pages.authorization,
    check: inEachSource((source, project) =>
      unguardedCalls(source, project).map(({ at, name, object }): Spot => {
        return [at, `${object}.${name}() is called for anyone who sends a request: nothing here asks who is signed in.`]
      }),
    ),
  },
  {
    name: "asserted-session",
    severity: "error",
    finds: "the session or user read without a check for `null`, by `!` or in plain JavaScript",
    cure: "Check for `null` first, or use a wrapper that lets only signed-in users in, such as `protectedPage` or `routeHandler`.",
    page: pages.authorization,
    check: inEachSource((source, project) => sessionReads(source, project).flatMap((call) => assertions(source, call))),
  },
  {
    name: "cached-session",
    severity: "error",
    finds: 'the session read inside `"use cache"` or `unstable_cache()`, whose result every visitor shares',
    cure: 'Read the session outside, and give the cached function the user\'s id. Or use `"use cache: private"`.',
    page: pages.nextjs,
    check: inEachSource((source, project) => {
      const calls = authNamesOf(project).calls(source, new Set(["getSession", "verifySession"]))
      return calls
        .filter(({ at }) => isCached(source, at))
        .map(({ at, name }): Spot => {
          return [at, `${name}() is called in a cached function: one visitor's session would be shown to others.`]
        })
    }),
  },
]

function unguardedCalls(source: Source, project: Project): Call[] {
  const { meaning } = authNamesOf(project)
  const calls = callsOf(source, personal).filter(({ object }) => meaning(source, object)?.member === "")
  return calls.filter(({ at }) => {
    const entry = functionsAround(source, at).at(-1)
    if (!entry || !isEntry(source, entry) || wrappersAround(source, at).length > 0) return false
    return !asksWhoIsSignedIn(project, source, { start: entry.start, end: entry.body.end })
  })
}

// Functions that the framework calls for a request.
function isEntry(source: Source, { name, isExported, isDefault, body }: Func): boolean {
  if (isAt(source, body.start, '"use server"') || isAt(source, body.start, "'use server'")) return true
  if (!isExported) return false
  if (hasDirective(source, "use server")) return true
  if (/(?:^|\/)route\.[jt]s$/.test(source.path)) return methods.test(name)
  if (/(?:^|\/)(?:page|layout)\.[jt]sx?$/.test(source.path)) return isDefault
  return /(?:^|\/)pages\/api\//.test(source.path) ? isDefault : name === "getServerSideProps"
}

function sessionReads(source: Source, project: Project): Call[] {
  const onRequest = callsOnRequests(source, project, requestReads)
  return [...authNamesOf(project).calls(source, reads), ...onRequest]
}

function assertions(source: Source, call: Call): Spot[] {
  const isGrouped = isAt(source, call.start - 2, "(", "await") && isAt(source, call.close + 1, ")")
  if (isGrouped) return isAsserted(source, call.close + 2) ? [spot(call.at, call)] : []
  const bindings = isAt(source, call.start - 1, "await")
    ? bindingsOf(source).filter(({ value }) => value.start === call.start - 1)
    : []
  if (bindings.some((each) => each.property !== undefined) && isWhole(source, call)) return [spot(call.at, call)]
  const scope = functionsAround(source, call.at)[0]?.body
  const places = bindings.flatMap(({ name }) =>
    scope ? placesOf(source, new Set([name]), { ...scope, start: call.at }) : [],
  )
  return places.filter((at) => isAt(source, at + 1, "!", ".")).map((at) => spot(at, call))
}

// `(await getSession())!.user`, and in JavaScript `(await getSession()).user`.
function isAsserted(source: Source, at: number): boolean {
  return isAt(source, at, ".") || isAt(source, at, "!", ".")
}

// `const { user } = await getSession()`, without `?? {}` or `|| {}`.
function isWhole(source: Source, { close }: Call): boolean {
  return !/^(?:\?\?|\|\||&&|\?|as)$/.test(textAt(source, close + 1))
}

function spot(at: number, { name }: Call): Spot {
  return [at, `${name}() gives null to a signed-out visitor, and this reads the user all the same.`]
}

function isCached(source: Source, at: number): boolean {
  const around = functionsAround(source, at)
  const hasMark = around.some(({ body }) => /^["']use cache["']$/.test(textAt(source, body.start)))
  const isWrapped = callsOf(source, new Set(["unstable_cache"])).some(({ open, close }) => open < at && at < close)
  return hasMark || isWrapped || (around.length > 0 && hasDirective(source, "use cache"))
}
