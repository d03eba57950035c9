import type { KeyName, KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import { checkProviderId, isPlainText, toStoredId } from "./key-id.ts"
import { normalizeEmail } from "./normalize-email.ts"
import { earlierForm, normalizeUsername } from "./normalize-username.ts"

type KeyReader = Pick<UserAdapter<{ id: UserId }>, "findKey" | "findUser">

/** What names a key, as it was typed. */
interface TypedName {
  providerId: string
  providerUserId: unknown
}

/** Knows under which id a key is stored. */
export type KeyIds = ReturnType<typeof keyIds>

/**
 * Gives user names and e-mail addresses of password providers their forms. Other ids are kept byte for byte. What it
 * returns throws `invalid_option` for a provider id that is not one.
 */
export function keyIds(passwordProviders: readonly string[]) {
  /** The provider user id as stored; `null` if it is invalid. */
  function toId({ providerId, providerUserId }: TypedName): string | null {
    checkProviderId(providerId)
    if (!passwordProviders.includes(providerId)) return toStoredId(providerUserId)
    return toStoredId(providerUserId, providerId === "email" ? normalizeEmail : normalizeUsername)
  }

  /** The id under which an earlier release would have stored it; `null` if it is the same, or there is none. */
  function toEarlierId(name: TypedName): string | null {
    const { providerId, providerUserId } = name
    if (!passwordProviders.includes(providerId) || !isPlainText(providerUserId)) return null
    const earlier = toStoredId(providerUserId, earlierForm)
    return earlier === toId(name) ? null : earlier
  }

  return { toId, toEarlierId }
}

/**
 * Finds keys, also those that an earlier release has stored under a form of its own. Such a key is found only if it is
 * surely the one that was asked for: both forms are the same address, or the user's row holds what was typed in the column
 * that is called like the provider, `email` or `username`. Otherwise `victim@gmaıl.com` would find the key of
 * `victim@gmail.com`. No other column counts: users choose their display names themselves.
 */
export function keyFinder(store: KeyReader, { toId, toEarlierId }: KeyIds) {
  async function findKey(name: TypedName): Promise<KeyRecord | null> {
    const id = toId(name)
    const found = id === null ? null : await store.findKey(name.providerId, id)
    return found ?? findEarlierKey(name)
  }

  async function findEarlierKey(name: TypedName): Promise<KeyRecord | null> {
    const { providerId } = name
    const earlier = toEarlierId(name)
    const record = earlier === null ? null : await store.findKey(providerId, earlier)
    return record && (await isMeant(name, record)) ? record : null
  }

  async function isMeant({ providerId, providerUserId }: TypedName, { userId, ...key }: KeyRecord): Promise<boolean> {
    const id = toId({ providerId, providerUserId })
    // What is not an address is found only as it is stored, but for the case of ASCII letters.
    if (id === null) return key.providerUserId === toAsciiLowerCase(String(providerUserId))
    if (toId(key) === id) return true
    const row = await store.findUser(userId)
    return Object.entries(row ?? {}).some(
      ([column, value]) => column === providerId && toId({ providerId, providerUserId: value }) === id,
    )
  }

  /** The id under which an existing key is stored; that of a new one if there is none. */
  async function existingId(name: KeyName): Promise<string | null> {
    if (toEarlierId(name) === null) return toId(name)
    return (await findKey(name))?.providerUserId ?? toId(name)
  }

  return { findKey, findEarlierKey, existingId }
}

function toAsciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
