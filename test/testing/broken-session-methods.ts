import { AuthError } from "../../src/core/errors.ts"
import type { SessionRecord, UserId } from "../../src/core/ports.ts"
import type { Bug, Label, Store } from "./broken-adapter.ts"
import { gathered, put, seen } from "./broken-adapter.ts"

type Session = SessionRecord<Label>

/** Bugs of the session port, each breaking one rule of it. */
export const sessionBugs: Record<string, Bug> = {
  "findSession asks for everybody in one caller's context": (store) => ({ findSession: gathered(store.findSession) }),
  "findSession ignores case": (store) => ({ findSession: (id) => store.findSession(id.toLowerCase()) }),
  "findSession ignores padding": (store) => ({ findSession: (id) => store.findSession(id.trim()) }),
  "findSession stops at a NUL": (store) => ({ findSession: async (id) => store.findSession(id.split("\0")[0] ?? "") }),
  "findSession ignores accents": (store) => ({
    findSession: async (id) => store.findSession(id.normalize("NFD").replace(/\p{M}/gu, "")),
  }),
  "findSession takes a prefix": (store) => {
    const ids = seen(store)
    return {
      insertSession: ids.insertSession,
      findSession: async (id) => store.findSession(ids.find((known) => known.startsWith(id)) ?? id),
    }
  },
  "findSession takes an array": (store) => ({ findSession: async (id) => store.findSession(String(id)) }),
  "findSession takes undefined for any": (store) => {
    const ids = seen(store)
    return {
      insertSession: ids.insertSession,
      findSession: async (id) => store.findSession(id ?? ids.find(() => true) ?? ""),
    }
  },
  "findSession resolves to undefined for an unknown id": (store) => ({
    findSession: async (id) => (await store.findSession(id)) ?? (undefined as unknown as null),
  }),
  "findSession rejects for an unknown id": (store) => ({
    async findSession(id) {
      const found = await store.findSession(id)
      if (!found) throw new Error("no such row")
      return found
    },
  }),
  "findSession hides expired sessions": (store) => ({
    async findSession(id) {
      const found = await store.findSession(id)
      return found && found.session.expiresAt.getTime() > Date.now() ? found : null
    },
  }),
  "findSession deletes expired sessions": (store) => ({
    async findSession(id) {
      const found = await store.findSession(id)
      if (found && found.session.expiresAt.getTime() < Date.now()) await store.deleteSession(id)
      return store.findSession(id)
    },
  }),
  "findSession loses the milliseconds of the deadline": stored((session) => ({
    ...session,
    expiresAt: new Date(Math.floor(session.expiresAt.getTime() / 1000) * 1000),
  })),
  "findSession loses the milliseconds of the sign-in": stored((session) => ({
    ...session,
    createdAt: new Date(Math.floor(session.createdAt.getTime() / 1000) * 1000),
  })),
  "deadlines end in 2038": stored((session) => ({
    ...session,
    expiresAt: new Date(Math.min(session.expiresAt.getTime(), (2 ** 31 - 1) * 1000)),
  })),
  "dates are numbers": found((session) => ({ ...session, expiresAt: Number(session.expiresAt) as unknown as Date })),
  "dates are text": found((session) => ({
    ...session,
    createdAt: session.createdAt.toISOString() as unknown as Date,
  })),
  "an empty text reads as null": found((session) => ({
    ...session,
    attributes: { label: session.attributes.label || null },
  })),
  "text that looks like JSON is parsed": found((session) => ({
    ...session,
    attributes: { label: parsed(session.attributes.label) },
  })),
  "text is trimmed": stored((session) => ({ ...session, attributes: { label: session.attributes.label?.trim() } })),
  "a missing attribute is the text undefined": stored((session) => ({
    ...session,
    attributes: { label: String(session.attributes.label) },
  })),
  "attributes are lost": stored((session) => ({ ...session, attributes: {} })),
  "findSession does not find the user": (store) => ({
    async findSession(id) {
      const found = await store.findSession(id)
      return found && { session: found.session }
    },
  }),
  "findSession finds the first user": (store) => ({
    async findSession(id) {
      const found = await store.findSession(id)
      return found && { ...found, user: await store.findUser("user-1") }
    },
  }),
  "findSession hands out its own object": (store) => {
    const rows = new Map<string, Awaited<ReturnType<Store["findSession"]>>>()
    return {
      async findSession(id) {
        const row = rows.get(id) ?? (await store.findSession(id))
        if (row) rows.set(id, row)
        return row ?? null
      },
    }
  },
  "insertSession keeps the object it was given": (store) => {
    const given = new Map<string, Session>()
    return {
      async insertSession(session) {
        await store.insertSession(session)
        given.set(session.id, session)
      },
      async findSession(id) {
        const found = await store.findSession(id)
        return found && { ...found, session: given.get(id) ?? found.session }
      },
    }
  },
  "insertSession overwrites": (store) => ({ insertSession: (session) => put(store, session) }),
  "insertSession ignores an id that is taken": (store) => ({
    async insertSession(session) {
      if (!(await store.findSession(session.id))) await store.insertSession(session)
    },
  }),
  "insertSession looks, then ignores an id that is taken": (store) => ({
    async insertSession(session) {
      if (await store.findSession(session.id)) throw new Error("taken")
      await store.insertSession(session).catch(() => {})
    },
  }),
  "insertSession reports another code": (store) => ({
    async insertSession(session) {
      if (!(await store.findUser(session.userId))) throw new AuthError("store_failed", "foreign key")
      await store.insertSession(session)
    },
  }),
  "insertSession needs no user": (store) => ({
    async insertSession(session) {
      await store.insertUser({ id: session.userId, attributes: {} }, null)
      await store.insertSession(session)
    },
  }),
  "insertSession spreads attributes over the row": (store) => ({
    insertSession: (session) => store.insertSession({ ...session, ...session.attributes }),
  }),
  "insertSession runs attribute names as SQL": (store) => {
    const ids = seen(store)
    return {
      async insertSession(session) {
        await ids.insertSession(session)
        if (Object.keys(session.attributes).some((name) => name.includes('"')))
          await store.deleteSession(ids.find(() => true) ?? "")
      },
    }
  },
  "listSessions lists the oldest first": (store) => ({
    listSessions: async (userId) => (await store.listSessions(userId)).reverse(),
  }),
  "listSessions orders by deadline": (store) => ({
    listSessions: async (userId) =>
      (await store.listSessions(userId)).sort((a, b) => b.expiresAt.getTime() - a.expiresAt.getTime()),
  }),
  "listSessions hides expired sessions": (store) => ({
    listSessions: async (userId) =>
      (await store.listSessions(userId)).filter(({ expiresAt }) => expiresAt.getTime() > Date.now()),
  }),
  "listSessions lists user 2 for everybody": (store) => ({ listSessions: () => store.listSessions("user-2") }),
  "listSessions takes a prefix of the user's id": (store) => ({
    listSessions: async (userId) =>
      (await Promise.all([userId, `${userId}2`].map((id) => store.listSessions(id)))).flat(),
  }),
  "listSessions ignores case": (store) => ({ listSessions: (id) => store.listSessions(String(id).toLowerCase()) }),
  "listSessions leaves attributes out": (store) => ({
    listSessions: async (id) => (await store.listSessions(id)).map((session) => ({ ...session, attributes: {} })),
  }),
  "insertSession reads the list of a user's sessions, then writes it": (store) => {
    const lists = new Map<UserId, string[]>()
    const append = async (userId: UserId, id: string, write: () => Promise<unknown>) => {
      const list = lists.get(userId) ?? []
      await write()
      lists.set(userId, [...list, id])
    }
    return {
      insertSession: (session) => append(session.userId, session.id, () => store.insertSession(session)),
      async replaceSession(oldId, session) {
        const replaced = await store.replaceSession(oldId, session)
        if (replaced) await append(session.userId, session.id, async () => {})
        return replaced
      },
      listSessions: async (userId) =>
        (await store.listSessions(userId)).filter(({ id }) => lists.get(userId)?.includes(id)),
    }
  },
  "methods need this": (store) => ({
    insertSession(this: Store, session) {
      return this ? store.insertSession(session) : Promise.reject(new TypeError("this is undefined"))
    },
  }),
  "methods are inherited": (store) => Object.assign(Object.create(store), { spread: false }),
  "an attribute named __proto__ becomes the prototype": found((session) => ({
    ...session,
    attributes: Object.assign({}, session.attributes),
  })),
}

/** A store that loses something on the way in. */
function stored(change: (session: Session) => Session): Bug {
  return (store) => ({ insertSession: (session) => store.insertSession(change(session)) })
}

/** A store that loses something on the way out. */
function found(change: (session: Session) => Session): Bug {
  return (store) => ({
    async findSession(id) {
      const row = await store.findSession(id)
      return row && { ...row, session: change(row.session) }
    },
  })
}

function parsed(text: string | null | undefined): string | null {
  try {
    return JSON.parse(text ?? "null")
  } catch {
    return text ?? null
  }
}
