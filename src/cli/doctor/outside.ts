import { bindingsOf } from "./expressions.ts"
import { codeOf } from "./expression-text.ts"
import { functionsAround } from "./functions.ts"
import { isAt, next, placesOf, textAt, whole } from "./source.ts"
import type { Range, Source } from "./source.ts"

// A value that a visitor chooses: a field of a form, a query or a body.
const field = String.raw`(?:\w+|\[["'\`][\w-]+["'\`]\])`
const get = String.raw`\??\.get\(["'\`][\w-]+["'\`]\)`
const one = new RegExp(
  String.raw`^(?:(?:\w+\.)*(?:searchParams|formData|form)${get}` +
    String.raw`|new URL\([^()]*\)\.searchParams${get}` +
    String.raw`|\(await (?:\w+\.)?(?:searchParams|params)\)\??\.${field}` +
    String.raw`|(?:req|request|ctx|context|c|event)\.(?:body|query|params)(?:\??\.\w+|\[["'\`][\w-]+["'\`]\])` +
    String.raw`|(?:c|ctx)\.req\.(?:query|param)\(["'\`][\w-]+["'\`]\)` +
    String.raw`|(?:body|query|params|searchParams)\??\.(?!get\b|has\b|size\b|length\b)\w+)$`,
)
// Everything that a visitor sent.
const all = new RegExp(
  String.raw`^(?:await (?:req|request|c\.req|ctx\.req|event\.request)\.(?:json|parseBody|formData)\(\)` +
    String.raw`|(?:req|request|ctx\.request)\.body|await readBody\(\w+\)` +
    String.raw`|Object\.fromEntries\((?:await \w+\.formData\(\)|form|formData|data|searchParams)\))$`,
)
const parts = /^(?:await searchParams|await params|(?:req|request)\.(?:query|params|body)|query|searchParams)$/

/** Returns whether an expression is, or may be, a value that the visitor chose and nothing has checked. */
export function isFromVisitor(source: Source, range: Range): boolean {
  return alternatives(source, range).some((each) => isChosen(source, each))
}

/** Returns whether an expression is everything that the visitor sent. */
export function isAllFromVisitor(source: Source, range: Range): boolean {
  const code = codeOf(source, bare(source, range))
  if (all.test(code)) return true
  const bound = valueOf(source, range)
  return bound !== undefined && !bound.property && all.test(codeOf(source, bare(source, bound.value)))
}

// The possible results of `a ?? b`, `a || b` and `a ? b : c`.
function alternatives(source: Source, { start, end }: Range): Range[] {
  const ranges: Range[] = []
  let from = start
  for (let at = start; at < end; at = next(source, at)) {
    if (!/^(?:\?\?|\|\||\?|:)$/.test(textAt(source, at))) continue
    if (!isAt(source, at, "?")) ranges.push({ start: from, end: at })
    from = at + 1
  }
  return [...ranges, { start: from, end }]
}

function isChosen(source: Source, chosen: Range): boolean {
  const range = bare(source, chosen)
  const code = codeOf(source, range)
  if (one.test(code)) return true
  const bound = valueOf(source, range)
  if (!bound || isChecked(source, bound.name, range.start)) return false
  const value = codeOf(source, bare(source, bound.value))
  const isPart = bound.property !== undefined && (all.test(value) || parts.test(value))
  return (
    isPart ||
    (!bound.property && alternatives(source, bound.value).some((each) => one.test(codeOf(source, bare(source, each)))))
  )
}

// Returns the binding of a name, if it is used in the function that declares it, or in one inside.
function valueOf(source: Source, { start, end }: Range) {
  if (end - start !== 1 || source.tokens[start]?.kind !== "name") return undefined
  const name = textAt(source, start)
  const around = functionsAround(source, start)
  const visible = bindingsOf(source).filter((binding) => {
    return (
      binding.name === name &&
      (around.some(({ body }) => body.start <= binding.at && binding.at < body.end) || !around.length)
    )
  })
  return visible.at(-1)
}

// Returns whether a value is compared, looked up in a list, or passed to a function that may check it.
function isChecked(source: Source, name: string, at: number): boolean {
  const scope = functionsAround(source, at).at(-1)?.body ?? whole(source)
  return placesOf(source, new Set([name]), scope).some((place) => {
    const [before, after] = [textAt(source, place - 1), textAt(source, place + 1)]
    if (isComparison(after)) return !isEmpty(source, place + 2) && before !== "typeof"
    if (isComparison(before)) return !isEmpty(source, place - 2)
    if (before === "[" && after === "]") return true
    return before === "(" && isJudge(source, place - 2)
  })
}

function isComparison(text: string): boolean {
  return /^[!=]==?$/.test(text) || text === "in"
}

function isEmpty(source: Source, at: number): boolean {
  return /^(?:null|undefined|""|''|``)$/.test(textAt(source, at))
}

const harmless = new Set(
  "String decodeURIComponent encodeURIComponent URL redirect permanentRedirect push replace goto log if while switch".split(
    " ",
  ),
)
const acting =
  /^(?:invalidate|update|delete|create|getUser|signIn|setSession|await|return|set$|from|json|append|where|eq$|get$|find)/

function isJudge(source: Source, at: number): boolean {
  const token = source.tokens[at]
  return token?.kind === "name" && !harmless.has(token.text) && !acting.test(token.text)
}

// Removes code that does not change the value: `(value)`, `value!`, `value as string`, `String(value)`, a template of
// only it.
function bare(source: Source, { start, end }: Range): Range {
  const inner = { start, end }
  if (isAt(source, end - 1, "!")) inner.end--
  else if (isAt(source, end - 2, "as")) inner.end -= 2
  else if (/^(?:String|decodeURIComponent)$/.test(textAt(source, start))) inner.start++
  else if (/^[(`]$/.test(textAt(source, start)) && isWrapped(source, inner)) {
    const isTemplate = isAt(source, start, "`")
    return bare(source, { start: start + (isTemplate ? 2 : 1), end: end - (isTemplate ? 2 : 1) })
  } else return inner
  return inner.start < inner.end ? bare(source, inner) : inner
}

function isWrapped(source: Source, { start, end }: Range): boolean {
  if (isAt(source, start, "(")) return source.pairs[start] === end - 1
  return isAt(source, start + 1, "${") && source.pairs[start + 1] === end - 2 && isAt(source, end - 1, "`")
}
