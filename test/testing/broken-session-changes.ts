import type { SessionRecord } from "../../src/core/ports.ts"
import type { Bug, Label, Store } from "./broken-adapter.ts"
import { put, seen } from "./broken-adapter.ts"

/** Bugs of the methods that change sessions. */
export const sessionChangeBugs: Record<string, Bug> = {
  "updateSession empties what is undefined": (store) => ({
    updateSession: (id, attributes) => store.updateSession(id, emptied(attributes)),
  }),
  "extendSession has no condition": (store) => ({ extendSession: (id, to) => store.extendSession(id, to, farAway) }),
  "extendSession excludes the limit": (store) => ({
    extendSession: (id, to, ifBefore) => store.extendSession(id, to, new Date(ifBefore.getTime() - 1)),
  }),
  "extendSession includes a millisecond too many": (store) => ({
    extendSession: (id, to, ifBefore) => store.extendSession(id, to, new Date(ifBefore.getTime() + 1)),
  }),
  "extendSession always says yes": (store) => ({
    extendSession: async (...args) => (await store.extendSession(...args)) || true,
  }),
  "extendSession never says yes": (store) => ({
    extendSession: async (...args) => (await store.extendSession(...args)) && false,
  }),
  "extendSession reads, then writes": changing("extendSession", async (store, session, to: Date, ifBefore: Date) => {
    if (session.expiresAt > ifBefore) return false
    await put(store, { ...session, expiresAt: to })
    return true
  }),
  "extendSession stores what is missing": (store) => ({
    async extendSession(id, to, ifBefore) {
      if (await store.findSession(id)) return store.extendSession(id, to, ifBefore)
      await store.insertSession({ id, userId: "user-1", createdAt: to, expiresAt: to, attributes: {} })
      return true
    },
  }),
  "extendSession extends all of the user's sessions": (store) => ({
    async extendSession(id, to, ifBefore) {
      const userId = (await store.findSession(id))?.session.userId ?? ""
      for (const other of await store.listSessions(userId)) await store.extendSession(other.id, to, ifBefore)
      return store.extendSession(id, to, farAway)
    },
  }),
  "extendSession renews the sign-in": changing("extendSession", async (store, session, to: Date, ifBefore: Date) => {
    if (session.expiresAt > ifBefore) return false
    await put(store, { ...session, createdAt: new Date(), expiresAt: to })
    return true
  }),
  "extendSession refuses expired sessions": (store) => ({
    async extendSession(id, to, ifBefore) {
      const deadline = (await store.findSession(id))?.session.expiresAt.getTime() ?? 0
      return deadline > Date.now() && store.extendSession(id, to, ifBefore)
    },
  }),
  "extendSession keeps the date it was given": (store) => {
    const dates = new Map<string, Date>()
    return {
      async extendSession(id, to, ifBefore) {
        dates.set(id, to)
        return store.extendSession(id, to, ifBefore)
      },
      async findSession(id) {
        const found = await store.findSession(id)
        return found && { ...found, session: { ...found.session, expiresAt: dates.get(id) ?? found.session.expiresAt } }
      },
    }
  },
  "extendSession ignores case": (store) => ({
    extendSession: async (id, to, ifBefore) => store.extendSession(id.toLowerCase(), to, ifBefore),
  }),

  "updateSession ignores ifNull": (store) => ({
    updateSession: (id, attributes) => store.updateSession(id, attributes),
  }),
  "updateSession takes null for a value with ifNull": (store) => ({
    async updateSession(id, attributes, options) {
      const label = (await store.findSession(id))?.session.attributes.label
      return (options === undefined || label === undefined) && store.updateSession(id, attributes, options)
    },
  }),
  "updateSession takes empty text for null with ifNull": (store) => ({
    async updateSession(id, attributes, options) {
      const label = (await store.findSession(id))?.session.attributes.label
      return store.updateSession(id, attributes, label === "" ? {} : options)
    },
  }),
  "updateSession reads, then writes with ifNull": (store) => ({
    async updateSession(id, attributes, options) {
      const label = (await store.findSession(id))?.session.attributes.label ?? null
      return (options === undefined || label === null) && store.updateSession(id, attributes)
    },
  }),
  "updateSession stores what is missing with ifNull": (store) => ({
    async updateSession(id, attributes, options) {
      if (!options || (await store.findSession(id))) return store.updateSession(id, attributes, options)
      await store.insertSession({ id, userId: "user-1", createdAt: farAway, expiresAt: farAway, attributes })
      return false
    },
  }),
  "updateSession replaces all attributes": changing("updateSession", async (store, session, attributes: Label) => {
    await put(store, { ...session, attributes })
    return true
  }),
  "updateSession ignores null": (store) => ({
    updateSession: (id, { label }) => store.updateSession(id, label == null ? {} : { label }),
  }),
  "updateSession says yes for a missing row": (store) => ({
    updateSession: async (...args) => (await store.updateSession(...args)) || true,
  }),
  "updateSession says no when nothing changes": (store) => ({
    async updateSession(id, attributes) {
      const label = (await store.findSession(id))?.session.attributes.label
      return (await store.updateSession(id, attributes)) && label !== attributes.label
    },
  }),
  "updateSession rejects without attributes": (store) => ({
    async updateSession(id, attributes) {
      if (Object.keys(attributes).length === 0) throw new SyntaxError("SET what?")
      return store.updateSession(id, attributes)
    },
  }),
  "updateSession stores what is missing": (store) => ({
    async updateSession(id, attributes) {
      if (await store.findSession(id)) return store.updateSession(id, attributes)
      await store.insertSession({ id, userId: "user-1", createdAt: farAway, expiresAt: farAway, attributes })
      return false
    },
  }),
  "updateSession reads, then writes": changing("updateSession", async (store, session, attributes: Label) => {
    await put(store, { ...session, attributes: { ...session.attributes, ...attributes } })
    return true
  }),
  "updateSession writes only what is still there, but all of it": changing(
    "updateSession",
    async (store, session, attributes: Label) => {
      const exists = await store.deleteSession(session.id)
      if (exists) await store.insertSession({ ...session, attributes: { ...session.attributes, ...attributes } })
      return exists
    },
  ),
  "updateSession updates all of the user's sessions": changing(
    "updateSession",
    async (store, session, attributes: Label) => {
      for (const { id } of await store.listSessions(session.userId)) await store.updateSession(id, attributes)
      return store.updateSession(session.id, attributes)
    },
  ),
  "updateSession spreads attributes over the row": changing(
    "updateSession",
    async (store, session, attributes: Label) => {
      await put(store, { ...session, ...attributes, attributes: { ...session.attributes, ...attributes } })
      return true
    },
  ),
  "updateSession runs attribute names as SQL": (store) => {
    const ids = seen(store)
    return {
      insertSession: ids.insertSession,
      async updateSession(id, attributes) {
        if (!Object.keys(attributes).some((name) => name.includes("`"))) return store.updateSession(id, attributes)
        for (const other of ids.all()) await store.updateSession(other, { label: "x" })
        return true
      },
    }
  },

  "replaceSession keeps the old session": (store) => ({
    async replaceSession(oldId, session) {
      if (!(await store.findSession(oldId))) return false
      await store.insertSession(session)
      return true
    },
  }),
  "replaceSession stores the new session anyway": (store) => ({
    async replaceSession(oldId, session) {
      const existed = await store.deleteSession(oldId)
      await store.insertSession(session)
      return existed
    },
  }),
  "replaceSession says yes anyway": (store) => ({
    replaceSession: async (...args) => (await store.replaceSession(...args)) || true,
  }),
  "replaceSession dates the sign-in anew": (store) => ({
    replaceSession: (id, session) => store.replaceSession(id, { ...session, createdAt: new Date() }),
  }),
  "replaceSession keeps the old attributes": (store) => ({
    async replaceSession(id, session) {
      const old = (await store.findSession(id))?.session
      return store.replaceSession(id, { ...session, attributes: { ...old?.attributes, ...session.attributes } })
    },
  }),
  "replaceSession looks, inserts, then deletes": (store) => ({
    async replaceSession(oldId, session) {
      if (!(await store.findSession(oldId))) return false
      await store.insertSession(session)
      await store.deleteSession(oldId)
      return true
    },
  }),
  "replaceSession deletes, then inserts": (store) => ({
    async replaceSession(oldId, session) {
      const existed = await store.deleteSession(oldId)
      if (existed) await store.insertSession(session)
      return existed
    },
  }),
  "replaceSession overwrites an id that is taken": (store) => ({
    async replaceSession(oldId, session) {
      if (!(await store.deleteSession(oldId))) return false
      await put(store, session)
      return true
    },
  }),
  "replaceSession ends the user's other sessions": (store) => ({
    async replaceSession(oldId, session) {
      const replaced = await store.replaceSession(oldId, session)
      if (replaced) await store.deleteUserSessions(session.userId, session.id)
      return replaced
    },
  }),
  "replaceSession spreads attributes over the row": (store) => ({
    replaceSession: (oldId, session) => store.replaceSession(oldId, { ...session, ...session.attributes }),
  }),
  "replaceSession ignores padding": (store) => ({
    replaceSession: async (oldId, session) => store.replaceSession(oldId.trim(), session),
  }),
}

const farAway = new Date("2200-01-01")

/** A method that reads the row, lets others work, and then writes. */
function changing<Args extends unknown[]>(
  method: "extendSession" | "updateSession",
  change: (store: Store, session: SessionRecord<Label>, ...args: Args) => Promise<boolean>,
): Bug {
  return (store) => ({
    [method]: async (id: string, ...args: Args) => {
      const found = await store.findSession(id)
      return found ? change(store, found.session, ...args) : false
    },
  })
}

function emptied(attributes: object): object {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value ?? null]))
}
