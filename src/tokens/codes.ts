import { equalBytes, randomBytes, toUtf8 } from "../platform/bytes.ts"
import { hashText } from "../platform/crypto.ts"

/** Makes a code of uniformly random digits. */
export function randomDigits(length: number): string {
  let digits = ""
  while (digits.length < length) {
    const byte = randomBytes(1)[0]!
    // 256 is not a multiple of ten: without this check, the digits 0 to 5 would be more likely.
    if (byte < 250) digits += byte % 10
  }
  return digits
}

/** The length of a {@link hashCode}. */
export const codeHashLength = 64

/**
 * Hashes a code with its handle. The handle has 160 random bits, so nobody without it can guess codes against the hash.
 */
export function hashCode(handle: string, code: string): string {
  return hashText(`${handle}\0${code}`)
}

/** Returns whether a code has this hash, in constant time. */
export function matchesCode(hash: string, handle: string, code: string): boolean {
  return equalBytes(toUtf8(hash), toUtf8(hashCode(handle, code)))
}
