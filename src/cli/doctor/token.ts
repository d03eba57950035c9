/** The kind of a piece of source text. `text` is between JSX tags; `markup` is outside a component's scripts. */
export type TokenKind =
  "space" | "comment" | "name" | "number" | "string" | "template" | "regex" | "punctuation" | "text" | "markup"

/** A piece of source text. Joined, the tokens of a file are the file. */
export interface Token {
  kind: TokenKind
  text: string
  /** The start, in UTF-16 code units from the start of the file. */
  start: number
  /** The line on which it starts, counted from 1. */
  line: number
}

/** Returns whether a token is code, and not space, a comment or markup. */
export function isCode({ kind }: Token): boolean {
  return kind !== "space" && kind !== "comment" && kind !== "markup"
}

/** Returns the text between the quotes of a string or of a template without substitutions; `null` for anything else. */
export function stringValue(token: Token | undefined): string | null {
  if (token?.kind === "string") return token.text.slice(1, -1)
  const isWhole = token?.kind === "template" && token.text.length > 1 && /^`[^]*`$/.test(token.text)
  return isWhole ? token.text.slice(1, -1) : null
}
