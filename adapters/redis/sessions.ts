import { AuthError } from "../../src/core/errors.ts"
import type { FoundSession, SessionAdapter, SessionRecord } from "../../src/core/ports.ts"
import { batchSize, inBatches } from "../key-value/batches.ts"
import type { Fields, NewFields } from "../key-value/fields.ts"
import { attributeField, keyValueEncoding, newestFirst, readFields } from "../key-value/fields.ts"
import type { Keys, KeyValueOptions } from "../key-value/keys.ts"
import { keysOf } from "../key-value/keys.ts"
import type { SessionRows } from "../port/session-port.ts"
import { sessionPort } from "../port/session-port.ts"
import type { RedisExecutor, RedisScript } from "./executor.ts"
import { checkedExecutor, isDone, isReply, runScript, walkKeys } from "./executor.ts"
import { activate, discard, end, enlist, expire, extend, readIndex, reserve, strike, update } from "./scripts.ts"

interface RedisStore extends Keys {
  redis: RedisExecutor
  run(script: RedisScript, key: string, ...args: string[]): Promise<unknown>
}

/**
 * Keeps sessions in Redis, on one server or a cluster, where no command may touch two keys.
 *
 * A session is one hash, found by its id alone. Only the hash decides whether the session lives, and only a script
 * that finds it alive changes it: nothing revives what was deleted. Each user has an index of ids under a key of its
 * own, so the two cannot change together. What keeps every live session listed, at any moment, is the order:
 *
 * - A new session is first reserved (the hash has a user and no deadline: nobody can find it), then listed, then
 *   activated, only if it is still reserved. Whoever ends all sessions reads the index, then deletes the hashes, reserved
 *   ones too, then strikes them off. So either the list was read before the new session was in it, and it lives and is
 *   listed; or its reservation is gone, and it never lives.
 * - A rotation reserves and lists the new session before it deletes the old one, and activates it after that. At any
 *   moment the index has the one that lives or will. Whoever ends all sessions and misses a hash that was listed may have
 *   met a rotation, and reads the index again.
 * - An extension lengthens the entry in the index before it moves the deadline.
 * - A listed id without a hash can never become a session any more, so whoever meets one strikes it off.
 *
 * A crash between two steps leaves a reservation, which expires within a minute, or an entry without a session, which
 * is struck off. In a rotation it can end the sign-in; it cannot leave two.
 */
export function redisSessions<SessionRow extends object>(
  client: RedisExecutor,
  options: KeyValueOptions = {},
): SessionAdapter<never, SessionRow> {
  const redis = checkedExecutor(client)
  const run: RedisStore["run"] = (script, key, ...args) => runScript(redis, script, key, args)
  const store: RedisStore = { ...keysOf(options), redis, run }
  // Attributes are whatever was stored: that they have this type is the application's word.
  return sessionPort(() => store, rows) as unknown as SessionAdapter<never, SessionRow>
}

const rows: SessionRows<RedisStore, string, Fields, never, object> = {
  ...keyValueEncoding,
  insert: async (store, session) => {
    await reserveSession(store, session)
    await activateSession(store, session)
  },
  find: async (store, id): Promise<FoundSession<never> | null> => {
    const fields = await readHash(store, id)
    const session = fields && readFields<object>(id, fields, store.ids)
    return session && { session }
  },
  list,
  extend: async (store, id, expiresAt, ifBefore) => {
    const fields = await readHash(store, id)
    if (!fields || fields.u === undefined || !(Number(fields.e) <= ifBefore)) return false
    await store.run(enlist, store.user(fields.u), id, String(expiresAt))
    return isDone(await store.run(extend, store.session(id), String(expiresAt), String(ifBefore)))
  },
  update: async (store, id, attributes, ifNull) => {
    const unset = ifNull === null ? "" : attributeField(ifNull)
    return isDone(await store.run(update, store.session(id), unset, ...Object.entries(attributes).flat()))
  },
  replace: async (store, oldId, session) => {
    const old = await readHash(store, oldId)
    if (!old || old.e === undefined) return false
    await reserveSession(store, session)
    if (!(await endSession(store, oldId, null))) return cancel(store, session)
    await activateSession(store, session)
    return true
  },
  delete: endSession,
  deleteOfUser,
  deleteExpired,
}

