import { LegacyScrypt } from "../lucia/scrypt.ts"
import { requireHashable } from "../password/hashable-password.ts"
import { deriveLuciaKey } from "../password/lucia-key.ts"
import { LuciaError } from "./lucia-error.ts"
import { generateRandomString } from "./random-string.ts"

/** Turns passwords into hashes, and checks them. The password comes first. */
export interface PasswordHash {
  generate: (password: string) => string | Promise<string>
  validate: (password: string, hash: string) => boolean | Promise<boolean>
}

/**
 * Makes the password hash of Lucia v2, `s2:salt:key`. Rejects with `invalid_option` for what is no well-formed text or
 * over 1,024 bytes.
 */
export async function generateLuciaPasswordHash(password: string): Promise<string> {
  requireHashable(password)
  const salt = generateRandomString(16)
  return `s2:${salt}:${await deriveLuciaKey(password, salt, 16)}`
}

/**
 * Checks a password against a hash of Lucia v2 or v1. `false` for whatever is no such hash; a hash of bcrypt rejects with
 * `AUTH_OUTDATED_PASSWORD`.
 */
export async function validateLuciaPasswordHash(password: string, hash: string): Promise<boolean> {
  if (hash.startsWith("$2a")) throw new LuciaError("AUTH_OUTDATED_PASSWORD")
  return legacyScrypt.verify(hash, password)
}

const legacyScrypt = new LegacyScrypt()
