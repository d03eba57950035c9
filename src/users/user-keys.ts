import type { KeyName, KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import { keyFinder } from "./key-finder.ts"
import { onePassword } from "./one-password.ts"
import { requirePasswordProvider } from "./parts.ts"
import type { UsersParts } from "./parts.ts"
import type { Key, NewKey } from "./users.ts"

type Owned<Id extends UserId> = KeyName & { userId: Id }

/** Adds, finds, renames and deletes the keys of users. */
export function userKeys<UserRow extends { id: UserId }, NewUser>(
  adapter: UserAdapter<UserRow, NewUser>,
  parts: UsersParts,
) {
  type Id = UserRow["id"]
  const { ids } = parts
  const { findKey, findEarlierKey, existingId } = keyFinder(adapter, ids)
  const { choosePassword, settlePassword } = onePassword(parts)

  async function createKey({
    userId,
    attributes,
    ...newKey
  }: NewKey & { userId: Id; attributes?: Partial<NewUser> | undefined }) {
    const { providerId, password } = newKey
    const providerUserId = ids.toId(newKey)
    if (password != null) requirePasswordProvider(providerId, parts)
    if (providerUserId === null) return { key: null, reason: "key_invalid" as const }
    if (await findEarlierKey(newKey)) return { key: null, reason: "key_taken" as const }
    const choice = await choosePassword(adapter, { userId, providerId, password })
    if ("reason" in choice) return { key: null, reason: choice.reason }
    const record = { providerId, providerUserId, userId, passwordHash: choice.passwordHash }
    const outcome = await adapter.insertKey(record, attributes)
    if (outcome !== "inserted") return { key: null, reason: outcome }
    const stored = await settlePassword(adapter, record, choice)
    return stored ? { key: toKey(stored) } : { key: null, reason: "password_wrong" as const }
  }

  async function getKey(name: KeyName) {
    const record = await findKey(name)
    return record && toKey(record)
  }

  async function getUserKeys(userId: Id) {
    const records = await adapter.listKeys(userId)
    return records.map(toKey)
  }

  async function renameKey(
    { userId, ...name }: Owned<Id>,
    newProviderUserId: string,
    { attributes }: { attributes?: Partial<NewUser> | undefined } = {},
  ) {
    const { providerId } = name
    const renamed = { providerId, providerUserId: newProviderUserId }
    const [from, to] = [await existingId(name), ids.toId(renamed)]
    if (to === null) return { renamed: false, reason: "key_invalid" } as const
    if (from === null) return { renamed: false, reason: "key_missing" } as const
    const taken = await findEarlierKey(renamed)
    if (taken && taken.providerUserId !== from) return { renamed: false, reason: "key_taken" } as const
    const outcome = await adapter.renameKey({ userId, providerId, providerUserId: from }, to, attributes)
    if (outcome === "renamed") return { renamed: true } as const
    return { renamed: false, reason: outcome === "missing" ? "key_missing" : outcome } as const
  }

  async function deleteKey({ userId, ...name }: Owned<Id>) {
    const { providerId } = name
    const id = await existingId(name)
    const outcome = id === null ? "missing" : await adapter.deleteKey({ userId, providerId, providerUserId: id })
    if (outcome === "deleted") return { deleted: true } as const
    return { deleted: false, reason: outcome === "missing" ? "key_missing" : outcome } as const
  }

  return { createKey, getKey, getUserKeys, renameKey, deleteKey }
}

/** Leaves a key's secret out. */
export function toKey({ userId, providerId, providerUserId, passwordHash }: KeyRecord): Key {
  return { userId, providerId, providerUserId, hasPassword: passwordHash !== null }
}
