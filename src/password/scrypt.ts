import { checkOptions } from "../core/options.ts"
import { toHmacKey } from "./hashable-password.ts"
import { nodeScrypt } from "./node-scrypt.ts"
import type { PasswordHasher } from "./password-hasher.ts"
import { createPhcHasher } from "./phc-hasher.ts"
import type { KeyDerivation } from "./phc-hasher.ts"

/** The cost of one {@link scrypt} hash. It needs `128 * cost * blockSize` bytes. */
export interface ScryptOptions {
  /** N, a power of two. Default 131072 (2^17). */
  cost?: number | undefined
  /** r. Default 8. */
  blockSize?: number | undefined
  /** p. Default 1. */
  parallelism?: number | undefined
}

// The rows on which OWASP's Password Storage Cheat Sheet and ASVS 5.0 (appendix C) agree, for r = 8: log2(N) and p.
const recommended = [
  [17, 1],
  [16, 2],
  [15, 3],
] as const

const maxMemory = 256 * 2 ** 20

const derivation: KeyDerivation<"ln" | "r" | "p"> = {
  prefix: "scrypt",
  names: ["ln", "r", "p"],
  isAffordable: ({ ln, r, p }) =>
    // RFC 7914 requires N below 2^(16 r).
    ln <= 18 && ln < 16 * r && r <= 16 && p <= 10 && 128 * 2 ** ln * r <= maxMemory,
  isStrong: ({ ln, r, p }) => r >= 8 && recommended.some(([log, lanes]) => ln >= log && p >= lanes),
  derive: (password, salt, length, { ln, r, p }) => nodeScrypt(toHmacKey(password), salt, length, { N: 2 ** ln, r, p }),
}

/**
 * Hashes passwords with scrypt (RFC 7914) through `node:crypto` (Node.js 20.16 or later). It needs no package, but is
 * about 25 times as slow as {@link argon2id}, and needs 128 MiB for each password. Stored hashes over N = 2^18, r = 16,
 * p = 10 or 256 MiB are refused. Throws `invalid_option` if the cost is below OWASP's table.
 */
export function scrypt(options: ScryptOptions = {}): PasswordHasher {
  checkOptions("scrypt()", options, "cost", "blockSize", "parallelism")
  const { cost = 2 ** 17, blockSize = 8, parallelism = 1 } = options
  return createPhcHasher(derivation, { ln: Math.log2(cost), r: blockSize, p: parallelism })
}
