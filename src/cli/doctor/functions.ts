import { endOfExpression } from "./expressions.ts"
import { oncePer } from "./once.ts"
import { isAt, next, textAt } from "./source.ts"
import type { Range, Source } from "./source.ts"

/** A function, method or arrow function. */
export interface Func {
  /** The function's name, or that of the constant or property that holds it; empty if there is none. */
  name: string
  /** The position of its first token, including `async` and `export`. */
  start: number
  parameters: Range
  /** The code in its braces, or the expression after its arrow. */
  body: Range
  isExported: boolean
  isDefault: boolean
}

// The longest return type that is read.
const mostParts = 100
const control = /^(?:if|for|while|switch|catch|with|await)$/
/** Lists the functions of a file, outer ones first. */
export const functionsOf = oncePer(readFunctions)

/** Returns the functions that contain a position, the innermost first. */
export function functionsAround(source: Source, at: number): Func[] {
  return functionsOf(source)
    .filter(({ start, body }) => start <= at && at < body.end)
    .reverse()
}

function readFunctions(source: Source): Func[] {
  const functions: Func[] = []
  for (let at = 0; at < source.tokens.length; at++) {
    const found = functionAt(source, at)
    if (found) functions.push(found)
  }
  return functions.sort((a, b) => a.start - b.start)
}

function functionAt(source: Source, at: number): Func | undefined {
  const isBare = source.tokens[at]?.kind === "name" && isAt(source, at + 1, "=>")
  const close = isBare ? at : source.pairs[at]!
  if (!isBare && (!isAt(source, at, "(") || close < 0)) return undefined
  const parameters = isBare ? { start: at, end: at + 1 } : { start: at + 1, end: close }
  const body = bodyAfter(source, at, close + 1)
  return body && { ...headOf(source, at), parameters, body }
}

function bodyAfter(source: Source, open: number, after: number): Range | undefined {
  const isNamed = source.tokens[open - 1]?.kind === "name" || isAt(source, open - 1, "]") || isAt(source, open - 1, ">")
  if (control.test(textAt(source, open - 1)) && !isAt(source, after, "=>")) return undefined
  const at = isAt(source, after, ":") ? endOfType(source, after + 1) : after
  if (isAt(source, at, "=>")) return arrowBody(source, at + 1)
  const canHaveBlock = isNamed || source.tokens[open - 1]?.kind === "string" || isAt(source, open - 1, "*")
  return canHaveBlock && isAt(source, at, "{") ? blockAt(source, at) : undefined
}

function arrowBody(source: Source, at: number): Range | undefined {
  return isAt(source, at, "{") ? blockAt(source, at) : { start: at, end: endOfExpression(source, at) }
}

function blockAt(source: Source, open: number): Range | undefined {
  const end = source.pairs[open]!
  return end < 0 ? undefined : { start: open + 1, end }
}

// Returns the position of the `{` or `=>` after a return type.
function endOfType(source: Source, start: number): number {
  let at = start
  for (let parts = 0; parts < mostParts && at < source.tokens.length; parts++, at = next(source, at)) {
    const isFresh = at === start || /^(?:[|&<,:]|=>|is|extends|keyof)$/.test(textAt(source, at - 1))
    if (isAt(source, at, "{") && !isFresh) return at
    // Skips the arrow of a type such as `() => void`.
    if (isAt(source, at, "=>") && at - 1 !== source.pairs[start]) return at
    if (/^[;)}\]=]$/.test(textAt(source, at))) return -1
  }
  return -1
}

function headOf(source: Source, at: number): Pick<Func, "name" | "start" | "isExported" | "isDefault"> {
  let start = at
  let name = ""
  if (isAt(source, start - 1, ">")) start = openingOfTypes(source, start - 1)
  if (
    source.tokens[start - 1]?.kind === "name" &&
    !/^(?:async|function|return|default)$/.test(textAt(source, start - 1))
  )
    name = textAt(source, --start)
  while (/^(?:async|function|\*)$/.test(textAt(source, start - 1))) start--
  if (!name) name = assignedName(source, start)
  const from = declarationStart(source, start)
  const isDefault = isAt(source, from, "export", "default")
  return { name, start, isExported: isAt(source, from, "export"), isDefault }
}

function openingOfTypes(source: Source, close: number): number {
  let depth = 0
  for (let at = close; at > close - mostParts && at >= 0; at--) {
    if (isAt(source, at, ">")) depth++
    if (isAt(source, at, "<") && --depth === 0) return at
  }
  return close
}

// `name =`, `name: Type =` and `name:` before a function.
function assignedName(source: Source, start: number): string {
  if (isAt(source, start - 1, ":")) return textAt(source, start - 2)
  return isAt(source, start - 1, "=") ? declaredName(source, start - 2) : ""
}

function declaredName(source: Source, at: number): string {
  for (let back = at; back > at - 40 && back > 0; back--)
    if (/^(?:const|let|var)$/.test(textAt(source, back - 1))) return textAt(source, back)
  return textAt(source, at)
}

function declarationStart(source: Source, start: number): number {
  for (let at = start; at > start - 40 && at >= 0; at--) {
    if (isAt(source, at, "export")) return at
    if (/^[;{}]$/.test(textAt(source, at - 1)) || /^[(,[]$/.test(textAt(source, at - 1))) return at
  }
  return start
}
