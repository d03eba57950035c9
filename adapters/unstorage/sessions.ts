import { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"
import type { SessionAdapter, SessionRecord, UserId } from "../../src/core/ports.ts"
import { inBatches } from "../key-value/batches.ts"
import type { Fields } from "../key-value/fields.ts"
import { attributeFields, encodeOwner, encodeUserId, readFields } from "../key-value/fields.ts"
import type { KeyValueOptions } from "../key-value/keys.ts"
import { quoted } from "../port/names.ts"
import { sessionIdOf, timeOf } from "../port/parameters.ts"
import type { UserIds } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"
import type { Items, KeyValueStorage } from "./items.ts"
import { isStorableSession, itemsOf } from "./items.ts"
import { createTurns } from "../../src/platform/turns.ts"
import type { Turns } from "../../src/platform/turns.ts"

/** How often a user's list is read again: some drivers list what was removed for a while. */
const maxPasses = 10

interface Store {
  items: Items
  ids: UserIds
  inTurn: Turns["inTurn"]
}

/** A session to be stored, in parts. */
interface Parts {
  id: string
  user: string
  session: Fields
  deadline: Fields
  attributes: Fields
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
  const store: Store = { items: itemsOf(storage, prefix), ids: userIdsOf(userIdType), inTurn: createTurns().inTurn }
  return {
    insertSession: (session) => insertSession(store, session),
    async findSession(id) {
      const known = storableIdOf(id)
      const session = known === null ? null : await readSession<SessionRow>(store, known)
      return session && { session }
    },
    listSessions: (userId) => listSessions(store, userId),
    extendSession: (id, expiresAt, ifBefore) => extendSession(store, id, expiresAt, ifBefore),
    updateSession: (id, attributes) => updateSession(store, id, attributes),
    replaceSession: (oldId, session) => replaceSession(store, oldId, session),
    deleteSession: (id, userId) => deleteSession(store, id, userId),
    deleteUserSessions: (userId, exceptId) => deleteUserSessions(store, userId, exceptId),
    deleteExpiredSessions: (before, limit) => deleteExpiredSessions(store, before, limit),
  }
}

async function insertSession(store: Store, session: SessionRecord): Promise<void> {
  const parts = partsOf(store, session)
  await store.inTurn(parts.id, async () => {
    await prepare(store, parts)
    await complete(store, parts)
  })
}

async function listSessions<SessionRow>(store: Store, userId: UserId): Promise<SessionRecord<SessionRow>[]> {
  const user = encodeUserId(userId, store.ids)
  if (user === null) return []
  const rows = await inBatches(await store.items.listed(user), async (id) => {
    const session = await readSession<SessionRow>(store, id)
    if (!session) await strikeIfGone(store, user, id)
    return session
  })
  return rows
    .filter((session) => session !== null)
    .filter((session) => session.userId === userId)
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
}

async function extendSession(store: Store, id: string, expiresAt: Date, ifBefore: Date): Promise<boolean> {
  const known = storableIdOf(id)
  const [to, limit] = [timeOf(expiresAt), timeOf(ifBefore)]
  if (known === null) return false
  return store.inTurn(known, async () => {
    const session = await readSession(store, known)
    if (!session || session.expiresAt.getTime() > limit) return false
    await store.items.write("deadline", known, { e: String(to) })
    return true
  })
}

async function updateSession(store: Store, id: string, attributes: object): Promise<boolean> {
  const known = storableIdOf(id)
  const fields = attributeFields(attributes)
  if (known === null) return false
  return store.inTurn(known, async () => {
    if (!(await readSession(store, known))) return false
    const before = await store.items.read("attributes", known)
    await store.items.write("attributes", known, { ...before, ...fields })
    return true
  })
}

async function replaceSession(store: Store, oldId: string, session: SessionRecord): Promise<boolean> {
  const known = storableIdOf(oldId)
  const parts = partsOf(store, session)
  if (known === null) return false
  if (known === parts.id) throw idIsTaken()
  // A storage may list its keys bit by bit, so whoever ends all sessions of the user could miss both: one of the two waits.
  return store.inTurn(turnOf(parts.user), () =>
    store.inTurn(known, () => store.inTurn(parts.id, () => replaceInTurn(store, known, parts))),
  )
}

// The new session is listed before the old one is removed: at any moment the list has the one that lives or will.
async function replaceInTurn(store: Store, oldId: string, parts: Parts): Promise<boolean> {
  if (!(await ownerOf(store, oldId))) return false
  await prepare(store, parts)
  const user = await ownerOf(store, oldId)
  if (user === undefined) {
    await removeParts(store, parts.user, parts.id)
    return false
  }
  await removeParts(store, user, oldId)
  await complete(store, parts)
  return true
}

async function deleteSession(store: Store, id: string, userId?: UserId): Promise<boolean> {
  const known = storableIdOf(id)
  const expected = userId === undefined ? undefined : encodeUserId(userId, store.ids)
  if (known === null || expected === null) return false
  return store.inTurn(known, async () => {
    const user = await ownerOf(store, known)
    if (user === undefined || (expected !== undefined && user !== expected)) return false
    await removeParts(store, user, known)
    return true
  })
}

async function deleteUserSessions(store: Store, userId: UserId, exceptId?: string): Promise<void> {
  const user = encodeUserId(userId, store.ids)
  const except = exceptId === undefined ? null : sessionIdOf(exceptId)
  if (user !== null) await store.inTurn(turnOf(user), () => removeAll(store, user, except))
}

// What was listed and is gone may have been rotated by another process, and its follower is listed now.
async function removeAll(store: Store, user: string, except: string | null): Promise<void> {
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

async function removeListed(store: Store, user: string, id: string): Promise<boolean> {
  const owner = await ownerOf(store, id)
  if (owner !== undefined && owner !== user) await store.items.strike(user, id)
  else await removeParts(store, user, id)
  return owner !== undefined
}

async function deleteExpiredSessions(store: Store, before: Date, limit: number): Promise<number> {
  const time = timeOf(before)
  if (!Number.isSafeInteger(limit) || limit < 0)
    throw new AuthError("invalid_option", "limit: not a whole number from 0; use one such as 1000")
  const ids = await store.items.ids("deadline")
  let deleted = 0
  while (ids.length > 0 && deleted < limit) {
    const batch = ids.splice(0, limit - deleted)
    const ended = await inBatches(batch, (id) => store.inTurn(id, () => removeExpired(store, id, time)))
    deleted += ended.filter(Boolean).length
  }
  return deleted
}

async function removeExpired(store: Store, id: string, before: number): Promise<boolean> {
  const deadline = await store.items.read("deadline", id)
  if (!deadline || !(Number(deadline.e) <= before)) return false
  const user = await ownerOf(store, id)
  if (user !== undefined) await removeParts(store, user, id)
  // A sign-in that broke off, or an extension of what was removed, has left this.
  else await Promise.all([store.items.remove("deadline", id), store.items.remove("attributes", id)])
  return user !== undefined
}

function partsOf({ ids }: Store, { id, userId, createdAt, expiresAt, attributes }: SessionRecord): Parts {
  const user = encodeOwner(userId, ids)
  if (storableIdOf(id) === null)
    throw new AuthError("invalid_option", `id: ${quoted(id)} is not a session id; use 64 lower-case hex digits`)
  return {
    id,
    user,
    session: { u: user, c: String(timeOf(createdAt)) },
    deadline: { e: String(timeOf(expiresAt)) },
    attributes: attributeFields(attributes),
  }
}

function storableIdOf(id: unknown): string | null {
  const known = sessionIdOf(id)
  return known !== null && isStorableSession(known) ? known : null
}

async function prepare({ items }: Store, { id, user, deadline, attributes }: Parts): Promise<void> {
  if ((await items.read("session", id)) !== undefined) throw idIsTaken()
  await Promise.all([items.write("deadline", id, deadline), items.write("attributes", id, attributes)])
  await items.enlist(user, id)
}

async function complete(store: Store, { id, user, session }: Parts): Promise<void> {
  await store.items.write("session", id, session)
  if (!(await store.items.isListed(user, id))) await removeParts(store, user, id)
}

async function removeParts({ items }: Store, user: string, id: string): Promise<void> {
  await items.remove("session", id)
  await Promise.all([items.strike(user, id), items.remove("deadline", id), items.remove("attributes", id)])
  await items.remove("session", id)
}

function idIsTaken(): AuthError {
  return new AuthError("store_failed", "The session id is taken: make a new one.")
}

async function readSession<SessionRow>({ items, ids }: Store, id: string): Promise<SessionRecord<SessionRow> | null> {
  const parts = await Promise.all([items.read("session", id), items.read("deadline", id), items.read("attributes", id)])
  const [session, deadline, attributes] = parts
  return session && deadline && attributes ? readFields(id, { ...attributes, ...deadline, ...session }, ids) : null
}

async function ownerOf({ items }: Store, id: string): Promise<string | undefined> {
  return (await items.read("session", id))?.u
}

// A sign-in that is under way has a deadline already; a removal takes it away with the entry.
async function strikeIfGone({ items }: Store, user: string, id: string): Promise<void> {
  const parts = await Promise.all([items.read("deadline", id), items.read("session", id)])
  if (parts.every((part) => part === undefined)) await items.strike(user, id)
}
