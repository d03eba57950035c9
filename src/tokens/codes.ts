import { equalBytes, randomBytes, toUtf8 } from "../platform/bytes.ts"
import { hashText } from "../platform/crypto.ts"

/** Makes a code of uniformly random digits. */
export function randomDigits(length: number): string {
  let digits = ""
  while (digits.length < length) {
    const byte = randomBytes(1)[0]!
    // 256 is no multiple of ten: without this the digits 0 to 5 would be likelier.
    if (byte < 250) digits += byte % 10
  }
  return digits
}

/** How long a {@link hashCode} is. */
export const codeHashLength = 64

/** Hashes a code with its handle. Without the handle's 160 random bits nobody can guess codes against it. */
export function hashCode(handle: string, code: string): string {
  return hashText(`${handle}\0${code}`)
}

/** Returns whether a code has this hash, in a time that does not depend on where they differ. */
export function matchesCode(hash: string, handle: string, code: string): boolean {
  return equalBytes(toUtf8(hash), toUtf8(hashCode(handle, code)))
}
