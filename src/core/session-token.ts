import { randomText } from "../platform/crypto.ts"

/** Creates a session token: 160 random bits, 32 characters. OWASP ASVS 5.0 (7.2.3) requires 128. */
export function createToken(): string {
  return randomText(20)
}

/**
 * Returns whether a value is shaped like a session token. 160 bits fill 32 characters of base32, so a token has one
 * spelling.
 */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[a-z2-7]{32}$/.test(value)
}

/** Returns whether a value is shaped like a session id. */
export function isSessionId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value)
}

/**
 * Returns the session id of a session token: lower-case hex SHA-256.
 *
 * A fast hash is enough: the token has 160 random bits, so there is nothing to guess.
 */
export { hashText as hashToken } from "../platform/crypto.ts"
