import { codeOf } from "./expression-text.ts"
import { bindingsOf } from "./expressions.ts"
import { functionsAround } from "./functions.ts"
import { isAt, textAt, whole } from "./source.ts"
import type { Range, Source } from "./source.ts"

const makers =
  /(?:^await |\.)(?:\w+\.)*(?:createSession|signInWithPassword|rotateSession|validateSession)\(|(?:^|\.)readSessionCookie\(/

// Calls whose result contains their arguments. Other calls, such as `validateSession(token)`, only use them.
const passing = new Set(["String", "stringify", "inspect", "format", "concat", "encodeURIComponent", "URLSearchParams"])

/**
 * Returns the positions in a range that hold a session token: `token` in the result of `createSession`,
 * `signInWithPassword` or `rotateSession`, or the result of `readSessionCookie`.
 */
export function sessionTokensIn(source: Source, range: Range): number[] {
  const places: number[] = []
  for (let at = range.start; at < range.end; at++) {
    if (hidesArguments(source, at)) at = source.pairs[at]!
    else if (isToken(source, at)) places.push(at)
  }
  return places
}

function hidesArguments(source: Source, at: number): boolean {
  const isCall = isAt(source, at, "(") && source.tokens[at - 1]?.kind === "name" && source.pairs[at]! > at
  return isCall && !passing.has(textAt(source, at - 1))
}

function isToken(source: Source, at: number): boolean {
  if (source.tokens[at]?.kind !== "name" || /^\??\.$/.test(textAt(source, at - 1))) return false
  const binding = bindingOf(source, at)
  if (!binding || binding.at === at) return false
  const code = codeOf(source, binding.value)
  if (!makers.test(code)) return false
  if (/readSessionCookie\(/.test(code) && !/Session\(/.test(code.replace("readSessionCookie(", ""))) return true
  const isDot = /^\??\.$/.test(textAt(source, at + 1)) || isAt(source, at + 1, "!", ".")
  return binding.property === "token" || (isDot && isAt(source, isAt(source, at + 1, "!") ? at + 3 : at + 2, "token"))
}

function bindingOf(source: Source, at: number) {
  const name = textAt(source, at)
  const scope = functionsAround(source, at).at(-1)?.body ?? whole(source)
  return bindingsOf(source).find((each) => each.name === name && scope.start <= each.at && each.at < scope.end)
}
