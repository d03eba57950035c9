import { AuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import type { PasswordHasher } from "./password-hasher.ts"
import { inTurn } from "./password-queue.ts"
import { createPhcHasher } from "./phc-hasher.ts"
import type { KeyDerivation } from "./phc-hasher.ts"
import type { Cost } from "./phc-string.ts"

/** What one hash by {@link argon2id} costs. */
export interface Argon2idOptions {
  /** Memory in KiB. Default 19456 (19 MiB). */
  memoryCost?: number | undefined
  /** Passes over that memory. Default 2. */
  timeCost?: number | undefined
  /** Lanes. Default 1. */
  parallelism?: number | undefined
}

type Name = "m" | "t" | "p"

// The rows on which OWASP's Password Storage Cheat Sheet and ASVS 5.0 (appendix C) agree: memory and passes.
const recommended = [
  [47104, 1],
  [19456, 2],
  [12288, 3],
] as const

const derivation: KeyDerivation<Name> = {
  prefix: "argon2id$v=19",
  names: ["m", "t", "p"],
  isAffordable: ({ m, t, p }) => m <= 2 ** 20 && t <= 10 && p <= 16 && m >= 8 * p,
  isStrong: ({ m, t }) => recommended.some(([memory, passes]) => m >= memory && t >= passes),
  derive: (password, salt, length, cost) => inTurn(() => deriveKey(password, salt, length, cost)),
}

/**
 * Hashes by Argon2id (RFC 9106) through the package `@node-rs/argon2`, which is loaded when the first password comes:
 * `missing_port` if it is not installed. Stored hashes over 1 GiB, 10 passes or 16 lanes are refused.
 * Throws `invalid_option` for a cost below OWASP's table.
 *
 * @example
 * const users = createUsers({ adapter, passwordHasher: argon2id() })
 */
export function argon2id(options: Argon2idOptions = {}): PasswordHasher {
  checkOptions("argon2id()", options, "memoryCost", "timeCost", "parallelism")
  const { memoryCost = 19456, timeCost = 2, parallelism = 1 } = options
  return createPhcHasher(derivation, { m: memoryCost, t: timeCost, p: parallelism })
}

// Argon2id version 19 is what the package makes unless told otherwise.
async function deriveKey(password: Uint8Array, salt: Uint8Array, outputLen: number, { m, t, p }: Cost<Name>) {
  const { hashRaw } = await loadArgon2()
  return hashRaw(password, { salt, outputLen, memoryCost: m, timeCost: t, parallelism: p })
}

async function loadArgon2() {
  try {
    // Inside `try`, so that bundlers take the package as optional.
    return await import("@node-rs/argon2")
  } catch (cause) {
    const message = "argon2id() needs the package @node-rs/argon2: npm install @node-rs/argon2"
    throw new AuthError("missing_port", message, { cause })
  }
}
