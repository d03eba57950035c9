import { randomText } from "../core/token.ts"
import { attemptHash } from "../password/attempt-hash.ts"
import { checkText } from "../password/check-password.ts"
import { formatOf } from "../password/hash-format.ts"
import { partsOf, readersOf } from "../password/password-hasher.ts"
import type { PasswordHasher } from "../password/password-hasher.ts"
import { requireHasher } from "../password/require-hasher.ts"

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
  const hashers = [...new Set(partsOf(hasher))]
  const decoys = new Map<PasswordHasher, string>()

  async function verify(stored: string | null, password: string): Promise<boolean> {
    // Before anything depends on what is stored: a hasher without a decoy makes one at its first refusal.
    for (const each of hashers) await prepareDecoy(each)
    const readers = stored === null ? [] : readersOf(hashers, stored)
    if (stored !== null && (await anyFits(readers, stored, password))) return true
    for (const other of hashers) if (!readers.includes(other)) await work(other, decoys.get(other)!, password)
    return false
  }

  // Requests that come together may each make one: a shared promise would hang if the request that began it is cut off.
  async function prepareDecoy(each: PasswordHasher): Promise<void> {
    if (decoys.has(each)) return
    decoys.set(each, each.decoy ?? (await attemptHash(() => each.hash(randomText(20)))))
  }

  return {
    hash: (password) => attemptHash(() => hasher.hash(password)),
    verify,
    needsRehash: (stored) => hasher.needsRehash(stored),
    unreadableFormat: (stored) => (readersOf(hashers, stored).length === 0 ? formatOf(stored) : null),
  }
}

async function anyFits(readers: PasswordHasher[], stored: string, password: string): Promise<boolean> {
  for (const reader of readers) if (await work(reader, stored, password)) return true
  return false
}

function work(hasher: PasswordHasher, stored: string, password: string): Promise<boolean> {
  return attemptHash(() => hasher.verify(stored, password))
}

/** Returns whether a password is worth a verify. Old ones may be shorter or more common than today's policy allows. */
export function isPlausible(password: unknown): password is string {
  const reason = checkText(password)
  return reason === null || reason === "password_too_short"
}
