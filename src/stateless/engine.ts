import { isPromise } from "../platform/realm.ts"
import { nodeEngine } from "./node-engine.ts"
import { webEngine } from "./web-engine.ts"

/** A value, or a promise of it: the platform decides which. */
export type Answer<Value> = Value | Promise<Value>

/** AES-256-GCM under one key. */
export interface Cipher {
  /** Resolves to `head`, the nonce, the ciphertext and its 16-byte tag, one behind the other. */
  encrypt(nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array, head: Uint8Array): Answer<Uint8Array>
  /** Takes ciphertext and tag. `null` unless every bit is as it was. */
  decrypt(nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Answer<Uint8Array | null>
}

/** The cryptography of a platform. */
export interface Engine {
  /** HKDF-SHA-256 (RFC 5869). */
  derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Answer<Uint8Array>
  /** Makes the cipher of a key of 32 bytes. */
  cipher(key: Uint8Array): Answer<Cipher>
  /** Writes base64url without padding. */
  encode(bytes: Uint8Array): string
  /** Reads base64url whose spelling was checked. */
  decode(text: string): Uint8Array
}

let engine: Engine | undefined

/** Chooses at the first use: Node's own functions answer at once and are ten times as fast as WebCrypto's. */
export function platformEngine(): Engine {
  return (engine ??= nodeEngine() ?? webEngine())
}

/** Goes on with an answer: at once if it is there. */
export function after<Value, Result>(answer: Answer<Value>, goOn: (value: Value) => Answer<Result>): Answer<Result> {
  return isPromise(answer) ? answer.then(goOn) : goOn(answer)
}
