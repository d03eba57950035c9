import { AuthError } from "../core/errors.ts"
import { attemptHash } from "./attempt-hash.ts"
import { byteLength, isHashable } from "./hashable-password.ts"
import type { PasswordHasher } from "./password-hasher.ts"

/** What {@link bcrypt} needs of a package such as `bcryptjs`, `bcrypt` or `@node-rs/bcrypt`. */
export interface BcryptModule {
  compare(password: string, hash: string): Promise<boolean> | boolean
  hash?(password: string, cost: number): Promise<string> | string
}

const newCost = 12
const mostBytes = 72

/**
 * Verifies bcrypt hashes (`$2a$`, `$2b$`, `$2y$`, cost 4 to 15) by a package that you pass: put it among the `accepted` of
 * `passwordHasher`, and each one is replaced when its user signs in. The package gets the password as typed, not
 * normalised. bcrypt reads 72 bytes and some packages stop at a NUL, so what is longer or holds one is never right.
 *
 * Throws `missing_port` for what has no `compare`; `hash` rejects with `unsupported` if the package has none.
 *
 * @example
 * import bcryptjs from "bcryptjs"
 * const hasher = passwordHasher({ preferred: argon2id(), accepted: [bcrypt(bcryptjs)] })
 */
export function bcrypt(module: BcryptModule): PasswordHasher {
  if (typeof module?.compare !== "function") {
    throw new AuthError("missing_port", "bcrypt() needs a package with compare(): pass bcryptjs, for example.")
  }
  return {
    hash: (password) => hashBy(module, password),
    async verify(hash: unknown, password: unknown) {
      if (!isBcryptHash(hash) || !isWhole(password)) return false
      return attemptHash(async () => (await module.compare(password, toCommonPrefix(hash))) === true)
    },
    needsRehash: () => true,
    recognizes: isBcryptHash,
  }
}

async function hashBy(module: BcryptModule, password: unknown): Promise<string> {
  const { hash } = module
  if (!hash) {
    throw new AuthError("unsupported", "This bcrypt package cannot hash: let passwordHasher prefer argon2id().")
  }
  if (!isWhole(password)) {
    throw new AuthError("invalid_option", `bcrypt takes well-formed text of at most ${mostBytes} bytes without NUL.`)
  }
  return attemptHash(() => hash.call(module, password, newCost))
}

function isBcryptHash(hash: unknown): hash is string {
  return typeof hash === "string" && /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/.test(hash)
}

// Whether bcrypt would read all of it.
function isWhole(password: unknown): password is string {
  return isHashable(password) && byteLength(password) <= mostBytes && !password.includes("\0")
}

// PHP's `$2y$` is the algorithm of `$2b$`, under a name that some packages do not know.
function toCommonPrefix(hash: string): string {
  return hash.startsWith("$2y$") ? `$2b$${hash.slice(4)}` : hash
}
