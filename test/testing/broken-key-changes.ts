import type { Bug, Store } from "./broken-adapter.ts"

type Renamed = Parameters<Store["renameKey"]>
type Replaced = Parameters<Store["replaceUserPasswords"]>

/** Bugs of the methods that change a user's keys, and the user's row or sessions with them. */
export const keyChangeBugs: Record<string, Bug> = {
  "insertKey ignores the attributes": (store) => ({ insertKey: (key) => store.insertKey(key) }),
  "insertKey merges the attributes for a key that is taken": (store) => ({
    async insertKey(key, attributes) {
      if (attributes) await store.updateUser(key.userId, attributes)
      return store.insertKey(key)
    },
  }),
  "insertKey stores a user for the attributes": (store) => ({
    async insertKey(key, attributes) {
      if (attributes) await store.insertUser({ id: key.userId, attributes }, null)
      return store.insertKey(key, attributes)
    },
  }),
  "insertKey answers attribute_taken for everything": (store) => ({
    async insertKey(key, attributes) {
      const answer = await store.insertKey(key, attributes)
      return answer === "key_taken" && attributes ? "attribute_taken" : answer
    },
  }),
  "insertKey stores the key though the attribute is taken": (store) => ({
    async insertKey(key, attributes) {
      const answer = await store.insertKey(key)
      return answer === "inserted" && attributes?.username === "name-2" ? "attribute_taken" : answer
    },
  }),

  "renameKey adds a key, and keeps the old one": renames(async (store, [key, to, attributes]) => {
    const found = await store.findKey(key.providerId, key.providerUserId)
    if (found?.userId !== key.userId) return "missing"
    if (to === key.providerUserId) return store.renameKey(key, to, attributes)
    return (await store.insertKey({ ...found, providerUserId: to }, attributes)) === "inserted"
      ? "renamed"
      : "key_taken"
  }),
  "renameKey drops the hash": renames(async (store, [key, to, attributes]) => {
    const answer = await store.renameKey(key, to, attributes)
    const renamed = { providerId: key.providerId, providerUserId: to }
    const found = await store.findKey(key.providerId, to)
    if (answer === "renamed") await store.replaceKeyPassword(renamed, found?.passwordHash ?? null, null)
    return answer
  }),
  "renameKey invents a hash": renames(async (store, [key, to, attributes]) => {
    const answer = await store.renameKey(key, to, attributes)
    if (answer === "renamed") await store.replaceKeyPassword({ ...key, providerUserId: to }, null, "")
    return answer
  }),
  "renameKey reads, then deletes and inserts": renames(async (store, [key, to, attributes]) => {
    const found = await store.findKey(key.providerId, key.providerUserId)
    if (found?.userId !== key.userId) return "missing"
    if (to !== key.providerUserId && (await store.findKey(key.providerId, to))) return "key_taken"
    await store.deleteKey(found, { evenLast: true })
    await store.insertKey({ ...found, providerUserId: to }, attributes)
    return "renamed"
  }),
  "renameKey ignores the attributes": renames((store, [key, to]) => store.renameKey(key, to)),
  "renameKey merges the attributes first": renames(async (store, [key, to, attributes]) => {
    if (attributes) await store.updateUser(key.userId, attributes)
    return store.renameKey(key, to)
  }),
  "renameKey renames though the attribute is taken": renames(async (store, [key, to, attributes]) => {
    const answer = await store.renameKey(key, to)
    return answer === "renamed" && attributes?.username === "name-2" ? "attribute_taken" : answer
  }),
  "renameKey renames anybody's key": renames(async (store, [key, to, attributes]) => {
    const found = await store.findKey(key.providerId, key.providerUserId)
    return found ? store.renameKey(found, to, attributes) : "missing"
  }),
  "renameKey gives the key to who asks": renames(async (store, [key, to, attributes]) => {
    const found = await store.findKey(key.providerId, key.providerUserId)
    if (!found || found.userId === key.userId) return store.renameKey(key, to, attributes)
    await store.deleteKey(found, { evenLast: true })
    await store.insertKey({ ...found, userId: key.userId })
    return "missing"
  }),
  "renameKey takes the key that is there": renames(async (store, [key, to, attributes]) => {
    const there = await store.findKey(key.providerId, to)
    if (there && to !== key.providerUserId) await store.deleteKey(there, { evenLast: true })
    return store.renameKey(key, to, attributes)
  }),
  "renameKey answers key_taken before missing": renames(async (store, [key, to, attributes]) =>
    (await store.findKey(key.providerId, to)) && to !== key.providerUserId
      ? "key_taken"
      : store.renameKey(key, to, attributes),
  ),
  "renameKey answers attribute_taken for everything": renames(async (store, args) => {
    const answer = await store.renameKey(...args)
    return answer === "key_taken" ? "attribute_taken" : answer
  }),
  "renameKey answers missing when nothing changes": renames(async (store, args) => {
    const answer = await store.renameKey(...args)
    return args[0].providerUserId === args[1] && answer === "renamed" ? "missing" : answer
  }),
  "renameKey answers key_taken for the key itself": renames(async (store, args) =>
    args[0].providerUserId === args[1] ? "key_taken" : store.renameKey(...args),
  ),
  "renameKey ignores case": renames((store, [key, to, attributes]) =>
    store.renameKey({ ...key, providerUserId: key.providerUserId.toLowerCase() }, to, attributes),
  ),
  "renameKey ignores the case of the provider": renames((store, [key, to, attributes]) =>
    store.renameKey({ ...key, providerId: key.providerId.toLowerCase() }, to, attributes),
  ),
  "renameKey renames every key of that name": renames(async (store, args) => {
    const [key, to] = args
    const answer = await store.renameKey(...args)
    for (const own of answer === "renamed" ? await store.listKeys(key.userId) : [])
      if (own.providerUserId === key.providerUserId) await store.renameKey(own, to)
    return answer
  }),
  "renameKey ends the user's sessions": renames(async (store, args) => {
    await store.deleteUserSessions(args[0].userId)
    return store.renameKey(...args)
  }),

  "replaceUserPasswords changes only keys that have a hash": changes(async (store, args) => {
    const bare = (await store.listKeys(args[0])).filter(({ passwordHash }) => passwordHash === null)
    const answer = await store.replaceUserPasswords(...args)
    for (const key of bare) if (answer) await store.replaceKeyPassword(key, args[2], null)
    return answer
  }),
  "replaceUserPasswords changes one key": changes(async (store, [userId, providers, hash, exceptId]) => {
    const [first] = (await store.listKeys(userId)).filter(({ providerId }) => providers.includes(providerId))
    return first ? store.replaceKeyPassword(first, first.passwordHash, hash, { exceptId }) : false
  }),
  "replaceUserPasswords changes every key": changes(async (store, [userId, , hash, exceptId]) => {
    const providers = (await store.listKeys(userId)).map(({ providerId }) => providerId)
    return store.replaceUserPasswords(userId, providers, hash, exceptId)
  }),
  "replaceUserPasswords takes a prefix for the provider": changes(
    async (store, [userId, providers, hash, exceptId]) => {
      const all = (await store.listKeys(userId)).map(({ providerId }) => providerId)
      const matching = all.filter((id) => providers.some((provider) => id.startsWith(provider)))
      return store.replaceUserPasswords(userId, matching, hash, exceptId)
    },
  ),
  "replaceUserPasswords ignores the case of the provider": changes(
    async (store, [userId, providers, hash, exceptId]) => {
      const all = (await store.listKeys(userId)).map(({ providerId }) => providerId)
      const matching = all.filter((id) => providers.includes(id.toLowerCase()))
      return store.replaceUserPasswords(userId, matching, hash, exceptId)
    },
  ),
  "replaceUserPasswords takes the provider for a pattern": changes(
    async (store, [userId, providers, hash, exceptId]) => {
      const all = (await store.listKeys(userId)).map(({ providerId }) => providerId)
      const patterns = providers.map((id) => new RegExp(`^${id.replaceAll("_", ".").replaceAll("%", ".*")}$`))
      const matching = all.filter((id) => patterns.some((pattern) => pattern.test(id)))
      return store.replaceUserPasswords(userId, matching, hash, exceptId)
    },
  ),
  "replaceUserPasswords changes the keys of others": changes(async (store, [userId, providers, hash, exceptId]) => {
    await store.replaceUserPasswords("user-12", providers, hash)
    return store.replaceUserPasswords(userId, providers, hash, exceptId)
  }),
  "replaceUserPasswords always says yes": changes(
    async (store, args) => (await store.replaceUserPasswords(...args)) || true,
  ),
  "replaceUserPasswords says no to the same hash": changes(async (store, args) => {
    const before = (await store.listKeys(args[0])).filter(({ providerId }) => args[1].includes(providerId))
    return (await store.replaceUserPasswords(...args)) && before.some(({ passwordHash }) => passwordHash !== args[2])
  }),
  "replaceUserPasswords ends no sessions": changes(async (store, [userId, providers, hash]) => {
    const sessions = await store.listSessions(userId)
    const answer = await store.replaceUserPasswords(userId, providers, hash)
    for (const session of answer ? sessions : []) await store.insertSession(session)
    return answer
  }),
  "replaceUserPasswords ignores what to spare": changes((store, [userId, providers, hash]) =>
    store.replaceUserPasswords(userId, providers, hash),
  ),
  "replaceUserPasswords ends sessions when it fails": changes(async (store, args) => {
    await store.deleteUserSessions(args[0], args[3])
    return store.replaceUserPasswords(...args)
  }),
  "replaceUserPasswords ends the sessions of others": changes(async (store, args) => {
    await store.deleteUserSessions("user-12")
    return store.replaceUserPasswords(...args)
  }),
  "replaceUserPasswords reads, then swaps": changes(async (store, [userId, providers, hash, exceptId]) => {
    const keys = (await store.listKeys(userId)).filter(({ providerId }) => providers.includes(providerId))
    for (const key of keys) await store.replaceKeyPassword(key, key.passwordHash, hash, { exceptId })
    return keys.length > 0
  }),
  "replaceUserPasswords reads, then writes what it read": changes(
    async (store, [userId, providers, hash, exceptId]) => {
      const keys = (await store.listKeys(userId)).filter(({ providerId }) => providers.includes(providerId))
      for (const key of keys) {
        await store.deleteKey(key, { evenLast: true })
        await store.insertKey({ ...key, passwordHash: hash })
      }
      if (keys.length > 0) await store.deleteUserSessions(userId, exceptId)
      return keys.length > 0
    },
  ),
}

function renames(rename: (store: Store, args: Renamed) => ReturnType<Store["renameKey"]>): Bug {
  return (store) => ({ renameKey: async (...args) => rename(store, args) })
}

function changes(change: (store: Store, args: Replaced) => Promise<boolean>): Bug {
  return (store) => ({ replaceUserPasswords: async (...args) => change(store, args) })
}
