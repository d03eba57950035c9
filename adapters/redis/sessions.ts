import { AuthError } from "../../src/core/errors.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "../../src/core/ports.ts"
import { newSessionIdOf, sessionIdOf, timeOf } from "../port/parameters.ts"
import { batchSize, inBatches } from "../key-value/batches.ts"
import type { RedisExecutor, RedisScript } from "./executor.ts"
import { checkedExecutor, isDone, isReply, runScript, walkKeys } from "./executor.ts"
import type { Fields } from "../key-value/fields.ts"
import { attributeFields, encodeOwner, encodeUserId, readFields, sessionFields } from "../key-value/fields.ts"
import type { Keys, KeyValueOptions } from "../key-value/keys.ts"
import { keysOf } from "../key-value/keys.ts"
import { activate, discard, end, enlist, expire, extend, readIndex, reserve, strike, update } from "./scripts.ts"

interface Store extends Keys {
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
  const run: Store["run"] = (script, key, ...args) => runScript(redis, script, key, args)
  const store: Store = { ...keysOf(options), redis, run }
  return {
    insertSession: (session) => insertSession(store, session),
    findSession: (id) => findSession(store, id),
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
  const fields = checkedFields(store, session)
  await reserveSession(store, session.id, fields)
  await activateSession(store, session.id, fields)
}

async function findSession<SessionRow>(store: Store, id: string): Promise<FoundSession<never, SessionRow> | null> {
  const known = sessionIdOf(id)
  const fields = known !== null && (await readHash(store, known))
  const session = fields && readFields<SessionRow>(id, fields, store.ids)
  return session ? { session } : null
}

async function listSessions<SessionRow>(store: Store, userId: UserId): Promise<SessionRecord<SessionRow>[]> {
  const user = encodeUserId(userId, store.ids)
  if (user === null) return []
  const ids = await listedIds(store, user)
  const rows = await inBatches(ids, async (id) => ({ id, fields: await readHash(store, id) }))
  await strikeOff(
    store,
    user,
    rows.filter(({ fields }) => fields && Object.keys(fields).length === 0).map(({ id }) => id),
  )
  const sessions = rows.map(({ id, fields }) => fields && readFields<SessionRow>(id, fields, store.ids))
  return sessions
    .filter((session) => session !== null)
    .filter((session) => session.userId === userId)
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
}

async function extendSession(store: Store, id: string, expiresAt: Date, ifBefore: Date): Promise<boolean> {
  const known = sessionIdOf(id)
  const [to, limit] = [timeOf(expiresAt), timeOf(ifBefore)]
  const fields = known !== null && (await readHash(store, known))
  if (!fields || fields.u === undefined || !(Number(fields.e) <= limit)) return false
  await store.run(enlist, store.user(fields.u), id, String(to))
  return isDone(await store.run(extend, store.session(id), String(to), String(limit)))
}

async function updateSession(store: Store, id: string, attributes: object): Promise<boolean> {
  const known = sessionIdOf(id)
  const fields = attributeFields(attributes)
  if (known === null) return false
  return isDone(await store.run(update, store.session(known), ...Object.entries(fields).flat()))
}

async function replaceSession(store: Store, oldId: string, session: SessionRecord): Promise<boolean> {
  const known = sessionIdOf(oldId)
  const fields = checkedFields(store, session)
  const old = known !== null && (await readHash(store, known))
  if (!old || old.e === undefined) return false
  await reserveSession(store, session.id, fields)
  if (!(await deleteSession(store, oldId))) return cancel(store, session.id, fields)
  await activateSession(store, session.id, fields)
  return true
}

async function deleteSession(store: Store, id: string, userId?: UserId): Promise<boolean> {
  const known = sessionIdOf(id)
  const owner = userId === undefined ? [] : [encodeUserId(userId, store.ids)]
  if (known === null || owner[0] === null) return false
  const user = await store.run(end, store.session(known), ...owner.map(String))
  if (typeof user === "string") await strikeOff(store, user, [known])
  return typeof user === "string"
}

async function deleteUserSessions(store: Store, userId: UserId, exceptId?: string): Promise<void> {
  const user = encodeUserId(userId, store.ids)
  const except = exceptId === undefined ? null : sessionIdOf(exceptId)
  if (user === null) return
  let hasMissed: boolean
  do {
    const ids = (await listedIds(store, user)).filter((id) => id !== except)
    const deleted = await inBatches(ids, (id) => store.run(discard, store.session(id), user))
    await strikeOff(store, user, ids)
    hasMissed = !deleted.every(isDone)
  } while (hasMissed)
}

// Redis drops a session a day after its deadline: this is for those who want it sooner.
async function deleteExpiredSessions(store: Store, before: Date, limit: number): Promise<number> {
  const time = timeOf(before)
  if (!Number.isSafeInteger(limit) || limit < 0)
    throw new AuthError("invalid_option", "limit: not a whole number from 0; use one such as 1000")
  const beginning = store.session()
  let deleted = 0
  // The client may put something before every key.
  for await (const keys of walkKeys(store.redis, `*${escapeGlob(beginning)}*`)) {
    const ids = keys.map((key) => key.slice(key.lastIndexOf(beginning) + beginning.length))
    while (ids.length > 0 && deleted < limit) {
      const ended = await inBatches(ids.splice(0, limit - deleted), (id) => expireSession(store, id, time))
      deleted += ended.filter(Boolean).length
    }
    if (deleted >= limit) break
  }
  return deleted
}

async function expireSession(store: Store, id: string, before: number): Promise<boolean> {
  const user = await store.run(expire, store.session(id), String(before))
  if (typeof user === "string") await strikeOff(store, user, [id])
  return typeof user === "string"
}

function checkedFields({ ids }: Store, session: SessionRecord): Fields & { u: string; e: string } {
  const user = encodeOwner(session.userId, ids)
  newSessionIdOf(session.id)
  return { ...sessionFields(user, session), u: user, e: String(timeOf(session.expiresAt)) }
}

async function reserveSession(store: Store, id: string, { u, e }: { u: string; e: string }): Promise<void> {
  if (!isDone(await store.run(reserve, store.session(id), u)))
    throw new AuthError("store_failed", "The session id is taken: make a new one.")
  await store.run(enlist, store.user(u), id, e)
}

// Whether it became a session makes no difference: it was ended by whoever took the reservation away.
async function activateSession(store: Store, id: string, fields: Fields & { u: string; e: string }): Promise<void> {
  await store.run(activate, store.session(id), fields.u, fields.e, ...Object.entries(fields).flat())
}

async function cancel(store: Store, id: string, { u }: { u: string }): Promise<false> {
  await store.run(discard, store.session(id), u)
  await strikeOff(store, u, [id])
  return false
}

/** Reads a session's hash; `null` where another type of value is in its place. */
async function readHash({ redis, session }: Store, id: string): Promise<Fields | null> {
  try {
    return await redis.readHash(session(id))
  } catch (error) {
    if (isReply(error, "WRONGTYPE")) return null
    throw error
  }
}

async function listedIds(store: Store, user: string): Promise<string[]> {
  const ids = await store.run(readIndex, store.user(user))
  return Array.isArray(ids) ? ids.map(String) : []
}

async function strikeOff(store: Store, user: string, ids: string[]): Promise<void> {
  for (let n = 0; n < ids.length; n += batchSize)
    await store.run(strike, store.user(user), ...ids.slice(n, n + batchSize))
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, String.raw`\$&`)
}
