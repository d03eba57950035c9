import { textAt } from "./source.ts"
import type { Range, Source } from "./source.ts"

const longest = 200

/** Formats code in one line, with spaces only between words that would otherwise join. Truncates longer code. */
export function codeOf(source: Source, { start, end }: Range): string {
  let code = ""
  for (let at = start; at < Math.min(end, start + longest); at++) {
    const text = textAt(source, at)
    code += /[\w$]$/.test(code) && /^[\w$]/.test(text) ? ` ${text}` : text
  }
  return code
}

/** Returns the names in code, without property names, object keys and the arguments of calls. */
export function valueNames(source: Source, range: Range): number[] {
  const places: number[] = []
  for (let at = range.start; at < range.end; at++) {
    const isCall = textAt(source, at) === "(" && source.tokens[at - 1]?.kind === "name"
    if (isCall && source.pairs[at]! > at) at = source.pairs[at]!
    else if (source.tokens[at]?.kind === "name") places.push(at)
  }
  return places
}
