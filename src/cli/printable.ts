/** Escapes a path for a terminal, because a file name can contain control sequences. */
export function nameOf(path: string): string {
  return path.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}

/** Escapes text of several lines for a terminal, but keeps tabs and line breaks. */
export function withoutControls(text: string): string {
  return text.replaceAll(/(?![\t\n])[\p{Cc}]/gu, (control) => (control === "\r" ? "" : escaped(control)))
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}
