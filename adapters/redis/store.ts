import { checkOptions } from "../../src/core/options.ts"
import { batchSize, inBatches, removeSome } from "../key-value/batches.ts"
import type { Fields, KeyValueOptions } from "../key-value/fields.ts"
import type { UserIds } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"
import type { RedisExecutor, RedisScript } from "./executor.ts"
import { checkedExecutor, isReply, prefixOf, runScript, walkKeys } from "./executor.ts"
import { readIndex, strike } from "./scripts.ts"

/** A client with the names of its keys. */
export interface RedisStore {
  redis: RedisExecutor
  ids: UserIds
  /** The key of a session; without an id, the prefix of all session keys. */
  session(id?: string): string
  /** The same for tokens. */
  token(id?: string): string
  /** The same for rate-limit budgets. */
  attempt(id?: string): string
  /** The key of the index of a user's sessions. */
  user(encodedId: string): string
  /** The key of the index of a user's tokens. */
  userTokens(encodedId: string): string
  run(script: RedisScript, key: string, ...args: string[]): Promise<unknown>
}

/** A hash listed in an index. */
export interface ListedHash {
  id: string
  fields: Fields
}

/** Opens a store over a client. Throws `invalid_option` for invalid options. */
export function redisStore(client: RedisExecutor, options: KeyValueOptions = {}): RedisStore {
  const redis = checkedExecutor(client)
  checkOptions("adapter", options, "prefix", "userIdType")
  const prefix = prefixOf(options)
  return {
    redis,
    ids: userIdsOf(options.userIdType),
    session: (id = "") => `${prefix}session:${id}`,
    token: (id = "") => `${prefix}token:${id}`,
    attempt: (id = "") => `${prefix}attempt:${id}`,
    user: (encodedId) => `${prefix}user:${encodedId}`,
    userTokens: (encodedId) => `${prefix}tokens:${encodedId}`,
    run: (script, key, ...args) => runScript(redis, script, key, args),
  }
}

/** Reads a hash; `null` if the key has another type. */
export async function readHash({ redis }: RedisStore, key: string): Promise<Fields | null> {
  try {
    return await redis.readHash(key)
  } catch (error) {
    if (isReply(error, "WRONGTYPE")) return null
    throw error
  }
}

/** Reads a user's index. */
export async function listedIds(store: RedisStore, index: string): Promise<string[]> {
  const ids = await store.run(readIndex, index)
  return Array.isArray(ids) ? ids.map(String) : []
}

/** Reads the hashes listed in a user's index, and removes the entries of those that are gone. */
export async function readListed(
  store: RedisStore,
  index: string,
  keyOf: (id: string) => string,
): Promise<ListedHash[]> {
  const ids = await listedIds(store, index)
  const found = await inBatches(ids, async (id) => ({ id, fields: await readHash(store, keyOf(id)) }))
  const gone = found.flatMap(({ id, fields }) => (fields && Object.keys(fields).length === 0 ? id : []))
  await strikeOff(store, index, gone)
  return found.flatMap(({ id, fields }) => (fields ? { id, fields } : []))
}

/** Removes rows from a user's index. */
export async function strikeOff(store: RedisStore, index: string, ids: string[]): Promise<void> {
  for (let n = 0; n < ids.length; n += batchSize) await store.run(strike, index, ...ids.slice(n, n + batchSize))
}

/**
 * Walks through the keys with this prefix and removes at most `limit` of what they hold. Resolves to how many. `remove`
 * returns whether it removed one.
 */
export async function removeWalked(
  { redis }: RedisStore,
  beginning: string,
  limit: number,
  remove: (id: string) => Promise<boolean>,
): Promise<number> {
  let removed = 0
  // The client may add its own prefix to every key.
  for await (const keys of walkKeys(redis, `*${escapeGlob(beginning)}*`)) {
    const ids = keys.map((key) => key.slice(key.lastIndexOf(beginning) + beginning.length))
    removed += await removeSome(ids, limit - removed, remove)
    if (removed >= limit) break
  }
  return removed
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, String.raw`\$&`)
}
