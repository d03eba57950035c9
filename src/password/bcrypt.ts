import { AuthError } from "../core/errors.ts"
import { checkOptions, invalidOption } from "../core/options.ts"
import { byteLength, isHashable, spellingsOf } from "./hashable-password.ts"
import type { PasswordHasher } from "./password-hasher.ts"
import { runQueued } from "./password-queue.ts"

/** The part of a package such as `bcryptjs`, `bcrypt` or `@node-rs/bcrypt` that {@link bcrypt} needs. */
export interface BcryptModule {
  compare(password: string, hash: string): Promise<boolean> | boolean
  hash?(password: string, cost: number): Promise<string> | string
}

/** The options of {@link bcrypt}. */
export interface BcryptOptions {
  /**
   * The cost of most of the stored hashes, 4 to 15. Default 10, the default of `bcryptjs` and `bcrypt`;
   * `@node-rs/bcrypt` uses 12. If a user has no bcrypt hash, a refused sign-in takes as long as one at this cost. If
   * the stored hashes have another cost, the time reveals who has one. New hashes have a cost of at least 12.
   */
  cost?: number | undefined
  /**
   * Compares only the first 72 bytes of a longer password, as the system that made the hash did. Default `false`: a
   * longer password never matches. The package must cut passwords off itself, as `bcryptjs`, `bcrypt` and
   * `@node-rs/bcrypt` do.
   */
  truncate?: boolean | undefined
}

// The default of bcryptjs 2 and 3, and of bcrypt 5 and 6.
const usualCost = 10
const newCost = 12
const maxBytes = 72

/**
 * Verifies bcrypt hashes (`$2a$`, `$2b$`, `$2y$`, cost 4 to 15) with a package that you pass. Add it to `accepted` of
 * `passwordHasher`, so that each hash is replaced when its user signs in. The package gets the password in NFC, as
 * typed, and in NFD. bcrypt reads 72 bytes, so without `truncate` a longer password never matches. Some packages stop
 * at a NUL, so a password with a NUL never matches.
 *
 * It is for accepted hashes. As the preferred hasher, it refuses such new passwords: `hash` rejects with
 * `invalid_option`, which `createUsers` reports as `password_too_long`. It also hashes again at every sign-in.
 *
 * Throws `missing_port` if the package has no `compare`, and `invalid_option` if the cost is outside 4 to 15. `hash`
 * rejects with `unsupported` if the package has no `hash`.
 *
 * @example
 * import bcryptjs from "bcryptjs"
 * const hasher = passwordHasher({ preferred: argon2id(), accepted: [bcrypt(bcryptjs)] })
 */
export function bcrypt(module: BcryptModule, options: BcryptOptions = {}): PasswordHasher {
  checkOptions("bcrypt()", options, "cost", "truncate")
  const { cost = usualCost, truncate = false } = options
  if (typeof module?.compare !== "function") {
    throw new AuthError("missing_port", "module: compare() is missing; pass a package such as bcryptjs")
  }
  requireCost(cost)
  const isReadable = truncate ? isTruncatable : isWhole

  return {
    hash: (password) => hashBy(module, password, Math.max(cost, newCost)),
    async verify(hash: unknown, password: unknown) {
      if (!isBcryptHash(hash) || !isHashable(password)) return false
      for (const spelling of spellingsOf(password).filter(isReadable)) {
        if (await compareBy(module, spelling, hash)) return true
      }
      return false
    },
    needsRehash: () => true,
    recognizes: isBcryptHash,
    decoy: `$2b$${String(cost).padStart(2, "0")}$${".".repeat(53)}`,
  }
}

function requireCost(cost: number): void {
  if (Number.isInteger(cost) && cost >= 4 && cost <= 15) return
  throw invalidOption("cost", cost, "is out of bounds; use a whole number from 4 to 15")
}

function compareBy(module: BcryptModule, password: string, hash: string): Promise<boolean> {
  return runQueued(async () => (await module.compare(password, toCommonPrefix(hash))) === true)
}

async function hashBy(module: BcryptModule, password: unknown, cost: number): Promise<string> {
  const { hash } = module
  if (!hash) {
    throw new AuthError(
      "unsupported",
      "module: hash() is missing, so this package only verifies; let passwordHasher prefer argon2id()",
    )
  }
  if (!isHashable(password) || !isWhole(password)) {
    throw new AuthError(
      "invalid_option",
      `password: not text that bcrypt reads whole; use well-formed text of at most ${maxBytes} bytes without NUL`,
    )
  }
  return runQueued(async () => hash.call(module, password, cost))
}

function isBcryptHash(hash: unknown): hash is string {
  return typeof hash === "string" && /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/.test(hash)
}

function isTruncatable(password: string): boolean {
  return !password.includes("\0")
}

// Whether bcrypt reads all of it.
function isWhole(password: string): boolean {
  return byteLength(password) <= maxBytes && isTruncatable(password)
}

// PHP's `$2y$` is the same algorithm as `$2b$`, but some packages do not know the name.
function toCommonPrefix(hash: string): string {
  return hash.startsWith("$2y$") ? `$2b$${hash.slice(4)}` : hash
}
