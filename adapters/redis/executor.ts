import { isError } from "../../src/core/realm.ts"
import { digest } from "./digest.ts"

/** A script that touches one key, which is all that a Redis Cluster allows. */
export interface RedisScript {
  lua: string
  /** The script's name in the server's cache: the SHA-1 of its text. */
  sha1: () => Promise<string>
}

/** What a Redis client must offer to carry the adapter. All methods reject with the client's own error. */
export interface RedisExecutor {
  /** HGETALL: an empty object for a key that is not there. */
  readHash(key: string): Promise<Record<string, string>>
  /** EVALSHA with one key. */
  evaluateCached(sha1: string, key: string, args: string[]): Promise<unknown>
  /** EVAL with one key. */
  evaluate(lua: string, key: string, args: string[]): Promise<unknown>
  /** Lists the nodes that hold keys: one, or the primaries of a cluster. */
  nodes(): Promise<RedisNode[]>
}

/** A node whose keys can be walked through. */
export interface RedisNode {
  /** SCAN: one step from a cursor on. The walk begins and ends with cursor `"0"`. */
  scan(cursor: string, pattern: string, count: number): Promise<{ cursor: string; keys: string[] }>
}

/** Makes a script of its text. */
export function redisScript(lua: string): RedisScript {
  let sha1: string | undefined
  // Each call hashes it until one has: a promise of another request may never settle.
  return { lua, sha1: async () => (sha1 ??= await digest("SHA-1", lua)) }
}

/** Runs a script by its name, and by its text where the server has not seen it yet. */
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

/** Tells whether an error is the server's answer with this code. */
export function isReply(error: unknown, code: "NOSCRIPT" | "WRONGTYPE"): boolean {
  return isError(error) && error.message.startsWith(code)
}

/** Walks through the keys that match, in steps that block no server for long. A key may come twice. */
export async function* walkKeys(redis: RedisExecutor, pattern: string): AsyncGenerator<string[]> {
  for (const node of await redis.nodes()) {
    let [cursor, keys] = ["0", [] as string[]]
    do {
      ;({ cursor, keys } = await node.scan(cursor, pattern, 1000))
      yield keys
    } while (cursor !== "0")
  }
}
