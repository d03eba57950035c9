import { serveAdapter } from "../../src/testing.ts"
import type { RaceBugName } from "../testing/broken-races.ts"
import type { OpenerName, Place } from "./concurrency-stores.ts"
import { openers } from "./concurrency-stores.ts"

/** What a process is to serve. */
export interface Order {
  opener: OpenerName
  place: Place
  bug?: RaceBugName | undefined
}

// Written by startProcesses().
const { opener, place, bug } = JSON.parse(process.argv[2] ?? "") as Order
const store = await openers[opener](place)
// Connections, statements and columns are there before the first race.
await store.adapter.listSessions("nobody")
process.on("disconnect", () => void store.close())
serveAdapter(bug ? await withBug(bug) : store.adapter, {
  send: (message) => process.send?.(message),
  receive: (listener) => process.on("message", listener),
})

async function withBug(name: RaceBugName): Promise<object> {
  const { raceBugs } = await import("../testing/broken-races.ts")
  if (!store.executor) throw new Error("This store carries no bugs.")
  return { ...store.adapter, ...raceBugs[name].methods(store.executor) }
}
