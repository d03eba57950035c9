import type { AuditRecord } from "../../src/audit/audit-port.ts"
import type { Bug, Store } from "./broken-adapter.ts"
import { gathered } from "./broken-adapter.ts"

/** Bugs of the audit port, each breaking one rule of it. */
export const eventBugs: Record<string, Bug> = {
  "insertEvents stores the first only": (store) => ({
    insertEvents: (events) => store.insertEvents(events.slice(0, 1)),
  }),
  "insertEvents stores the first 100": (store) => ({
    insertEvents: (events) => store.insertEvents(events.slice(0, 100)),
  }),
  "insertEvents makes text of null": storing((event) => ({ ...event, sessionId: event.sessionId ?? "" })),
  "insertEvents loses the milliseconds": storing((event) => ({
    ...event,
    at: new Date(Math.floor(event.at.getTime() / 1000) * 1000),
  })),
  "insertEvents trims text": storing((event) => ({ ...event, detail: event.detail.trim() })),
  "insertEvents stops at a NUL": storing((event) => ({ ...event, detail: event.detail.split("\0")[0] ?? "" })),
  "insertEvents rejects an event that is there": (store) => {
    const known = new Set<string>()
    return {
      async insertEvents(events) {
        if (events.some(({ id }) => known.has(id))) throw new Error("duplicate key")
        for (const { id } of events) known.add(id)
        await store.insertEvents(events)
      },
    }
  },
  "insertEvents skips all if one is there": (store) => {
    const known = new Set<string>()
    return {
      async insertEvents(events) {
        if (events.some(({ id }) => known.has(id))) return
        for (const { id } of events) known.add(id)
        await store.insertEvents(events)
      },
    }
  },
  "insertEvents stores only those of users who exist": (store) => ({
    async insertEvents(events) {
      const users = await Promise.all(events.map(({ userId }) => userId && store.findUser(userId)))
      await store.insertEvents(events.filter(({ userId }, n) => userId === null || users[n]))
    },
  }),
  "deleteUser deletes the user's events": (store) => {
    const events = remembered(store)
    return {
      insertEvents: events.insert,
      async deleteUser(id) {
        await store.deleteUser(id)
        events.all.splice(0, events.all.length, ...events.all.filter(({ userId }) => userId !== id))
      },
      listEvents: async (userId, before, limit) => {
        const listed = await store.listEvents(userId, before, limit)
        return listed.filter(({ id }) => events.all.some((event) => event.id === id))
      },
    }
  },
  "events are kept and handed out without a copy": listing((own) => own),
  "audit methods are inherited": (store) => Object.assign(Object.create(store), { spread: false }),

  "listEvents asks for everybody in one caller's context": (store) => ({ listEvents: gathered(store.listEvents) }),
  "listEvents lists the oldest first": (store) => ({
    listEvents: async (...args) => (await store.listEvents(...args)).toReversed(),
  }),
  "listEvents ignores ids in the order": (store) => ({
    async listEvents(userId, before, limit) {
      const listed = await store.listEvents(userId, before, limit)
      return listed.toSorted((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? -1 : 1))
    },
  }),
  "listEvents ignores the limit": (store) => ({
    listEvents: (userId, before) => store.listEvents(userId, before, Infinity),
  }),
  "listEvents lists the place too": (store) => ({
    listEvents: (userId, before, limit) =>
      store.listEvents(userId, before && { ...before, id: `${before.id}0` }, limit),
  }),
  "listEvents leaves out the millisecond of the place": (store) => ({
    listEvents: (userId, before, limit) => store.listEvents(userId, before && { ...before, id: "" }, limit),
  }),
  "listEvents repeats the millisecond of the place": (store) => ({
    listEvents: (userId, before, limit) => store.listEvents(userId, before && { ...before, id: "~" }, limit),
  }),
  "listEvents looks for the event at the place": (store) => ({
    async listEvents(userId, before, limit) {
      const all = await store.listEvents(userId, null, Infinity)
      const place = before ? all.findIndex(({ id }) => id === before.id) : -1
      return before && place < 0 ? [] : all.slice(place + 1, place + 1 + limit)
    },
  }),
  "listEvents compares the time and the id of a place each": (store) => ({
    async listEvents(userId, before, limit) {
      const all = await store.listEvents(userId, null, Infinity)
      return all.filter(({ id, at }) => !before || (at <= before.at && id < before.id)).slice(0, limit)
    },
  }),
  "listEvents counts pages": (store) => {
    let page = 0
    return {
      async listEvents(userId, before, limit) {
        page = before ? page + 1 : 0
        return (await store.listEvents(userId, null, Infinity)).slice(page * limit, (page + 1) * limit)
      },
    }
  },
  "listEvents lists events of nobody too": listing((own, all) => [
    ...own,
    ...all.filter(({ userId }) => userId === null),
  ]),
  "listEvents ignores case in the user": (store) => ({
    listEvents: async (userId, before, limit) => store.listEvents(String(userId).toLowerCase(), before, limit),
  }),
  "listEvents takes null for nobody": (store) => {
    const events = remembered(store)
    return {
      insertEvents: events.insert,
      listEvents: async (userId, before, limit) =>
        userId === null ? events.all.filter((event) => event.userId === null) : store.listEvents(userId, before, limit),
    }
  },

  "deleteEvents excludes the instant": (store) => ({
    deleteEvents: (before, limit) => store.deleteEvents(new Date(before.getTime() - 1), limit),
  }),
  "deleteEvents includes a millisecond too many": (store) => ({
    deleteEvents: (before, limit) => store.deleteEvents(new Date(before.getTime() + 1), limit),
  }),
  "deleteEvents ignores the limit": (store) => ({ deleteEvents: (before) => store.deleteEvents(before, Infinity) }),
  "deleteEvents says nothing": (store) => ({
    deleteEvents: async (...args) => void (await store.deleteEvents(...args)) as unknown as number,
  }),
}

/** A store that loses something of each event on the way in. */
function storing(change: (event: AuditRecord) => AuditRecord): Bug {
  return (store) => ({ insertEvents: (events) => store.insertEvents(events.map(change)) })
}

/** A store that lists other events, all in the right order, out of what it was given. */
function listing(choose: (own: AuditRecord[], all: AuditRecord[]) => AuditRecord[]): Bug {
  return (store) => {
    const events = remembered(store)
    return {
      insertEvents: events.insert,
      async listEvents(userId, before, limit) {
        const ids = (await store.listEvents(userId, before, limit)).map(({ id }) => id)
        const own = ids.flatMap((id) => events.all.find((event) => event.id === id) ?? [])
        return choose(own, events.all)
      },
    }
  }
}

/** Remembers the events that were inserted, for bugs that look through all of them. */
function remembered(store: Store) {
  const all: AuditRecord[] = []
  return {
    all,
    async insert(events: AuditRecord[]): Promise<void> {
      await store.insertEvents(events)
      all.push(...events)
    },
  }
}
