import type { KeyRecord } from "../../src/core/ports.ts"
import type { Bug, Store } from "./broken-adapter.ts"

type KeyId = Pick<KeyRecord, "providerId" | "providerUserId">
type Replaced = [key: KeyId, from: string | null, to: string | null, endSessions?: { exceptId?: string | undefined }]

/** Bugs of the method that replaces a password. */
export const passwordBugs: Record<string, Bug> = {
  "replaceKeyPassword ends no sessions": passwords((store, [key, from, to]) => store.replaceKeyPassword(key, from, to)),
  "replaceKeyPassword always ends sessions": passwords((store, [key, from, to, end]) =>
    store.replaceKeyPassword(key, from, to, end ?? {}),
  ),
  "replaceKeyPassword ignores what to spare": passwords((store, [key, from, to, end]) =>
    store.replaceKeyPassword(key, from, to, end && {}),
  ),
  "replaceKeyPassword ends nothing unless told what to spare": passwords((store, [key, from, to, end]) =>
    store.replaceKeyPassword(key, from, to, end?.exceptId === undefined ? undefined : end),
  ),
  "replaceKeyPassword ends sessions when it fails": passwords(async (store, args) => {
    if (args[3]) await store.deleteUserSessions("user-1")
    return store.replaceKeyPassword(...args)
  }),
  "replaceKeyPassword ends the sessions of others too": passwords(async (store, args) => {
    if (args[3]) await store.deleteUserSessions("user-2")
    return store.replaceKeyPassword(...args)
  }),
  "replaceKeyPassword has no condition": passwords(async (store, [key, , to, end]) => {
    const found = await store.findKey(key.providerId, key.providerUserId)
    return store.replaceKeyPassword(key, found?.passwordHash ?? null, to, end)
  }),
  "replaceKeyPassword ignores case": passwords(async (store, [key, from, to, end]) => {
    const stored = (await store.findKey(key.providerId, key.providerUserId))?.passwordHash ?? null
    return store.replaceKeyPassword(key, stored?.toLowerCase() === from?.toLowerCase() ? stored : from, to, end)
  }),
  "replaceKeyPassword never finds null": passwords(
    async (store, args) => args[1] !== null && store.replaceKeyPassword(...args),
  ),
  "replaceKeyPassword takes an empty text for null": passwords((store, [key, from, to, end]) =>
    store.replaceKeyPassword(key, from || null, to, end),
  ),
  "replaceKeyPassword says no to the same hash": passwords(
    async (store, args) => (await store.replaceKeyPassword(...args)) && args[1] !== args[2],
  ),
  "replaceKeyPassword always says yes": passwords(
    async (store, args) => (await store.replaceKeyPassword(...args)) || true,
  ),
  "replaceKeyPassword reads, then writes": passwords(async (store, [key, from, to, end]) => {
    const found = await store.findKey(key.providerId, key.providerUserId)
    if (!found || found.passwordHash !== from) return false
    await store.deleteKey(found, { evenLast: true })
    await store.insertKey({ ...found, passwordHash: to })
    if (end) await store.deleteUserSessions(found.userId, end.exceptId)
    return true
  }),
  "replaceKeyPassword stores what is missing": passwords(async (store, args) => {
    const swapped = await store.replaceKeyPassword(...args)
    if (!swapped) await store.insertKey({ ...args[0], userId: "user-1", passwordHash: args[2] })
    return swapped
  }),
  "replaceKeyPassword changes all of the user's keys": passwords(async (store, [key, from, to, end]) => {
    const found = await store.findKey(key.providerId, key.providerUserId)
    for (const other of found ? await store.listKeys(found.userId) : []) {
      if (other.providerUserId !== key.providerUserId) await store.replaceKeyPassword(other, from, to)
    }
    return store.replaceKeyPassword(key, from, to, end)
  }),
}

function passwords(replace: (store: Store, args: Replaced) => Promise<boolean>): Bug {
  return (store) => ({ replaceKeyPassword: async (...args) => replace(store, args) })
}
