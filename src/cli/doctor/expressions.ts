import { oncePer } from "./once.ts"
import { isAt, lineOf, next, split, textAt } from "./source.ts"
import type { Range, Source } from "./source.ts"

const enders = new Set([",", ";", ")", "]", "}"])
const declaring = new Set(["const", "let", "var"])
const continuing = /^(?:[.,;?:=<>&|^%*/+-].*|[!=]==?|\(|\[|`|\$\{|instanceof|in|of|as|satisfies|\)|\]|\})$/

// Longer expressions are generated. The limit keeps the run time proportional to a file's length.
const mostParts = 300

/**
 * Returns the end of the expression that starts at a position: a comma, a semicolon, a closing bracket, or a line break
 * before another statement.
 */
export function endOfExpression(source: Source, start: number): number {
  let at = start
  for (let parts = 0; at < source.tokens.length && parts < mostParts; parts++) {
    if (enders.has(textAt(source, at))) return at
    if (at > start && startsStatement(source, at)) return at
    at = next(source, at)
  }
  return at
}

// Without a semicolon, a statement ends before a line that cannot continue it.
function startsStatement(source: Source, at: number): boolean {
  const before = source.tokens[at - 1]!
  if (before.line === lineOf(source, at)) return false
  const isComplete = before.kind !== "punctuation" || /^(?:[)\]}>]|\+\+|--)$/.test(before.text)
  const breaks = before.line + before.text.split("\n").length - 1 < lineOf(source, at)
  return breaks && isComplete && !isOperatorWord(before.text) && !continuing.test(textAt(source, at))
}

function isOperatorWord(text: string): boolean {
  return /^(?:await|return|new|typeof|void|delete|instanceof|in|of|as|satisfies|async|extends|throw|yield)$/.test(text)
}

/** Returns the first token of `a.b().c`, given the position of `c`. */
export function startOfChain(source: Source, at: number): number {
  let start = at
  while (/^\??\.$/.test(textAt(source, start - 1))) start = startOfElement(source, start - 2)
  return start
}

function startOfElement(source: Source, at: number): number {
  let start = isAt(source, at, "!") ? at - 1 : at
  while (/^[)\]]$/.test(textAt(source, start)) && source.pairs[start]! >= 0) {
    const open = source.pairs[start]!
    const before = source.tokens[open - 1]
    const isCalled = before?.kind === "name" || /^[)\]]$/.test(before?.text ?? "")
    if (!isCalled || isOperatorWord(before?.text ?? "")) return open
    start = open - 1
  }
  return start
}

/** A value with a name: `const name = value`, or `const { name, other: name } = value`. */
export interface Binding {
  name: string
  /** The name of the property taken from the value. Default: the whole value. */
  property?: string
  /** The position of the name. */
  at: number
  value: Range
}

/** Lists the names that `const`, `let` and `var` declare with a value. */
export const bindingsOf = oncePer(readBindings)

function readBindings(source: Source): Binding[] {
  const bindings: Binding[] = []
  for (let at = 0; at < source.tokens.length; at++) {
    if (!declaring.has(textAt(source, at))) continue
    for (const declaration of declarationsFrom(source, at + 1)) bindings.push(...bindingsIn(source, declaration))
  }
  return bindings
}

function declarationsFrom(source: Source, start: number): Range[] {
  const declarations = [{ start, end: endOfExpression(source, start) }]
  for (let { end } = declarations[0]!; isAt(source, end, ","); end = declarations.at(-1)!.end)
    declarations.push({ start: end + 1, end: endOfExpression(source, end + 1) })
  return declarations
}

function bindingsIn(source: Source, { start, end }: Range): Binding[] {
  const isPattern = isAt(source, start, "{")
  const equals = assignmentIn(source, { start, end })
  if (equals < 0) return []
  const value = { start: equals + 1, end }
  if (source.tokens[start]?.kind === "name") return [{ name: textAt(source, start), at: start, value }]
  return isPattern ? patternNames(source, start).map((each) => ({ ...each, value })) : []
}

function assignmentIn(source: Source, { start, end }: Range): number {
  for (let at = start; at < end; at = next(source, at)) if (isAt(source, at, "=")) return at
  return -1
}

/** Returns the names that a pattern in braces binds, with their properties. `open` is the position of its brace. */
export function patternNames(source: Source, open: number): { name: string; property: string; at: number }[] {
  const inner = { start: open + 1, end: source.pairs[open]! }
  if (inner.end < 0) return []
  return split(source, inner, (text) => text === ",").flatMap(({ start, end }) => {
    const property = textAt(source, start)
    const at = isAt(source, start + 1, ":") ? start + 2 : start
    const isName = at < end && source.tokens[at]?.kind === "name"
    return isName ? [{ name: textAt(source, at), property, at }] : []
  })
}
