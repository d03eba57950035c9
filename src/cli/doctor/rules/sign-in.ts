import { authFactories, authNamesOf } from "../auth-names.ts"
import { callsOf, property } from "../calls.ts"
import type { Call } from "../calls.ts"
import { importsFrom } from "../imports.ts"
import { stringsIn } from "../next-files.ts"
import { oncePer } from "../once.ts"
import { pages } from "../pages.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Rule, Spot } from "../rule.ts"
import { mentions, textAt } from "../source.ts"
import type { Range, Source } from "../source.ts"
import { stringValue } from "../token.ts"
import { callsOnRequests } from "../wrappers.ts"

const begins = new Set(["beginOAuth", "startOAuth"])
const finishes = new Set(["finishOAuth", "completeOAuth"])

/** Rules about the ways to sign in: `createSignIn`, OAuth and passkeys. */
export const signInRules: Rule[] = [
  {
    name: "bypassed-sign-in",
    severity: "error",
    finds: "`createSession()`, `signIn(userId)` or `signInWithPassword(auth, ...)` in a project with `createSignIn`",
    cure: "Give a proof to `beginSignIn`, or the door to `signInWithPassword`, and its token to `setSession`.",
    page: pages.stepUp,
    check: inEachSource((source, project) =>
      hasOneDoor(project) ? bypasses(source, project).map(({ at, name }) => bypassed(at, name)) : [],
    ),
  },
  {
    name: "unfinished-oauth",
    severity: "warning",
    finds: "`beginOAuth()` or `startOAuth()` in a project that never calls `finishOAuth()` or `completeOAuth()`",
    cure: "Call `finishOAuth` in the route of `redirectUri`. Do not read the callback's `code` and `state` yourself.",
    page: pages.oauth,
    check: inEachSource((source, project) => {
      if (!calls(project, "createOAuth", "nightlatch/oauth") || finishesOAuth(project)) return []
      return callsOf(source, begins).map(({ at, name }): Spot => [
        at,
        `${name}() sends the visitor away, and nothing in this project checks what comes back.`,
      ])
    }),
  },
  {
    name: "passkey-origins",
    severity: "error",
    finds: "an `rpId` of `createPasskeys` that is not a domain, or `origins` outside that domain",
    cure: "Use your site's domain as `rpId`, without a scheme or a port, and origins on it or on its subdomains.",
    page: pages.passkeys,
    check: inEachSource((source) => {
      if (!importsFrom(source, "nightlatch/passkeys")) return []
      return callsOf(source, new Set(["createPasskeys"])).flatMap(({ args }) => passkeySpots(source, args[0]))
    }),
  },
]

function calls({ sources }: Project, factory: string, module: string): boolean {
  return sources.some((source) => importsFrom(source, module) && callsOf(source, new Set([factory])).length > 0)
}

// With a second auth, such as one for administrators, the code does not show whose sessions `createSignIn` creates.
const hasOneDoor = oncePer((project: Project) => {
  const auths = project.sources.flatMap((source) => callsOf(source, authFactories))
  return auths.length === 1 && calls(project, "createSignIn", "nightlatch/sign-in")
})

const finishesOAuth = oncePer(({ sources }: Project) => sources.some((source) => mentions(source, finishes)))

function bypasses(source: Source, project: Project): Call[] {
  const { calls: callsOfAuth, meaning } = authNamesOf(project)
  const byPassword = callsOfAuth(source, new Set(["signInWithPassword"])).filter(({ args: [door] }) => {
    const isName = door && door.end - door.start === 1
    return isName && meaning(source, textAt(source, door.start))?.factory === "createAuth"
  })
  return [
    ...callsOfAuth(source, new Set(["createSession", "signIn"])),
    ...callsOnRequests(source, project, new Set(["signIn"])),
    ...byPassword,
  ]
}

function bypassed(at: number, name: string): Spot {
  return [at, `${name}() would make a session without createSignIn(), which asks for the second factor: it throws.`]
}

function passkeySpots(source: Source, options: Range | undefined): Spot[] {
  const [id, origins] = [property(source, options, "rpId"), property(source, options, "origins")]
  const rpId = id && id.value.end - id.value.start === 1 ? stringValue(source.tokens[id.value.start]) : null
  if (!id || rpId === null) return []
  if (!isDomain(rpId)) return [[id.at, `rpId: ${rpId} is not a domain, such as example.com, and browsers refuse it.`]]
  const named = origins ? (stringsIn(source, origins.value) ?? []) : []
  return named.flatMap((origin): Spot[] => {
    const problem = problemOf(origin, rpId)
    return origins && problem ? [[origins.at, `origins: ${origin} ${problem}`]] : []
  })
}

// With a dot, because browsers accept neither "com" nor an IP address.
function isDomain(text: string): boolean {
  return text === "localhost" || (/^(?:[a-z\d-]+\.)+[a-z\d-]+$/.test(text) && !/\.\d+$/.test(text))
}

function problemOf(origin: string, rpId: string): string | null {
  if (origin.startsWith("android:")) return null
  if (!URL.canParse(origin) || new URL(origin).origin !== origin)
    return "is not an origin, which has a scheme and a host, and no path."
  const { protocol, hostname } = new URL(origin)
  if (!`.${hostname}`.endsWith(`.${rpId}`)) return `is not on rpId ${rpId}: browsers would refuse its passkeys.`
  const isSecure = protocol === "https:" || /(?:^|\.)localhost$/.test(hostname)
  return isSecure ? null : "is not https, and browsers offer no passkeys there."
}
