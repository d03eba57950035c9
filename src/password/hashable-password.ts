import { AuthError } from "../core/errors.ts"
import { toUtf8 } from "../platform/bytes.ts"

const maxBytes = 1024
const neverInUtf8 = 0xff

/**
 * Returns whether a hasher takes this password: well-formed text of at most 1,024 bytes of UTF-8. Longer ones are
 * refused before they are normalised or hashed, because they could keep the server busy (CVE-2013-1443).
 */
export function isHashable(password: unknown): password is string {
  // Every UTF-16 unit has at least one byte, so the length alone refuses very long text.
  if (typeof password !== "string" || password.length > maxBytes) return false
  return isWellFormed(password) && byteLength(password) <= maxBytes
}

/** Throws `invalid_option` unless a hasher takes this password. Callers check it with `checkPassword` first. */
export function requireHashable(password: unknown): asserts password is string {
  if (isHashable(password)) return
  throw new AuthError(
    "invalid_option",
    `password: not well-formed text of at most ${maxBytes} bytes; call checkPassword() first`,
  )
}

/** Counts the bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return toUtf8(text).length
}

/**
 * Returns whether text has no lone surrogates. In UTF-8 they all become the same bytes, so different passwords would be
 * equal.
 */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}

/**
 * Lists the spellings in which a password may have been hashed: in NFC (NIST SP 800-63B-4, 3.1.1.2), as typed, and in
 * NFD. Other systems hash what the keyboard sends, and keyboards differ. ASCII has one spelling.
 */
export function spellingsOf(password: string): string[] {
  return [...new Set([password.normalize("NFC"), password, password.normalize("NFD")])]
}

/**
 * Marks the end of a password that ends in NUL, for algorithms that use passwords as HMAC keys (RFC 2104). HMAC pads
 * keys with NULs, so `a` and `a\0` would be the same password.
 */
export function toHmacKey(password: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(password.at(-1) === 0 ? [...password, neverInUtf8] : password)
}
