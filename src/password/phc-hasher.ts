import { AuthError } from "../core/errors.ts"
import { equalBytes, randomBytes, toUtf8 } from "../platform/bytes.ts"
import { isHashable, requireHashable, spellingsOf } from "./hashable-password.ts"
import type { PasswordHasher } from "./password-hasher.ts"
import { createPhcReader, formatPhc } from "./phc-string.ts"
import type { Cost, PhcFormat } from "./phc-string.ts"

/** An algorithm that derives a key from a password. */
export interface KeyDerivation<Name extends string> extends PhcFormat<Name> {
  /** Returns whether a stored cost is acceptable: a copied or forged hash must not keep the server busy. */
  isAffordable(cost: Cost<Name>): boolean
  /** Returns whether a cost is high enough for new hashes. */
  isStrong(cost: Cost<Name>): boolean
  /** Derives a key of `length` bytes, queued with all other hashing. */
  derive(password: Uint8Array, salt: Uint8Array, length: number, cost: Cost<Name>): Promise<Uint8Array>
}

const saltBytes = 16
const keyBytes = 32

/**
 * Creates a hasher of passwords in NFC (NIST SP 800-63B-4, 3.1.1.2), with salts of 16 random bytes and keys of 32. It
 * also verifies hashes that other systems made of the password as typed or in NFD. Throws `invalid_option` if the cost
 * is too low, or so high that its own hashes would be refused.
 */
export function createPhcHasher<Name extends string>(
  derivation: KeyDerivation<Name>,
  cost: Cost<Name>,
): PasswordHasher {
  const read = createPhcReader(derivation)
  requireCost(derivation, cost)

  return {
    async hash(password: unknown) {
      requireHashable(password)
      const salt = randomBytes(saltBytes)
      const key = await derive(password.normalize("NFC"), salt, keyBytes, cost)
      return formatPhc(derivation, { cost, salt, key })
    },
    async verify(hash: unknown, password: unknown) {
      const stored = readAffordable(hash)
      if (!stored || !isHashable(password)) return false
      // All spellings, for every hash: their number depends only on the password.
      for (const spelling of spellingsOf(password)) {
        const key = await derive(spelling, stored.salt, stored.key.length, stored.cost)
        if (equalBytes(key, stored.key)) return true
      }
      return false
    },
    needsRehash(hash: unknown) {
      const stored = readAffordable(hash)
      if (!stored || stored.salt.length < saltBytes || stored.key.length !== keyBytes) return true
      return derivation.names.some((name) => stored.cost[name] !== cost[name])
    },
    recognizes: (hash: unknown) => readAffordable(hash) !== null,
    decoy: formatPhc(derivation, { cost, salt: new Uint8Array(saltBytes), key: new Uint8Array(keyBytes) }),
  }

  function readAffordable(hash: unknown) {
    const stored = read(hash)
    return stored && derivation.isAffordable(stored.cost) ? stored : null
  }

  function derive(password: string, salt: Uint8Array, length: number, at: Cost<Name>): Promise<Uint8Array> {
    return derivation.derive(toUtf8(password), salt, length, at)
  }
}

function requireCost<Name extends string>(derivation: KeyDerivation<Name>, cost: Cost<Name>): void {
  const isWhole = derivation.names.every((name) => Number.isInteger(cost[name]) && cost[name] > 0)
  if (isWhole && derivation.isAffordable(cost) && derivation.isStrong(cost)) return
  const parameters = derivation.names.map((name) => `${name}=${String(cost[name])}`).join(", ")
  throw new AuthError(
    "invalid_option",
    `${derivation.prefix}: ${parameters} is too weak, too costly or not a cost; leave the options out for OWASP's`,
  )
}
