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

/** What every client of `redis` can do with a key. */
export interface NodeRedisCommands {
  hGetAll(key: string): Promise<Record<string, string>>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A client of `redis` for one server, or what its pool and the nodes of its cluster have in common. */
export interface NodeRedisServer extends NodeRedisCommands {
  scan(cursor: string, options: { MATCH: string; COUNT: number }): Promise<{ cursor: string | number; keys: string[] }>
}

/** A client of `redis` for a cluster. */
export interface NodeRedisCluster<Node> extends NodeRedisCommands {
  masters: Node[]
  nodeClient(node: Node): Promise<NodeRedisServer>
}

/**
 * Keeps sessions, one-time tokens and the budgets of throttles in Redis through `redis` (node-redis): over a client, a pool
 * or a cluster, connected by the application. Users stay in the application's database: give createAuth `loadUser`.
 *
 * Redis drops a session or a token a day after its deadline, and a budget when it is full again, so nothing needs to be
 * cleaned up: `deleteExpiredSessions()` and its like walk through all keys. Set `maxmemory-policy` to `noeviction`: a
 * server that evicts keys ends sessions and forgets attempts. It may lose a user's index, without which "sign out
 * everywhere" misses that user's older sessions and tokens. A token that never expires throws `unsupported`. Read from primaries only. Redis confirms a
 * write before its replicas have it, so a failover can bring back what was deleted in its last moments.
 *
 * Two environments that use one server without different prefixes share their sessions: give each its own `prefix`.
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
 * Keeps revocations of stateless sessions in Redis, which drops them when they have lapsed. What {@link redisAdapter}
 * says of eviction and replicas holds here too: a server that evicts keys revives sessions. Throws `invalid_option` for
 * an invalid prefix.
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
    // A number before version 5, where "0" never comes.
    return { cursor: String(cursor), keys }
  }
}
