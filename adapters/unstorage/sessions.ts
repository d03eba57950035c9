import { checkOptions } from "../../src/core/options.ts"
import type { FoundSession, SessionAdapter, SessionRecord } from "../../src/core/ports.ts"
import { createTurns } from "../../src/platform/turns.ts"
import type { Turns } from "../../src/platform/turns.ts"
import { inBatches, removeSome } from "../key-value/batches.ts"
import type { Fields, KeyValueOptions, NewFields } from "../key-value/fields.ts"
import { isUnset, keyValueEncoding, newestFirst, readFields, takenId } from "../key-value/fields.ts"
import type { SessionRows } from "../port/session-port.ts"
import { sessionPort } from "../port/session-port.ts"
import type { UserIds } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"
import type { Items, KeyValueStorage } from "./items.ts"
import { isStorableSession, itemsOf } from "./items.ts"

/** How often a user's list is read again: some drivers list what was removed for a while. */
const maxPasses = 10

interface ItemStore {
  items: Items
  ids: UserIds
  inTurn: Turns["inTurn"]
}

/**
 * Keeps sessions in items that can only be read, written and removed.
 *
 * A session is three items, and none of them alone. The first is written once: what changes later is in the others, so
 * that writing it revives nothing. Besides, each session is listed under its user in its own item, so that two
 * sign-ins lose no entry to each other.
 *
 * A new session is listed after its other items are written and before its first one is. So whoever ends all sessions
 * and finds it listed takes away what it needs, and it never lives; whoever does not find it leaves it to live, listed.
 * What is left of the former is cleared by whichever of the two comes last: a sign-in looks for its entry when it is
 * done, and a removal takes the first item away again when the entry is gone.
 */
export function storedSessions<SessionRow extends object>(
  storage: KeyValueStorage,
  options: KeyValueOptions,
): SessionAdapter<never, SessionRow> {
  checkOptions("adapter", options, "prefix", "userIdType")
  const { prefix, userIdType } = options
  const store: ItemStore = { items: itemsOf(storage, prefix), ids: userIdsOf(userIdType), inTurn: createTurns().inTurn }
  // Attributes are whatever was stored: that they have this type is the application's word.
  return sessionPort(() => store, rows) as unknown as SessionAdapter<never, SessionRow>
}

const rows: SessionRows<ItemStore, string, Fields, never, object> = {
  ...keyValueEncoding,
  isStorable: isStorableSession,
  insert: (store, session) =>
    store.inTurn(session.id, async () => {
      await prepare(store, session)
      await complete(store, session)
    }),
  find: async (store, id): Promise<FoundSession<never> | null> => {
    const session = await readSession(store, id)
    return session && { session }
  },
  async list(store, user) {
    const found = await inBatches(await store.items.listed(user), async (id) => {
      const session = await readSession(store, id)
      if (!session) await strikeIfGone(store, user, id)
      return session
    })
    const sessions = found.filter((session) => session !== null)
    return newestFirst(sessions.filter(({ userId }) => keyValueEncoding.encodeUser(store, userId) === user))
  },
  extend: (store, id, expiresAt, ifBefore) =>
    store.inTurn(id, async () => {
      const session = await readSession(store, id)
      if (!session || session.expiresAt.getTime() > ifBefore) return false
      await store.items.write("deadline", id, { e: String(expiresAt) })
      return true
    }),
  update: (store, id, attributes, ifNull) =>
    store.inTurn(id, async () => {
      if (!(await readSession(store, id))) return false
      const before = (await store.items.read("attributes", id)) ?? {}
      if (ifNull !== null && !isUnset(before, ifNull)) return false
      await store.items.write("attributes", id, { ...before, ...attributes })
      return true
    }),
  replace: (store, oldId, session) => {
    if (oldId === session.id) throw takenId()
    // A storage may list its keys bit by bit, so whoever ends all sessions of the user could miss both: one of the two waits.
    return store.inTurn(turnOf(session.user), () =>
      store.inTurn(oldId, () => store.inTurn(session.id, () => replaceInTurn(store, oldId, session))),
    )
  },
  delete: (store, id, owner) =>
    store.inTurn(id, async () => {
      const user = await ownerOf(store, id)
      if (user === undefined || (owner !== null && user !== owner)) return false
      await removeParts(store, user, id)
      return true
    }),
  deleteOfUser: (store, user, exceptId) => store.inTurn(turnOf(user), () => removeAll(store, user, exceptId)),
  deleteExpired: async (store, before, limit) =>
    removeSome(await store.items.ids("deadline"), limit, (id) =>
      store.inTurn(id, () => removeExpired(store, id, before)),
    ),
}

