import { authNamesOf } from "../auth-names.ts"
import { callsOf, isAwaited, isStatement } from "../calls.ts"
import type { Call } from "../calls.ts"
import { bindingsOf } from "../expressions.ts"
import { functionsAround } from "../functions.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Rule, Spot } from "../rule.ts"
import { isAt, mentions, placesOf, textAt } from "../source.ts"
import type { Source } from "../source.ts"
import { callsOnRequests } from "../wrappers.ts"
import { pages } from "../pages.ts"

const reads = new Set(["verifySession", "getSession", "validateRequest"])
const authReads = new Set(["validateSession", "rotateSession", "createSession", "getUserSessions"])
const changes = new Set(["signIn", "setSession", "signOut", "rotate"])
const authChanges = new Set(["invalidateSession", "invalidateUserSessions", "updateSession"])

/** Rules about promises of this package that are not awaited. */
export const awaitingRules: Rule[] = [
  {
    name: "missing-await",
    severity: "error",
    finds: "`verifySession()`, `getSession()`, `validateRequest()` or `validateSession()` without `await`",
    cure: "Write `await` before the call. Turn on `no-floating-promises` in your linter to find this as you write.",
    page: pages.nextjs,
    check: inEachSource((source, project) => readsIn(source, project).flatMap((call) => withoutAwait(source, call))),
  },
  {
    name: "unfinished-change",
    severity: "error",
    finds: "`signIn()`, `setSession()`, `signOut()`, `rotate()` or `invalidateSession()` that is not awaited",
    cure: "Write `await` before the call, so that the cookie and the store are written before the response leaves.",
    page: pages.wrappers,
    check: inEachSource((source, project) => {
      const floating = changesIn(source, project).filter((call) => isStatement(source, call))
      return floating.map((call): Spot => [
        call.at,
        `${call.name}() is not awaited: the response may leave before it is done.`,
      ])
    }),
  },
  {
    name: "guard-in-try",
    severity: "error",
    finds: "`verifySession()` inside a `try` whose `catch` does not throw again",
    cure: "Call `verifySession()` before the `try`. It ends the render by throwing, and the `catch` would swallow that.",
    page: pages.nextjs,
    check: inEachSource((source, project) => {
      const calls = authNamesOf(project).calls(source, new Set(["verifySession"]))
      const caught = calls.filter(({ at }) => catches(source, at))
      return caught.map(({ at }): Spot => [at, "verifySession() redirects by throwing, and this try catches it."])
    }),
  },
]

function readsIn(source: Source, project: Project): Call[] {
  return [...authNamesOf(project).calls(source, reads), ...callsOnAuth(source, project, authReads)]
}

function changesIn(source: Source, project: Project): Call[] {
  const onRequest = callsOnRequests(source, project, changes)
  return [...authNamesOf(project).calls(source, changes), ...onRequest, ...callsOnAuth(source, project, authChanges)]
}

function callsOnAuth(source: Source, project: Project, names: ReadonlySet<string>): Call[] {
  const { meaning } = authNamesOf(project)
  return callsOf(source, names).filter(({ object }) =>
    /^create(?:Stateless)?Auth$/.test(meaning(source, object)?.factory ?? ""),
  )
}

function withoutAwait(source: Source, call: Call): Spot[] {
  if (isAwaited(source, call) || !isUsedAtOnce(source, call)) return []
  return [[call.at, `${call.name}() returns a promise, which is used here as if it were its result.`]]
}

// Returns whether a result is used without `await`: as a statement, in a condition, or by reading a property.
function isUsedAtOnce(source: Source, call: Call): boolean {
  const [before, after] = [textAt(source, call.start - 1), textAt(source, call.close + 1)]
  if (isStatement(source, call)) return true
  if (before === "!" || (before === "(" && isAt(source, call.start - 2, "if"))) return true
  if (/^\??\.$/.test(after)) return !/^(?:then|catch|finally)$/.test(textAt(source, call.close + 2))
  if (/^(?:&&|\|\||\?)$/.test(after)) return before !== "await"
  return before === "=" && isReadUnderItsName(source, call)
}

function isReadUnderItsName(source: Source, { start, at }: Call): boolean {
  const bindings = bindingsOf(source).filter(({ value }) => value.start === start)
  if (bindings.some((each) => each.property !== undefined)) return true
  const scope = functionsAround(source, at)[0]?.body
  const places = bindings.flatMap(({ name }) =>
    scope ? placesOf(source, new Set([name]), { ...scope, start: at }) : [],
  )
  return places.some((place) => {
    const isProperty = /^\??\.$/.test(textAt(source, place + 1)) && !isAt(source, place + 2, "then")
    return (
      isProperty || isAt(source, place - 1, "!") || (isAt(source, place - 2, "if", "(") && isAt(source, place + 1, ")"))
    )
  })
}

function catches(source: Source, at: number): boolean {
  const scope = functionsAround(source, at)[0]
  if (scope && !mentions(source, new Set(["try"]), { start: scope.body.start, end: at })) return false
  for (let open = at; open > (scope?.body.start ?? 0); open--) {
    const isTry = isAt(source, open, "{") && isAt(source, open - 1, "try")
    if (!isTry || source.pairs[open]! < at) continue
    return isAt(source, source.pairs[open]! + 1, "catch") && !throwsAgain(source, source.pairs[open]! + 1)
  }
  return false
}

function throwsAgain(source: Source, at: number): boolean {
  const open = isAt(source, at + 1, "(") ? source.pairs[at + 1]! + 1 : at + 1
  return mentions(source, new Set(["throw", "unstable_rethrow"]), {
    start: open,
    end: Math.max(source.pairs[open]!, open),
  })
}
