import { AuthError } from "../../src/core/errors.ts"
import type { ReplacedTokens, TokenRecord } from "../../src/tokens/token-port.ts"
import type { Bug, Store } from "./broken-adapter.ts"
import { gathered } from "./broken-adapter.ts"

/** Bugs of the token port, each breaking one rule of it. */
export const tokenBugs: Record<string, Bug> = {
  "insertTokens stores the first only": inserting((tokens) => tokens.slice(0, 1)),
  "insertTokens counts attempts from 0": storing((token) => ({ ...token, attempts: 0 })),
  "insertTokens loses the milliseconds of the deadline": storing((token) => ({
    ...token,
    expiresAt: token.expiresAt && new Date(Math.floor(token.expiresAt.getTime() / 1000) * 1000),
  })),
  "insertTokens gives a token that never expires a year": storing((token) => ({
    ...token,
    expiresAt: token.expiresAt ?? new Date("2036-01-01"),
  })),
  "insertTokens reads what never expires as expired": storing((token) => ({
    ...token,
    expiresAt: token.expiresAt ?? new Date(0),
  })),
  "insertTokens trims text": storing((token) => ({ ...token, data: token.data.trim() })),
  "insertTokens cuts text at 1,000 characters": storing((token) => ({ ...token, data: token.data.slice(0, 1000) })),
  "insertTokens stops at a NUL": storing((token) => ({ ...token, data: token.data.split("\0")[0] ?? "" })),
  "insertTokens stores those whose ids are free": (store) => ({
    async insertTokens(tokens, replacing) {
      const found = await Promise.all(tokens.map(({ id }) => store.findToken(id)))
      await store.insertTokens(
        tokens.filter((_, n) => !found[n]),
        replacing,
      )
      return found.every((token) => token === null)
    },
  }),
  "insertTokens replaces a token of the same id": (store) => ({
    async insertTokens(tokens, replacing) {
      for (const { id } of tokens) await store.takeToken(id)
      return store.insertTokens(tokens, replacing)
    },
  }),
  "insertTokens rejects an id that is taken": (store) => ({
    async insertTokens(tokens, replacing) {
      if (await store.insertTokens(tokens, replacing)) return true
      throw new AuthError("store_failed", "The id is taken.")
    },
  }),
  "insertTokens deletes older tokens before it looks at the ids": (store) => ({
    async insertTokens(tokens, replaced) {
      if (replaced) await store.insertTokens([], { ...replaced, keep: Math.max(0, replaced.keep - tokens.length) })
      return store.insertTokens(tokens)
    },
  }),
  "insertTokens deletes older tokens before it looks for the users": (store) => ({
    async insertTokens(tokens, replaced) {
      const found = await Promise.all(tokens.map(({ id }) => store.findToken(id)))
      if (found.some(Boolean)) return false
      if (replaced) await store.insertTokens([], { ...replaced, keep: Math.max(0, replaced.keep - tokens.length) })
      return store.insertTokens(tokens)
    },
  }),
  "insertTokens stores for the users who exist, in a call for each": (store) => ({
    async insertTokens(tokens, replaced) {
      const found = await Promise.all(tokens.map(({ id }) => store.findToken(id)))
      if (found.some(Boolean)) return false
      const users = [...new Set(tokens.map(({ userId }) => userId))]
      const calls = users.map((user) => tokens.filter(({ userId }) => userId === user))
      const stored = await Promise.all(calls.map((own) => store.insertTokens(own)))
      if (replaced) await store.insertTokens([], { ...replaced, keep: Math.max(0, replaced.keep - 1) })
      return stored.every(Boolean)
    },
  }),
  "insertTokens takes all tokens for the first one's user": inserting((tokens) =>
    tokens.map((token) => ({ ...token, userId: tokens[0]?.userId ?? token.userId })),
  ),
  "insertTokens rejects a missing user with another code": (store) => ({
    insertTokens: (...args) => store.insertTokens(...args).catch(() => Promise.reject(new Error("foreign key"))),
  }),
  "insertTokens stores one after another": (store) => ({
    async insertTokens(tokens, replacing) {
      const stored: boolean[] = []
      for (const token of tokens) stored.push(await store.insertTokens([token]))
      if (replacing) await store.insertTokens([], replacing)
      return stored.every(Boolean)
    },
  }),
  "tokens are kept and handed out without a copy": (store) => {
    const kept = new Map<string, TokenRecord>()
    return {
      async insertTokens(tokens, replacing) {
        for (const token of tokens) kept.set(token.id, token)
        return store.insertTokens(tokens, replacing)
      },
      findToken: async (id) => (await store.findToken(id)) && (kept.get(id) ?? null),
    }
  },
  "token methods are inherited": (store) => Object.assign(Object.create(store), { spread: false }),

  "findToken asks for everybody in one caller's context": (store) => ({ findToken: gathered(store.findToken) }),
  "findToken ignores case": (store) => ({ findToken: (id) => store.findToken(id.toLowerCase()) }),
  "findToken takes an array": (store) => ({ findToken: async (id) => store.findToken(String(id)) }),
  "findToken hides expired tokens": (store) => ({
    async findToken(id) {
      const token = await store.findToken(id)
      return token && (token.expiresAt ?? new Date()) < new Date() ? null : token
    },
  }),
  "findToken resolves to undefined for an unknown id": (store) => ({
    findToken: async (id) => (await store.findToken(id)) ?? (undefined as unknown as null),
  }),

  "takeToken deletes nothing": (store) => ({ takeToken: store.findToken }),
  "takeToken finds, then deletes": (store) => ({
    async takeToken(id) {
      const token = await store.findToken(id)
      await store.takeToken(id)
      return token
    },
  }),
  "takeToken leaves expired tokens": (store) => ({
    async takeToken(id) {
      const token = await store.findToken(id)
      return token && (token.expiresAt ?? new Date()) < new Date() ? null : store.takeToken(id)
    },
  }),
  "takeToken deletes all of the user's tokens": (store) => ({
    async takeToken(id) {
      const token = await store.takeToken(id)
      if (token?.userId) await store.deleteTokens(token.userId, { except: [] })
      return token
    },
  }),
  "takeToken rejects for an unknown id": (store) => ({
    async takeToken(id) {
      const token = await store.takeToken(id)
      if (!token) throw new Error("no such row")
      return token
    },
  }),

  "tryToken lets one too many through": (store) => ({ tryToken: (id, limit) => store.tryToken(id, limit + 1) }),
  "tryToken counts before it looks at the limit": (store) => ({
    async tryToken(id, limit) {
      const token = await store.tryToken(id, Infinity)
      return token && token.attempts <= limit ? token : null
    },
  }),
  "tryToken reads, then writes": (store) => ({
    async tryToken(id, limit) {
      const token = await store.findToken(id)
      return token && token.attempts < limit ? store.tryToken(id, Infinity) : null
    },
  }),
  "tryToken resolves to the token before the attempt": (store) => ({
    async tryToken(id, limit) {
      const token = await store.tryToken(id, limit)
      return token && { ...token, attempts: token.attempts - 1 }
    },
  }),
  "tryToken deletes a token at the limit": (store) => ({
    async tryToken(id, limit) {
      const token = await store.tryToken(id, limit)
      if (token?.attempts === limit) await store.takeToken(id)
      return token
    },
  }),
  "tryToken compares the limit as text": (store) => ({
    async tryToken(id, limit) {
      const token = await store.findToken(id)
      return token && String(token.attempts) < String(limit) ? store.tryToken(id, limit) : null
    },
  }),
  "tryToken counts in text": (store) => ({
    async tryToken(id, limit) {
      const token = await store.tryToken(id, limit)
      return token && { ...token, attempts: String(token.attempts) as unknown as number }
    },
  }),
  "tryToken stores a token that is not there": (store) => ({
    async tryToken(id, limit) {
      const token = await store.tryToken(id, limit)
      if (!token) await store.insertTokens([{ ...endless, id, attempts: 1 }])
      return token
    },
  }),

  "deleteUser keeps the user's tokens": (store) => ({ deleteUser: (id) => store.deleteUserSessions(id) }),

  "replacing deletes the newest": replacing(({ newest, room }) => newest.slice(0, newest.length - room)),
  "replacing keeps the last that were stored": replacing(({ older, room }) => older.slice(0, older.length - room)),
  "replacing does not count the new ones": replacing(({ newest, room, added }) => newest.slice(room + added.length)),
  "replacing takes the new ones for older if they expire earlier": replacing(({ newest, room, added }) =>
    [...newest, ...added].toSorted(newestFirst).slice(room + added.length),
  ),
  "replacing takes null for the earliest deadline": replacing(({ newest, room }) => {
    const last = newest.filter(({ expiresAt }) => expiresAt === null)
    return [...newest.filter(({ expiresAt }) => expiresAt !== null), ...last].slice(room)
  }),
  "replacing deletes all of a millisecond": replacing(({ newest, room }) => {
    const edge = newest[room]?.expiresAt?.getTime()
    return newest.filter((token, n) => n >= room || token.expiresAt?.getTime() === edge)
  }),
  "replacing keeps all of a millisecond": replacing(({ newest, room }) => {
    const edge = newest[room - 1]?.expiresAt?.getTime()
    return newest.slice(room).filter((token) => token.expiresAt?.getTime() !== edge)
  }),
  "replacing leaves the newest of the older ones": replacing(({ newest, room }) => newest.slice(Math.max(room, 1))),
  "replacing deletes expired tokens too": replacing(({ newest, room }) =>
    newest.filter(({ expiresAt }, n) => n >= room || (expiresAt ?? new Date()) < new Date()),
  ),
  "replacing ignores the purpose": (store) => ({
    async insertTokens(tokens, { userId, purpose, keep } = { userId: "", purpose: "", keep: 0 }) {
      const stored = await store.insertTokens(tokens, { userId, purpose, keep })
      if (stored && keep === tokens.length) {
        await store.deleteTokens(userId, { except: [purpose] })
      }
      return stored
    },
  }),
  "replacing ignores case in the purpose": (store) => ({
    insertTokens: (tokens, replaced) =>
      store.insertTokens(tokens, replaced && { ...replaced, purpose: replaced.purpose.toLowerCase() }),
  }),

  "countTokens counts live ones": (store) => {
    const tokens = remembered(store)
    return {
      insertTokens: tokens.insert,
      async countTokens(userId, purpose) {
        const own = await tokens.of(userId, purpose)
        return own.filter(({ expiresAt }) => !expiresAt || expiresAt > new Date()).length
      },
    }
  },
  "countTokens ignores the purpose": (store) => {
    const tokens = remembered(store)
    return { insertTokens: tokens.insert, countTokens: async (userId) => (await tokens.of(userId)).length }
  },
  "countTokens counts in bigints": (store) => ({
    countTokens: async (...args) => BigInt(await store.countTokens(...args)) as unknown as number,
  }),
  "countTokens ignores case in the purpose": (store) => ({
    countTokens: async (userId, purpose) => store.countTokens(userId, purpose.toLowerCase()),
  }),
  "countTokens ignores case in the user": (store) => ({
    countTokens: async (userId, purpose) => store.countTokens(String(userId).toLowerCase(), purpose),
  }),
  "countTokens takes null for anybody": (store) => ({
    countTokens: (userId, purpose) => store.countTokens(userId ?? "user-1", purpose),
  }),

  "deleteTokens ignores the purposes": (store) => ({
    deleteTokens: (userId) => store.deleteTokens(userId, { except: [] }),
  }),
  "deleteTokens takes no purposes for all": (store) => ({
    deleteTokens: (userId, purposes) =>
      store.deleteTokens(userId, Array.isArray(purposes) && purposes.length === 0 ? { except: [] } : purposes),
  }),
  "deleteTokens that spares none deletes none": (store) => ({
    async deleteTokens(userId, purposes) {
      if (Array.isArray(purposes) || purposes.except.length > 0) await store.deleteTokens(userId, purposes)
    },
  }),
  "deleteTokens deletes what it should spare": (store) => ({
    deleteTokens: (userId, purposes) =>
      store.deleteTokens(userId, Array.isArray(purposes) ? purposes : purposes.except),
  }),
  "deleteTokens deletes the first purpose": (store) => ({
    deleteTokens: (userId, purposes) =>
      store.deleteTokens(userId, Array.isArray(purposes) ? purposes.slice(0, 1) : purposes),
  }),
  "deleteTokens ignores case in the purposes it deletes": (store) => ({
    deleteTokens: async (userId, purposes) =>
      store.deleteTokens(userId, Array.isArray(purposes) ? lowerCase(purposes) : purposes),
  }),
  "deleteTokens ignores case in the purposes it spares": (store) => ({
    deleteTokens: async (userId, purposes) =>
      store.deleteTokens(userId, Array.isArray(purposes) ? purposes : { except: lowerCase(purposes.except) }),
  }),
  "deleteTokens takes null for those of nobody": (store) => {
    const tokens = remembered(store)
    return {
      insertTokens: tokens.insert,
      async deleteTokens(userId, purposes) {
        for (const { id } of await tokens.of(userId)) if (userId === null) await store.takeToken(id)
        await store.deleteTokens(userId, purposes)
      },
    }
  },
  "deleteTokens loses the index of a token stored meanwhile": (store) => {
    const index = new Set<string>()
    return {
      async insertTokens(tokens, replaced) {
        for (const { id } of tokens) index.add(id)
        return store.insertTokens(tokens, replaced)
      },
      async countTokens(userId, purpose) {
        const found = await Promise.all([...index].map((id) => store.findToken(id)))
        return found.filter((token) => token?.userId === userId && token.purpose === purpose).length
      },
      async deleteTokens(userId, purposes) {
        for (const id of index) {
          const token = await store.findToken(id)
          if (token?.userId !== userId) continue
          const named = Array.isArray(purposes) ? purposes.includes(token.purpose) : true
          if (named && (Array.isArray(purposes) || !purposes.except.includes(token.purpose))) await store.takeToken(id)
        }
        index.clear()
      },
    }
  },

  "deleteExpiredTokens excludes the instant": (store) => ({
    deleteExpiredTokens: (before, limit) => store.deleteExpiredTokens(new Date(before.getTime() - 1), limit),
  }),
  "deleteExpiredTokens includes a millisecond too many": (store) => ({
    deleteExpiredTokens: (before, limit) => store.deleteExpiredTokens(new Date(before.getTime() + 1), limit),
  }),
  "deleteExpiredTokens ignores the limit": (store) => ({
    deleteExpiredTokens: (before) => store.deleteExpiredTokens(before, Infinity),
  }),
  "deleteExpiredTokens deletes those without an end": (store) => {
    const tokens = remembered(store)
    return {
      insertTokens: tokens.insert,
      async deleteExpiredTokens(before, limit) {
        const deleted = await store.deleteExpiredTokens(before, limit)
        const endlessOnes = tokens.all.filter(({ expiresAt }) => expiresAt === null)
        for (const { id } of endlessOnes) await store.takeToken(id)
        return deleted + endlessOnes.length
      },
    }
  },
}

