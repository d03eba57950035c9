import { checkOptions } from "../../src/core/options.ts"
import type { Revocations } from "../../src/core/ports.ts"
import { hashText } from "../../src/platform/crypto.ts"
import { timeOf } from "../port/parameters.ts"
import type { RedisExecutor } from "./executor.ts"
import { checkedExecutor, prefixOf, redisScript, runScript } from "./executor.ts"

/** Options of revocations in Redis. */
export interface RedisRevocationOptions {
  /**
   * The prefix of every key. Default: `"nightlatch:"`. Give each environment and each application its own. Those that
   * use one server with the same prefix share their revocations.
   */
  prefix?: string | undefined
}

/** Keeps a key until a time, and never shortens its life: `until`. */
const keep = redisScript(`
local time = redis.call('TIME')
local wanted = tonumber(ARGV[1]) - time[1] * 1000 - math.floor(time[2] / 1000)
local left = redis.call('PTTL', KEYS[1])
if left == -1 or left >= wanted or wanted <= 0 then return end
redis.call('HSET', KEYS[1], 'r', '1')
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
`)

/** Stores revocations in Redis, each under its own key, which Redis deletes when it expires. */
export function createRedisRevocations(client: RedisExecutor, options: RedisRevocationOptions): Revocations {
  const redis = checkedExecutor(client)
  checkOptions("revocations", options, "prefix")
  const prefix = prefixOf(options)
  const keyOf = (key: string) => `${prefix}revocation:${hashText(key)}`

  return {
    async revoke(key, until) {
      await runScript(redis, keep, keyOf(key), [String(timeOf(until))])
    },
    async isRevoked(keys) {
      const found = await Promise.all(keys.map((key) => redis.readHash(keyOf(key))))
      return found.some((fields) => Object.keys(fields).length > 0)
    },
  }
}
