import { randomText } from "../core/token.ts"
import { attemptHash } from "../password/attempt-hash.ts"
import { checkText } from "../password/check-password.ts"
import type { PasswordHasher } from "../password/password-hasher.ts"
import { requireHasher } from "../password/require-hasher.ts"

/** A hasher as signing in uses it. What the application's own throws is `hash_failed`. */
export interface GuardedHasher extends Pick<PasswordHasher, "hash" | "verify" | "needsRehash"> {
  /** A hash that no password fits. Verified where a key has none, so that unknown users take as long as known ones. */
  getDecoy(): Promise<string>
}

/** Guards a hasher. Throws `missing_port` for what is no hasher. */
export function guardHasher(hasher: PasswordHasher): GuardedHasher {
  requireHasher(hasher)
  let decoy: Promise<string> | undefined

  function hash(password: string): Promise<string> {
    return attemptHash(() => hasher.hash(password))
  }

  return {
    hash,
    verify: (stored, password) => attemptHash(() => hasher.verify(stored, password)),
    needsRehash: (stored) => hasher.needsRehash(stored),
    getDecoy: () =>
      (decoy ??= hash(randomText(20)).catch((error: unknown) => {
        decoy = undefined
        throw error
      })),
  }
}

/** Returns whether a password is worth a verify. Old ones may be shorter or more common than today's policy allows. */
export function isPlausible(password: unknown): password is string {
  const reason = checkText(password)
  return reason === null || reason === "password_too_short"
}
