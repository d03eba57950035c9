import type { ConcurrencyCase } from "./concurrency-case.ts"
import { auditRace } from "./concurrency-case.ts"
import { eventOf } from "./event-fixture.ts"

/** Race conditions of events. */
export const auditConcurrencyCases: ConcurrencyCase[] = [
  auditRace("6 callers store one batch of events: each event is stored once", async (round) => {
    const events = Array.from({ length: 8 }, () => eventOf(round.userId, round.next()))
    // Each time in another order, as callers that lock rows do.
    const batches = [0, 1, 2, 3, 4, 5].map((n) => [...events.slice(n), ...events.slice(0, n)])
    await round.atOnce(batches.map((batch) => (adapter) => adapter.insertEvents(batch)))
    await round.expectEvents(round.userId, ...events.toReversed())
  }),
]
