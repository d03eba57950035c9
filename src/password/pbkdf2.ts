import { checkOptions } from "../core/options.ts"
import { toHmacKey } from "./hashable-password.ts"
import type { PasswordHasher } from "./password-hasher.ts"
import { runQueued } from "./password-queue.ts"
import { createPhcHasher } from "./phc-hasher.ts"
import type { KeyDerivation } from "./phc-hasher.ts"

/** The cost of one {@link pbkdf2} hash. */
export interface Pbkdf2Options {
  /** Rounds of HMAC-SHA-512. Default and minimum 220,000 (OWASP's Password Storage Cheat Sheet). */
  iterations?: number | undefined
}

const derivation: KeyDerivation<"i"> = {
  prefix: "pbkdf2-sha512",
  names: ["i"],
  isAffordable: ({ i }) => i <= 10_000_000,
  isStrong: ({ i }) => i >= 220_000,
  derive: (password, salt, length, { i }) => runQueued(() => deriveKey(password, salt, length, i)),
}

/**
 * Hashes passwords with PBKDF2 and HMAC-SHA-512 (RFC 8018) through WebCrypto, for runtimes without a better hasher.
 * Graphics cards guess its hashes faster than those of {@link argon2id} and {@link scrypt}. Cloudflare Workers refuse
 * more than 100,000 iterations in production, which is too few, so there it rejects with `hash_failed`. Throws
 * `invalid_option` for fewer iterations than OWASP recommends, or more than 10 million. Stored hashes over 10 million
 * are also refused.
 */
export function pbkdf2(options: Pbkdf2Options = {}): PasswordHasher {
  checkOptions("pbkdf2()", options, "iterations")
  const { iterations = 220_000 } = options
  return createPhcHasher(derivation, { i: iterations })
}

async function deriveKey(password: Uint8Array, salt: Uint8Array, length: number, iterations: number) {
  const key = await crypto.subtle.importKey("raw", toHmacKey(password), "PBKDF2", false, ["deriveBits"])
  const algorithm = { name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(salt), iterations }
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 8 * length))
}
