import { AuthError } from "../../src/core/errors.ts"
import { toUtf8 } from "../../src/platform/bytes.ts"
import { toHex } from "../../src/platform/encoding.ts"
import { isBytes, isError } from "../../src/platform/realm.ts"
import { quoted } from "../port/names.ts"
import { withoutValues } from "../retry/driver-error.ts"

/** A script that touches one key, the only kind that Redis Cluster allows. */
export interface RedisScript {
  lua: string
  /** The script's name in the server's cache: the SHA-1 of its text. */
  sha1: () => Promise<string>
}

/** The methods that the adapter needs of a Redis client. All reject with the client's own error. */
export interface RedisExecutor {
  /** HGETALL: an empty object for a missing key. */
  readHash(key: string): Promise<Record<string, string>>
  /** EVALSHA with one key. */
  evaluateCached(sha1: string, key: string, args: string[]): Promise<unknown>
  /** EVAL with one key. */
  evaluate(lua: string, key: string, args: string[]): Promise<unknown>
  /** SCAN of each node that holds keys: one, or the primaries of a cluster. */
  scans(): Promise<RedisScan[]>
}

/** SCAN of one node: one step from a cursor. The walk starts and ends with cursor `"0"`. */
export type RedisScan = (cursor: string, pattern: string, count: number) => Promise<{ cursor: string; keys: string[] }>

/** Reads the option `prefix`, with which every key starts. Throws `invalid_option` if it is not text. */
export function prefixOf({ prefix = "nightlatch:" }: { prefix?: string | undefined }): string {
  if (typeof prefix === "string" && prefix.isWellFormed()) return prefix
  throw new AuthError("invalid_option", `prefix: ${quoted(prefix)} is not text; use a prefix such as "auth:"`)
}

/** Creates a script from its text. */
export function redisScript(lua: string): RedisScript {
  let sha1: string | undefined
  // Each call computes the hash until one has finished: a promise of another request may never settle.
  return { lua, sha1: async () => (sha1 ??= await sha1Of(lua)) }
}

async function sha1Of(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-1", toUtf8(text))))
}

/** Runs a script by name, or by text if the server has not seen it yet. */
export async function runScript(
  redis: RedisExecutor,
  script: RedisScript,
  key: string,
  args: string[],
): Promise<unknown> {
  try {
    return await redis.evaluateCached(await script.sha1(), key, args)
  } catch (error) {
    if (!isReply(error, "NOSCRIPT")) throw error
    return redis.evaluate(script.lua, key, args)
  }
}

/** Returns whether an error is the server's reply with this code. */
export function isReply(error: unknown, code: "NOSCRIPT" | "WRONGTYPE"): boolean {
  return isError(error) && error.message.startsWith(code)
}

/** Returns whether a script returned 1. A client may be configured to return numbers as text. */
export function isDone(reply: unknown): boolean {
  return Number(reply) === 1
}

/** Walks through the matching keys in steps that never block a server for long. A key may appear twice. */
export async function* walkKeys(redis: RedisExecutor, pattern: string): AsyncGenerator<string[]> {
  for (const scan of await redis.scans()) {
    let [cursor, keys] = ["0", [] as string[]]
    do {
      ;({ cursor, keys } = await scan(cursor, pattern, 1000))
      yield keys
    } while (cursor !== "0")
  }
}

/**
 * Rejects replies that the client maps to other types. Removes the command from its errors, because it contains ids and
 * keys.
 */
export function checkedExecutor(redis: RedisExecutor): RedisExecutor {
  return {
    readHash: (key) => withoutCommand(async () => checkedHash(await redis.readHash(key))),
    evaluateCached: (...call) => withoutCommand(async () => checkedReply(await redis.evaluateCached(...call))),
    evaluate: (...call) => withoutCommand(async () => checkedReply(await redis.evaluate(...call))),
    scans: () => withoutCommand(redis.scans),
  }
}

async function withoutCommand<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    throw withoutValues(error)
  }
}

function checkedHash(reply: unknown): Record<string, string> {
  const isHash = typeof reply === "object" && reply !== null && !isOtherType(reply)
  if (isHash && Object.values(reply).every((value) => typeof value === "string")) return { ...reply }
  throw mappedTypes()
}

function checkedReply(reply: unknown): unknown {
  const items: unknown[] = Array.isArray(reply) ? reply : [reply]
  if (items.some(isBytes)) throw mappedTypes()
  return reply
}

function isOtherType(reply: object): boolean {
  return Symbol.iterator in reply
}

function mappedTypes(): AuthError {
  return new AuthError(
    "invalid_option",
    "client: it maps replies to other types, such as Map or Buffer; use one without a type mapping",
  )
}
