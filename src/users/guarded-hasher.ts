import { attemptHash } from "../password/password-queue.ts"
import { isAuthError } from "../core/errors.ts"
import { checkPassword, checkText } from "../password/check-password.ts"
import type { PasswordPolicy, PasswordReason } from "../password/check-password.ts"
import { formatOf } from "../password/hash-format.ts"
import { createVerifier, partsOf, readersOf, requireHasher } from "../password/password-hasher.ts"
import type { PasswordHasher } from "../password/password-hasher.ts"

/** What {@link guardHasher} returns. */
export type GuardedHasher = ReturnType<typeof guardHasher>

/**
 * Wraps a hasher, so that its errors become `hash_failed`. Throws `missing_port` if it has no `hash`, `verify` or
 * `needsRehash`.
 */
export function guardHasher(hasher: PasswordHasher) {
  requireHasher(hasher)
  const hashers = partsOf(hasher)
  const verify = createVerifier(hashers)

  return {
    /** Hashes a password. Resolves to `null` if the hasher refuses it, as bcrypt refuses more than 72 bytes. */
    hash: (password: string) => attemptHash(() => hasher.hash(password)).catch(nullIfRefused),
    /** Resolves to whether a password matches the stored hash. See {@link createVerifier}. */
    verify: (stored: string | null, password: string) => attemptHash(() => verify(stored, password)),
    needsRehash: (stored: string) => hasher.needsRehash(stored),
    /** Returns the format of a hash that no hasher can read, for the event `hash_unreadable`. Otherwise `null`. */
    unreadableFormat: (stored: string) => (readersOf(hashers, stored).length === 0 ? formatOf(stored) : null),
  }
}

/** Hashes a new password, unless the policy or the hasher refuses it. */
export async function hashNew(
  password: unknown,
  { hash, passwordPolicy }: Pick<GuardedHasher, "hash"> & { passwordPolicy: PasswordPolicy | undefined },
): Promise<{ passwordHash: string } | { reason: PasswordReason }> {
  const reason = await checkPassword(password, passwordPolicy)
  if (reason !== null || typeof password !== "string") return { reason: reason ?? "password_invalid" }
  const passwordHash = await hash(password)
  return passwordHash === null ? { reason: "password_too_long" } : { passwordHash }
}

function nullIfRefused(error: unknown): null {
  if (isAuthError(error) && error.code === "invalid_option") return null
  throw error
}

/** Returns whether a password is worth a verify. Old ones may be shorter or more common than the policy now allows. */
export function isPlausible(password: unknown): password is string {
  const reason = checkText(password)
  return reason === null || reason === "password_too_short"
}
