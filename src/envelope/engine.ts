import type { MaybePromise } from "../platform/maybe-promise.ts"

/** AES-256-GCM with one key. */
export interface Cipher {
  /** Resolves to `head`, the nonce, the ciphertext and its 16-byte tag, joined. */
  encrypt(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array, head: Uint8Array): MaybePromise<Uint8Array>
  /** Decrypts ciphertext and tag. Resolves to `null` if any bit has changed. */
  decrypt(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): MaybePromise<Uint8Array | null>
}

/** The cryptography of a platform. */
export interface Engine {
  /** HKDF-SHA-256 (RFC 5869). */
  derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): MaybePromise<Uint8Array>
  /** Creates the cipher of a 32-byte key. */
  cipher(key: Uint8Array): MaybePromise<Cipher>
  /** Encodes bytes as base64url without padding. */
  encode(bytes: Uint8Array): string
  /** Decodes base64url. Validate it first. */
  decode(text: string): Uint8Array
}
