import { callsOf } from "./calls.ts"
import type { Call } from "./calls.ts"
import { bindingsOf } from "./expressions.ts"
import type { Binding } from "./expressions.ts"
import { importOf, importsOf } from "./imports.ts"
import { modulesOf } from "./modules.ts"
import { oncePer } from "./once.ts"
import type { Project } from "./project.ts"
import { textAt } from "./source.ts"
import type { Source } from "./source.ts"

/** The functions that create an auth. */
export const authFactories = new Set(["createAuth", "createStatelessAuth"])
/** The functions that serve an auth's sessions in a framework. */
export const wrapperFactories = new Set([
  "createNextAuth",
  "createPagesAuth",
  "createWebAuth",
  "createNodeAuth",
  "createHonoAuth",
])

/** The meaning of a name in a project: the result of a factory of this package, or one of its functions. */
export interface AuthName {
  factory: string
  /** The function's name in the factory's result; empty for the whole result. */
  member: string
}

/** Finds out which names in a project come from this package. */
export interface AuthNames {
  /** Returns the meaning of a name in a file; `undefined` if it does not come from this package. */
  meaning(source: Source, name: string): AuthName | undefined
  /** Lists a file's calls of functions that the wrappers have, such as `getSession()`. */
  calls(source: Source, members: ReadonlySet<string>): Call[]
}

/** Finds the names that a project gives to results of this package. */
export const authNamesOf = oncePer(createAuthNames)

function createAuthNames(project: Project): AuthNames {
  const declared = new Map(project.sources.map((source) => [source, namesIn(source)]))
  const everywhere = new Map([...declared.values()].flatMap((names) => [...names]))

  function meaning(source: Source, name: string): AuthName | undefined {
    const own = declared.get(source)?.get(name)
    if (own) return own
    const from = importOf(source, name)
    if (!from) return undefined
    const file = modulesOf(project).fileOf(source, from.module)
    const original = from.names.get(name)!
    // A file that is found but does not declare the name may re-export it.
    return (
      (file && declared.get(file)?.get(original)) ?? (isOwn(from.module, file) ? everywhere.get(original) : undefined)
    )
  }

  function calls(source: Source, members: ReadonlySet<string>): Call[] {
    const names = new Set([...members, ...aliasesIn(source, members)])
    return callsOf(source, names).flatMap((call) => {
      const member = memberOf(source, call)
      return member !== undefined && members.has(member) ? [{ ...call, name: member }] : []
    })
  }

  function memberOf(source: Source, { name, object }: Call): string | undefined {
    if (!object) return meaning(source, name)?.member || undefined
    const whole = meaning(source, object)
    return whole && !whole.member ? name : undefined
  }

  function aliasesIn(source: Source, members: ReadonlySet<string>): string[] {
    const own = [...(declared.get(source) ?? [])].filter(([, { member }]) => members.has(member))
    const imported = importsOf(source).flatMap(({ names }) =>
      [...names].filter(([, original]) => members.has(original)),
    )
    return [...own, ...imported].map(([name]) => name)
  }

  return { meaning, calls }
}

function isOwn(module: string, file: Source | null): boolean {
  return file !== null || !/^(?:node:|[a-z@][\w.-]*(?:\/[\w.-]+)*$)/i.test(module) || module.startsWith("@/")
}

function namesIn(source: Source): Map<string, AuthName> {
  const factories = callsOf(source, new Set([...authFactories, ...wrapperFactories, "createUsers", "createSnapshots"]))
  if (factories.length === 0) return new Map()
  const made = bindingsOf(source).flatMap((binding) => {
    const call = factories.find(({ start, close }) => start === binding.value.start && close < binding.value.end)
    return call ? [[binding.name, { factory: call.name, member: binding.property ?? "" }] as const] : []
  })
  const names = new Map<string, AuthName>(made)
  for (const binding of bindingsOf(source)) addMember(source, binding, names)
  return names
}

// `const { getSession } = nextAuth` and `const getSession = nextAuth.getSession`.
function addMember(source: Source, { name, property, value }: Binding, names: Map<string, AuthName>): void {
  const whole = names.get(textAt(source, value.start))
  if (!whole || whole.member) return
  const length = value.end - value.start
  if (length === 1 && property) names.set(name, { ...whole, member: property })
  if (length === 3) names.set(name, { ...whole, member: textAt(source, value.end - 1) })
}
