import { AuthError } from "../core/errors.ts"
import { joinBytes, randomBytes, toUtf8 } from "../platform/bytes.ts"
import { isBase64url } from "../platform/encoding.ts"
import { after, isPromise } from "../platform/maybe-promise.ts"
import type { MaybePromise } from "../platform/maybe-promise.ts"
import type { Cipher, Engine } from "./engine.ts"
import { nodeEngine } from "./node-engine.ts"
import { checkSecrets } from "./secrets.ts"
import type { Secret } from "./secrets.ts"
import { webEngine } from "./web-engine.ts"

/** The contents of an opened envelope. */
export interface Opened {
  plaintext: Uint8Array
  /** Whether a secret other than the first sealed it. */
  isOld: boolean
}

/** Seals and opens bytes for one purpose. The format is described in docs/reference/stateless-format.md. */
export interface Envelope {
  /** Throws `cookie_too_large` if the result would exceed 4,096 characters. */
  seal(plaintext: Uint8Array, nonce?: Uint8Array): MaybePromise<string>
  /**
   * Takes any value. `malformed`: it is not an envelope, and costs no cryptography. `unknown`: it was not sealed here
   * for this purpose.
   */
  open(envelope: unknown): MaybePromise<Opened | "malformed" | "unknown">
}

interface Key {
  /** The four bytes after the cipher's key, by which the key is found. */
  id: number
  isOld: boolean
  /** The version and the key id. */
  head: Uint8Array
  /** The head and the purpose. */
  aad: Uint8Array
  cipher: Cipher
}

/** The length of a nonce. */
export const nonceBytes = 12

const version = 1
const keyBytes = 32
const headBytes = 5
const tagBytes = 16
const maxLength = 4096
const salt = toUtf8("nightlatch/stateless")

/** Creates the envelope of a purpose. Throws `invalid_option` if a secret is invalid. */
export function createEnvelope(
  secrets: readonly (Secret | undefined)[],
  purpose: string,
  engine: Engine = platformEngine(),
): Envelope {
  const checked = checkSecrets(secrets)
  let keys: Key[] | undefined

  function ready(): MaybePromise<Key[]> {
    // Each call derives them until one has finished: a promise of another request may never settle.
    return keys ?? after(deriveKeys(engine, checked, purpose), (derived) => (keys = derived))
  }

  return {
    seal: (plaintext, nonce = randomBytes(nonceBytes)) =>
      after(ready(), ([first]) => {
        // There is at least one secret.
        const { head, aad, cipher } = first!
        refuseLong(headBytes + nonceBytes + plaintext.length + tagBytes)
        return after(cipher.encrypt(nonce, plaintext, aad, head), (sealed) => engine.encode(sealed))
      }),
    open(envelope) {
      const bytes = isEnvelope(envelope) ? engine.decode(envelope) : null
      if (bytes?.[0] !== version) return "malformed"
      return after(ready(), (keys) => openWith(keys, bytes))
    },
  }
}

let chosen: Engine | undefined

// Chosen at the first use. Node's own functions are synchronous and ten times as fast as WebCrypto's.
function platformEngine(): Engine {
  return (chosen ??= nodeEngine() ?? webEngine())
}

function refuseLong(bytes: number): void {
  if (Math.ceil((bytes * 4) / 3) <= maxLength) return
  throw new AuthError("cookie_too_large", `A cookie holds ${maxLength} bytes: put less into the attributes or claims.`)
}

function isEnvelope(value: unknown): value is string {
  const minLength = Math.ceil(((headBytes + nonceBytes + tagBytes) * 4) / 3)
  return isBase64url(value, maxLength) && value.length >= minLength
}

function openWith(keys: Key[], bytes: Uint8Array, from = 0): MaybePromise<Opened | "unknown"> {
  const id = idOf(bytes)
  const at = keys.findIndex((key, n) => n >= from && key.id === id)
  const key = keys[at]
  if (!key) return "unknown"
  const bodyAt = headBytes + nonceBytes
  const opened = key.cipher.decrypt(bytes.subarray(headBytes, bodyAt), bytes.subarray(bodyAt), key.aad)
  // Two secrets share a key id once in four billion pairs. Then the other is also tried.
  return after(opened, (plaintext) => (plaintext ? { plaintext, isOld: key.isOld } : openWith(keys, bytes, at + 1)))
}

function deriveKeys(engine: Engine, secrets: Uint8Array[], purpose: string): MaybePromise<Key[]> {
  const keys = secrets.map((secret, n) => deriveKey(engine, secret, purpose, n > 0))
  const ready = keys.filter((key): key is Key => !isPromise(key))
  return ready.length === keys.length ? ready : Promise.all(keys.map(async (key) => key))
}

function deriveKey(engine: Engine, secret: Uint8Array, purpose: string, isOld: boolean): MaybePromise<Key> {
  const info = toUtf8(purpose)
  return after(engine.derive(secret, salt, info, keyBytes + 4), (derived) => {
    const head = joinBytes(Uint8Array.of(version), derived.subarray(keyBytes))
    const rest = { id: idOf(head), isOld, head, aad: joinBytes(head, info) }
    return after(engine.cipher(derived.slice(0, keyBytes)), (cipher) => ({ ...rest, cipher }))
  })
}

/** Reads the key id after the version. */
function idOf(bytes: Uint8Array): number {
  return (bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!
}