async function list(store: RedisStore, user: string): Promise<SessionRecord[]> {
  const ids = await listedIds(store, user)
  const found = await inBatches(ids, async (id) => ({ id, fields: await readHash(store, id) }))
  const gone = found.filter(({ fields }) => fields && Object.keys(fields).length === 0)
  await strikeOff(
    store,
    user,
    gone.map(({ id }) => id),
  )
  const own = found.filter(({ fields }) => fields?.u === user)
  return newestFirst(own.flatMap(({ id, fields }) => (fields && readFields<object>(id, fields, store.ids)) ?? []))
}

async function endSession(store: RedisStore, id: string, owner: string | null): Promise<boolean> {
  const user = await store.run(end, store.session(id), ...(owner === null ? [] : [owner]))
  if (typeof user === "string") await strikeOff(store, user, [id])
  return typeof user === "string"
}

async function deleteOfUser(store: RedisStore, user: string, exceptId: string | null): Promise<void> {
  let hasMissed: boolean
  do {
    const ids = (await listedIds(store, user)).filter((id) => id !== exceptId)
    const deleted = await inBatches(ids, (id) => store.run(discard, store.session(id), user))
    await strikeOff(store, user, ids)
    hasMissed = !deleted.every(isDone)
  } while (hasMissed)
}

// Redis drops a session a day after its deadline: this is for those who want it sooner.
async function deleteExpired(store: RedisStore, before: number, limit: number): Promise<number> {
  const beginning = store.session()
  let deleted = 0
  // The client may put something before every key.
  for await (const keys of walkKeys(store.redis, `*${escapeGlob(beginning)}*`)) {
    const ids = keys.map((key) => key.slice(key.lastIndexOf(beginning) + beginning.length))
    while (ids.length > 0 && deleted < limit) {
      const ended = await inBatches(ids.splice(0, limit - deleted), (id) => expireSession(store, id, before))
      deleted += ended.filter(Boolean).length
    }
    if (deleted >= limit) break
  }
  return deleted
}

async function expireSession(store: RedisStore, id: string, before: number): Promise<boolean> {
  const user = await store.run(expire, store.session(id), String(before))
  if (typeof user === "string") await strikeOff(store, user, [id])
  return typeof user === "string"
}

async function reserveSession(store: RedisStore, { id, user, expiresAt }: NewFields): Promise<void> {
  if (!isDone(await store.run(reserve, store.session(id), user)))
    throw new AuthError("store_failed", "The session id is taken: make a new one.")
  await store.run(enlist, store.user(user), id, String(expiresAt))
}

// Whether it became a session makes no difference: it was ended by whoever took the reservation away.
async function activateSession(store: RedisStore, session: NewFields): Promise<void> {
  const { id, user, createdAt, expiresAt, attributes } = session
  const fields: Fields = { u: user, c: String(createdAt), e: String(expiresAt), ...attributes }
  await store.run(activate, store.session(id), user, String(expiresAt), ...Object.entries(fields).flat())
}

async function cancel(store: RedisStore, { id, user }: NewFields): Promise<false> {
  await store.run(discard, store.session(id), user)
  await strikeOff(store, user, [id])
  return false
}

/** Reads a session's hash; `null` where another type of value is in its place. */
async function readHash({ redis, session }: RedisStore, id: string): Promise<Fields | null> {
  try {
    return await redis.readHash(session(id))
  } catch (error) {
    if (isReply(error, "WRONGTYPE")) return null
    throw error
  }
}

async function listedIds(store: RedisStore, user: string): Promise<string[]> {
  const ids = await store.run(readIndex, store.user(user))
  return Array.isArray(ids) ? ids.map(String) : []
}

async function strikeOff(store: RedisStore, user: string, ids: string[]): Promise<void> {
  for (let n = 0; n < ids.length; n += batchSize)
    await store.run(strike, store.user(user), ...ids.slice(n, n + batchSize))
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, String.raw`\$&`)
}
