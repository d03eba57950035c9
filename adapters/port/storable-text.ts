import { isBytes } from "../../src/platform/realm.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const exactDecoder = new TextDecoder("utf-8", { fatal: true })

/**
 * Returns whether every database can store text as an id. The text must be well-formed Unicode without NUL (PostgreSQL
 * refuses it), at most `maxBytes` bytes as UTF-8 (the size of MySQL's columns in `schema()`).
 */
export function isStorableId(text: string, maxBytes = 255): boolean {
  if (text.includes("\0") || !text.isWellFormed() || text.length > maxBytes) return false
  // No UTF-16 unit takes more than three bytes of UTF-8.
  return text.length * 3 <= maxBytes || encoder.encode(text).length <= maxBytes
}

/** Reads a text column. MySQL's drivers return `VARBINARY` as bytes. */
export function readText(value: unknown): string {
  return typeof value !== "string" && isBytes(value) ? decoder.decode(value) : String(value)
}

/** Reads a text column; `null` for bytes that are not UTF-8. */
export function readExactText(value: unknown): string | null {
  if (typeof value === "string" || !isBytes(value)) return String(value)
  try {
    return exactDecoder.decode(value)
  } catch {
    return null
  }
}
