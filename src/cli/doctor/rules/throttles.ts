import { authNamesOf } from "../auth-names.ts"
import { callsOf } from "../calls.ts"
import { importsFrom, importsOf } from "../imports.ts"
import { modulesOf } from "../modules.ts"
import { oncePer } from "../once.ts"
import { pages } from "../pages.ts"
import type { Project } from "../project.ts"
import { inEachSource } from "../rule.ts"
import type { Rule, Spot } from "../rule.ts"
import type { Source } from "../source.ts"

const verifying = new Set(["signInWithPassword", "verifyPassword"])
const consuming = new Set(["consume"])
const limiters = /(?:^|[/@-])(?:rate-?limit(?:er)?(?:-\w+)?|slow-down)$/

/** Rules about rate limits. */
export const throttleRules: Rule[] = [
  {
    name: "unlimited-sign-in",
    severity: "advice",
    finds: "a sign-in by password without a rate limit",
    cure: "Call `throttle.consume({ client, account })` before it, with `createThrottle` from `nightlatch/throttle`.",
    page: pages.passwords,
    check: inEachSource((source, project) => {
      if (isLimited(project) || consumes(project, source)) return []
      return authNamesOf(project)
        .calls(source, verifying)
        .map(({ at, name }): Spot => [
          at,
          `${name}() may be called any number of times: an attacker can try passwords.`,
        ])
    }),
  },
]

// Any other rate limiter counts, wherever it is.
const isLimited = oncePer(({ sources }: Project) => sources.some((source) => importsFrom(source, limiters)))

/** Returns whether a file takes attempts from a throttle, itself or in a file of the project that it imports. */
function consumes(project: Project, source: Source): boolean {
  const imported = importsOf(source).map(({ module }) => modulesOf(project).fileOf(source, module))
  return [source, ...imported].some((file) => file !== null && callsOf(file, consuming).length > 0)
}
