import type { Revocations } from "../src/core/ports.ts"
import type { RedisAdapter } from "./redis/adapter.ts"
import { createRedisAdapter } from "./redis/adapter.ts"
import type { RedisExecutor, RedisScan } from "./redis/executor.ts"
import type { KeyValueOptions } from "./key-value/fields.ts"
import type { RedisRevocationOptions } from "./redis/revocations.ts"
import { createRedisRevocations } from "./redis/revocations.ts"

export type { KeyValueOptions } from "./key-value/fields.ts"
export type { RedisAdapter } from "./redis/adapter.ts"
export type { RedisRevocationOptions } from "./redis/revocations.ts"

/** The commands on one key that every client of `redis` has. */
export interface NodeRedisCommands {
  hGetAll(key: string): Promise<Record<string, string>>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A `redis` client for one server, or the methods that its pool and a cluster's nodes share. */
export interface NodeRedisServer extends NodeRedisCommands {
  scan(cursor: string, options: { MATCH: string; COUNT: number }): Promise<{ cursor: string | number; keys: string[] }>
}

/** A `redis` client for a cluster. */
export interface NodeRedisCluster<Node> extends NodeRedisCommands {
  masters: Node[]
  nodeClient(node: Node): Promise<NodeRedisServer>
}

/**
 * Stores sessions, one-time tokens and rate-limit budgets in Redis through `redis` (node-redis). Pass a connected
 * client, pool or cluster. Users stay in your database: pass `loadUser` to `createAuth`.
 *
 * No cleanup is needed: Redis drops a session or token a day after its deadline, and a budget once it is full again.
 * `deleteExpiredSessions()` and similar methods scan all keys. A token that never expires throws `unsupported`.
 *
 * Set `maxmemory-policy` to `noeviction`. A server that evicts keys ends sessions and forgets attempts. If it evicts a
 * user's index, "sign out everywhere" misses that user's older sessions and tokens. Read from primaries only. Redis
 * confirms a write before its replicas have it, so a failover can bring back what was deleted just before.
 *
 * Give each environment its own `prefix`. Two environments that use one server with the same prefix share their
 * sessions.
 *
 * Throws `invalid_option` for invalid options, and later if the client maps replies to other types.
 *
 * @example
 * const auth = createAuth({
 *   adapter: redisAdapter(await createClient({ url }).on("error", console.error).connect(), { prefix: "shop:production:" }),
 *   loadUser: (id) => users.getUser(id),
 * })
 */
export function redisAdapter<SessionRow extends object = {}, Node = never>(
  client: NodeRedisServer | NodeRedisCluster<Node>,
  options: KeyValueOptions = {},
): RedisAdapter<SessionRow> {
  return createRedisAdapter(nodeRedisExecutor(client), options)
}

/**
 * Stores revocations of stateless sessions in Redis, which drops them once they expire. The notes on eviction and
 * replicas at {@link redisAdapter} apply here too: a server that evicts keys revives sessions. Throws `invalid_option`
 * for an invalid prefix.
 *
 * @example
 * const revocations = redisRevocations(client, { prefix: "shop:production:" })
 * const auth = createStatelessAuth({ secrets: [process.env.SESSION_SECRET], revocations })
 */
export function redisRevocations<Node = never>(
  client: NodeRedisServer | NodeRedisCluster<Node>,
  options: RedisRevocationOptions = {},
): Revocations {
  return createRedisRevocations(nodeRedisExecutor(client), options)
}

function nodeRedisExecutor<Node>(client: NodeRedisServer | NodeRedisCluster<Node>): RedisExecutor {
  return {
    readHash: (key) => client.hGetAll(key),
    evaluate: (lua, key, args) => client.eval(lua, { keys: [key], arguments: args }),
    evaluateCached: (sha1, key, args) => client.evalSha(sha1, { keys: [key], arguments: args }),
    scans: async () => {
      const servers =
        "nodeClient" in client ? await Promise.all(client.masters.map((node) => client.nodeClient(node))) : [client]
      return servers.map(scanOf)
    },
  }
}

function scanOf(server: NodeRedisServer): RedisScan {
  return async (from, pattern, count) => {
    const { cursor, keys } = await server.scan(from, { MATCH: pattern, COUNT: count })
    // The cursor is a number before version 5, where "0" never comes.
    return { cursor: String(cursor), keys }
  }
}
