import { setTimeout as sleep } from "node:timers/promises"
import { inspect } from "node:util"
import type { Answer, Order } from "./crew.ts"
import { jobs } from "./jobs.ts"
import type { StoreAddress } from "./race-store.ts"
import { openStore } from "./race-store.ts"

// Written by startCrew(), which is given an address.
const store = openStore(JSON.parse(process.argv[2] ?? "") as StoreAddress)
// Connections and columns are there before the first race.
await store.adapter.findUser("nobody")

process.on("message", (order: Order) => void answer(order).then((result) => process.send?.(result)))
process.on("disconnect", () => void store.close())
process.send?.("ready")

async function answer({ number, job, argument, start }: Order): Promise<Answer> {
  try {
    await sleep(Math.max(start - Date.now(), 0))
    const run = jobs[job] as (adapter: typeof store.adapter, argument: unknown) => Promise<unknown>
    return { number, result: await run(store.adapter, argument) }
  } catch (error) {
    return { number, error: inspect(error) }
  }
}
