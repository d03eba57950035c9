import type { KeyName, KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import { checkProviderId, isPlainText, toStoredId } from "./key-id.ts"
import { normalizeEmail } from "./normalize-email.ts"
import { earlierForm, normalizeUsername } from "./normalize-username.ts"

type KeyReader = Pick<UserAdapter<{ id: UserId }>, "findKey" | "findUser">

/** The name of a key, as it was typed. */
interface TypedName {
  providerId: string
  providerUserId: unknown
}

/** What {@link keyIds} returns. */
export type KeyIds = ReturnType<typeof keyIds>

/**
 * Maps a typed name to the id of its key. User names and e-mail addresses of password providers are normalised. Other
 * ids are kept byte for byte. The functions throw `invalid_option` if the provider id is invalid.
 */
export function keyIds(passwordProviders: readonly string[]) {
  /** Returns the provider user id as stored, or `null` if it is invalid. */
  function toId({ providerId, providerUserId }: TypedName): string | null {
    checkProviderId(providerId)
    if (!passwordProviders.includes(providerId)) return toStoredId(providerUserId)
    return toStoredId(providerUserId, providerId === "email" ? normalizeEmail : normalizeUsername)
  }

  /** Returns the id under which an earlier release stored the key, or `null` if it is the same or invalid. */
  function toEarlierId(name: TypedName): string | null {
    const { providerId, providerUserId } = name
    if (!passwordProviders.includes(providerId) || !isPlainText(providerUserId)) return null
    const earlier = toStoredId(providerUserId, earlierForm)
    return earlier === toId(name) ? null : earlier
  }

  return { toId, toEarlierId }
}

/**
 * Finds keys, including those that an earlier release stored under another form. Such a key is found only if it is
 * surely the right one. Either both forms are the same address, or the user's row contains the typed text in the column
 * named after the provider, `email` or `username`. Otherwise `victim@gmaıl.com` would find the key of
 * `victim@gmail.com`. No other column counts, because users choose their own display names.
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
    // Text that is not an address must match the stored id, except for the case of ASCII letters.
    if (id === null) return key.providerUserId === toAsciiLowerCase(String(providerUserId))
    if (toId(key) === id) return true
    const row = await store.findUser(userId)
    return Object.entries(row ?? {}).some(
      ([column, value]) => column === providerId && toId({ providerId, providerUserId: value }) === id,
    )
  }

  /** Returns the id of an existing key or, if there is none, the id that a new key gets. */
  async function existingId(name: KeyName): Promise<string | null> {
    if (toEarlierId(name) === null) return toId(name)
    return (await findKey(name))?.providerUserId ?? toId(name)
  }

  return { findKey, findEarlierKey, existingId }
}

function toAsciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
