import { callsOf, property } from "../calls.ts"
import { codeOf, valueNames } from "../expression-text.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Problem, Rule, Spot } from "../rule.ts"
import { sessionTokensIn } from "../session-tokens.ts"
import { isAt, split, textAt } from "../source.ts"
import type { Range, Source } from "../source.ts"
import { stringValue } from "../token.ts"
import { isIgnored } from "../git-ignore.ts"
import { pages } from "../pages.ts"

const loggers = new Set(["log", "info", "warn", "error", "debug", "trace", "dir"])
const secretName =
  /^(?:password|passwd|newPassword|currentPassword|oldPassword|plainPassword|passwordHash|hashedPassword|SESSION_SECRET|sessionToken)$/
const secretVariable =
  /^(?:export\s+)?(\w*(?:SECRET|PASSWORD|PRIVATE_KEY|API_KEY|TOKEN|DATABASE_URL)\w*)\s*=\s*["']?([^\s"'#]{6,})/
// Sent to every browser, or a placeholder.
const openVariable = /^(?:NEXT_PUBLIC|VITE|PUBLIC|NUXT_PUBLIC)_/
const placeholder = /your|change|example|placeholder|secret-?here|xxx|<|\$\{/i

// What an attacker could do with a function's secrets.
const opened: Record<string, string> = {
  createStatelessAuth: "make sessions for any user",
  createSnapshots: "make sessions for any user",
  createTotp: "make the codes of every user whose row they get",
  createPasskeys: "make the handles by which passkeys are added and used",
  createDeviceBinding: "make the proofs that let copied cookies in",
}

/** Rules about leaked secrets. */
export const secretRules: Rule[] = [
  {
    name: "secret-logged",
    severity: "error",
    finds: "a password, a cookie header or a secret that is logged",
    cure: "Log the user's id or the session's id instead: neither signs anyone in.",
    page: pages.events,
    check: inEachSource((source) =>
      loggedIn(source).flatMap(({ args }) => args.flatMap((each) => secretsIn(source, each))),
    ),
  },
  {
    name: "token-logged",
    severity: "error",
    finds: "a session token that is logged",
    cure: "Log `session.id` instead: it is a hash, and signs nobody in.",
    page: pages.events,
    check: inEachSource((source) =>
      loggedIn(source).flatMap(({ args }) =>
        args.flatMap((each) => {
          return sessionTokensIn(source, each).map((at): Spot => [
            at,
            "Whoever reads the log can use this session token.",
          ])
        }),
      ),
    ),
  },
  {
    name: "token-in-url",
    severity: "error",
    finds: "a session token in an address",
    cure: "Send it in the cookie, or in the `Authorization` header: addresses are kept in histories, logs and `Referer` headers.",
    page: pages.bearerTokens,
    check: inEachSource((source) =>
      urlTokens(source).map((at): Spot => [at, "The session token becomes part of an address."]),
    ),
  },
  {
    name: "token-in-storage",
    severity: "warning",
    finds: "a session token in `localStorage` or `sessionStorage`",
    cure: "Let the wrapper set its cookie, which scripts cannot read.",
    page: pages.bearerTokens,
    check: inEachSource((source) =>
      callsOf(source, new Set(["setItem"]))
        .filter(({ object, args }) => {
          const name = stringValue(source.tokens[args[0]?.start ?? -1]) ?? ""
          return (
            /^(?:window\.)?(?:local|session)Storage$/.test(object) &&
            /^(?:session|auth|access|bearer)?[-_]?token$/i.test(name)
          )
        })
        .map(({ at }): Spot => [at, "Any script on the page can read this token."]),
    ),
  },
  {
    name: "secret-in-source",
    severity: "error",
    finds:
      "an entry of `secrets` in the source, also as a default: of `createStatelessAuth`, `createTotp` and their like",
    cure: "Make one with `openssl rand -base64 32`, keep it where your other secrets are, and read it from the environment without a default.",
    page: pages.stateless,
    check: inEachSource((source) =>
      callsOf(source, new Set(Object.keys(opened))).flatMap(({ name, args }) => {
        const secrets = property(source, args[0], "secrets")
        const message = `Everyone who can read the code can ${opened[name]}.`
        return secrets ? literalsIn(source, secrets.value).map((at): Spot => [at, message]) : []
      }),
    ),
  },
  {
    name: "env-committed",
    severity: "error",
    finds: "a `.env` file with secrets that `.gitignore` does not list",
    cure: "Add it to `.gitignore`, take it out of Git with `git rm --cached`, and change the secrets in it.",
    page: pages.deployment,
    check: committedSecrets,
  },
]

function loggedIn(source: Source) {
  return callsOf(source, loggers).filter(({ object }) => /(?:^|\.)(?:console|logger|log|pino|winston)$/.test(object))
}

function secretsIn(source: Source, range: Range): Spot[] {
  const code = codeOf(source, range)
  const cookie = /(?:headers\.cookie|headers\.get\(["']cookie["']\)|document\.cookie)$/i.test(code)
  if (cookie) return [[range.start, "A cookie header is logged: it holds the session token."]]
  if (/\.get\(["'`](?:\w*[pP]assword)["'`]\)$/.test(code)) return [[range.start, "A password is logged."]]
  const places = valueNames(source, range).filter(
    (at) => secretName.test(textAt(source, at)) && isWholeValue(source, at),
  )
  return places.map((at): Spot => [at, `${textAt(source, at)} is logged.`])
}

// Not `password.length`, and not the key of `{ password: "missing" }`.
function isWholeValue(source: Source, at: number): boolean {
  if (/^(?:errors?|messages?|issues|fieldErrors|state)$/.test(textAt(source, at - 2))) return false
  return (
    !/^(?:\??\.|:|===|!==|\?|&&)$/.test(textAt(source, at + 1)) &&
    !isAt(source, at - 1, "typeof") &&
    !isAt(source, at - 1, "!")
  )
}

function urlTokens(source: Source): number[] {
  const inTemplates = source.tokens.flatMap((token, at) => {
    const isParameter = token.kind === "template" && /[?&#]\w+=$/.test(token.text) && isAt(source, at + 1, "${")
    return isParameter ? sessionTokensIn(source, { start: at + 2, end: Math.max(source.pairs[at + 1]!, at + 2) }) : []
  })
  const setters = callsOf(source, new Set(["set", "append"])).filter(({ object }) => /[sS]earchParams$/.test(object))
  const makers = callsOf(source, new Set(["URLSearchParams"]))
  const inCalls = [...setters, ...makers].flatMap(({ args }) => args.flatMap((each) => sessionTokensIn(source, each)))
  return [...inTemplates, ...inCalls]
}

// A string in the list, written there or as a default: `process.env.SECRET ?? "secret"`.
function literalsIn(source: Source, { start, end }: Range): number[] {
  if (!isAt(source, start, "[")) return []
  const items = split(source, { start: start + 1, end: end - 1 }, (text) => text === ",")
  return items.flatMap((item) => {
    const parts = split(source, item, (text) => text === "??" || text === "||")
    return parts
      .filter((part) => part.end - part.start === 1 && (stringValue(source.tokens[part.start]) ?? "") !== "")
      .map((part) => part.start)
  })
}

function committedSecrets(project: Project): Problem[] {
  const isKept = project.isRepository || project.files.has(".gitignore")
  return [...project.files].flatMap(([file, text]) => {
    if (!isKept || !/(?:^|\/)\.env(?:\.\w+)*$/.test(file) || /\.(?:example|sample|template|dist|test)$/.test(file))
      return []
    const lines = text.split("\n")
    const line = lines.findIndex((each) => secretIn(each) !== null)
    if (line < 0 || isIgnored(project, file)) return []
    return [{ file, line: line + 1, message: `${secretIn(lines[line]!)} is in a file that Git would commit.` }]
  })
}

// Returns the name of a variable that holds a secret. A database URL does if it contains a password.
function secretIn(line: string): string | null {
  const [, name = "", value = ""] = secretVariable.exec(line.trim()) ?? []
  if (!name || openVariable.test(name) || placeholder.test(value)) return null
  return name.includes("DATABASE_URL") && !/:[^:@/]+@/.test(value) ? null : name
}
