import type { KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import type { PasswordReason } from "../password/check-password.ts"
import { hashNew, isPlausible } from "./guarded-hasher.ts"
import { isSameKey } from "./key-id.ts"
import type { UsersParts } from "./parts.ts"

type Keys = Pick<UserAdapter<object>, "listKeys" | "replaceKeyPassword" | "deleteKey">

/** The password of a new key. `first` is the text, if it is the user's first password. */
export interface Choice {
  passwordHash: string | null
  first?: unknown
}

const maxRounds = 3

/** Keeps one password for all password keys of a user when a key is added. */
export function onePassword(parts: UsersParts) {
  const { verify, passwordProviders } = parts

  async function passwordKeys(keys: Keys, userId: UserId): Promise<KeyRecord[]> {
    const all = await keys.listKeys(userId)
    return all.filter(({ providerId }) => passwordProviders.includes(providerId))
  }

  /** Chooses the hash of a new key: the one that the user already has, otherwise that of `password`. */
  async function choosePassword(
    keys: Keys,
    { userId, providerId, password }: { userId: UserId; providerId: string; password: unknown },
  ): Promise<Choice | { reason: PasswordReason | "password_wrong" }> {
    if (!passwordProviders.includes(providerId)) return { passwordHash: null }
    const hashes = new Set(hashesOf(await passwordKeys(keys, userId)))
    const [current = null] = hashes
    if (password == null) return { passwordHash: current }
    // Rows from another library may have a password for each key.
    for (const passwordHash of hashes) if (await fits(passwordHash, password)) return { passwordHash }
    if (current !== null) return wrong
    const made = await hashNew(password, parts)
    return "reason" in made ? made : { ...made, first: password }
  }

  /**
   * Checks again after the key is stored, because the password may have changed, or another new key may have set it.
   * Resolves to the key as it is now. Resolves to `null` if the user has another password, and the key was deleted.
   */
  async function settlePassword(keys: Keys, key: KeyRecord, { first }: Choice): Promise<KeyRecord | null> {
    if (!passwordProviders.includes(key.providerId)) return key
    const others = (await passwordKeys(keys, key.userId)).filter((other) => !isSameKey(other, key))
    const passwordHash = await settledHash(key, hashesOf(others), first)
    if (passwordHash === undefined) {
      await keys.deleteKey(key, { evenLast: true })
      return null
    }
    const wasOpen = first === undefined && key.passwordHash !== null
    if (passwordHash !== key.passwordHash) await giveCurrent(keys, key, passwordHash, wasOpen)
    if (first !== undefined) await giveToAll(keys, key.userId, passwordHash)
    return { ...key, passwordHash }
  }

  /** Resolves to the hash that a new key keeps or gets, next to those of the others; to `undefined` if none fits. */
  async function settledHash({ passwordHash }: KeyRecord, others: string[], first: unknown) {
    const [current = null] = others
    if (passwordHash !== null && others.includes(passwordHash)) return passwordHash
    // If it came from a key that is gone, nobody knows whether the password was changed before that: then there is none.
    if (first === undefined) return current
    if (current === null) return passwordHash
    return (await fits(current, first)) ? current : undefined
  }

  /** Gives a first password to all keys. Looks again, for a key that was renamed meanwhile. */
  async function giveToAll(keys: Keys, userId: UserId, passwordHash: string | null): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      const open = (await passwordKeys(keys, userId)).filter((key) => key.passwordHash === null)
      if (open.length === 0) return
      for (const key of open) await keys.replaceKeyPassword(key, null, passwordHash)
    }
  }

  /** Removes a first password from all keys that got it, because its key is undone. */
  async function dropFirstPassword(keys: Keys, userId: UserId, { passwordHash, first }: Choice): Promise<void> {
    if (first === undefined) return
    const given = (await passwordKeys(keys, userId)).filter((key) => key.passwordHash === passwordHash)
    for (const key of given) await keys.replaceKeyPassword(key, passwordHash, null)
  }

  async function fits(passwordHash: string, password: unknown): Promise<boolean> {
    return isPlausible(password) && verify(passwordHash, password)
  }

  return { choosePassword, settlePassword, dropFirstPassword }
}

/**
 * Gives a key the current hash. With `wasOpen`, the key may have been used with the old password, so all of the user's
 * sessions end.
 */
async function giveCurrent(keys: Keys, key: KeyRecord, current: string | null, wasOpen: boolean): Promise<void> {
  const endSessions = wasOpen ? {} : undefined
  await keys.replaceKeyPassword(key, key.passwordHash, current, endSessions)
  // Again, for a sign-in that stored its session before the swap was committed.
  if (endSessions) await keys.replaceKeyPassword(key, current, current, endSessions)
}

const wrong = { reason: "password_wrong" } as const

function hashesOf(keys: KeyRecord[]): string[] {
  return keys.flatMap(({ passwordHash }) => passwordHash ?? [])
}
