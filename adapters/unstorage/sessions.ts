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

/** How often a user's list is read again: for a while, some drivers still list removed items. */
const maxPasses = 10

interface ItemStore {
  items: Items
  ids: UserIds
  inTurn: Turns["inTurn"]
}

/**
 * Stores sessions in items that can only be read, written and removed.
 *
 * A session is three items and exists only while all three do. The first is written once. Later changes are in the
 * others, so writing them revives nothing. Each session is also listed under its user in its own item, so that two
 * sign-ins do not overwrite each other's entry.
 *
 * A new session is listed after its other items are written and before its first one is. A caller that ends all
 * sessions and finds it listed removes what it needs, so it never lives. A caller that does not find it leaves it to
 * live, listed. Whichever of the two comes last removes the rest: a sign-in checks its entry at the end, and a removal
 * deletes the first item again once the entry is gone.
 */
export function storedSessions<SessionRow extends object>(
  storage: KeyValueStorage,
  options: KeyValueOptions,
): SessionAdapter<never, SessionRow> {
  checkOptions("adapter", options, "prefix", "userIdType")
  const { prefix, userIdType } = options
  const store: ItemStore = { items: itemsOf(storage, prefix), ids: userIdsOf(userIdType), inTurn: createTurns().inTurn }
  // Only the caller's types ensure that stored attributes have this type.
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
    // A storage may list its keys gradually, so a caller that ends all of a user's sessions could miss both. The two
    // therefore take turns.
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

// The new session is listed before the old one is removed, so the list always has the one that lives or will live.
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

// A listed session that is gone may have been rotated by another process. The new one is then listed.
async function removeAll(store: ItemStore, user: string, except: string | null): Promise<void> {
  let hasMissed = true
  for (let pass = 0; hasMissed && pass < maxPasses; pass++) {
    const ids = (await store.items.listed(user)).filter((id) => id !== except)
    const found = await inBatches(ids, (id) => store.inTurn(id, () => removeListed(store, user, id)))
    hasMissed = found.includes(false)
  }
}

// No session id starts like this.
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
  // Left by an interrupted sign-in, or by an extension of a removed session.
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

// An unfinished sign-in already has a deadline. A removal deletes the deadline together with the entry.
async function strikeIfGone({ items }: ItemStore, user: string, id: string): Promise<void> {
  const parts = await Promise.all([items.read("deadline", id), items.read("session", id)])
  if (parts.every((part) => part === undefined)) await items.strike(user, id)
}
