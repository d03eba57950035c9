import { AuthError } from "../core/errors.ts"
import { nodeModule } from "../platform/node.ts"
import { runQueued } from "./password-queue.ts"
import { portableScrypt } from "./portable-scrypt.ts"
import type { ScryptCost } from "./portable-scrypt.ts"

/** Derives a key with the platform's scrypt, off the event loop. Rejects with `hash_failed` if there is no `node:crypto`. */
export function nodeScrypt(...input: ScryptInput): Promise<Uint8Array> {
  return derive(input, () => {
    throw new AuthError(
      "hash_failed",
      "scrypt() needs node:crypto: Node.js 20.16 or later, or the flag nodejs_compat on Cloudflare Workers.",
    )
  })
}

/** Derives a key with the platform's scrypt, or in plain JavaScript if there is no `node:crypto`. `p` must be 1. */
export function anyScrypt(...input: ScryptInput<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return derive(input, () => portableScrypt(...input))
}

type ScryptInput<Bytes = Uint8Array> = [password: Bytes, salt: Bytes, length: number, cost: ScryptCost]

function derive([password, salt, length, cost]: ScryptInput, otherwise: () => Promise<Uint8Array>) {
  return runQueued(async () => {
    const crypto = nodeModule("node:crypto")
    if (!crypto) return otherwise()
    const options = { ...cost, maxmem: 128 * cost.r * (cost.N + cost.p + 2) }
    return receiveKey((done) => crypto.scrypt(password, salt, length, options, done))
  })
}

/** Resolves to the key that a function of `node:crypto` passes to its callback. */
export function receiveKey(start: (done: (error: Error | null, key: Uint8Array) => void) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => start((error, key) => (error ? reject(error) : resolve(key))))
}
