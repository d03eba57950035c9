import { extname } from "node:path"
import { oncePer } from "./once.ts"
import { isCode } from "./token.ts"
import type { Token } from "./token.ts"
import { tokenize } from "./tokenize.ts"

/** A code file. Rules refer to its tokens by their index in `tokens`. */
export interface Source {
  /** The path relative to the project's folder, with `/`. */
  path: string
  /** Its code, without space and comments. */
  tokens: readonly Token[]
  /** For each token, the index of its matching bracket, or -1. */
  pairs: Int32Array
}

/** Tokens from `start` to `end`, without `end`. */
export interface Range {
  start: number
  end: number
}

const components = new Set([".vue", ".svelte", ".astro"])

/** Returns whether {@link readSource} reads a file. */
export function hasCode(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path) ? !path.endsWith(".d.ts") : components.has(extname(path))
}

/** Reads a file's code, or a component's scripts. */
export function readSource(path: string, text: string): Source {
  const all = components.has(extname(path)) ? readComponent(text) : tokenize(text, { jsx: !/\.[cm]?ts$/.test(path) })
  const tokens = all.filter(isCode)
  return { path, tokens, pairs: pairsOf(tokens) }
}

/** Returns the text of a token; empty outside the file. */
export function textAt({ tokens }: Source, at: number): string {
  return tokens[at]?.text ?? ""
}

/** Returns the line of a token. */
export function lineOf({ tokens }: Source, at: number): number {
  return tokens[at]?.line ?? 1
}

/** Returns whether these tokens are at a position. */
export function isAt(source: Source, at: number, ...texts: string[]): boolean {
  return texts.every((text, index) => textAt(source, at + index) === text)
}

/** Returns the texts of the tokens in a range. */
export function textsIn(source: Source, { start, end }: Range): string[] {
  return source.tokens.slice(start, end).map(({ text }) => text)
}

/** Returns the positions of the tokens in a range that have one of these texts. */
export function placesOf(source: Source, texts: ReadonlySet<string>, range: Range = whole(source)): number[] {
  const places = placesByText(source)
  const found = [...texts].flatMap((text) => places.get(text) ?? [])
  return found.filter((at) => range.start <= at && at < range.end).sort((a, b) => a - b)
}

const placesByText = oncePer(({ tokens }: Source) => {
  const places = new Map<string, number[]>()
  for (const [at, { text }] of tokens.entries()) {
    const known = places.get(text)
    if (known) known.push(at)
    else places.set(text, [at])
  }
  return places
})

/** Returns whether one of these names is used in a range. */
export function mentions(source: Source, names: ReadonlySet<string>, range: Range = whole(source)): boolean {
  return placesOf(source, names, range).length > 0
}

/** Returns the range of a whole file. */
export function whole({ tokens }: Source): Range {
  return { start: 0, end: tokens.length }
}

/** Splits a range at the tokens that `isMark` accepts, outside brackets. */
export function split(source: Source, { start, end }: Range, isMark: (text: string) => boolean): Range[] {
  const parts: Range[] = []
  let from = start
  for (let at = start; at < end; at = next(source, at)) {
    if (!isMark(textAt(source, at))) continue
    parts.push({ start: from, end: at })
    from = at + 1
  }
  return from < end ? [...parts, { start: from, end }] : parts
}

/** Returns the position after a token, or after the brackets that it opens. */
export function next({ pairs }: Source, at: number): number {
  return pairs[at]! > at ? pairs[at]! + 1 : at + 1
}

// A component's scripts keep their position in the file, so that line numbers are right.
function readComponent(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  for (const { start, end } of scriptsIn(text)) {
    add({ kind: "markup", text: text.slice(at, start), start: at, line })
    for (const token of tokenize(text.slice(start, end), { jsx: false, start, line })) add(token)
  }
  add({ kind: "markup", text: text.slice(at), start: at, line })
  return tokens

  function add(token: Token): void {
    tokens.push(token)
    at += token.text.length
    line += token.text.split("\n").length - 1
  }
}

function scriptsIn(text: string): Range[] {
  const scripts: Range[] = []
  const front = /^\s*---\r?\n/.exec(text)?.[0].length ?? 0
  const frontEnd = front > 0 ? text.indexOf("\n---", front) : -1
  if (frontEnd > 0) scripts.push({ start: front, end: frontEnd })
  for (let tag = text.indexOf("<script", frontEnd); tag >= 0; tag = text.indexOf("<script", tag + 1)) {
    const start = text.indexOf(">", tag) + 1
    const end = text.indexOf("</script", start)
    if (start === 0 || end < 0) break
    if (tag >= (scripts.at(-1)?.end ?? 0)) scripts.push({ start, end })
    tag = end
  }
  return scripts
}

const closing: Record<string, string> = { "(": ")", "[": "]", "{": "}", "${": "}" }

// An unmatched bracket gets no partner, and the others keep theirs.
function pairsOf(tokens: readonly Token[]): Int32Array {
  const pairs = new Int32Array(tokens.length).fill(-1)
  const open: number[] = []
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== "punctuation") continue
    if (text in closing) open.push(at)
    else if (/^[)\]}]$/.test(text)) close(at, text)
  }
  return pairs

  function close(at: number, text: string): void {
    const last = open.at(-1)
    if (last === undefined || closing[tokens[last]!.text] !== text) return
    open.pop()
    pairs[last] = at
    pairs[at] = last
  }
}
