import { authFactories } from "../auth-names.ts"
import { callsOf, propertiesOf, property } from "../calls.ts"
import type { Property } from "../calls.ts"
import { codeOf } from "../expression-text.ts"
import { bindingsOf } from "../expressions.ts"
import { importsFrom } from "../imports.ts"
import { oncePer } from "../once.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Rule, Spot } from "../rule.ts"
import { sessionTokensIn } from "../session-tokens.ts"
import { isAt, mentions, textAt, whole } from "../source.ts"
import type { Range, Source } from "../source.ts"
import { stringValue } from "../token.ts"
import { pages } from "../pages.ts"

const cookieTakers = new Set([...authFactories, "createAuthProxy"])
const originChecks = new Set(["verifyRequestOrigin", "createAuthProxy"])
const cookieName = /^(?:__Host-|__Secure-)?session$/

/** Rules about the session cookie. */
export const cookieRules: Rule[] = [
  {
    name: "insecure-cookie",
    severity: "error",
    finds: "`secure: false` in the options of the session cookie, without a condition",
    cure: 'Write `secure: process.env.NODE_ENV === "production"`.',
    page: pages.nextjs,
    check: inEachSource((source) =>
      cookieOptions(source).flatMap((options) => {
        const secure = options.find(({ key }) => key === "secure")
        const isOff = secure && /^(?:false|!1|0)$/.test(codeOf(source, secure.value))
        return isOff
          ? [[secure.at, "secure is false in production too: the session cookie is sent over plain HTTP."]]
          : []
      }),
    ),
  },
  {
    name: "same-site-none",
    severity: "warning",
    finds: '`sameSite: "none"` without `secure: true`, or without `trustedOrigins`',
    cure: "Give `createAuth` the `trustedOrigins` of your front end, and keep `secure: true`. If both are on one site, leave `sameSite` out.",
    page: pages.otherOrigins,
    check: inEachSource((source, project) =>
      cookieOptions(source).flatMap((options) => noneSpots(source, project, options)),
    ),
  },
  {
    name: "hand-read-cookie",
    severity: "warning",
    finds: "the session cookie read by hand instead of by a wrapper or `readSessionCookie`",
    cure: "Use a wrapper, such as `handler` or `getSession`. Without one, call `verifyRequestOrigin`, then `auth.readSessionCookie(header)`.",
    page: pages.wrappers,
    check: inEachSource((source, project) => (makesAuth(project) ? handReads(source) : [])),
  },
  {
    name: "hand-written-cookie",
    severity: "error",
    finds: "the session cookie written by hand instead of by `setSession` or `createSessionCookie`",
    cure: "Call `setSession(token)` of the wrapper, or write the header with `auth.createSessionCookie(token).serialize()`.",
    page: pages.wrappers,
    check: inEachSource((source, project) => (makesAuth(project) ? handWrites(source) : [])),
  },
  {
    name: "no-origin-check",
    severity: "warning",
    finds: "`validateSession(readSessionCookie(...))` in a project that never calls `verifyRequestOrigin`",
    cure: "Use a wrapper, or refuse the request unless `verifyRequestOrigin(request, { trustedOrigins })` is true.",
    page: pages.websockets,
    check: inEachSource((source, project) => {
      if (checksOrigins(project)) return []
      const reads = callsOf(source, new Set(["readSessionCookie"])).filter(({ object }) => object !== "")
      const validates = mentions(source, new Set(["validateSession", "rotateSession"]))
      return validates
        ? reads.map(({ at }): Spot => [
            at,
            "The session is taken from a cookie without a check where the request came from (CSRF).",
          ])
        : []
    }),
  },
]

// The objects of the option `cookie`, inline or under a name in the same file or another one.
function cookieOptions(source: Source): Property[][] {
  const inPlace = callsOf(source, cookieTakers).flatMap(({ args }) => property(source, args[0], "cookie")?.value ?? [])
  const named = bindingsOf(source).filter(({ name }) => /^(?:session)?cookie(?:Options)?$/i.test(name))
  const objects = [...inPlace, ...named.map(({ value }) => value)].map(({ start }) => propertiesOf(source, start))
  // With one of these, it is one of the application's own cookies.
  return objects.filter((options) => !options.some(({ key }) => /^(?:httpOnly|maxAge|expires|signed|value)$/.test(key)))
}

