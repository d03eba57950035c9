import { oncePer } from "./once.ts"
import { isAt, next, split, textAt } from "./source.ts"
import type { Range, Source } from "./source.ts"
import { stringValue } from "./token.ts"

/** A module that a file imports or re-exports from. */
export interface Import {
  module: string
  /** The position of the module's name. */
  at: number
  /** Whether only types are imported. */
  isType: boolean
  /** The local names with the names in the module. `*` and `default` stand for the whole module and its default export. */
  names: Map<string, string>
}

const declaration = /^(?:const|let|var|function|class|async|interface|enum|default|declare|abstract|import|export)$/
// The parts of `import type name, { ... } from "module"`, and a few more. Braces are one part.
const mostParts = 12

/** Lists a file's imports: `import`, `export ... from`, `import()` and `require()`. */
export const importsOf = oncePer(readImports)

/** Returns the import that defines a name in a file. */
export function importOf(source: Source, name: string): Import | undefined {
  return importsOf(source).find(({ names }) => names.has(name))
}

/** Returns whether a file imports values from a module. */
export function importsFrom(source: Source, module: string | RegExp): boolean {
  const isMeant = (name: string) => (typeof module === "string" ? name === module : module.test(name))
  return importsOf(source).some((each) => !each.isType && isMeant(each.module))
}

function readImports(source: Source): Import[] {
  const imports: Import[] = []
  for (let at = 0; at < source.tokens.length; at++) {
    if (source.tokens[at]?.kind !== "name") continue
    const found = importAt(source, at)
    if (found) imports.push(found)
  }
  return imports
}

function importAt(source: Source, at: number): Import | undefined {
  const word = textAt(source, at)
  if (word !== "import" && word !== "export" && word !== "require") return undefined
  if (isAt(source, at - 1, ".")) return undefined
  return isAt(source, at + 1, "(") ? dynamicImport(source, at) : staticImport(source, at)
}

function dynamicImport(source: Source, at: number): Import | undefined {
  const module = stringValue(source.tokens[at + 2])
  if (module === null || textAt(source, at) === "export") return undefined
  return { module, at: at + 2, isType: false, names: requiredNames(source, at) }
}

// `const { name } = require("module")` and `const name = await import("module")`.
function requiredNames(source: Source, at: number): Map<string, string> {
  const equals = isAt(source, at - 1, "await") ? at - 2 : at - 1
  if (!isAt(source, equals, "=")) return new Map()
  if (!isAt(source, equals - 1, "}")) return new Map([[textAt(source, equals - 1), "*"]])
  const open = source.pairs[equals - 1]!
  return open < 0 ? new Map() : namesIn(source, { start: open + 1, end: equals - 1 }, ":").names
}

function staticImport(source: Source, start: number): Import | undefined {
  const isType = isAt(source, start + 1, "type") && !isAt(source, start + 2, "from")
  const clause: Clause = { names: new Map(), allTypes: false }
  let at = start + (isType ? 2 : 1)
  for (let parts = 0; parts < mostParts && at < source.tokens.length; parts++) {
    const module = stringValue(source.tokens[at])
    if (module !== null) return { module, at, isType: isType || clause.allTypes, names: clause.names }
    if (!readPart(source, at, clause)) return undefined
    at = next(source, at)
  }
  return undefined
}

interface Clause {
  names: Map<string, string>
  /** Whether each name in braces is a type. */
  allTypes: boolean
}

// Returns whether it can be a part of an import.
function readPart(source: Source, at: number, clause: Clause): boolean {
  const { kind, text } = source.tokens[at]!
  if (text === "{") {
    const inner = namesIn(source, { start: at + 1, end: source.pairs[at]! }, "as")
    clause.allTypes = inner.allTypes && clause.names.size === 0
    for (const [name, original] of inner.names) clause.names.set(name, original)
  } else if (text === "*" && isAt(source, at + 1, "as")) clause.names.set(textAt(source, at + 2), "*")
  else if (kind === "name" && !/^(?:from|as)$/.test(text) && !isAt(source, at - 1, "as"))
    clause.names.set(text, "default")
  return (kind === "name" || /^[{,*]$/.test(text)) && !declaration.test(text)
}

function namesIn(source: Source, range: Range, between: string): Clause {
  const names = new Map<string, string>()
  let types = 0
  const parts = range.end < range.start ? [] : split(source, range, (text) => text === ",")
  for (const { start, end } of parts) {
    const isType = isAt(source, start, "type") && end - start > 1 && !isAt(source, start + 1, "as")
    const first = isType ? start + 1 : start
    const local = isAt(source, first + 1, between) ? first + 2 : first
    if (isType) types++
    else names.set(textAt(source, local), textAt(source, first))
  }
  return { names, allTypes: types > 0 && types === parts.length }
}
