import { checkOptions } from "../core/options.ts"
import type { KeyName, KeyRecord, UserId } from "../core/ports.ts"
import { whileSignedIn } from "../proof/live-session.ts"
import type { Asking } from "../proof/live-session.ts"
import { columnChanges } from "./column-changes.ts"
import type { ColumnChanges } from "./column-changes.ts"
import { keyFinder } from "./key-finder.ts"
import { onePassword } from "./one-password.ts"
import type { Choice } from "./one-password.ts"
import { requirePasswordProvider } from "./parts.ts"
import type { UsersParts, UserStore } from "./parts.ts"
import { endingTokens, endingTokensOfAddress } from "./pending-tokens.ts"
import type { CreateKeyReason, Key, NewKey } from "./users.ts"

type Owned<Id extends UserId> = KeyName & { userId: Id }
interface StoredKey {
  key: KeyRecord
  choice: Choice
  changes: ColumnChanges
}
type Addition<Id extends UserId, NewUser> = NewKey & Asking<Id> & { attributes?: Partial<NewUser> | undefined }

/** Adds, finds, renames and deletes the keys of users. */
export function userKeys<UserRow extends { id: UserId }, NewUser>(
  adapter: UserStore<UserRow, NewUser>,
  parts: UsersParts<UserRow["id"]>,
) {
  type Id = UserRow["id"]
  const { emit, ids } = parts
  const { findKey, findEarlierKey, existingId } = keyFinder(adapter, ids)
  const { choosePassword, settlePassword, dropFirstPassword } = onePassword(parts)

  async function createKey(addition: Addition<Id, NewUser>) {
    // A misspelt sessionId would not be checked.
    checkOptions(
      "createKey()",
      addition,
      "userId",
      "providerId",
      "providerUserId",
      "password",
      "attributes",
      "sessionId",
    )
    const { userId, providerId } = addition
    const added = await whileSignedIn(
      parts.auth,
      addition,
      () => addKey(addition),
      async ({ stored }) => {
        if (stored) await takeBack(stored)
      },
    )
    if (!added) return { key: null, reason: "session_ended" as const }
    if (!added.stored) return { key: null, reason: added.reason }
    emit("key_linked", { userId, providerId })
    return { key: toKey(added.stored.key) }
  }

  async function addKey({ userId, attributes, ...newKey }: Addition<Id, NewUser>) {
    const { providerId, password } = newKey
    const providerUserId = ids.toId(newKey)
    if (password != null) requirePasswordProvider(providerId, parts)
    if (providerUserId === null) return refused("key_invalid")
    if (await findEarlierKey(newKey)) return refused("key_taken")
    const choice = await choosePassword(adapter, { userId, providerId, password })
    if ("reason" in choice) return refused(choice.reason)
    const record = { providerId, providerUserId, userId, passwordHash: choice.passwordHash }
    const changes = columnChanges(adapter, userId, attributes)
    await changes.lookBefore()
    const outcome = await endingTokensOfAddress(adapter, userId, attributes, () =>
      adapter.insertKey(record, attributes),
    )
    if (outcome !== "inserted") return refused(outcome)
    try {
      await changes.lookAfter()
      const key = await settlePassword(adapter, record, choice)
      if (key) return { stored: { key, choice, changes } }
    } catch (error) {
      // Nobody can tell whether its password is still the user's. Only the first error says what is wrong.
      await takeBack({ key: record, choice, changes }).catch(() => undefined)
      throw error
    }
    await changes.undo()
    return refused("password_wrong")
  }

  async function takeBack({ key, choice, changes }: StoredKey): Promise<void> {
    // Removes the password first, because other keys may also have got it.
    await dropFirstPassword(adapter, key.userId, choice)
    await adapter.deleteKey(key, { evenLast: true })
    await changes.undo()
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
    options: { attributes?: Partial<NewUser> | undefined } = {},
  ) {
    checkOptions("renameKey()", options, "attributes")
    const { providerId } = name
    const renamed = { providerId, providerUserId: newProviderUserId }
    const [from, to] = [await existingId(name), ids.toId(renamed)]
    if (to === null) return { renamed: false, reason: "key_invalid" } as const
    if (from === null) return { renamed: false, reason: "key_missing" } as const
    const taken = await findEarlierKey(renamed)
    if (taken && taken.providerUserId !== from) return { renamed: false, reason: "key_taken" } as const
    const outcome = await endingTokens(adapter, userId, () =>
      adapter.renameKey({ userId, providerId, providerUserId: from }, to, options.attributes),
    )
    if (outcome === "renamed") {
      emit("key_renamed", { userId, providerId })
      return { renamed: true } as const
    }
    return { renamed: false, reason: outcome === "missing" ? "key_missing" : outcome } as const
  }

  async function deleteKey({ userId, ...name }: Owned<Id>) {
    const { providerId } = name
    const id = await existingId(name)
    const remove = () => adapter.deleteKey({ userId, providerId, providerUserId: id! })
    const outcome =
      id === null ? "missing" : await (providerId === "email" ? endingTokens(adapter, userId, remove) : remove())
    if (outcome === "deleted") {
      emit("key_removed", { userId, providerId })
      return { deleted: true } as const
    }
    return { deleted: false, reason: outcome === "missing" ? "key_missing" : outcome } as const
  }

  return { createKey, getKey, getUserKeys, renameKey, deleteKey }
}

/** Returns a key without its secret. */
export function toKey<Id extends UserId>({ userId, providerId, providerUserId, passwordHash }: KeyRecord): Key<Id> {
  // The adapter's keys have the ids of its rows.
  return { userId: userId as Id, providerId, providerUserId, hasPassword: passwordHash !== null }
}

function refused<Reason extends CreateKeyReason>(reason: Reason) {
  return { stored: null, reason }
}
