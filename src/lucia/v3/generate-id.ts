import { invalidOption } from "../../core/options.ts"
import { randomBytes } from "../../platform/bytes.ts"
import { randomText } from "../../platform/crypto.ts"

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
// Bytes above the last whole round of the alphabet would make its first characters likelier.
const fairBytes = 256 - (256 % alphabet.length)

/** Makes a random id of `length` characters, `a-z` and `0-9`, each as likely as the others. */
export function generateId(length: number): string {
  if (!(length >= 0 && length <= 65_536))
    throw invalidOption("length", length, "is out of bounds; use a number from 0 to 65536")
  let id = ""
  while (id.length < length) id += randomCharacters(length - id.length)
  return id
}

/** Makes a random id from `size` bytes, in base32 (`a-z2-7`, no padding): 25 bytes are 40 characters. */
export function generateIdFromEntropySize(size: number): string {
  return randomText(size)
}

function randomCharacters(count: number): string {
  const bytes = randomBytes(Math.ceil(count))
  return Array.from(
    bytes.filter((byte) => byte < fairBytes),
    (byte) => alphabet[byte % alphabet.length],
  ).join("")
}
