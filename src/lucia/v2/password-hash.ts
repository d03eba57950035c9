import { LegacyScrypt, luciaHash } from "../v3/scrypt.ts"
import { makeLuciaHash } from "../../password/lucia-hash.ts"
import { LuciaError } from "./lucia-error.ts"
import { generateRandomString } from "../v3/generate-id.ts"

/** Turns passwords into hashes, and checks them. The password comes first. */
export interface PasswordHash {
  generate: (password: string) => string | Promise<string>
  validate: (password: string, hash: string) => boolean | Promise<boolean>
}

/**
 * Makes the password hash of Lucia v2, `s2:salt:key`. Rejects with `invalid_option` if the password is not well-formed text
 * or has over 1,024 bytes.
 */
export async function generateLuciaPasswordHash(password: string): Promise<string> {
  return `s2:${await makeLuciaHash(password, generateRandomString(16))}`
}

/**
 * Checks a password against a hash of Lucia v2 or v1. `false` for anything else; a hash of bcrypt rejects with
 * `AUTH_OUTDATED_PASSWORD`. Every refusal does the same work, so that its time does not tell what is stored.
 */
export async function validateLuciaPasswordHash(password: string, hash: string): Promise<boolean> {
  const isRight = await new LegacyScrypt().verify(luciaHash.test(hash) ? hash : decoy, password)
  if (hash.startsWith("$2a")) throw new LuciaError("AUTH_OUTDATED_PASSWORD")
  return isRight
}

const decoy = `s2::${"0".repeat(128)}`
