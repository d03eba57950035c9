import { sha256 } from "@oslojs/crypto/sha2"
import { encodeBase32LowerCaseNoPadding, encodeHexLowerCase } from "@oslojs/encoding"

interface Platform {
  process: { getBuiltinModule(id: string): { hash?(algorithm: string, text: string, encoding: "hex"): string } }
}

/** Makes random text from `bytes` bytes of the platform's generator, in base32 (RFC 4648, lower case, no padding). */
export function randomText(bytes: number): string {
  return encodeBase32LowerCaseNoPadding(crypto.getRandomValues(new Uint8Array(bytes)))
}

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

/** SHA-256 as lower-case hex, in plain JavaScript. */
export function hashPortably(text: string): string {
  return encodeHexLowerCase(sha256(new TextEncoder().encode(text)))
}

let hash: ((text: string) => string) | undefined

/**
 * Turns a session token into its session id: lower-case hex SHA-256.
 *
 * A plain hash, not a slow one: the token has 160 random bits, so there is nothing to guess.
 */
export function hashToken(token: string): string {
  return (hash ??= chooseHash())(token)
}

// Node's one-shot hash is five times as fast. It is asked for at run time, so that no bundler meets a `node:` import.
function chooseHash(): (text: string) => string {
  try {
    const { hash } = (globalThis as Platform).process.getBuiltinModule("node:crypto")
    if (hash) return (text) => hash("sha256", text, "hex")
  } catch {
    // No such function; or one that throws, as in the edge runtime of Next.js.
  }
  return hashPortably
}
