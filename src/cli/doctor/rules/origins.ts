import { authFactories } from "../auth-names.ts"
import { callsOf, property } from "../calls.ts"
import { codeOf } from "../expression-text.ts"
import { bindingsOf } from "../expressions.ts"
import { stringsIn } from "../next-files.ts"
import { inEachSource } from "../rule.ts"
import type { Rule, Spot } from "../rule.ts"
import { isAt, textAt } from "../source.ts"
import type { Range, Source } from "../source.ts"
import { stringValue } from "../token.ts"
import { pages } from "../pages.ts"

const takers = new Set([...authFactories, "createAuthProxy", "verifyRequestOrigin"])
const local = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]|[\w-]+\.localhost)(?::\d+)?$/

/** Rules about cross-origin requests. */
export const originRules: Rule[] = [
  {
    name: "cors-any-origin",
    severity: "error",
    finds: "CORS with credentials for any origin: `*`, or whatever origin the request names",
    cure: "Name the origins that may read answers with the visitor's cookie, and give `createAuth` the same `trustedOrigins`.",
    page: pages.otherOrigins,
    check: inEachSource((source) => [...corsCalls(source), ...corsHeaders(source)]),
  },
  {
    name: "trusted-origins",
    severity: "error",
    finds: "`trustedOrigins` with a wildcard, or with a plain `http://` origin that is not local",
    cure: "List exact origins that start with `https://`.",
    page: pages.otherOrigins,
    check: inEachSource((source) => originLists(source).flatMap((list) => originSpots(source, list))),
  },
  {
    name: "open-cross-origin",
    severity: "error",
    finds: "`allowCrossOrigin: true` for a whole application instead of one path",
    cure: "Put it on the one handler or path that another site posts to. Everywhere else the visitor must stay protected, and signed in.",
    page: pages.wrappers,
    check: inEachSource((source) =>
      callsOf(source, new Set(["use"])).flatMap(({ args }) => {
        const [only, ...more] = args
        if (!only || more.length > 0) return []
        const makers = callsOf(source, new Set(["middleware", "createHonoAuth"]), only)
        const open = makers.filter((call) => property(source, call.args.at(-1), "allowCrossOrigin"))
        return open.map(({ at }): Spot => [
          at,
          "allowCrossOrigin is set for every path: nobody is signed in, and no request is refused.",
        ])
      }),
    ),
  },
]

const anyOrigin = "Every site may read answers with the visitor's cookie."

// `cors({ origin: "*", credentials: true })`, with `origin: true`, or with a function that returns its argument.
function corsCalls(source: Source): Spot[] {
  return callsOf(source, new Set(["cors", "fastifyCors", "enableCors"])).flatMap(({ args }): Spot[] => {
    const origin = property(source, args[0], "origin")
    const credentials = property(source, args[0], "credentials")
    if (!origin || !credentials || codeOf(source, credentials.value) !== "true") return []
    const code = codeOf(source, origin.value)
    const isAny = /^(?:["'`]\*["'`]|true)$/.test(code) || /^\(?(\w+)\)?=>\1$/.test(code)
    return isAny ? [[origin.at, anyOrigin]] : []
  })
}

// The two headers, as entries of one object or as calls in one file.
function corsHeaders(source: Source): Spot[] {
  const origins = headersNamed(source, "access-control-allow-origin")
  const hasCredentials = headersNamed(source, "access-control-allow-credentials").some(([, value]) =>
    /true/.test(value),
  )
  const isAny = (value: string) => /^["'`]\*["'`]$/.test(value) || isRequestOrigin(value)
  return hasCredentials ? origins.filter(([, value]) => isAny(value)).map(([at]): Spot => [at, anyOrigin]) : []
}

function isRequestOrigin(value: string): boolean {
  return /^(?:\w+\.)*(?:headers\.origin|headers\.get\(["']origin["']\)|header\(["']origin["']\))/i.test(value)
}

function headersNamed(source: Source, name: string): [at: number, value: string][] {
  const places: [number, string][] = []
  for (let at = 0; at < source.tokens.length; at++) {
    if (stringValue(source.tokens[at])?.toLowerCase() !== name) continue
    if (/^[:,]$/.test(textAt(source, at + 1)))
      places.push([at, codeOf(source, { start: at + 2, end: endOfValue(source, at + 2) })])
  }
  return places
}

function endOfValue(source: Source, start: number): number {
  let at = start
  while (at < source.tokens.length && !/^[,;})]$/.test(textAt(source, at))) at = Math.max(source.pairs[at]!, at) + 1
  return at
}

function originLists(source: Source): Range[] {
  const inPlace = callsOf(source, takers).flatMap(({ args }) => {
    return args.flatMap((each) => property(source, each, "trustedOrigins")?.value ?? [])
  })
  const named = bindingsOf(source).filter(({ name }) => name === "trustedOrigins")
  return [...inPlace, ...named.map(({ value }) => value)].filter(({ start }) => isAt(source, start, "["))
}

function originSpots(source: Source, { start, end }: Range): Spot[] {
  const origins = stringsIn(source, { start, end }) ?? []
  return origins.flatMap((origin): Spot[] => {
    if (origin.includes("*"))
      return [[start, `trustedOrigins: ${origin} is a pattern. createAuth() takes exact origins only, and throws.`]]
    const isPlain = origin.startsWith("http://") && !local.test(origin)
    return isPlain ? [[start, `trustedOrigins: ${origin} can be forged by anyone on the network.`]] : []
  })
}