const endless: TokenRecord = { id: "", purpose: "", userId: null, expiresAt: null, attempts: 0, data: "" }

/** A store that loses something of each token on the way in. */
function storing(change: (token: TokenRecord) => TokenRecord): Bug {
  return inserting((tokens) => tokens.map(change))
}

function inserting(change: (tokens: TokenRecord[]) => TokenRecord[]): Bug {
  return (store) => ({ insertTokens: (tokens, replaced) => store.insertTokens(change(tokens), replaced) })
}

interface Replacement {
  /** The user's older tokens of the purpose, in the order in which they were stored. */
  older: TokenRecord[]
  /** The same, newest first. */
  newest: TokenRecord[]
  added: TokenRecord[]
  /** How many of the older ones live on. */
  room: number
}

/** A store that ends the wrong tokens when new ones are stored. */
function replacing(choose: (replacement: Replacement) => TokenRecord[]): Bug {
  return (store) => {
    const tokens = remembered(store)
    return {
      async insertTokens(added, replaced) {
        const older = replaced ? await tokens.of(replaced.userId, replaced.purpose) : []
        const stored = await tokens.insert(added)
        if (!stored || !replaced) return stored
        const room = Math.max(0, replaced.keep - added.length)
        const dead = choose({ older, newest: older.toSorted(newestFirst), added, room })
        for (const { id } of dead) await store.takeToken(id)
        return true
      },
    }
  }
}

function newestFirst(a: TokenRecord, b: TokenRecord): number {
  return (b.expiresAt?.getTime() ?? 9e15) - (a.expiresAt?.getTime() ?? 9e15)
}

function lowerCase(texts: string[]): string[] {
  return texts.map((text) => text.toLowerCase())
}

/** Remembers the tokens that were inserted, for bugs that look through all of them. */
function remembered(store: Store) {
  const all: TokenRecord[] = []
  return {
    all,
    async insert(tokens: TokenRecord[], replaced?: ReplacedTokens): Promise<boolean> {
      const stored = await store.insertTokens(tokens, replaced)
      if (stored) all.push(...tokens)
      return stored
    },
    async of(userId: unknown, purpose?: string): Promise<TokenRecord[]> {
      const found = await Promise.all(all.map(({ id }) => store.findToken(id)))
      const own = found.filter((token) => token !== null).filter((token) => token.userId === userId)
      return own.filter((token) => purpose === undefined || token.purpose === purpose)
    },
  }
}
