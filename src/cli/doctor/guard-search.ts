import { callsOf } from "./calls.ts"
import { bindingsOf } from "./expressions.ts"
import { functionsOf } from "./functions.ts"
import { importOf } from "./imports.ts"
import { modulesOf } from "./modules.ts"
import type { Project } from "./project.ts"
import { textAt, whole } from "./source.ts"
import type { Range, Source } from "./source.ts"

/** The functions that find out who is signed in. */
export const guards: ReadonlySet<string> = new Set([
  "verifySession",
  "getSession",
  "validateRequest",
  "validate",
  "validateSession",
  "validateBearerToken",
  "protectedPage",
  "routeHandler",
  "serverAction",
  "apiRoute",
  "serverSideProps",
])

/**
 * Returns whether code checks who is signed in, itself or in a function of the project that it uses. Code that cannot
 * be found counts as checking.
 */
export function asksWhoIsSignedIn(project: Project, source: Source, range: Range = whole(source)): boolean {
  return reaches(project, source, range, new Set())
}

function reaches(project: Project, source: Source, range: Range, seen: Set<string>): boolean {
  if (callsOf(source, guards, range).length > 0) return true
  return namesIn(source, range).some((name) => {
    const key = `${source.path}:${name}`
    if (seen.has(key)) return false
    seen.add(key)
    return nameReaches(project, source, name, seen)
  })
}

function nameReaches(project: Project, source: Source, name: string, seen: Set<string>): boolean {
  const from = importOf(source, name)
  if (!from) return declarationsOf(source, name).some((range) => reaches(project, source, range, seen))
  if (from.isType) return false
  const file = modulesOf(project).fileOf(source, from.module)
  if (!file) return /^(?:[.~#$]|@\/)/.test(from.module)
  const original = from.names.get(name)!
  const parts = /^(?:default|\*)$/.test(original) ? [whole(file)] : declarationsOf(file, original)
  // Re-exports, and declarations that are not understood here, count as checking.
  return parts.length === 0 || parts.some((range) => reaches(project, file, range, seen))
}

// Returns what a file declares under a name: a function, or the value of a constant.
function declarationsOf(source: Source, name: string): Range[] {
  const functions = functionsOf(source).filter((each) => each.name === name)
  const values = bindingsOf(source).filter((each) => each.name === name)
  return [...functions.map(({ body }) => body), ...values.map(({ value }) => value)]
}

function namesIn(source: Source, { start, end }: Range): string[] {
  const names = new Set<string>()
  for (let at = start; at < end; at++)
    if (source.tokens[at]!.kind === "name" && !/^\??\.$/.test(textAt(source, at - 1))) names.add(textAt(source, at))
  return [...names]
}
