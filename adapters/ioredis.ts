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

/** What every client of `ioredis` can do with a key. */
export interface IoredisCommands {
  hgetall(key: string): Promise<Record<string, string>>
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** A client of `ioredis` for one server, or a node of its cluster. */
export interface IoredisServer extends IoredisCommands {
  scan(
    cursor: string,
    match: "MATCH",
    pattern: string,
    limit: "COUNT",
    count: number,
  ): Promise<[cursor: string, keys: string[]]>
}

/** A client of `ioredis` for a cluster. */
export interface IoredisCluster extends IoredisCommands {
  nodes(role: "master"): IoredisServer[]
}

/**
 * Keeps sessions, one-time tokens and the budgets of throttles in Redis through `ioredis`: over a `Redis` or a `Cluster`.
 * What `redisAdapter` of `nightlatch/adapters/redis` says of users, eviction, replicas and cleaning up holds here too.
 *
 * Two environments that use one server without different prefixes share their sessions: give each its own `prefix`.
 *
 * Throws `invalid_option` for invalid options, and later if the client maps replies to other types.
 *
 * @example
 * const adapter = ioredisAdapter(new Redis(url), { prefix: "shop:production:" })
 * const auth = createAuth({ adapter, loadUser: (id) => users.getUser(id) })
 */
export function ioredisAdapter<SessionRow extends object = {}>(
  client: IoredisServer | IoredisCluster,
  options: KeyValueOptions = {},
): RedisAdapter<SessionRow> {
  return createRedisAdapter(ioredisExecutor(client), options)
}

/**
 * Keeps revocations of stateless sessions in Redis, which drops them when they have lapsed. What `redisAdapter` of
 * `nightlatch/adapters/redis` says of eviction and replicas holds here too: a server that evicts keys revives sessions.
 * Throws `invalid_option` for an invalid prefix.
 *
 * @example
 * const revocations = ioredisRevocations(new Redis(url), { prefix: "shop:production:" })
 * const auth = createStatelessAuth({ secrets: [process.env.SESSION_SECRET], revocations })
 */
export function ioredisRevocations(
  client: IoredisServer | IoredisCluster,
  options: RedisRevocationOptions = {},
): Revocations {
  return createRedisRevocations(ioredisExecutor(client), options)
}

function ioredisExecutor(client: IoredisServer | IoredisCluster): RedisExecutor {
  return {
    readHash: (key) => client.hgetall(key),
    evaluate: (lua, key, args) => client.eval(lua, 1, key, ...args),
    evaluateCached: (sha1, key, args) => client.evalsha(sha1, 1, key, ...args),
    scans: async () => ("nodes" in client ? client.nodes("master") : [client]).map(scanOf),
  }
}

function scanOf(server: IoredisServer): RedisScan {
  return async (from, pattern, count) => {
    const [cursor, keys] = await server.scan(from, "MATCH", pattern, "COUNT", count)
    return { cursor, keys }
  }
}
