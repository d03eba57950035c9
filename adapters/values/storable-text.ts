const longest = 255

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Tells whether text can be an id in every database: well-formed Unicode without NUL (PostgreSQL refuses it), at most
 * 255 bytes as UTF-8 (what `schema()` gives MySQL's columns).
 */
export function isStorableId(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed() && fits(text)
}

/** Reads a text column. MySQL's drivers answer `VARBINARY` as bytes. */
export function readText(value: unknown): string {
  return value instanceof Uint8Array ? decoder.decode(value) : String(value)
}

function fits(text: string): boolean {
  // No UTF-16 unit takes more than three bytes of UTF-8.
  return text.length * 3 <= longest || (text.length <= longest && encoder.encode(text).length <= longest)
}
