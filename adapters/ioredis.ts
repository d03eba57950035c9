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

/** The commands on one key that every client of `ioredis` has. */
export interface IoredisCommands {
  hgetall(key: string): Promise<Record<string, string>>
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** An `ioredis` client for one server, or a node of a cluster. */
export interface IoredisServer extends IoredisCommands {
  scan(
    cursor: string,
    match: "MATCH",
    pattern: string,
    limit: "COUNT",
    count: number,
  ): Promise<[cursor: string, keys: string[]]>
}

/** An `ioredis` client for a cluster. */
export interface IoredisCluster extends IoredisCommands {
  nodes(role: "master"): IoredisServer[]
}

/**
 * Stores sessions, one-time tokens and rate-limit budgets in Redis through `ioredis`, with a `Redis` or a `Cluster`.
 * The notes on users, eviction, replicas and cleanup at `redisAdapter` of `nightlatch/adapters/redis` apply here too.
 *
 * Give each environment its own `prefix`. Two environments that use one server with the same prefix share their
 * sessions.
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
 * Stores revocations of stateless sessions in Redis, which drops them once they expire. The notes on eviction and
 * replicas at `redisAdapter` of `nightlatch/adapters/redis` apply here too: a server that evicts keys revives sessions.
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
