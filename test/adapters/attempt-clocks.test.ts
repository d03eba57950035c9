import { Redis } from "ioredis"
import { afterAll, expect, test } from "vitest"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import type { ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import { seeded } from "../faults/seeded.ts"
import { redisServer } from "../redis-servers.ts"
import { featureStores } from "./feature-stores.ts"
import { ownPrefix } from "./redis-stores.ts"

// In milliseconds.
const minute = 60_000
const start = Date.UTC(2035, 0, 1)
const spans = [1, 10, minute, 5 * minute - 1, 5 * minute, 5 * minute + 1, 60 * minute]

const prefix = ownPrefix()
const server = await redisServer(prefix)
const redis = server && new Redis(server.url)
afterAll(async () => {
  await redis?.quit()
  await server?.close()
})

const stores: { name: string; adapter: ThrottleAdapter; reset?: () => Promise<void> }[] = await featureStores()
if (redis) stores.push({ name: "ioredisAdapter()", adapter: ioredisAdapter(redis, { prefix }) })

test.each(stores)(
  "attempts over $name, by clocks that are right and wrong, end as in memory",
  async ({ adapter, reset }) => {
    await reset?.()
    const memory = memoryAdapter()
    for (const [n, span] of spans.entries()) {
      const key = `key-${n}`
      for (const [now, cost] of historyOf(n, span)) {
        const expected = await memory.takeAttempt(key, now, cost, span)
        const message = `takeAttempt(${now - start}, ${cost}, ${span})`
        expect(await adapter.takeAttempt(key, now, cost, span), message).toEqual(expected)
      }
    }
  },
)

/** The times and costs of attempts: many at edges, where a rule begins or ends. */
function historyOf(seed: number, span: number): [now: number, cost: number][] {
  const { below, pick } = seeded(seed)
  const tolerance = Math.min(span, 5 * minute)
  const ahead = [0, 1, tolerance - 1, tolerance, tolerance + 1, 5 * minute, span, 2 * span, 1440 * minute]
  const costs = [1, Math.ceil(span / 3), span, span + 1]
  return Array.from({ length: 40 }, (_, n) => {
    const now = start + below(3) * Math.floor((n * span) / 40) + (pick([-1, 1, 1]) ?? 1) * (pick(ahead) ?? 0)
    return [now, pick(costs) ?? 1]
  })
}
