import { AuthError, isAuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import { isHashable } from "./hashable-password.ts"

/** Turns passwords into text from which they cannot be told, and checks them against it. */
export interface PasswordHasher {
  /**
   * Makes a hash of a password, with a new random salt. Rejects with `invalid_option` if it is not well-formed text, is
   * over 1,024 bytes or else more than this hasher takes, and with `hash_failed` when the platform fails or too many passwords are waiting.
   */
  hash(password: string): Promise<string>
  /**
   * Returns whether a password is the one that was hashed: `false`, and no rejection, for any other hash text or input.
   * Rejects with `hash_failed` only when the platform fails or too many passwords are waiting.
   */
  verify(hash: string, password: string): Promise<boolean>
  /** Returns whether a hash is not as this hasher makes them today, so that the password should be hashed again. */
  needsRehash(hash: string): boolean
  /**
   * Returns, without work, whether `verify` can read a hash. Without this method a hasher is asked to verify whatever no
   * other one reads, and nothing is ever reported as `hash_unreadable`.
   */
  recognizes?(hash: string): boolean
  /**
   * Some hash as this hasher makes them today. It is verified when a password is refused and the user has no hash of this
   * kind, so that refusals take the same time. Without it, one is made by `hash` when a password is first checked. An
   * accepted hasher that only verifies has none to give, and then costs such refusals nothing: its users can be told.
   */
  readonly decoy?: string
  /** The hashers that this one combines. A refused sign-in costs one verification by each. */
  readonly hashers?: readonly PasswordHasher[]
}

/** What {@link passwordHasher} combines. */
export interface PasswordHasherOptions {
  /** Makes the new hashes. */
  preferred: PasswordHasher
  /** Read the old ones. Default none. */
  accepted?: readonly PasswordHasher[] | undefined
}

/**
 * Combines hashers: new hashes by `preferred`, old ones verified by whichever reads them, and due to be hashed again.
 * A hash is verified once, by the hasher that makes such hashes today, or else by the first that recognizes it.
 *
 * A refusal costs one verification by each hasher, whatever the hash. If you changed the cost of a hasher, list the old one
 * among the accepted too, so that the time of a refusal does not tell its users. `createUsers` does the same for users who
 * do not exist; without it, verify the `decoy` for them.
 * Throws `missing_port` if one has no `hash`, `verify` or `needsRehash`.
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
 * Makes the `verify` of several hashers: one verification if the password fits, and otherwise one by each, whatever is
 * stored. `null`: there is no user, or no password.
 */
export function createVerifier(all: readonly PasswordHasher[]) {
  const hashers = [...new Set(all)]
  const decoys = new Map<PasswordHasher, string | null>()

  return async (stored: string | null, password: string): Promise<boolean> => {
    // Before anything depends on what is stored: a hasher without a decoy makes one at its first refusal.
    for (const hasher of hashers) await prepareDecoy(hasher)
    const readers = stored === null ? [] : readersOf(hashers, stored)
    if (stored !== null && (await anyFits(readers, stored, password))) return true
    for (const other of hashers) if (!readers.includes(other)) await verifyDecoy(other, password)
    return false
  }

  // Requests that come together may each make one: a shared promise would hang if the request that began it is cut off.
  async function prepareDecoy(hasher: PasswordHasher): Promise<void> {
    if (!decoys.has(hasher)) decoys.set(hasher, hasher.decoy ?? (await makeDecoy(hasher, hasher === hashers[0])))
  }

  async function verifyDecoy(hasher: PasswordHasher, password: string): Promise<void> {
    const decoy = decoys.get(hasher)
    if (typeof decoy === "string") await hasher.verify(decoy, password)
  }
}

/** Resolves to `null` for an accepted hasher that cannot hash. A failing platform may work again, so that rejects. */
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

/** Lists the hashers that a hasher is made of: itself, unless it combines others. */
export function partsOf(hasher: PasswordHasher): PasswordHasher[] {
  return hasher.hashers ? hasher.hashers.flatMap(partsOf) : [hasher]
}

/**
 * Lists the hashers that a hash is given to: the one that makes such hashes today, or else the first that recognizes it. If
 * none does, all that cannot say what they recognize. An empty list means that nobody can read the hash.
 */
export function readersOf(hashers: readonly PasswordHasher[], hash: string): PasswordHasher[] {
  const able = hashers.filter((hasher) => hasher.recognizes?.(hash))
  const [reader] = [...able.filter((hasher) => !hasher.needsRehash(hash)), ...able]
  return reader ? [reader] : hashers.filter((hasher) => !hasher.recognizes)
}
