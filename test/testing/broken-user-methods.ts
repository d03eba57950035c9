import type { UserId } from "../../src/core/ports.ts"
import type { Bug, Store, User } from "./broken-adapter.ts"
import { gathered } from "./broken-adapter.ts"

/** Bugs of the user port, each breaking one rule of it. */
export const userBugs: Record<string, Bug> = {
  "updateUser empties what is undefined": (store) => ({
    updateUser: (id, attributes) =>
      store.updateUser(
        id,
        Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value ?? "undefined"])),
      ),
  }),
  "half of the port is missing": () => ({ listKeys: undefined }),
  "insertUser forgets the key": (store) => ({ insertUser: (user) => store.insertUser(user, null) }),
  "insertUser invents a key": (store) => ({
    insertUser: (user, key) =>
      store.insertUser(user, key ?? { providerId: "username", providerUserId: "", passwordHash: null }),
  }),
  "insertUser stores an empty hash for none": (store) => ({
    insertUser: (user, key) => store.insertUser(user, key && { ...key, passwordHash: key.passwordHash ?? "" }),
  }),
  "insertUser stores the user, then the key": (store) => ({
    async insertUser(user, key) {
      const result = await store.insertUser(user, null)
      if ("taken" in result || !key) return result
      const inserted = await store.insertKey({ ...key, userId: result.user.id })
      return inserted === "inserted" ? result : { taken: "key" }
    },
  }),
  "insertUser stores the key, then the user": (store) => ({
    async insertUser(user, key) {
      if (key && user.id && (await store.findUser(user.id))) await store.insertKey({ ...key, userId: user.id })
      return store.insertUser(user, key)
    },
  }),
  "insertUser answers id when both are taken": (store) => ({
    async insertUser(user, key) {
      return user.id && (await store.findUser(user.id)) ? { taken: "id" } : store.insertUser(user, key)
    },
  }),
  "insertUser answers attribute for everything": (store) => ({
    async insertUser(user, key) {
      const result = await store.insertUser(user, key)
      return "taken" in result ? { taken: "attribute" } : result
    },
  }),
  "insertUser rejects what is taken": (store) => ({
    async insertUser(user, key) {
      const result = await store.insertUser(user, key)
      if ("taken" in result) throw new Error("UNIQUE constraint failed")
      return result
    },
  }),
  "insertUser overwrites": (store) => ({
    async insertUser(user, key) {
      if (user.id !== undefined) await store.deleteUser(user.id)
      return store.insertUser(user, key)
    },
  }),
  "insertUser looks for the key, then stores the user": (store) => ({
    async insertUser(user, key) {
      if (key && (await store.findKey(key.providerId, key.providerUserId))) return { taken: "key" }
      const result = await store.insertUser(user, key)
      return "taken" in result && result.taken === "key" ? store.insertUser(user, null) : result
    },
  }),
  "insertUser resolves to a user for an id that is taken": (store) => ({
    async insertUser(user, key) {
      const result = await store.insertUser(user, key)
      return "taken" in result && result.taken === "id" ? { user: { id: "", username: "" } } : result
    },
  }),
  "insertUser resolves to the attributes": (store) => ({
    async insertUser(user, key) {
      const result = await store.insertUser(user, key)
      return "taken" in result ? result : { user: user.attributes as User }
    },
  }),
  "insertUser lets an attribute be the id": (store) => ({
    insertUser: (user, key) => store.insertUser({ ...user, id: user.attributes.id ?? user.id }, key),
  }),
  "insertUser loses the attributes to a hostile name": (store) => ({
    insertUser: ({ id, attributes }, key) =>
      store.insertUser({ id, attributes: "label]" in attributes ? {} : attributes }, key),
  }),
  "insertUser hands the object it was given to every reader": (store) => {
    const given = new Map<UserId | undefined, object>()
    return {
      async insertUser(user, key) {
        const result = await store.insertUser(user, key)
        if ("user" in result) given.set(user.id, user.attributes)
        return result
      },
      async findUser(id) {
        const row = await store.findUser(id)
        return row && { ...row, ...given.get(id) }
      },
    }
  },

  "findUser asks for everybody in one caller's context": (store) => ({ findUser: gathered(store.findUser) }),
  "findUser resolves to undefined": (store) => ({
    findUser: async (id) => (await store.findUser(id)) ?? (undefined as unknown as null),
  }),
  "findUser ignores case": (store) => ({ findUser: (id) => store.findUser(String(id).toLowerCase()) }),
  "findUser ignores padding": (store) => ({ findUser: (id) => store.findUser(String(id).trim()) }),
  "findUser finds the first user": (store) => ({ findUser: () => store.findUser("user-1") }),
  "findUser hands out its own object": (store) => {
    const rows = new Map<UserId, User | null>()
    return { findUser: async (id) => rows.get(id) ?? rows.set(id, await store.findUser(id)).get(id) ?? null }
  },
  "findUser takes a __proto__ for the prototype": (store) => ({
    findUser: async (id) => Object.assign({}, await store.findUser(id)),
  }),

  "updateUser answers updated for a missing row": (store) => ({
    updateUser: async (...args) => ((await store.updateUser(...args)) === "missing" ? "updated" : "updated"),
  }),
  "updateUser stores what is missing": (store) => ({
    async updateUser(id, attributes) {
      await store.insertUser({ id, attributes: {} }, null)
      return store.updateUser(id, attributes)
    },
  }),
  "updateUser answers missing when nothing changes": (store) => ({
    async updateUser(id, attributes) {
      const before = await store.findUser(id)
      const result = await store.updateUser(id, attributes)
      return before?.username === attributes.username ? "missing" : result
    },
  }),
  "updateUser rejects without attributes": (store) => ({
    async updateUser(id, attributes) {
      if (Object.keys(attributes).length === 0) throw new SyntaxError("SET what?")
      return store.updateUser(id, attributes)
    },
  }),
  "updateUser updates every user": (store) => ({
    async updateUser(id, attributes) {
      for (const other of ["user-1", "user-2"]) await store.updateUser(other, attributes)
      return store.updateUser(id, attributes)
    },
  }),
  "updateUser answers taken, but changes the row": (store) => ({
    async updateUser(id, attributes) {
      await store.updateUser(id, attributes)
      return "taken"
    },
  }),
  "updateUser changes the id": (store) => ({
    async updateUser(id, attributes) {
      if (attributes.id !== undefined) await store.insertUser({ id: attributes.id, attributes }, null)
      return store.updateUser(id, attributes)
    },
  }),
  "updateUser ignores padding": (store) => ({
    updateUser: (id, attributes) => store.updateUser(String(id).trim(), attributes),
  }),
  "updateUser runs attribute names as SQL": (store) => ({
    updateUser: (id, attributes) =>
      store.updateUser(id, Object.keys(attributes).some((name) => name.includes('"')) ? { username: "x" } : attributes),
  }),
  "findSession finds the user as it first was": (store) => {
    const users = new Map<string, User | null | undefined>()
    return {
      async findSession(id) {
        const found = await store.findSession(id)
        if (!users.has(id)) users.set(id, found?.user)
        return found && { ...found, user: users.get(id) }
      },
    }
  },
  "insertUser makes users that can have no sessions": (store) => {
    const banned = new Set<UserId | undefined>()
    return {
      insertUser: (user, key) => store.insertUser(user, key).finally(() => banned.add(user.id)),
      async insertSession(session) {
        if (banned.has(session.userId)) throw new Error("foreign key")
        await store.insertSession(session)
      },
    }
  },

  "deleteUser keeps the keys": (store) => ({
    async deleteUser(id) {
      const keys = await store.listKeys(id)
      await store.deleteUser(id)
      await store.insertUser({ id: "orphans", attributes: {} }, null)
      for (const key of keys) await store.insertKey({ ...key, userId: "orphans" })
    },
  }),
  "deleteUser keeps the user": (store) => ({
    async deleteUser(id) {
      await store.deleteUserSessions(id)
      for (const key of await store.listKeys(id)) await store.deleteKey(key, { evenLast: true })
    },
  }),
  "deleteUser keeps the sessions": (store) => ({
    async deleteUser(id) {
      const sessions = await store.listSessions(id)
      await store.deleteUser(id)
      await store.insertUser({ id: "orphans", attributes: {} }, null)
      for (const session of sessions) await store.insertSession({ ...session, userId: "orphans" })
    },
  }),
  "deleteUser keeps the sessions until the id is used again": (store) => {
    const graves = new Map<UserId | undefined, Awaited<ReturnType<Store["listSessions"]>>>()
    return {
      async deleteUser(id) {
        graves.set(id, await store.listSessions(id))
        await store.deleteUser(id)
      },
      async insertUser(user, key) {
        const result = await store.insertUser(user, key)
        for (const session of graves.get(user.id) ?? []) await store.insertSession(session)
        return result
      },
    }
  },
  "deleteUser rejects the second time": (store) => ({
    async deleteUser(id) {
      if (!(await store.findUser(id))) throw new Error("no such row")
      await store.deleteUser(id)
    },
  }),
  "deleteUser deletes everybody": (store) => ({
    async deleteUser(id) {
      for (const other of [id, "user-1", "user-2", "user-12"]) await store.deleteUser(other)
    },
  }),
  "deleteUser takes undefined for everybody": (store) => ({ deleteUser: (id) => store.deleteUser(id ?? "user-1") }),
  "deleteUser ignores case": (store) => ({ deleteUser: (id) => store.deleteUser(String(id).toLowerCase()) }),
  "insertSession looks for the user, then stores": (store) => ({
    async insertSession(session) {
      const user = await store.findUser(session.userId)
      if (user) await store.insertUser({ id: user.id, attributes: user }, null)
      await store.insertSession(session)
    },
  }),
  "insertKey looks for the user, then stores": (store) => ({
    async insertKey(key) {
      const user = await store.findUser(key.userId)
      if (user) await store.insertUser({ id: user.id, attributes: user }, null)
      return store.insertKey(key)
    },
  }),
  "user methods need this": (store) => ({
    findKey(this: Store, ...args) {
      return this ? store.findKey(...args) : Promise.reject(new TypeError("this is undefined"))
    },
  }),
}
