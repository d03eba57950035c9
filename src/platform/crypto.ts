import { sha256 } from "@oslojs/crypto/sha2"
import { encodeBase32LowerCaseNoPadding, encodeHexLowerCase } from "@oslojs/encoding"
import { nodeModule } from "./node.ts"

/** Encodes bytes in base32 (RFC 4648, lower case, no padding). */
export function toBase32(bytes: Uint8Array): string {
  return encodeBase32LowerCaseNoPadding(bytes)
}

/** Returns random text: `bytes` random bytes in base32. */
export function randomText(bytes: number): string {
  return encodeBase32LowerCaseNoPadding(crypto.getRandomValues(new Uint8Array(bytes)))
}

let hash: ((algorithm: "sha256", text: string, encoding: "hex") => string) | undefined

/** Hashes text with SHA-256, as lower-case hex. */
export function hashText(text: string): string {
  // Node's one-shot hash is five times as fast.
  hash ??= nodeModule("node:crypto")?.hash ?? ((_, portable) => hashPortably(portable))
  return hash("sha256", text, "hex")
}

/** Hashes text with SHA-256 in plain JavaScript, as lower-case hex. */
export function hashPortably(text: string): string {
  return encodeHexLowerCase(sha256(new TextEncoder().encode(text)))
}
