import { AuthError } from "../core/errors.ts"
import { isWellFormed } from "./well-formed.ts"

const encoder = new TextEncoder()
const maxBytes = 1024

/**
 * Returns whether a hasher takes this password: well-formed text of at most 1,024 bytes of UTF-8. Longer ones would let an
 * attacker keep the server busy (CVE-2013-1443), so they are refused before they are normalised or hashed.
 */
export function isHashable(password: unknown): password is string {
  // Every UTF-16 unit is at least one byte, so length alone decides about what is far too long.
  if (typeof password !== "string" || password.length > maxBytes) return false
  return isWellFormed(password) && byteLength(password) <= maxBytes
}

/** Throws `invalid_option` unless a hasher takes this password: `checkPassword` was not asked. */
export function requireHashable(password: unknown): asserts password is string {
  if (isHashable(password)) return
  throw new AuthError(
    "invalid_option",
    `A password to hash is well-formed text of at most ${maxBytes} bytes: ask checkPassword first.`,
  )
}

/** Counts the bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length
}
