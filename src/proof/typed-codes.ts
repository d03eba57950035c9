/**
 * Reads text as people type and paste it. Spaces, dashes and invisible marks, which mail programs and authenticator
 * apps add, are removed. Anything but text of at most 100 characters becomes empty.
 */
export function typedText(value: unknown): string {
  if (typeof value !== "string" || value.length > 100) return ""
  return value.replace(/[\s\p{Pd}\p{Cf}\u2212]/gu, "")
}

/**
 * Reads a code of digits as {@link typedText} does, and converts Arabic, Persian and full-width digits to ASCII.
 * Returns `null` unless `least` to `most` digits are left.
 */
export function typedDigits(code: unknown, least: number, most: number): string | null {
  // In these blocks, the last four bits of a character are its digit.
  const plain = typedText(code).replace(
    /[\u0660-\u0669\u06F0-\u06F9\uFF10-\uFF19]/g,
    (digit) => `${digit.charCodeAt(0) & 15}`,
  )
  return /^\d+$/.test(plain) && plain.length >= least && plain.length <= most ? plain : null
}
