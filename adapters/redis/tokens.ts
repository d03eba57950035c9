import { AuthError } from "../../src/core/errors.ts"
import type { TokenAdapter, TokenRecord } from "../../src/tokens/token-port.ts"
import { inBatches } from "../key-value/batches.ts"
import type { Fields } from "../key-value/fields.ts"
import { decodeUserId, encodeUserId, readTime } from "../key-value/fields.ts"
import { randomId } from "../port/random-id.ts"
import type { DeletedPurposes, NewToken, OlderTokens, TokenRows } from "../port/token-port.ts"
import { tokenPort } from "../port/token-port.ts"
import { impossibleUser } from "../port/user-ids.ts"
import { isDone } from "./executor.ts"
import { enlist } from "./scripts.ts"
import type { RedisStore } from "./store.ts"
import { listedIds, readHash, readListed, removeWalked, strikeOff } from "./store.ts"
import {
  activateToken,
  discardToken,
  expireToken,
  reserveToken,
  takeToken,
  tryToken,
  undoToken,
} from "./token-scripts.ts"

/** A token in a user's index. `at` is its reservation, which sorts by age. */
interface OwnToken {
  id: string
  at: string
  expiresAt: number
}

/**
 * Stores tokens in Redis, on one server or a cluster, as `redisSessions` stores sessions. A token is one hash: first
 * reserved, then listed in its user's index, then activated. A call that deletes a user's tokens therefore either meets
 * a new one, or has read the index before it was listed.
 *
 * Several tokens are all reserved, then listed in one step for each user, then activated. If one of them fails, all are
 * removed.
 *
 * Taking a token leaves its id in the index, so that a sign-in is one command on one node. The next reader of the index
 * removes the id, and the entry expires a day after the token's deadline.
 *
 * The fields: `r` is the reservation; `u` the user after an equals sign, or empty; `p` the purpose; `n` the attempts;
 * `d` the data; `e` the deadline, which a reserved token does not have yet.
 */
export function redisTokens(store: RedisStore): TokenAdapter {
  return tokenPort({ open: () => store, openIfMade: () => store }, rows)
}

const rows: TokenRows<RedisStore, string> = {
  encodeUser: ({ ids }, id) => encodeUserId(id, ids),
  impossibleUser,
  async insert(store, tokens, older) {
    if (tokens.some(({ expiresAt }) => expiresAt === null)) throw endless()
    const reservation = await reserveAll(store, tokens)
    if (reservation === null) return false
    await allOrNone(store, tokens, reservation, async () => {
      await list(store, tokens)
      const activated = await inBatches(tokens, (token) => activate(store, token, reservation))
      // A concurrent deletion removed some reservations, so the rest end too.
      if (!activated.every(isDone)) await takeBack(store, tokens, reservation)
      if (older) await dropOlder(store, older, reservation)
    })
    return true
  },
  async find(store, id) {
    const fields = await readHash(store, store.token(id))
    return fields && readToken(id, fields, store)
  },
  take: async (store, id) => readToken(id, fieldsOf(await store.run(takeToken, store.token(id))), store),
  try: async (store, id, limit) =>
    readToken(id, fieldsOf(await store.run(tryToken, store.token(id), String(limit))), store),
  count: async (store, user, purpose) => (await ownTokens(store, user, purpose)).length,
  async deleteOfUser(store, user, deleted) {
    await discardTokens(store, user, await listedIds(store, store.userTokens(user)), deleted)
  },
  deleteExpired: (store, before, limit) =>
    removeWalked(store, store.token(), limit, async (id) => {
      const owner = await store.run(expireToken, store.token(id), String(before))
      if (typeof owner === "string" && owner !== "") await strikeOff(store, store.userTokens(owner.slice(1)), [id])
      return typeof owner === "string"
    }),
}

/** Reserves the keys of tokens. Resolves to their reservation; `null`, holding none, if a key is taken. */
async function reserveAll(store: RedisStore, tokens: NewToken<string>[]): Promise<string | null> {
  let reservation = ""
  // All callers use one order: if two have an id in common, one of them gets all of its ids.
  for (const token of tokens.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const own = await allOrNone(store, tokens, reservation, () => reserve(store, token, reservation))
    if (own === null) {
      await takeBack(store, tokens, reservation)
      return null
    }
    reservation = own
  }
  return reservation
}

async function reserve(store: RedisStore, token: NewToken<string>, reservation: string): Promise<string | null> {
  const { id, user, purpose, attempts, data } = token
  const fields = { u: ownerOf(user), p: purpose, n: String(attempts), d: data }
  const reply = await store.run(
    reserveToken,
    store.token(id),
    reservation,
    randomId(16),
    ...Object.entries(fields).flat(),
  )
  return typeof reply === "string" ? reply : null
}

