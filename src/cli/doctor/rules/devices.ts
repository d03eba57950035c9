import { authFactories, wrapperFactories } from "../auth-names.ts"
import { callsOf, property } from "../calls.ts"
import type { Call } from "../calls.ts"
import { importsFrom } from "../imports.ts"
import { proxiesOf, routeOf } from "../next-files.ts"
import { oncePer } from "../once.ts"
import { pages } from "../pages.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Problem, Rule, Spot } from "../rule.ts"
import { isAt, lineOf, mentions } from "../source.ts"
import type { Range, Source } from "../source.ts"
import { stringValue } from "../token.ts"

const binders = new Set(["createDeviceBinding"])
// Wrappers that answer browsers themselves, for any request they receive.
const answering = new Set(["createWebAuth", "createNodeAuth", "createHonoAuth"])

/** Rules about device-bound sessions. */
export const deviceRules: Rule[] = [
  {
    name: "device-wrapper",
    severity: "error",
    finds: "a wrapper without `device` in a project with `createDeviceBinding`",
    cure: "Pass what `createDeviceBinding` returned to the wrapper: `createNextAuth(auth, { signInPath, device })`.",
    page: pages.deviceBound,
    check: inEachSource((source, project) => {
      if (!bindsDevices(project)) return []
      const without = callsOf(source, wrapperFactories).filter(({ args }) => isWithoutDevice(source, args[1]))
      return hasOneAuth(project) || !hasWrapperWithDevice(project) ? without.map(unguarded) : []
    }),
  },
  {
    name: "device-route",
    severity: "error",
    finds: "`createDeviceBinding` in an application of Next.js that has no route for POST at its `path`",
    cure: "Write `export const POST = device.handler` in `app/auth/device/route.ts`. In the Pages Router, export `deviceRoute` from `pages/api/auth/device.ts` and set `path`.",
    page: pages.deviceBound,
    check: inEachSource((source, project) => {
      if (!isOfNext(project) || !importsFrom(source, "nightlatch/device")) return []
      return callsOf(source, binders).flatMap(({ at, args }): Spot[] => {
        const path = pathIn(source, args[0])
        return path === null || answersPost(project, path)
          ? []
          : [[at, `No route answers POST at ${path}, so browsers cannot register: no session is ever bound.`]]
      })
    }),
  },
  {
    name: "device-proxy",
    severity: "warning",
    finds: "`createAuthProxy` without `device` in a project with `createDeviceBinding` and Server Actions",
    cure: 'Pass `device` to `createAuthProxy`, or its path: `device: { path: "/auth/device" }`.',
    page: pages.deviceBound,
    check: checkProxies,
  },
]

const bindsDevices = oncePer(({ sources }: Project) =>
  sources.some((source) => importsFrom(source, "nightlatch/device") && callsOf(source, binders).length > 0),
)

// With a second auth, the code does not show whose sessions a wrapper serves.
const hasOneAuth = oncePer(
  ({ sources }: Project) => sources.flatMap((source) => callsOf(source, authFactories)).length === 1,
)

const hasWrapperWithDevice = oncePer(({ sources }: Project) =>
  sources.some((source) => callsOf(source, wrapperFactories).some(({ args }) => !isWithoutDevice(source, args[1]))),
)

const hasServerActions = oncePer(({ sources }: Project) =>
  sources.some((source) => mentions(source, new Set([`"use server"`, `'use server'`, "serverAction"]))),
)

// Another wrapper may answer for it, and the configuration may redirect requests elsewhere.
const isOfNext = oncePer(({ files, sources }: Project) => {
  const isServed = sources.some((source) => importsFrom(source, /^nightlatch\/next(?:\/pages)?$/))
  const isServedElsewhere = sources.some((source) => callsOf(source, answering).length > 0)
  const isRouted = [...files].some(
    ([path, text]) => /(?:^|\/)next\.config\.\w+$/.test(path) && /\b(?:basePath|pageExtensions|rewrites)\b/.test(text),
  )
  return isServed && !isServedElsewhere && !isRouted
})

/** Returns whether options clearly lack `device`: there are none, or they are written out without a spread. */
function isWithoutDevice(source: Source, options: Range | undefined): boolean {
  if (!options) return true
  const has = (key: string) => property(source, options, key) !== undefined
  return isAt(source, options.start, "{") && !has("device") && !has("...")
}

function unguarded({ at, name }: Call): Spot {
  return [at, `${name}() has no device: it binds no session, and lets in a copied cookie of a bound one.`]
}

/** Returns the path of a binding; `null` if it is not visible. */
function pathIn(source: Source, options: Range | undefined): string | null {
  if (!options || !isAt(source, options.start, "{") || property(source, options, "...")) return null
  const path = property(source, options, "path")
  if (!path) return "/auth/device"
  return path.value.end - path.value.start === 1 ? stringValue(source.tokens[path.value.start]) : null
}

function answersPost({ sources }: Project, path: string): boolean {
  return sources.some((source) => {
    const route = routeOf(source)
    if (!route?.covers(path)) return false
    return route.isPages || mentions(source, new Set(["POST", "*"]))
  })
}

function checkProxies(project: Project): Problem[] {
  if (!bindsDevices(project) || !hasServerActions(project)) return []
  return proxiesOf(project)
    .filter(({ source, call }) => isWithoutDevice(source, call.args[0]))
    .map(({ source, call }) => ({
      file: source.path,
      line: lineOf(source, call.at),
      message: "A Server Action cannot offer to bind the session that it opens, and this proxy does not do it.",
    }))
}