// The new session is listed before the old one is removed: at any moment the list has the one that lives or will.
async function replaceInTurn(store: ItemStore, oldId: string, session: NewFields): Promise<boolean> {
  if (!(await ownerOf(store, oldId))) return false
  await prepare(store, session)
  const user = await ownerOf(store, oldId)
  if (user === undefined) {
    await removeParts(store, session.user, session.id)
    return false
  }
  await removeParts(store, user, oldId)
  await complete(store, session)
  return true
}

// What was listed and is gone may have been rotated by another process, and its follower is listed now.
async function removeAll(store: ItemStore, user: string, except: string | null): Promise<void> {
  let hasMissed = true
  for (let pass = 0; hasMissed && pass < maxPasses; pass++) {
    const ids = (await store.items.listed(user)).filter((id) => id !== except)
    const found = await inBatches(ids, (id) => store.inTurn(id, () => removeListed(store, user, id)))
    hasMissed = found.includes(false)
  }
}

// No session's id begins like this.
function turnOf(user: string): string {
  return `user:${user}`
}

async function removeListed(store: ItemStore, user: string, id: string): Promise<boolean> {
  const owner = await ownerOf(store, id)
  if (owner !== undefined && owner !== user) await store.items.strike(user, id)
  else await removeParts(store, user, id)
  return owner !== undefined
}

async function removeExpired(store: ItemStore, id: string, before: number): Promise<boolean> {
  const deadline = await store.items.read("deadline", id)
  if (!deadline || !(Number(deadline.e) <= before)) return false
  const user = await ownerOf(store, id)
  if (user !== undefined) await removeParts(store, user, id)
  // A sign-in that broke off, or an extension of what was removed, has left this.
  else await Promise.all([store.items.remove("deadline", id), store.items.remove("attributes", id)])
  return user !== undefined
}

async function prepare({ items }: ItemStore, { id, user, expiresAt, attributes }: NewFields): Promise<void> {
  if ((await items.read("session", id)) !== undefined) throw takenId()
  await Promise.all([items.write("deadline", id, { e: String(expiresAt) }), items.write("attributes", id, attributes)])
  await items.enlist(user, id)
}

async function complete(store: ItemStore, { id, user, createdAt }: NewFields): Promise<void> {
  await store.items.write("session", id, { u: user, c: String(createdAt) })
  if (!(await store.items.isListed(user, id))) await removeParts(store, user, id)
}

async function removeParts({ items }: ItemStore, user: string, id: string): Promise<void> {
  await items.remove("session", id)
  await Promise.all([items.strike(user, id), items.remove("deadline", id), items.remove("attributes", id)])
  await items.remove("session", id)
}

async function readSession({ items, ids }: ItemStore, id: string): Promise<SessionRecord | null> {
  const parts = await Promise.all([items.read("session", id), items.read("deadline", id), items.read("attributes", id)])
  const [session, deadline, attributes] = parts
  return session && deadline && attributes
    ? readFields<object>(id, { ...attributes, ...deadline, ...session }, ids)
    : null
}

async function ownerOf({ items }: ItemStore, id: string): Promise<string | undefined> {
  return (await items.read("session", id))?.u
}

// A sign-in that is under way has a deadline already; a removal takes it away with the entry.
async function strikeIfGone({ items }: ItemStore, user: string, id: string): Promise<void> {
  const parts = await Promise.all([items.read("deadline", id), items.read("session", id)])
  if (parts.every((part) => part === undefined)) await items.strike(user, id)
}
