import { randomText } from "../platform/crypto.ts"

/** Makes a session token: 160 random bits, 32 characters. OWASP ASVS 5.0 (7.2.3) asks for 128. */
export function createToken(): string {
  return randomText(20)
}

/** Returns whether a value can be one of our tokens. 32 characters of base32 are 160 bits to the bit, so a token has one spelling. */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[a-z2-7]{32}$/.test(value)
}

/** Returns whether a value can be a session id. */
export function isSessionId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value)
}

/**
 * Turns a session token into its session id: lower-case hex SHA-256.
 *
 * A plain hash, not a slow one: the token has 160 random bits, so there is nothing to guess.
 */
export { hashText as hashToken } from "../platform/crypto.ts"
