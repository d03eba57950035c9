import { textAt } from "./source.ts"
import type { Range, Source } from "./source.ts"

const longest = 200

/** Writes code in one line, with spaces only where two words would run together. Longer code is cut. */
export function codeOf(source: Source, { start, end }: Range): string {
  let code = ""
  for (let at = start; at < Math.min(end, start + longest); at++) {
    const text = textAt(source, at)
    code += /[\w$]$/.test(code) && /^[\w$]/.test(text) ? ` ${text}` : text
  }
  return code
}

/** The names in code, without those of properties, the keys of objects and what is in brackets of a call. */
export function valueNames(source: Source, range: Range): number[] {
  const places: number[] = []
  for (let at = range.start; at < range.end; at++) {
    const isCall = textAt(source, at) === "(" && source.tokens[at - 1]?.kind === "name"
    if (isCall && source.pairs[at]! > at) at = source.pairs[at]!
    else if (source.tokens[at]?.kind === "name") places.push(at)
  }
  return places
}
