import { sha256 } from "@oslojs/crypto/sha2"
import { encodeBase32LowerCaseNoPadding, encodeHexLowerCase } from "@oslojs/encoding"
import { nodeModule } from "./node.ts"
import type { NodeCrypto } from "./node.ts"

/** Makes random text from `bytes` bytes of the platform's generator, in base32 (RFC 4648, lower case, no padding). */
export function randomText(bytes: number): string {
  return encodeBase32LowerCaseNoPadding(crypto.getRandomValues(new Uint8Array(bytes)))
}

let nodeHash: NodeCrypto["hash"] | null

/** Hashes text by SHA-256, as lower-case hex. */
export function hashText(text: string): string {
  // Node's one-shot hash is five times as fast.
  if (nodeHash === undefined) nodeHash = nodeModule("node:crypto")?.hash ?? null
  return nodeHash ? nodeHash("sha256", text, "hex") : hashPortably(text)
}

/** Hashes text by SHA-256, as lower-case hex, in plain JavaScript. */
export function hashPortably(text: string): string {
  return encodeHexLowerCase(sha256(new TextEncoder().encode(text)))
}
