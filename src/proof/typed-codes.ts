/**
 * Reads text as people type and paste it: without spaces, dashes and invisible marks, which mail programs and authenticator
 * apps add. Empty for anything but text of at most 100 characters.
 */
export function typedText(value: unknown): string {
  if (typeof value !== "string" || value.length > 100) return ""
  return value.replace(/[\s\p{Pd}\p{Cf}\u2212]/gu, "")
}

/**
 * Reads a code of digits as {@link typedText} does, with the digits of Arabic, Persian and full-width keyboards as ASCII.
 * `null` unless `least` to `most` digits are left.
 */
export function typedDigits(code: unknown, least: number, most: number): string | null {
  // In these blocks the last four bits of a character are its digit.
  const plain = typedText(code).replace(
    /[\u0660-\u0669\u06F0-\u06F9\uFF10-\uFF19]/g,
    (digit) => `${digit.charCodeAt(0) & 15}`,
  )
  return /^\d+$/.test(plain) && plain.length >= least && plain.length <= most ? plain : null
}