/** Runs a step of an insertion. If it fails, removes the tokens as far as Redis can be reached. */
async function allOrNone<Result>(
  store: RedisStore,
  tokens: NewToken<string>[],
  reservation: string,
  step: () => Promise<Result>,
): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    // The first error explains the failure. Anything only reserved expires within a minute.
    await takeBack(store, tokens, reservation).catch(() => undefined)
    throw error
  }
}

async function takeBack(store: RedisStore, tokens: NewToken<string>[], reservation: string): Promise<void> {
  if (reservation !== "") await inBatches(tokens, ({ id }) => store.run(undoToken, store.token(id), reservation))
}

/** Lists tokens in their users' indexes, one step per user, so that no deletion meets only some of a user's tokens. */
async function list(store: RedisStore, tokens: NewToken<string>[]): Promise<void> {
  for (const user of new Set(tokens.flatMap((token) => token.user ?? []))) {
    const own = tokens.filter((token) => token.user === user)
    const entries = own.flatMap(({ id, expiresAt }) => [id, String(expiresAt)])
    await store.run(enlist, store.userTokens(user), ...entries)
  }
}

function activate(store: RedisStore, { id, expiresAt }: NewToken<string>, reservation: string): Promise<unknown> {
  return store.run(activateToken, store.token(id), reservation, String(expiresAt))
}

/**
 * Ends a user's older tokens. Tokens that others have stored since count as newer, so no two callers end what the other
 * has just stored. Of tokens that expire together, all callers keep the same ones. Otherwise fewer would be left than
 * each keeps.
 */
async function dropOlder(
  store: RedisStore,
  { user, purpose, keep }: OlderTokens<string>,
  reservation: string,
): Promise<void> {
  const others = (await ownTokens(store, user, purpose)).filter(({ at }) => at !== reservation)
  const isOlder = ({ at }: OwnToken) => reservation === "" || at < reservation
  const older = others.filter(isOlder).sort((a, b) => b.expiresAt - a.expiresAt || (a.at < b.at ? 1 : -1))
  const dropped = older.slice(Math.max(0, keep - (others.length - older.length)))
  const ids = dropped.map(({ id }) => id)
  await discardTokens(store, user, ids, { purposes: [purpose], isExcept: false })
}

/** Deletes a user's tokens and reservations that have, or do not have, one of these purposes. */
async function discardTokens(
  store: RedisStore,
  user: string,
  ids: string[],
  { purposes, isExcept }: DeletedPurposes,
): Promise<void> {
  const call = [ownerOf(user), isExcept ? "except" : "only", ...purposes]
  const stays = await inBatches(ids, (id) => store.run(discardToken, store.token(id), ...call))
  const gone = ids.filter((_, n) => !isDone(stays[n]))
  await strikeOff(store, store.userTokens(user), gone)
}

async function ownTokens(store: RedisStore, user: string, purpose: string): Promise<OwnToken[]> {
  const listed = await readListed(store, store.userTokens(user), store.token)
  const own = listed.filter(({ fields }) => fields.u === ownerOf(user) && fields.p === purpose)
  return own.flatMap(({ id, fields }) => {
    const expiresAt = readToken(id, fields, store)?.expiresAt
    return expiresAt ? { id, at: fields.r ?? "", expiresAt: expiresAt.getTime() } : []
  })
}

/** Reads a token back; `null` for anything that was not written as a token. */
function readToken(id: string, fields: Fields, { ids }: RedisStore): TokenRecord | null {
  const { u: owner, p: purpose, n: attempts = "", d: data } = fields
  const userId = owner === "" ? null : decodeUserId(owner?.startsWith("=") ? owner.slice(1) : undefined, ids)
  const expiresAt = readTime(fields.e)
  if (userId === undefined || purpose === undefined || data === undefined || !expiresAt) return null
  return /^\d+$/.test(attempts) ? { id, purpose, userId, expiresAt, attempts: Number(attempts), data } : null
}

/** Returns the field of a token's user. */
function ownerOf(user: string | null): string {
  return user === null ? "" : `=${user}`
}

/** Reads the fields that a script returned. */
function fieldsOf(reply: unknown): Fields {
  const items = Array.isArray(reply) ? reply.map(String) : []
  return Object.fromEntries(items.flatMap((name, n) => (n % 2 === 0 ? [[name, items[n + 1] ?? ""]] : [])))
}

function endless(): AuthError {
  return new AuthError(
    "unsupported",
    "expiresAt: null: Redis may evict a token that never expires; use a database adapter",
  )
}
