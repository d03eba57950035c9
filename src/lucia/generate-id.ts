import { generateRandomString } from "@oslojs/crypto/random"
import { randomText } from "../core/token.ts"

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

/** Makes a random id of `length` characters, `a-z` and `0-9`, each as likely as the others. */
export function generateId(length: number): string {
  return generateRandomString({ read }, alphabet, length)
}

/** Makes a random id from `size` bytes, in base32 (`a-z2-7`, no padding): 25 bytes are 40 characters. */
export function generateIdFromEntropySize(size: number): string {
  return randomText(size)
}

function read(bytes: Uint8Array): void {
  bytes.set(crypto.getRandomValues(new Uint8Array(bytes.length)))
}
