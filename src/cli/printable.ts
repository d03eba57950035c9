/** Writes a path for a terminal, which obeys what it is sent: a file may be called anything. */
export function nameOf(path: string): string {
  return path.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}

/** Writes text of several lines for a terminal. Tabs and line breaks stay. */
export function withoutControls(text: string): string {
  return text.replaceAll(/(?![\t\n])[\p{Cc}]/gu, (control) => (control === "\r" ? "" : escaped(control)))
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}
