import { AuthError } from "../core/errors.ts"
import { checkOption, checkOptions, invalidOption } from "../core/options.ts"
import type { KeyName, KeyRecord, UserId } from "../core/ports.ts"
import type { PasswordReason } from "../password/check-password.ts"
import { randomBytes } from "../platform/bytes.ts"
import { randomText } from "../platform/crypto.ts"
import { hashNew, isPlausible } from "./guarded-hasher.ts"
import { keyFinder } from "./key-finder.ts"
import { isSameKey } from "./key-id.ts"
import { requirePasswordProvider } from "./parts.ts"
import type { UsersParts, UserStore } from "./parts.ts"
import { endPendings } from "./pending-tokens.ts"
import { missingReset } from "./reset-modules.ts"
import type { AccessReset } from "./users.ts"

const maxRounds = 10

/** Removes every way in which a user could sign in. */
export function accessReset<UserRow extends { id: UserId }, NewUser>(
  adapter: UserStore<UserRow, NewUser>,
  parts: UsersParts<UserRow["id"]>,
) {
  type Id = UserRow["id"]
  const { emit, hash, ids, passwordProviders, resets, verify } = parts
  const { findKey } = keyFinder(adapter, ids)

  async function resetAccess(reset: AccessReset<Id>) {
    checkOptions("resetAccess()", reset, "userId", "keep", "password", "except")
    const { userId, keep, password, except } = reset
    if (!resets)
      throw missingReset("the option is missing; pass createUsers() the auth and each module that signs users in")
    // A key that was looked up and not found must not delete all of them.
    checkOption("keep", keep, !("keep" in reset) || keep != null, "is not a key; name one, or leave keep out")
    if (password !== undefined) requirePasswordKey(keep)
    if (!(await adapter.findUser(userId))) return refused("user_missing")
    const kept = keep ? await ownKey(userId, keep) : null
    if (keep && !kept) return refused("key_missing")
    const made = password === undefined ? { passwordHash: null } : await hashNew(password, parts)
    if ("reason" in made) return refused(made.reason)

    await endPendings(adapter, userId)
    await lockPasswords(userId, made.passwordHash, except)
    const isKept = await takeAway({ userId, kept, password, except, ...made })
    if (made.passwordHash !== null) emit("password_changed", { userId })
    emit("access_reset", { userId })
    return isKept ? ({ reset: true } as const) : refused("key_missing")
  }

  function requirePasswordKey(keep: KeyName | undefined): void {
    if (!keep) throw invalidOption("keep", keep, "cannot have the password; name the key that keeps it")
    requirePasswordProvider(keep.providerId, parts)
  }

  async function ownKey(userId: Id, name: KeyName): Promise<KeyRecord | null> {
    const record = await findKey(name)
    return record?.userId === userId ? record : null
  }

  /**
   * Replaces all passwords in one step, in the order in which sign-ins and new keys wait for it. Without a new
   * password, sets one that nobody knows.
   */
  async function lockPasswords(userId: Id, newHash: string | null, except: string | undefined): Promise<void> {
    const unknown = newHash ?? (await hash(randomText(20)))
    if (unknown !== null) await adapter.replaceUserPasswords(userId, passwordProviders, unknown, except)
  }

  /**
   * Deletes keys first and second factors last: if an outage stops the reset, the account is never easier to enter than
   * before. Repeats until nothing new is found. Resolves to whether the kept key exists.
   */
  async function takeAway(reset: Target<Id>): Promise<boolean> {
    for (let round = 0; round < maxRounds; round++) {
      const keys = await adapter.listKeys(reset.userId)
      const hadKeys = await closeKeys(keys, reset, round)
      await adapter.deleteTokens?.(reset.userId, { except: [] })
      for (const module of resets ?? []) await module.resetUser(reset.userId, { except: reset.except })
      const hadFactors = await deleteFactors(reset.userId)
      if (!hadKeys && !hadFactors && round > 0) return !reset.kept || keys.some((key) => isSameKey(key, reset.kept))
    }
    throw new AuthError("store_failed", "The user's keys or factors kept changing while access was being reset.")
  }

  /** Resolves to whether it changed anything. */
  async function closeKeys(keys: KeyRecord[], target: Target<Id>, round: number): Promise<boolean> {
    let isChanged = false
    for (const key of keys) {
      if (!isSameKey(key, target.kept)) await deleteKey(key)
      else if (await isRight(key, target)) continue
      else await closeKept(key, target, round)
      isChanged = true
    }
    return isChanged
  }

  async function closeKept(key: KeyRecord, { passwordHash, except }: Target<Id>, round: number): Promise<void> {
    // Two resets with different passwords would take turns for ever: one of them waits longer.
    if (round > 1) await pause(2 ** round)
    await adapter.replaceKeyPassword(key, key.passwordHash, passwordHash, { exceptId: except })
  }

  // The hashes differ if a sign-in has re-hashed the new password, or if the form was sent twice.
  async function isRight(key: KeyRecord, { passwordHash, password }: Target<Id>): Promise<boolean> {
    if (key.passwordHash === passwordHash || key.passwordHash === null) return key.passwordHash === passwordHash
    return isPlausible(password) && verify(key.passwordHash, password)
  }

  async function deleteKey(key: KeyRecord): Promise<void> {
    const outcome = await adapter.deleteKey(key, { evenLast: true })
    if (outcome === "deleted") emit("key_removed", { userId: key.userId, providerId: key.providerId })
  }

  /**
   * Deletes the factors in the users' own adapter, even if the application has no module for them. Otherwise they would
   * work again once such a module is added. Resolves to whether there were any.
   */
  async function deleteFactors(userId: Id): Promise<boolean> {
    const hadPasskeys = await deletePasskeys(userId)
    const hadTotp = (await adapter.deleteTotp?.(userId)) ?? false
    if (hadTotp) emit("totp_removed", { userId })
    return hadPasskeys || hadTotp
  }

  async function deletePasskeys(userId: Id): Promise<boolean> {
    const count = await (adapter.deletePasskeys ?? deleteEach)(userId)
    for (let n = 0; n < count; n++) emit("passkey_removed", { userId })
    return count > 0
  }

  async function deleteEach(userId: Id): Promise<number> {
    const passkeys = (await adapter.listPasskeys?.(userId)) ?? []
    const deleted = await Promise.all(passkeys.map(async ({ id }) => adapter.deletePasskey?.({ userId, id })))
    return deleted.filter(Boolean).length
  }

  return { resetAccess }
}

/** Waits for a random time, at most `longest` milliseconds. */
async function pause(longest: number): Promise<void> {
  const [chance = 0] = randomBytes(1)
  await new Promise((resolve) => setTimeout(resolve, (longest * chance) / 255))
}

/** What a reset leaves of a user's keys. */
interface Target<Id extends UserId> {
  userId: Id
  kept: KeyRecord | null
  password: unknown
  passwordHash: string | null
  except: string | undefined
}

function refused<Reason extends PasswordReason | "key_missing" | "user_missing">(reason: Reason) {
  return { reset: false, reason } as const
}
