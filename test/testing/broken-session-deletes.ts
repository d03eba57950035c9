import type { Bug, Store } from "./broken-adapter.ts"
import { seen } from "./broken-adapter.ts"

/** Bugs of the methods that delete sessions. */
export const sessionDeleteBugs: Record<string, Bug> = {
  "deleteSession ignores the user": (store) => ({ deleteSession: (id) => store.deleteSession(id) }),
  "deleteSession always says yes": (store) => ({
    deleteSession: async (...args) => (await store.deleteSession(...args)) || true,
  }),
  "deleteSession never says yes": (store) => ({
    deleteSession: async (...args) => (await store.deleteSession(...args)) && false,
  }),
  "deleteSession says nothing": (store) => ({
    deleteSession: async (...args) => void (await store.deleteSession(...args)) as unknown as boolean,
  }),
  "deleteSession rejects for an unknown id": (store) => ({
    async deleteSession(...args) {
      if (await store.deleteSession(...args)) return true
      throw new Error("no such row")
    },
  }),
  "deleteSession deletes all of the user's sessions": (store) => ({
    async deleteSession(id, userId) {
      const owner = (await store.findSession(id))?.session.userId
      const deleted = await store.deleteSession(id, userId)
      if (deleted && owner) await store.deleteUserSessions(owner)
      return deleted
    },
  }),
  "deleteSession ignores case": (store) => ({
    deleteSession: async (id, userId) => store.deleteSession(id.toLowerCase(), userId),
  }),

  "deleteUserSessions ignores what to spare": (store) => ({
    deleteUserSessions: (userId) => store.deleteUserSessions(userId),
  }),
  "deleteUserSessions deletes nothing unless told what to spare": (store) => ({
    async deleteUserSessions(userId, exceptId) {
      if (exceptId !== undefined) await store.deleteUserSessions(userId, exceptId)
    },
  }),
  "deleteUserSessions spares the newest instead": (store) => ({
    async deleteUserSessions(userId, exceptId) {
      const newest = (await store.listSessions(userId))[0]?.id
      await store.deleteUserSessions(userId, exceptId && newest)
    },
  }),
  "deleteUserSessions deletes everybody's": (store) => ({
    async deleteUserSessions(userId, exceptId) {
      for (const id of [userId, "user-2", "user-12"]) await store.deleteUserSessions(id, exceptId)
    },
  }),
  "deleteUserSessions takes undefined for everybody": (store) => ({
    deleteUserSessions: (userId, exceptId) => store.deleteUserSessions(userId ?? "user-1", exceptId),
  }),
  "deleteUserSessions spares expired sessions": (store) => ({
    async deleteUserSessions(userId, exceptId) {
      for (const { id, expiresAt } of await store.listSessions(userId)) {
        if (id !== exceptId && expiresAt.getTime() > Date.now()) await store.deleteSession(id)
      }
    },
  }),
  "deleteUserSessions ignores case in what to spare": (store) => ({
    deleteUserSessions: async (userId, exceptId) => store.deleteUserSessions(userId, exceptId?.toLowerCase()),
  }),
  "deleteUserSessions loses the index of a session made meanwhile": withLossyIndex,

  "deleteExpiredSessions excludes the instant": (store) => ({
    deleteExpiredSessions: (before, limit) => store.deleteExpiredSessions(new Date(before.getTime() - 1), limit),
  }),
  "deleteExpiredSessions includes a millisecond too many": (store) => ({
    deleteExpiredSessions: (before, limit) => store.deleteExpiredSessions(new Date(before.getTime() + 1), limit),
  }),
  "deleteExpiredSessions ignores the limit": (store) => ({
    deleteExpiredSessions: (before) => store.deleteExpiredSessions(before, Infinity),
  }),
  "deleteExpiredSessions counts in bigints": (store) => ({
    deleteExpiredSessions: async (...args) => BigInt(await store.deleteExpiredSessions(...args)) as unknown as number,
  }),
  "deleteExpiredSessions deletes what the clock of this machine calls expired": (store) => ({
    deleteExpiredSessions: (_before, limit) => store.deleteExpiredSessions(new Date(), limit),
  }),
  "deleteExpiredSessions deletes live sessions": (store) => ({
    deleteExpiredSessions: (_before, limit) => store.deleteExpiredSessions(farAway, limit),
  }),
  "deleteExpiredSessions selects, then deletes": (store) => {
    const ids = seen(store)
    return {
      insertSession: ids.insertSession,
      async deleteExpiredSessions(before, limit) {
        const found = await Promise.all(ids.all().map((id) => store.findSession(id)))
        const dead = found.filter((row) => row && row.session.expiresAt <= before).slice(0, limit)
        return (await Promise.all(dead.map((row) => store.deleteSession(row?.session.id ?? "")))).filter(Boolean).length
      },
    }
  },
}

const farAway = new Date("2200-01-01")

/** Sessions in one place and their users' lists of them in another, as in a key-value store without transactions. */
function withLossyIndex(store: Store): Partial<Store> {
  const index = new Map<unknown, Set<string>>()
  return {
    async insertSession(session) {
      await store.insertSession(session)
      index.set(session.userId, (index.get(session.userId) ?? new Set()).add(session.id))
    },
    async listSessions(userId) {
      return (await store.listSessions(userId)).filter(({ id }) => index.get(userId)?.has(id))
    },
    async deleteUserSessions(userId, exceptId) {
      const ids = [...(index.get(userId) ?? [])].filter((id) => id !== exceptId)
      await Promise.all(ids.map((id) => store.deleteSession(id)))
      index.set(userId, new Set(exceptId === undefined ? [] : [exceptId]))
    },
  }
}
