import {
  endOfComment,
  endOfLine,
  endOfName,
  endOfNumber,
  endOfOperator,
  endOfRegex,
  endOfSpace,
  endOfString,
  endOfTagName,
  endOfTagString,
  endOfTemplate,
  endOfText,
} from "./scan.ts"
import type { Token, TokenKind } from "./token.ts"

/** The position of the reader: in code, in a template, in a JSX tag, or between JSX tags. */
type Place =
  { in: "code" } | { in: "template" } | { in: "tag"; isClosing: boolean; angles: number } | { in: "children" }

type Piece = [kind: TokenKind, end: number]

// After these an expression starts, so that a slash starts a regular expression and `<` a tag.
const beforeExpression = new Set(
  "return typeof case in of instanceof new delete void throw await yield else do default extends as satisfies".split(
    " ",
  ),
)

/** Options of {@link tokenize}. */
export interface TokenizeOptions {
  /** Whether the text may contain JSX. */
  jsx: boolean
  /** The position of `text` in its file. Default: the start. */
  start?: number
  line?: number
}

/** Splits TypeScript or JavaScript into tokens. Accepts any text, never throws, and loses no character. */
export function tokenize(text: string, { jsx, start = 0, line = 1 }: TokenizeOptions): Token[] {
  const tokens: Token[] = []
  const places: Place[] = [{ in: "code" }]
  const closingTags = jsx ? lastClosingTags(text) : new Map<string, number>()
  let at = 0
  let before: Token | undefined
  // Whether an expression has just ended, so that a slash is a division.
  let hasEnded = false
  let closedTag = false
  let noRegexBefore = 0

  const readers = { code: readCode, template: readTemplate, tag: readTag, children: readChildren }

  while (at < text.length) {
    const [kind, end] = readers[places.at(-1)!.in]()
    const token = { kind, text: text.slice(at, end), start: start + at, line }
    tokens.push(token)
    if (kind !== "space" && kind !== "comment") {
      hasEnded = closedTag || endsExpression(token, before)
      before = token
      closedTag = false
    }
    at = end
    line += lineBreaksIn(token.text)
  }
  return tokens

  function readCode(): Piece {
    const character = text[at]!
    const plain = readPlain()
    if (plain) return plain
    if (character === "`") return openTemplate()
    if (character === "<" && startsTag()) return openTag()
    const regex = character === "/" && !hasEnded ? readRegex() : undefined
    if (regex) return regex
    if (character === "{") places.push({ in: "code" })
    if (character === "}" && places.length > 1) places.pop()
    return ["punctuation", endOfOperator(text, at)]
  }

  function readPlain(): Piece | undefined {
    const character = text[at]!
    if (character === '"' || character === "'") return ["string", endOfString(text, at)]
    const pieces: Piece[] = [
      ["space", endOfSpace(text, at)],
      ["comment", endOfComment(text, at)],
      ["name", endOfName(text, at)],
      ["number", endOfNumber(text, at)],
    ]
    return pieces.find(([, end]) => end > at)
  }

  // An unclosed one was a division. The rest of its line is not tried again, so that no line is read twice.
  function readRegex(): Piece | undefined {
    if (at < noRegexBefore) return undefined
    const end = endOfRegex(text, at)
    if (end === at) noRegexBefore = endOfLine(text, at)
    return end > at ? ["regex", end] : undefined
  }

  function openTemplate(): Piece {
    places.push({ in: "template" })
    return partOfTemplate(at + 1)
  }

  function readTemplate(): Piece {
    if (!text.startsWith("${", at)) return partOfTemplate(at)
    places.push({ in: "code" })
    return ["punctuation", at + 2]
  }

  function partOfTemplate(from: number): Piece {
    const end = endOfTemplate(text, from)
    if (text[end - 1] === "`" && end > from) places.pop()
    return ["template", end]
  }

  // `<T,>`, `<T extends object>` and `<T>(value: T)` are type parameters.
  function startsTag(): boolean {
    if (!jsx || hasEnded) return false
    const end = endOfTagName(text, at + 1)
    const next = text[endOfSpace(text, end)]
    if (next === ">") return (closingTags.get(text.slice(at + 1, end)) ?? -1) > at
    return end > at + 1 && next !== "," && !/^\s+extends\s/.test(text.slice(end, end + 20))
  }

  function openTag(): Piece {
    places.push({ in: "tag", isClosing: false, angles: 0 })
    return ["punctuation", at + 1]
  }

  function readTag(): Piece {
    const character = text[at]!
    if (endOfSpace(text, at) > at) return ["space", endOfSpace(text, at)]
    if (endOfComment(text, at) > at) return ["comment", endOfComment(text, at)]
    if (endOfTagName(text, at) > at) return ["name", endOfTagName(text, at)]
    if (character === '"' || character === "'") return ["string", endOfTagString(text, at)]
    if (character === "{") places.push({ in: "code" })
    if (character === "<") changeAngles(1)
    if (character === ">") closeTag()
    return ["punctuation", at + 1]
  }

  // Type arguments of a component are in nested angle brackets.
  function changeAngles(by: number): boolean {
    const place = places.at(-1)!
    if (place.in !== "tag" || place.angles + by < 0) return false
    place.angles += by
    return true
  }

  function closeTag(): void {
    if (changeAngles(-1)) return
    const tag = places.pop()!
    const isClosing = tag.in === "tag" && tag.isClosing
    if (isClosing) places.pop()
    else if (before?.text !== "/") places.push({ in: "children" })
    closedTag = true
  }

  function readChildren(): Piece {
    if (text[at] === "{") places.push({ in: "code" })
    if (text[at] === "{") return ["punctuation", at + 1]
    if (text.startsWith("</", at)) {
      places.push({ in: "tag", isClosing: true, angles: 0 })
      return ["punctuation", at + 2]
    }
    if (text[at] === "<") return openTag()
    return ["text", endOfText(text, at)]
  }
}

function endsExpression({ kind, text }: Token, before: Token | undefined): boolean {
  if (kind === "name") return !beforeExpression.has(text) || before?.text === "." || before?.text === "?."
  if (kind === "punctuation") return /^(?:[)\]}]|\+\+|--)$/.test(text)
  return kind !== "template" || text.endsWith("`")
}

function lastClosingTags(text: string): Map<string, number> {
  const tags = new Map<string, number>()
  for (const { 1: name = "", index } of text.matchAll(/<\/([\w$.:-]*)/g)) tags.set(name, index)
  return tags
}

function lineBreaksIn(text: string): number {
  let count = 0
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++
  return count
}
