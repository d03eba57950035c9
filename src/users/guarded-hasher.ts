import { attemptHash } from "../password/password-queue.ts"
import { checkText } from "../password/check-password.ts"
import { formatOf } from "../password/hash-format.ts"
import { createVerifier, partsOf, readersOf, requireHasher } from "../password/password-hasher.ts"
import type { PasswordHasher } from "../password/password-hasher.ts"

/** A hasher as signing in uses it. What the application's own throws is `hash_failed`. */
export interface GuardedHasher extends Pick<PasswordHasher, "hash" | "needsRehash"> {
  /**
   * Returns whether a password fits what is stored; `null`: there is no user, or no password. A refusal costs one
   * verification by each hasher, whatever is stored.
   */
  verify(stored: string | null, password: string): Promise<boolean>
  /** Names the format of a hash that no hasher can read, for the event `hash_unreadable`. `null` for all others. */
  unreadableFormat(stored: string): string | null
}

/** Guards a hasher. Throws `missing_port` if it has no `hash`, `verify` or `needsRehash`. */
export function guardHasher(hasher: PasswordHasher): GuardedHasher {
  requireHasher(hasher)
  const hashers = partsOf(hasher)
  const verify = createVerifier(hashers)

  return {
    hash: (password) => attemptHash(() => hasher.hash(password)),
    verify: (stored, password) => attemptHash(() => verify(stored, password)),
    needsRehash: (stored) => hasher.needsRehash(stored),
    unreadableFormat: (stored) => (readersOf(hashers, stored).length === 0 ? formatOf(stored) : null),
  }
}

/** Returns whether a password is worth a verify. Old ones may be shorter or more common than today's policy allows. */
export function isPlausible(password: unknown): password is string {
  const reason = checkText(password)
  return reason === null || reason === "password_too_short"
}
