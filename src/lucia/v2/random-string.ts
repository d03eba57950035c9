import { invalidOption } from "../../core/options.ts"

const defaultAlphabet = "abcdefghijklmnopqrstuvwxyz1234567890"

/**
 * Makes random text of `length` characters, each as likely as the others. Default alphabet `a-z0-9`. Throws
 * `invalid_option` for a length below 0 or over 16,384, and for an empty alphabet.
 */
export function generateRandomString(length: number, alphabet: string = defaultAlphabet): string {
  if (!(length >= 0 && length <= 16_384))
    throw invalidOption("length", length, "is out of bounds; use a number from 0 to 16384")
  if (alphabet === "") throw invalidOption("alphabet", alphabet, "is empty; use one character or more")
  let text = ""
  while (text.length < Math.floor(length)) text += draw(Math.floor(length) - text.length, alphabet)
  return text
}

function draw(count: number, alphabet: string): string {
  // Numbers above the last whole round of the alphabet would make its first characters likelier.
  const fair = 2 ** 32 - (2 ** 32 % alphabet.length)
  const numbers = crypto.getRandomValues(new Uint32Array(count))
  return Array.from(
    numbers.filter((number) => number < fair),
    (number) => alphabet[number % alphabet.length],
  ).join("")
}
