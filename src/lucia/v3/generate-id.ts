import { invalidOption } from "../../core/options.ts"
import { randomText } from "../../platform/crypto.ts"

const lettersAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789"
// 64 KiB, the most that one call of getRandomValues() returns.
const maxDraw = 16_384

/** Generates a random id of `length` characters `a-z0-9`, with equal probability. */
export function generateId(length: number): string {
  return randomString(Math.ceil(length), 65_536, lettersAndDigits)
}

/** Generates a random id from `size` bytes, in base32 (`a-z2-7`, no padding). 25 bytes give 40 characters. */
export function generateIdFromEntropySize(size: number): string {
  return randomText(size)
}

/**
 * Generates random text of `length` characters with equal probability. Default alphabet: `a-z0-9`. Throws
 * `invalid_option` for a length below 0 or over 16,384, and for an empty alphabet.
 */
export function generateRandomString(length: number, alphabet: string = lettersAndDigits): string {
  if (alphabet === "") throw invalidOption("alphabet", alphabet, "is empty; use one character or more")
  return randomString(length, 16_384, alphabet)
}

function randomString(length: number, max: number, alphabet: string): string {
  if (!(length >= 0 && length <= max))
    throw invalidOption("length", length, `is out of bounds; use a number from 0 to ${max}`)
  let text = ""
  while (text.length < Math.floor(length)) text += draw(Math.floor(length) - text.length, alphabet)
  return text
}

function draw(count: number, alphabet: string): string {
  // Numbers above the alphabet's last full round would make its first characters more likely.
  const fair = 2 ** 32 - (2 ** 32 % alphabet.length)
  const numbers = crypto.getRandomValues(new Uint32Array(Math.min(count, maxDraw))).filter((number) => number < fair)
  return Array.from(numbers, (number) => alphabet[number % alphabet.length]).join("")
}
