import type { KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import type { PasswordReason } from "../password/check-password.ts"
import { hashNew, isPlausible } from "./guarded-hasher.ts"
import { isSameKey } from "./key-id.ts"
import type { UsersParts } from "./parts.ts"

type Keys = Pick<UserAdapter<object>, "listKeys" | "replaceKeyPassword" | "deleteKey">

/** The password of a new key, and the user's keys that had it then. `first` is the text, if it is the user's first password. */
export interface Choice {
  passwordHash: string | null
  sources?: KeyRecord[]
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
    const all = await passwordKeys(keys, userId)
    const hashes = new Set(hashesOf(all))
    const [current = null] = hashes
    const choice = (passwordHash: string | null): Choice => ({
      passwordHash,
      sources: all.filter((key) => key.passwordHash === passwordHash),
    })
    if (password == null) return choice(current)
    // Rows from another library may have a password for each key.
    for (const passwordHash of hashes) if (await fits(passwordHash, password)) return choice(passwordHash)
    if (current !== null) return wrong
    const made = await hashNew(password, parts)
    return "reason" in made ? made : { ...made, first: password }
  }

  /**
   * Checks again after the key is stored, because the password may have changed, or another new key may have set it.
   * Resolves to the key as it is now. Resolves to `null` if the user has another password, and the key was deleted.
   */
  async function settlePassword(keys: Keys, key: KeyRecord, choice: Choice): Promise<KeyRecord | null> {
    if (!passwordProviders.includes(key.providerId)) return key
    const others = (await passwordKeys(keys, key.userId)).filter((other) => !isSameKey(other, key))
    const passwordHash = await settledHash(key, others, choice)
    if (passwordHash === undefined) {
      await keys.deleteKey(key, { evenLast: true })
      return null
    }
    const wasOpen = choice.first === undefined && key.passwordHash !== null
    if (passwordHash !== key.passwordHash)
      await forEachLike(keys, key, (each) => giveCurrent(keys, each, passwordHash, wasOpen))
    if (choice.first !== undefined) {
      const open = { userId: key.userId, passwordHash: null }
      await forEachLike(keys, open, (each) => keys.replaceKeyPassword(each, null, passwordHash))
    }
    return { ...key, passwordHash }
  }

  /** Resolves to the hash that a new key keeps or gets, next to those of the others; to `undefined` if none fits. */
  async function settledHash({ passwordHash }: KeyRecord, others: KeyRecord[], { sources = [], first }: Choice) {
    // The keys that it came from, as they are now: others may be new as well, or this one under another name.
    const known = others.filter((key) => sources.some((source) => isSameKey(source, key)))
    const hashes = hashesOf(passwordHash !== null && known.length > 0 ? known : others)
    if (passwordHash !== null && hashes.includes(passwordHash)) return passwordHash
    const [current = null] = hashes
    // If it came from a key that is gone, nobody knows whether the password was changed before that: then there is none.
    if (first === undefined) return current
    if (current === null) return passwordHash
    return (await fits(current, first)) ? current : undefined
  }

  /**
   * Does something to all of a user's keys that have the same hash. Looks for keys by their hash, and looks again, because
   * another call may rename them at the same time.
   */
  async function forEachLike(
    keys: Keys,
    { userId, passwordHash }: Pick<KeyRecord, "userId" | "passwordHash">,
    act: (key: KeyRecord) => Promise<unknown>,
  ): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      const like = (await passwordKeys(keys, userId)).filter((key) => key.passwordHash === passwordHash)
      if (like.length === 0) return
      for (const key of like) await act(key)
    }
  }

  /** Removes a first password from all keys that got it, because its key is undone. */
  async function dropFirstPassword(keys: Keys, userId: UserId, { passwordHash, first }: Choice): Promise<void> {
    if (first === undefined) return
    await forEachLike(keys, { userId, passwordHash }, (key) => keys.replaceKeyPassword(key, passwordHash, null))
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