function noneSpots(source: Source, project: Project, options: Property[]): Spot[] {
  const sameSite = options.find(({ key }) => key === "sameSite")
  const value =
    sameSite && sameSite.value.end - sameSite.value.start === 1
      ? stringValue(source.tokens[sameSite.value.start])
      : null
  if (!sameSite || value?.toLowerCase() !== "none") return []
  const secure = options.find(({ key }) => key === "secure")
  if (secure && codeOf(source, secure.value) !== "true")
    return [[sameSite.at, 'sameSite "none" needs secure: true at all times: createAuth() throws where it is not.']]
  return trustsOrigins(project)
    ? []
    : [
        [
          sameSite.at,
          "Other sites get the cookie sent along, and without trustedOrigins every form or call of theirs is refused.",
        ],
      ]
}

const makesAuth = oncePer(({ sources }: Project) => {
  return sources.some(
    (source) => callsOf(source, authFactories).length > 0 || importsFrom(source, /^nightlatch\/(?:next|web|node|hono)/),
  )
})

const checksOrigins = oncePer(({ sources }: Project) => sources.some((each) => mentions(each, originChecks)))

const trustsOrigins = oncePer(({ sources }: Project) => {
  return sources.some((each) => mentions(each, new Set(["trustedOrigins"])))
})

function handReads(source: Source): Spot[] {
  const message =
    "The session cookie is read by hand: several cookies of one name, other sites' requests and renewals are not taken care of."
  const byName = callsOf(source, new Set(["get"])).filter(({ object, args }) => {
    return (
      /(?:^|\.)cookies(?:\(\))?\)?$|[cC]ookieStore$|^\(await cookies\(\)\)$/.test(object) &&
      isSessionName(source, args[0])
    )
  })
  const byProperty = placesOfCookies(source)
  const byHeader = callsOf(source, new Set(["split", "match", "matchAll", "parse"])).filter(
    ({ object, args, name }) => {
      const header = /(?:headers\.cookie|headers\.get\(["']cookie["']\)|^cookieHeader|^cookies?Header)!?$/i
      const isHeader = name === "parse" ? args.length > 0 && header.test(codeOf(source, args[0]!)) : header.test(object)
      return isHeader && callsOf(source, new Set(["validateSession", "createHash"])).length > 0
    },
  )
  return [...byName.map(({ at }) => at), ...byProperty, ...byHeader.map(({ at }) => at)].map((at): Spot => [
    at,
    message,
  ])
}

// `req.cookies.session` and `req.cookies["__Host-session"]`.
function placesOfCookies(source: Source): number[] {
  const places: number[] = []
  for (let at = 1; at < source.tokens.length; at++) {
    if (!isAt(source, at, "cookies") || !isAt(source, at - 1, ".")) continue
    const isProperty = /^\??\.$/.test(textAt(source, at + 1)) && textAt(source, at + 2) === "session"
    const isIndex = isAt(source, at + 1, "[") && cookieName.test(stringValue(source.tokens[at + 2]) ?? "")
    if ((isProperty && !isAt(source, at + 3, "(")) || isIndex) places.push(at)
  }
  return places
}

function handWrites(source: Source): Spot[] {
  const message =
    "The session cookie is written by hand: its name, HttpOnly, Secure, SameSite and lifetime may differ from what is read."
  const sets = callsOf(source, new Set(["set", "cookie", "setCookie"])).filter(({ object, name, args }) => {
    const isCookie = name !== "set" || /[cC]ookie/.test(object)
    const at = isSessionName(source, args[0]) || isSessionName(source, args[1])
    const isToken = args.slice(1, 3).some((each) => sessionTokensIn(source, each).length > 0)
    return isCookie && (at || isToken) && !args.slice(0, 1).some((each) => codeOf(source, each).endsWith(".name"))
  })
  return [...sets.map(({ at }) => at), ...headerTexts(source)].map((at): Spot => [at, message])
}

function headerTexts(source: Source): number[] {
  const range = whole(source)
  if (!source.tokens.some(({ kind, text }) => kind === "string" && /^.set-cookie.$/i.test(text))) return []
  const places: number[] = []
  for (let at = range.start; at < range.end; at++) {
    const { kind, text } = source.tokens[at]!
    if ((kind === "template" || kind === "string") && /^["'`](?:__Host-|__Secure-)?session=/.test(text)) places.push(at)
  }
  return places
}

function isSessionName(source: Source, range: Range | undefined): boolean {
  if (!range || range.end - range.start !== 1) return false
  return cookieName.test(stringValue(source.tokens[range.start]) ?? "")
}
