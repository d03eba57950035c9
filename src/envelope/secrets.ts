import { AuthError } from "../core/errors.ts"
import { toUtf8 } from "../platform/bytes.ts"
import { isBytes } from "../platform/realm.ts"

/** A secret of at least 32 bytes: random bytes, or text, which is used as its UTF-8 bytes. */
export type Secret = string | Uint8Array

const advice = "make one with `openssl rand -base64 32` and keep it out of the code"

/**
 * Reads the secrets as bytes. Throws `invalid_option` if one is invalid, because an unset variable must never become an
 * empty key. No message contains any part of a secret.
 */
export function checkSecrets(secrets: readonly (Secret | undefined)[]): Uint8Array[] {
  if (!Array.isArray(secrets) || secrets.length === 0) throw refusal("secrets: not a list of one secret or more")
  // A hole in the list counts as a missing secret.
  return Array.from(secrets as readonly unknown[], (secret, n) => checkSecret(secret, `secrets[${n}]`))
}

function checkSecret(secret: unknown, name: string): Uint8Array {
  const bytes = bytesOf(secret)
  if (!bytes) throw refusal(`${name}: missing, because it is ${secret === null ? "null" : typeof secret}`)
  if (bytes.length < 32) throw refusal(`${name}: too short, with ${bytes.length} bytes of at least 32`)
  if (isRepeated(secret, bytes)) throw refusal(`${name}: one repeated character`)
  return bytes
}

// Copied, because the caller may wipe its own bytes.
function bytesOf(secret: unknown): Uint8Array | null {
  if (typeof secret === "string") return toUtf8(secret)
  return isBytes(secret) ? Uint8Array.from(secret) : null
}

function isRepeated(secret: unknown, bytes: Uint8Array): boolean {
  return new Set<unknown>(typeof secret === "string" ? secret : bytes).size === 1
}

function refusal(problem: string): AuthError {
  return new AuthError("invalid_option", `${problem}; ${advice}`)
}
