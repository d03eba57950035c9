import { AuthError } from "../../src/core/errors.ts"
import type { KeyName, KeyRecord } from "../../src/core/ports.ts"
import type { Bug } from "./broken-adapter.ts"

/** Bugs of the methods that store and find keys. */
export const keyBugs: Record<string, Bug> = {
  "keys ignore case": keyed((provider, id) => [provider, id.toLowerCase()]),
  "keys ignore the case of the provider": keyed((provider, id) => [provider.toLowerCase(), id]),
  "keys ignore padding": keyed((provider, id) => [provider, id.trim()]),
  "keys are normalised": keyed((provider, id) => [provider, id.normalize("NFC")]),
  "keys ignore accents": keyed((provider, id) => [provider, id.normalize("NFD").replace(/\p{M}/gu, "")]),
  "keys are joined without a separator": keyed((provider, id) => ["", provider + id]),
  "keys ignore the provider": keyed((_provider, id) => ["", id]),
  "keys end at a colon": keyed((provider, id) => [provider, id.split(":")[0] ?? ""]),
  "keys are cut at 190 characters": keyed((provider, id) => [provider, id.slice(0, 190)]),
  "keys that look like numbers are numbers": keyed((provider, id) => [provider, id && String(Number(id) || id)]),
  "keys know no emoji": keyed((provider, id) => [provider, id.replace(/\p{Extended_Pictographic}/gu, "?")]),

  "insertKey overwrites": (store) => ({
    async insertKey(key) {
      const found = await store.findKey(key.providerId, key.providerUserId)
      if (found) await store.deleteKey(found, { evenLast: true })
      return store.insertKey(key)
    },
  }),
  "insertKey overwrites a key of the same user": (store) => ({
    async insertKey(key) {
      const found = await store.findKey(key.providerId, key.providerUserId)
      if (found?.userId === key.userId) await store.deleteKey(found, { evenLast: true })
      return store.insertKey(key)
    },
  }),
  "insertKey always says yes": (store) => ({
    async insertKey(key) {
      await store.insertKey(key)
      return "inserted"
    },
  }),
  "insertKey rejects a key that is taken": (store) => ({
    async insertKey(key) {
      if ((await store.insertKey(key)) === "inserted") return "inserted"
      throw new Error("UNIQUE constraint failed")
    },
  }),
  "insertKey says no for a missing user": (store) => ({
    insertKey: async (key) => ((await store.findUser(key.userId)) ? store.insertKey(key) : "key_taken"),
  }),
  "insertKey reports another code": (store) => ({
    async insertKey(key) {
      if (!(await store.findUser(key.userId))) throw new AuthError("store_failed", "foreign key")
      return store.insertKey(key)
    },
  }),
  "insertKey cuts the hash": (store) => ({
    insertKey: (key) => store.insertKey({ ...key, passwordHash: key.passwordHash?.slice(0, 255) ?? null }),
  }),
  "insertKey stores an empty hash for none": (store) => ({
    insertKey: (key) => store.insertKey({ ...key, passwordHash: key.passwordHash ?? "" }),
  }),
  "insertKey keeps the object it was given": (store) => {
    const given = new Map<string, KeyRecord>()
    return {
      async insertKey(key) {
        given.set(key.providerUserId, key)
        return store.insertKey(key)
      },
      findKey: async (provider, id) => (await store.findKey(provider, id)) && (given.get(id) ?? null),
    }
  },
  "findKey resolves to undefined": (store) => ({
    findKey: async (...args) => (await store.findKey(...args)) ?? (undefined as unknown as null),
  }),
  "findKey hands out its own object": (store) => {
    const rows = new Map<string, KeyRecord | null>()
    return {
      findKey: async (provider, id) => rows.get(id) ?? rows.set(id, await store.findKey(provider, id)).get(id) ?? null,
    }
  },
  "findKey leaves the hash out": (store) => ({
    async findKey(...args) {
      const key = await store.findKey(...args)
      return key && { ...key, passwordHash: null }
    },
  }),
  "findKey takes undefined for any": (store) => ({ findKey: (provider, id) => store.findKey(provider, id ?? "ada") }),
  "listKeys lists one key": (store) => ({ listKeys: async (userId) => (await store.listKeys(userId)).slice(0, 1) }),
  "listKeys leaves the hash out": (store) => ({
    listKeys: async (userId) => (await store.listKeys(userId)).map((key) => ({ ...key, passwordHash: null })),
  }),
  "listKeys lists the keys of others": (store) => ({ listKeys: () => store.listKeys("user-2") }),
  "listKeys ignores case": (store) => ({ listKeys: (userId) => store.listKeys(String(userId).toLowerCase()) }),
  "deleteKey deletes all of the user's keys": (store) => ({
    async deleteKey(key, options) {
      const answer = await store.deleteKey(key, options)
      if (answer === "deleted")
        for (const own of await store.listKeys(key.userId)) await store.deleteKey(own, { evenLast: true })
      return answer
    },
  }),
  "deleteKey deletes nothing": () => ({ deleteKey: async () => "deleted" }),
  "deleteKey rejects the second time": (store) => ({
    async deleteKey(...args) {
      const answer = await store.deleteKey(...args)
      if (answer === "missing") throw new Error("no such row")
      return answer
    },
  }),
  "deleteKey ignores case": (store) => ({
    deleteKey: async (key, options) =>
      store.deleteKey({ ...key, providerUserId: key.providerUserId.toLowerCase() }, options),
  }),
  "deleteKey takes undefined for any": (store) => ({
    deleteKey: (key, options) => store.deleteKey({ ...key, providerUserId: key.providerUserId ?? "ada" }, options),
  }),
  "deleteKey ends the user's sessions": (store) => ({
    async deleteKey(...args) {
      const answer = await store.deleteKey(...args)
      if (answer === "deleted") await store.deleteUserSessions(args[0].userId)
      return answer
    },
  }),
  "deleteKey deletes the last key": (store) => ({ deleteKey: (key) => store.deleteKey(key, { evenLast: true }) }),
  "deleteKey never deletes the last key": (store) => ({ deleteKey: (key) => store.deleteKey(key) }),
  "deleteKey deletes anybody's key": (store) => ({
    async deleteKey(key, options) {
      const found = await store.findKey(key.providerId, key.providerUserId)
      return found ? store.deleteKey(found, options) : "missing"
    },
  }),
  "deleteKey answers last_key for another user's": (store) => ({
    async deleteKey(key, options) {
      const answer = await store.deleteKey(key, options)
      return answer === "missing" && (await store.findKey(key.providerId, key.providerUserId)) ? "last_key" : answer
    },
  }),
  "deleteKey counts the keys, then deletes": (store) => ({
    async deleteKey(key, options) {
      const others = await store.listKeys(key.userId)
      if (others.length === 1) return store.deleteKey(key, options)
      return store.deleteKey(key, { evenLast: true })
    },
  }),
  "deleteKey takes an attribute of the user along": (store) => ({
    async deleteKey(key, options) {
      const answer = await store.deleteKey(key, options)
      if (answer === "deleted") await store.deleteUser(key.userId)
      return answer
    },
  }),
}

/** A store that compares the ids of keys by something less than the ids. */
function keyed(reduce: (providerId: string, providerUserId: string) => [string, string]): Bug {
  function reduced<Key extends KeyName>(key: Key): Key {
    const [providerId, providerUserId] = reduce(key.providerId, key.providerUserId)
    return { ...key, providerId, providerUserId }
  }
  return (store) => ({
    insertKey: async (key, attributes) => store.insertKey(reduced(key), attributes),
    async findKey(providerId, providerUserId) {
      const key = await store.findKey(...reduce(providerId, providerUserId))
      return key && { ...key, providerId, providerUserId }
    },
    deleteKey: async (key, options) => store.deleteKey(reduced(key), options),
    renameKey: async (key, to, attributes) =>
      store.renameKey(reduced(key), reduced({ ...key, providerUserId: to }).providerUserId, attributes),
  })
}
