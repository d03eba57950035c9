import { inspect } from "node:util"
import { serveAdapter } from "../../src/testing.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { deedsOf } from "./deeds.ts"
import type { DrillStoreName } from "./drill-stores.ts"
import { openDrillStore } from "./drill-stores.ts"
import { createWorld } from "./world.ts"

/** What a process of a drill is given. */
export interface DrillOrder {
  store: DrillStoreName
  url: string
  /** How far its clock is ahead, in milliseconds. */
  ahead: number
}

// Written by startWorker().
const order = JSON.parse(process.argv[2] ?? "") as DrillOrder
const store = await openDrillStore(order.store, order.url)
const clock = { ahead: order.ahead, now: () => Date.now() + clock.ahead }
const world = createWorld(store.adapter, clock.now, countingHasher(), (event) => console.log(inspect(event)))
const deeds = deedsOf(world, clock)
if (order.store === "Redis") await deeds.addUsers()
process.on("disconnect", () => void store.close())
serveAdapter(logged(deeds), {
  send: (message) => process.send?.(message),
  receive: (listener) => process.on("message", listener),
})

/** Logs what fails, as an application would, with all that the error carries. */
function logged(methods: Record<string, (...values: never[]) => Promise<unknown>>): object {
  const entries = Object.entries(methods).map(([name, method]) => {
    const call = async (...values: never[]) => {
      try {
        return await method(...values)
      } catch (error) {
        console.error(inspect(error, { depth: 10 }))
        throw error
      }
    }
    return [name, call]
  })
  return Object.fromEntries(entries) as object
}
