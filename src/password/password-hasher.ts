import { checkOptions } from "../core/options.ts"
import { isHashable } from "./hashable-password.ts"
import { requireHasher } from "./require-hasher.ts"

/** Turns passwords into text from which they cannot be told, and checks them against it. */
export interface PasswordHasher {
  /**
   * Makes a hash of a password, with a new random salt. Rejects with `invalid_option` for what is no well-formed text
   * or over 1,024 bytes, and with `hash_failed` when the platform fails or too many passwords are waiting.
   */
  hash(password: string): Promise<string>
  /**
   * Tells whether a password is the one that was hashed: `false`, and no rejection, for any other hash text or input.
   * Rejects with `hash_failed` only when the platform fails or too many passwords are waiting.
   */
  verify(hash: string, password: string): Promise<boolean>
  /** Tells whether a hash is not as this hasher makes them today, so that the password should be hashed anew. */
  needsRehash(hash: string): boolean
  /** Tells, without work, whether `verify` can read a hash. A hasher without it is asked to verify whatever nobody else reads. */
  recognizes?(hash: string): boolean
}

/** What {@link passwordHasher} combines. */
export interface PasswordHasherOptions {
  /** Makes the new hashes. */
  preferred: PasswordHasher
  /** Read the old ones. Default none. */
  accepted?: readonly PasswordHasher[] | undefined
}

/**
 * Combines hashers: new hashes by `preferred`, old ones verified by whichever reads them, and due to be hashed anew.
 * A hash is verified once, by the first hasher that recognizes it. Throws `missing_port` for what is no hasher.
 *
 * @example
 * const hasher = passwordHasher({ preferred: argon2id(), accepted: [luciaScrypt(), bcrypt(bcryptjs)] })
 */
export function passwordHasher(options: PasswordHasherOptions): PasswordHasher {
  checkOptions("passwordHasher()", options, "preferred", "accepted")
  const { preferred, accepted = [] } = options
  const hashers = [preferred, ...accepted]
  hashers.forEach(requireHasher)

  return {
    hash: (password) => preferred.hash(password),
    async verify(hash: unknown, password: unknown) {
      if (typeof hash !== "string" || !isHashable(password)) return false
      const owner = hashers.find((hasher) => hasher.recognizes?.(hash))
      return owner ? owner.verify(hash, password) : verifyInTurn(hash, password)
    },
    needsRehash: (hash) => preferred.needsRehash(hash),
  }

  async function verifyInTurn(hash: string, password: string): Promise<boolean> {
    for (const hasher of hashers) {
      if (await hasher.verify(hash, password)) return true
    }
    return false
  }
}
