import type { MaybePromise } from "../platform/maybe-promise.ts"

/** AES-256-GCM under one key. */
export interface Cipher {
  /** Resolves to `head`, the nonce, the ciphertext and its 16-byte tag, one behind the other. */
  encrypt(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array, head: Uint8Array): MaybePromise<Uint8Array>
  /** Takes ciphertext and tag. `null` unless every bit is as it was. */
  decrypt(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): MaybePromise<Uint8Array | null>
}

/** The cryptography of a platform. */
export interface Engine {
  /** HKDF-SHA-256 (RFC 5869). */
  derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): MaybePromise<Uint8Array>
  /** Makes the cipher of a key of 32 bytes. */
  cipher(key: Uint8Array): MaybePromise<Cipher>
  /** Writes base64url without padding. */
  encode(bytes: Uint8Array): string
  /** Reads base64url whose spelling was checked. */
  decode(text: string): Uint8Array
}
