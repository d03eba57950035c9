import { fromBase64url, toBase64url } from "../platform/encoding.ts"
import { joinBytes } from "../platform/bytes.ts"
import type { Cipher, Engine } from "./engine.ts"

/** Returns the engine of WebCrypto, which every platform has and which is always asynchronous. */
export function webEngine(): Engine {
  return { derive, cipher, encode: toBase64url, decode: fromBase64url }
}

async function derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", copy(secret), "HKDF", false, ["deriveBits"])
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: copy(salt), info: copy(info) }
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, length * 8))
}

async function cipher(bytes: Uint8Array): Promise<Cipher> {
  const key = await crypto.subtle.importKey("raw", copy(bytes), "AES-GCM", false, ["encrypt", "decrypt"])
  const algorithm = (nonce: Uint8Array, aad: Uint8Array) => ({
    name: "AES-GCM",
    iv: copy(nonce),
    additionalData: copy(aad),
    tagLength: 128,
  })
  return {
    async encrypt(nonce, plaintext, aad, head) {
      const sealed = await crypto.subtle.encrypt(algorithm(nonce, aad), key, copy(plaintext))
      return joinBytes(head, nonce, new Uint8Array(sealed))
    },
    async decrypt(nonce, sealed, aad) {
      try {
        return new Uint8Array(await crypto.subtle.decrypt(algorithm(nonce, aad), key, copy(sealed)))
      } catch (error) {
        if ((error as Partial<Error> | null)?.name === "OperationError") return null
        throw error
      }
    },
  }
}

// WebCrypto's types refuse a view of memory that may be shared.
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
