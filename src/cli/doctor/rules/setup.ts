import { authFactories, wrapperFactories } from "../auth-names.ts"
import { callsOf } from "../calls.ts"
import { functionsAround } from "../functions.ts"
import type { Func } from "../functions.ts"
import { importOf, importsFrom, importsOf } from "../imports.ts"
import { oncePer } from "../once.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Problem, Rule, Spot } from "../rule.ts"
import { isAt, lineOf, mentions, textAt } from "../source.ts"
import type { Source } from "../source.ts"
import { stringValue } from "../token.ts"
import { wrappersAround } from "../wrappers.ts"
import { pages } from "../pages.ts"

const makers = new Set([...authFactories, ...wrapperFactories, "createUsers"])
const methods = /^(?:GET|POST|PUT|PATCH|DELETE|load|loader|action|getServerSideProps|middleware|proxy|onRequest)$/
// On Workers, the database comes with the request.
const fromRequest = new Set([
  "env",
  "platform",
  "bindings",
  "Bindings",
  "getCloudflareContext",
  "getRequestContext",
  "getStore",
])

/** Rules about how an application sets up this package. */
export const setupRules: Rule[] = [
  {
    name: "auth-in-handler",
    severity: "error",
    finds: "`createAuth()`, `createUsers()` or a wrapper made inside a request handler or a component",
    cure: "Call it once, in a separate module, and import its result.",
    page: pages.nextjs,
    check: inEachSource((source) =>
      callsOf(source, makers)
        .filter(({ at }) => isInHandler(source, at))
        .map(({ at, name }): Spot => {
          return [
            at,
            `${name}() runs for every request: options are checked, and memory and connections set up, again each time.`,
          ]
        }),
    ),
  },
  {
    name: "memory-adapter",
    severity: "error",
    finds: "`memoryAdapter()` outside of tests",
    cure: "Use the adapter of your database. Every restart signs everyone out, and two processes know different sessions.",
    page: pages.databases,
    check: inEachSource((source) => {
      if (mentions(source, new Set(["NODE_ENV", "DEV", "VITEST"]))) return []
      const calls = callsOf(source, new Set(["memoryAdapter"])).filter(() =>
        importsFrom(source, "nightlatch/adapters/memory"),
      )
      return calls.map(({ at }): Spot => [at, "Users and sessions are kept in the memory of one process."])
    }),
  },
  {
    name: "node-response",
    severity: "error",
    finds: "a handler of `nightlatch/node` that returns a `Response`",
    cure: "Answer by `res.end()` or your framework's `res`, or use `handler` of `nightlatch/web`.",
    page: pages.wrappers,
    check: inEachSource((source) => {
      if (!importsFrom(source, "nightlatch/node") || importsFrom(source, "nightlatch/web")) return []
      return callsOf(source, new Set(["handler"])).flatMap(({ open, close }) => returnedResponses(source, open, close))
    }),
  },
  {
    name: "no-clean-up",
    severity: "advice",
    finds: "a project that never calls `deleteExpiredSessions()`",
    cure: "Call `auth.deleteExpiredSessions()` once a day, by a timer or a scheduled task: see Clean-up.",
    page: pages.schema,
    check: expiredForEver,
  },
  {
    name: "lucia-left",
    severity: "warning",
    finds: "imports of `lucia` next to `createAuth`",
    cure: "Run `npx nightlatch migrate lucia`, or import from `nightlatch/lucia` what is still needed.",
    page: pages.lucia,
    check: inEachSource((source, project) => {
      if (!makesAuth(project)) return []
      const left = importsOf(source).filter(({ module, isType }) => module === "lucia" && !isType)
      return left.map(({ at }): Spot => [
        at,
        "Lucia is used next to nightlatch: on one table it takes public session ids for tokens.",
      ])
    }),
  },
]

const makesAuth = oncePer(({ sources }: Project) => {
  return sources.some((each) => callsOf(each, authFactories).length > 0)
})

function isInHandler(source: Source, at: number): boolean {
  const around = functionsAround(source, at)
  if (around.some(({ body, parameters }) => [body, parameters].some((range) => mentions(source, fromRequest, range))))
    return false
  return wrappersAround(source, at).length > 0 || around.some((each) => isHandler(source, each))
}

function isHandler(source: Source, found: Func): boolean {
  const { name, isExported, isDefault, start } = found
  if (/(?:^|\/)(?:page|layout)\.[jt]sx?$|(?:^|\/)pages\/.*\.[jt]sx?$/.test(source.path) && isDefault) return true
  if (isExported && methods.test(name)) return true
  if (/\.[jt]sx$/.test(source.path) && /^[A-Z]/.test(name)) return true
  return isRoute(source, start)
}

// The last argument of `app.get("/path", ...)`.
function isRoute(source: Source, start: number): boolean {
  const calls = callsOf(source, new Set(["get", "post", "put", "patch", "delete", "all", "createServer"]))
  return calls.some(({ args, object, name }) => {
    const isPath = stringValue(source.tokens[args[0]?.start ?? -1])?.startsWith("/") && object !== ""
    return (isPath || name === "createServer") && args.at(-1)?.start === start
  })
}

function returnedResponses(source: Source, open: number, close: number): Spot[] {
  const spots: Spot[] = []
  for (let at = open; at < close; at++) {
    const isReturn = /^(?:return|=>)$/.test(textAt(source, at))
    const isResponse = isAt(source, at + 1, "new", "Response", "(") || isAt(source, at + 1, "Response", ".")
    if (isReturn && isResponse)
      spots.push([
        at + 1,
        "A handler of nightlatch/node answers by res. What it returns is dropped, and the request never ends.",
      ])
  }
  return spots
}

function expiredForEver({ sources }: Project): Problem[] {
  const isCleaned = sources.some((source) => mentions(source, new Set(["deleteExpiredSessions"])))
  if (isCleaned) return []
  return sources.flatMap((source) => {
    const calls = callsOf(source, new Set(["createAuth"])).filter(
      ({ name }) => importOf(source, name)?.module === "nightlatch",
    )
    if (/nightlatch\/adapters\/(?:redis|ioredis|memory)/.test(modulesIn(sources))) return []
    const message = "Nothing deletes expired sessions: the table grows for ever."
    return calls.slice(0, 1).map(({ at }) => ({ file: source.path, line: lineOf(source, at), message }))
  })
}

function modulesIn(sources: readonly Source[]): string {
  return sources
    .flatMap(({ tokens }) => tokens.flatMap((token) => (token.kind === "string" ? token.text : [])))
    .join(" ")
}
