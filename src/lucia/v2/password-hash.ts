import { LegacyScrypt, luciaHash } from "../v3/scrypt.ts"
import { makeLuciaHash } from "../../password/lucia-hash.ts"
import { LuciaError } from "./lucia-error.ts"
import { generateRandomString } from "../v3/generate-id.ts"

/** Hashes and verifies passwords. The password is the first argument. */
export interface PasswordHash {
  generate: (password: string) => string | Promise<string>
  validate: (password: string, hash: string) => boolean | Promise<boolean>
}

/**
 * Hashes a password as Lucia v2 does, `s2:salt:key`. Rejects with `invalid_option` if the password is not well-formed
 * text or has over 1,024 bytes.
 */
export async function generateLuciaPasswordHash(password: string): Promise<string> {
  return `s2:${await makeLuciaHash(password, generateRandomString(16))}`
}

/**
 * Verifies a password against a hash of Lucia v2 or v1. Resolves to `false` for any other hash. A bcrypt hash rejects
 * with `AUTH_OUTDATED_PASSWORD`. Every failure does the same work, so that its time does not reveal what is stored.
 */
export async function validateLuciaPasswordHash(password: string, hash: string): Promise<boolean> {
  const isRight = await new LegacyScrypt().verify(luciaHash.test(hash) ? hash : decoy, password)
  if (hash.startsWith("$2a")) throw new LuciaError("AUTH_OUTDATED_PASSWORD")
  return isRight
}

const decoy = `s2::${"0".repeat(128)}`
