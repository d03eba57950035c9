import { setTimeout as sleep } from "node:timers/promises"
import { inspect } from "node:util"
import type { Answer, Order } from "./redis-crew.ts"
import { jobs } from "./redis-jobs.ts"
import type { RedisAdapter, RedisAddress } from "./redis-stores.ts"
import { openRedis } from "./redis-stores.ts"

// Written by startRedisCrew().
const settings = JSON.parse(process.argv[2] ?? "") as { address: RedisAddress; prefix: string }
const store = await openRedis(settings.address)
const adapter = store.adapter({ prefix: settings.prefix })
// Connections and scripts are there before the first race.
await adapter.listSessions("nobody")
process.on("message", (order: Order) => void answer(order).then((result) => process.send?.(result)))
process.on("disconnect", () => void store.close())
process.send?.({ number: 0 } satisfies Answer)

async function answer({ number, call, start }: Order): Promise<Answer> {
  try {
    await sleep(Math.max(start - Date.now(), 0))
    const run = jobs[call.job] as (adapter: RedisAdapter, argument: unknown) => Promise<unknown>
    return { number, result: await run(adapter, call.argument) }
  } catch (error) {
    return { number, error: inspect(error) }
  }
}
