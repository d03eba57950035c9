import { startOfChain } from "./expressions.ts"
import { isAt, next, placesOf, split, textAt, textsIn, whole } from "./source.ts"
import type { Range, Source } from "./source.ts"

/** A call of a function or a method. */
export interface Call {
  name: string
  /** The position of the name. */
  at: number
  /** The expression before the method, such as `c.var.auth`. Empty for a function. */
  object: string
  /** The position of the whole expression's first token, after any `await`. */
  start: number
  /** The positions of the parentheses. */
  open: number
  close: number
  args: Range[]
}

/** Lists the calls of these names in a file, or in a range of it. */
export function callsOf(source: Source, names: ReadonlySet<string>, range: Range = whole(source)): Call[] {
  return placesOf(source, names, range).flatMap((at) => {
    const open = source.tokens[at]!.kind === "name" ? openingOf(source, at) : -1
    const close = open < 0 ? -1 : source.pairs[open]!
    return close > 0 && !isDeclaration(source, at, close) ? [callAt(source, at, open)] : []
  })
}

function callAt(source: Source, at: number, open: number): Call {
  const start = startOfChain(source, at)
  const close = source.pairs[open]!
  const object = textsIn(source, { start, end: at - 1 }).join("")
  const args = split(source, { start: open + 1, end: close }, (text) => text === ",")
  return { name: textAt(source, at), at, object, start, open, close, args }
}

// Returns the parenthesis after a name, or after its type arguments; -1 if there is none.
function openingOf(source: Source, at: number): number {
  const after = isAt(source, at + 1, "?.") ? at + 2 : at + 1
  const open = isAt(source, after, "<") ? endOfTypeArguments(source, after) : after
  return isAt(source, open, "(") ? open : -1
}

function endOfTypeArguments(source: Source, open: number): number {
  let depth = 0
  for (let at = open; at < source.tokens.length; at = next(source, at)) {
    const text = textAt(source, at)
    if (text === "<") depth++
    if (text === ">") depth--
    if (depth === 0) return at + 1
    if (/^(?:;|&&|\|\||=|\)|\]|\})$/.test(text)) return -1
  }
  return -1
}

// `function name()`, a method `name() {}`, and the method of a type: `name(): Result`.
function isDeclaration(source: Source, at: number, close: number): boolean {
  if (isAt(source, at - 1, "function") || (isAt(source, at - 1, "*") && isAt(source, at - 2, "function"))) return true
  if (isAt(source, close + 1, "{")) return !/^(?:\?\.|\.)$/.test(textAt(source, at - 1))
  return isAt(source, close + 1, ":") && (isNewLine(source, at) || /^(?:[;{},]|async)$/.test(textAt(source, at - 1)))
}

/** Returns whether a call has `await` before it. */
export function isAwaited(source: Source, { start }: Call): boolean {
  return isAt(source, start - 1, "await")
}

/** Returns whether a call is a separate statement, so that its result is not used. */
export function isStatement(source: Source, { start, close }: Call): boolean {
  const before = source.tokens[start - 1]
  if (isAt(source, start - 2, "=", "{")) return false
  const isFirst =
    !before || /^[;{}]$/.test(before.text) || isAfterCondition(source, start - 1) || isNewLine(source, start)
  return isFirst && !/^\??\.$/.test(textAt(source, close + 1))
}

function isAfterCondition(source: Source, at: number): boolean {
  if (isAt(source, at, "else") || isAt(source, at, "do")) return true
  return isAt(source, at, ")") && /^(?:if|for|while)$/.test(textAt(source, source.pairs[at]! - 1))
}

function isNewLine(source: Source, at: number): boolean {
  const [before, token] = [source.tokens[at - 1]!, source.tokens[at]!]
  const endsStatement = before.kind !== "punctuation" || /^[)\]]$/.test(before.text)
  const isWord = /^(?:await|return|throw|yield|new|typeof|default|void|as|in|of|export|async)$/.test(before.text)
  return before.line < token.line && endsStatement && !isWord
}

/** A property of an object literal. */
export interface Property {
  key: string
  /** The position of the key. */
  at: number
  /** The value. For `{ key }` it is the key, for a method everything from its parenthesis. */
  value: Range
}

/** Lists the properties of an object literal, given the position of its brace. A spread has the key `...`. */
export function propertiesOf(source: Source, open: number): Property[] {
  if (!isAt(source, open, "{") || source.pairs[open]! < 0) return []
  const inner = { start: open + 1, end: source.pairs[open]! }
  return split(source, inner, (text) => text === ",").map((range) => propertyIn(source, range))
}

function propertyIn(source: Source, { start, end }: Range): Property {
  const isModified = /^(?:async|get|set|\*)$/.test(textAt(source, start)) && source.tokens[start + 1]?.kind === "name"
  const at = isModified ? start + 1 : start
  const key = textAt(source, at).replace(/^(["'])(.*)\1$/, "$2")
  if (isAt(source, at + 1, ":")) return { key, at, value: { start: at + 2, end } }
  if (key === "..." || isAt(source, at + 1, "(")) return { key, at, value: { start: at + 1, end } }
  return { key, at, value: { start: at, end } }
}

/** Returns a property of an argument; `undefined` if the argument is not an object literal or does not have it. */
export function property(source: Source, object: Range | undefined, key: string): Property | undefined {
  if (!object) return undefined
  return propertiesOf(source, object.start).find((each) => each.key === key)
}
