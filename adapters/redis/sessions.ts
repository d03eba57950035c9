import type { FoundSession, SessionAdapter } from "../../src/core/ports.ts"
import { inBatches } from "../key-value/batches.ts"
import type { Fields, NewFields } from "../key-value/fields.ts"
import { attributeField, keyValueEncoding, newestFirst, readFields, takenId } from "../key-value/fields.ts"
import type { SessionRows } from "../port/session-port.ts"
import { sessionPort } from "../port/session-port.ts"
import type { RedisScript } from "./executor.ts"
import { isDone } from "./executor.ts"
import { activate, discard, end, enlist, expire, extend, reserve, update } from "./scripts.ts"
import type { RedisStore } from "./store.ts"
import { listedIds, readHash, readListed, removeWalked, strikeOff } from "./store.ts"

/**
 * Stores sessions in Redis, on one server or a cluster, where no command may touch two keys.
 *
 * A session is one hash, found by its id alone. Only the hash decides whether the session lives, and only a script that
 * finds it alive changes it, so nothing revives a deleted session. Each user has an index of ids under a separate key,
 * so the two cannot change together. The order of the steps keeps every live session listed at any moment:
 *
 * - A new session is first reserved: the hash has a user and no deadline, so it cannot be found. Then it is listed,
 *   then activated, only if it is still reserved. A call that ends all sessions reads the index, then deletes the
 *   hashes, reserved ones included, then removes the entries. Either it read the index before the new session was in
 *   it, and the session lives and is listed; or it deleted the reservation, and the session never lives.
 * - A rotation reserves and lists the new session before it deletes the old one, and activates it after that. At any
 *   moment the index has the one that lives or will live. A call that ends all sessions and finds a listed hash missing
 *   may have met a rotation, so it reads the index again.
 * - An extension lengthens the entry in the index before it moves the deadline.
 * - A listed id without a hash can never become a session, so any call that finds one removes the entry.
 *
 * A crash between two steps leaves a reservation, which expires within a minute, or an entry without a session, which
 * is removed later. In a rotation it can end the sign-in, but cannot leave two sessions.
 */
export function redisSessions<SessionRow extends object>(store: RedisStore): SessionAdapter<never, SessionRow> {
  // Only the caller's types ensure that stored attributes have this type.
  return sessionPort(() => store, rows) as unknown as SessionAdapter<never, SessionRow>
}

const rows: SessionRows<RedisStore, string, Fields, never, object> = {
  ...keyValueEncoding,
  insert: async (store, session) => {
    await reserveSession(store, session)
    await activateSession(store, session)
  },
  find: async (store, id): Promise<FoundSession<never> | null> => {
    const fields = await readHash(store, store.session(id))
    const session = fields && readFields<object>(id, fields, store.ids)
    return session && { session }
  },
  async list(store, user) {
    const found = await readListed(store, store.user(user), store.session)
    const own = found.filter(({ fields }) => fields.u === user)
    return newestFirst(own.flatMap(({ id, fields }) => readFields<object>(id, fields, store.ids) ?? []))
  },
  extend: async (store, id, expiresAt, ifBefore) => {
    const fields = await readHash(store, store.session(id))
    if (!fields || fields.u === undefined || !(Number(fields.e) <= ifBefore)) return false
    await store.run(enlist, store.user(fields.u), id, String(expiresAt))
    return isDone(await store.run(extend, store.session(id), String(expiresAt), String(ifBefore)))
  },
  update: async (store, id, attributes, ifNull) => {
    const unset = ifNull === null ? "" : attributeField(ifNull)
    return isDone(await store.run(update, store.session(id), unset, ...Object.entries(attributes).flat()))
  },
  replace: async (store, oldId, session) => {
    const old = await readHash(store, store.session(oldId))
    if (!old || old.e === undefined) return false
    await reserveSession(store, session)
    if (await endBy(store, end, oldId)) {
      await activateSession(store, session)
      return true
    }
    await store.run(discard, store.session(session.id), session.user)
    await strikeOff(store, store.user(session.user), [session.id])
    return false
  },
  delete: (store, id, owner) => endBy(store, end, id, ...(owner === null ? [] : [owner])),
  async deleteOfUser(store, user, exceptId) {
    let hasMissed: boolean
    do {
      const ids = (await listedIds(store, store.user(user))).filter((id) => id !== exceptId)
      const deleted = await inBatches(ids, (id) => store.run(discard, store.session(id), user))
      await strikeOff(store, store.user(user), ids)
      hasMissed = !deleted.every(isDone)
    } while (hasMissed)
  },
  // Redis drops a session a day after its deadline. This deletes it sooner.
  deleteExpired: (store, before, limit) =>
    removeWalked(store, store.session(), limit, (id) => endBy(store, expire, id, String(before))),
}

/** Ends a session with a script that returns its user. Resolves to whether there was one. */
async function endBy(store: RedisStore, script: RedisScript, id: string, ...args: string[]): Promise<boolean> {
  const user = await store.run(script, store.session(id), ...args)
  if (typeof user === "string") await strikeOff(store, store.user(user), [id])
  return typeof user === "string"
}

async function reserveSession(store: RedisStore, { id, user, expiresAt }: NewFields): Promise<void> {
  if (!isDone(await store.run(reserve, store.session(id), user))) throw takenId()
  await store.run(enlist, store.user(user), id, String(expiresAt))
}

// The result does not matter: if activation fails, the call that deleted the reservation has ended the session.
async function activateSession(store: RedisStore, session: NewFields): Promise<void> {
  const { id, user, createdAt, expiresAt, attributes } = session
  const fields: Fields = { u: user, c: String(createdAt), e: String(expiresAt), ...attributes }
  await store.run(activate, store.session(id), user, String(expiresAt), ...Object.entries(fields).flat())
}
