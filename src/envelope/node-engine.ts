import { isPromise } from "../platform/maybe-promise.ts"
import { nodeModule } from "../platform/node.ts"
import type { NodeBuffer, NodeCrypto } from "../platform/node.ts"
import type { Cipher, Engine } from "./engine.ts"

const algorithm = "aes-256-gcm"
const tagBytes = 16

/** Returns the engine of `node:crypto`, which is synchronous, or `null` if the platform has none. */
export function nodeEngine(): Engine | null {
  const [crypto, buffer] = [nodeModule("node:crypto"), nodeModule("node:buffer")]
  if (!crypto || !buffer) return null
  try {
    const engine = engineOf(crypto, buffer)
    return canSeal(engine) ? engine : null
  } catch {
    // Some platforms have the modules, but not all of their functions.
    return null
  }
}

function engineOf(crypto: NodeCrypto, { Buffer }: NodeBuffer): Engine {
  return {
    derive: (secret, salt, info, length) => new Uint8Array(crypto.hkdfSync("sha256", secret, salt, info, length)),
    cipher: (key) => cipherOf(crypto, Buffer, key),
    encode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url"),
    decode: (text) => Buffer.from(text, "base64url"),
  }
}

function cipherOf(crypto: NodeCrypto, Buffer: NodeBuffer["Buffer"], bytes: Uint8Array): Cipher {
  const key = crypto.createSecretKey(bytes)
  const options = { authTagLength: tagBytes }
  return {
    encrypt(nonce, plaintext, aad, head) {
      const cipher = crypto.createCipheriv(algorithm, key, nonce, options)
      cipher.setAAD(aad)
      const ciphertext = cipher.update(plaintext)
      cipher.final()
      return Buffer.concat([head, nonce, ciphertext, cipher.getAuthTag()])
    },
    decrypt(nonce, sealed, aad) {
      const end = sealed.length - tagBytes
      if (end < 0) return null
      const decipher = crypto.createDecipheriv(algorithm, key, nonce, options)
      decipher.setAAD(aad)
      decipher.setAuthTag(sealed.subarray(end))
      const plaintext = decipher.update(sealed.subarray(0, end))
      try {
        decipher.final()
        return plaintext
      } catch {
        return null
      }
    },
  }
}

function canSeal({ derive, cipher }: Engine): boolean {
  const [key, none] = [derive(new Uint8Array(32), new Uint8Array(), new Uint8Array(), 32), new Uint8Array()]
  if (isPromise(key)) return false
  const trial = cipher(key)
  if (isPromise(trial)) return false
  const [nonce, plaintext] = [new Uint8Array(12), new Uint8Array([1])]
  const sealed = trial.encrypt(nonce, plaintext, none, none)
  const opened = isPromise(sealed) ? null : trial.decrypt(nonce, sealed.subarray(nonce.length), none)
  return !isPromise(opened) && opened?.[0] === 1
}
