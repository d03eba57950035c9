import { AuthError, isAuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import { isHashable } from "./hashable-password.ts"

/** Hashes passwords, and verifies them against hashes. */
export interface PasswordHasher {
  /**
   * Hashes a password with a new random salt. Rejects with `invalid_option` if it is not well-formed text, or exceeds
   * 1,024 bytes or this hasher's own limit. Rejects with `hash_failed` if the platform fails or too many passwords are
   * waiting.
   */
  hash(password: string): Promise<string>
  /**
   * Resolves to whether a password matches a hash. Any other hash text or input is `false`, without a rejection.
   * Rejects with `hash_failed` only if the platform fails or too many passwords are waiting.
   */
  verify(hash: string, password: string): Promise<boolean>
  /** Returns whether a hash differs from those that this hasher makes now, so that the password should be hashed again. */
  needsRehash(hash: string): boolean
  /**
   * Returns, without hashing, whether `verify` can read a hash. A hasher without this method must verify every hash
   * that no other hasher reads, and no hash is reported as `hash_unreadable`.
   */
  recognizes?(hash: string): boolean
  /**
   * A hash as this hasher makes them now. It is verified when a password is refused and the user has no hash of this
   * kind, so that refusals take the same time. Without it, `hash` makes one when a password is first checked. An
   * accepted hasher that only verifies cannot make one. Such refusals then skip it, and the time reveals its users.
   */
  readonly decoy?: string
  /** The hashers that this one combines. A refused sign-in costs one verify with each. */
  readonly hashers?: readonly PasswordHasher[]
}

/** The options of {@link passwordHasher}. */
export interface PasswordHasherOptions {
  /** The hasher that makes new hashes. */
  preferred: PasswordHasher
  /** The hashers that read old hashes. Default none. */
  accepted?: readonly PasswordHasher[] | undefined
}

/**
 * Combines hashers. `preferred` makes new hashes. Old ones are verified by a hasher that reads them, and then replaced.
 * A hash is verified once, by the hasher that makes such hashes now, otherwise by the first that recognizes it.
 *
 * A refusal costs one verify with each hasher, whatever the hash. If you change the cost of a hasher, also list the old
 * one in `accepted`. Otherwise the time of a refusal reveals its users. `createUsers` does the same for users who do
 * not exist. Without it, verify the `decoy` for them. Throws `missing_port` if a hasher has no `hash`, `verify` or
 * `needsRehash`.
 *
 * @example
 * const hasher = passwordHasher({ preferred: argon2id(), accepted: [luciaScrypt(), bcrypt(bcryptjs)] })
 */
export function passwordHasher(options: PasswordHasherOptions): PasswordHasher {
  checkOptions("passwordHasher()", options, "preferred", "accepted")
  const { preferred, accepted = [] } = options
  const all = [preferred, ...accepted]
  all.forEach(requireHasher)
  const hashers = all.flatMap(partsOf)
  const verify = createVerifier(hashers)

  return {
    hash: (password) => preferred.hash(password),
    verify: async (hash: unknown, password: unknown) =>
      isHashable(password) && verify(typeof hash === "string" ? hash : null, password),
    needsRehash: (hash) => preferred.needsRehash(hash),
    recognizes: (hash: unknown) => typeof hash === "string" && readersOf(hashers, hash).length > 0,
    ...(preferred.decoy !== undefined && { decoy: preferred.decoy }),
    hashers,
  }
}

/** Throws `missing_port` if a hasher lacks a method, as `argon2id` without its `()` does. */
export function requireHasher(hasher: PasswordHasher): void {
  const methods = ["hash", "verify", "needsRehash"] as const
  if (hasher && methods.every((method) => typeof hasher[method] === "function")) return
  throw new AuthError(
    "missing_port",
    "passwordHasher: hash(), verify() or needsRehash() is missing; use one such as argon2id()",
  )
}

/**
 * Creates the `verify` of several hashers. It costs one verify if the password matches, otherwise one with each hasher,
 * whatever is stored. `null`: there is no user, or no password.
 */
export function createVerifier(all: readonly PasswordHasher[]) {
  const hashers = [...new Set(all)]
  const decoys = new Map<PasswordHasher, string | null>()

  return async (stored: string | null, password: string): Promise<boolean> => {
    // Before anything depends on what is stored, because a hasher without a decoy makes one at its first refusal.
    for (const hasher of hashers) await prepareDecoy(hasher)
    const readers = stored === null ? [] : readersOf(hashers, stored)
    if (stored !== null && (await anyFits(readers, stored, password))) return true
    for (const other of hashers) if (!readers.includes(other)) await verifyDecoy(other, password)
    return false
  }

  // Requests at the same time may each make one: a shared promise would hang if the request that started it is cut off.
  async function prepareDecoy(hasher: PasswordHasher): Promise<void> {
    if (!decoys.has(hasher)) decoys.set(hasher, hasher.decoy ?? (await makeDecoy(hasher, hasher === hashers[0])))
  }

  async function verifyDecoy(hasher: PasswordHasher, password: string): Promise<void> {
    const decoy = decoys.get(hasher)
    if (typeof decoy === "string") await hasher.verify(decoy, password)
  }
}

/**
 * Resolves to `null` if an accepted hasher cannot hash. If the platform fails it rejects, because it may work again
 * later.
 */
async function makeDecoy(hasher: PasswordHasher, isPreferred: boolean): Promise<string | null> {
  try {
    return await hasher.hash(randomPassword())
  } catch (error) {
    if (isPreferred || (isAuthError(error) && error.code === "hash_failed")) throw error
    return null
  }
}

function randomPassword(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join()
}

async function anyFits(readers: PasswordHasher[], stored: string, password: string): Promise<boolean> {
  for (const reader of readers) if (await reader.verify(stored, password)) return true
  return false
}

/** Lists the hashers that a hasher combines, otherwise only itself. */
export function partsOf(hasher: PasswordHasher): PasswordHasher[] {
  return hasher.hashers ? hasher.hashers.flatMap(partsOf) : [hasher]
}

/**
 * Lists the hashers to try for a hash: the one that makes such hashes now, otherwise the first that recognizes it. If
 * none does, it lists all that cannot say what they recognize. An empty list means that nobody can read the hash.
 */
export function readersOf(hashers: readonly PasswordHasher[], hash: string): PasswordHasher[] {
  const able = hashers.filter((hasher) => hasher.recognizes?.(hash))
  const [reader] = [...able.filter((hasher) => !hasher.needsRehash(hash)), ...able]
  return reader ? [reader] : hashers.filter((hasher) => !hasher.recognizes)
}
