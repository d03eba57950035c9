import type { ConcurrencyCase } from "./concurrency-case.ts"
import { auditRace } from "./concurrency-case.ts"
import { eventOf } from "./event-fixture.ts"

/** Races about events. */
export const auditConcurrencyCases: ConcurrencyCase[] = [
  auditRace("6 callers store one batch of events: each event is stored once", async (round) => {
    const events = Array.from({ length: 8 }, () => eventOf(round.userId, round.next()))
    // In another order each time, as callers do that lock rows.
    const batches = [0, 1, 2, 3, 4, 5].map((n) => [...events.slice(n), ...events.slice(0, n)])
    await round.atOnce(batches.map((batch) => (adapter) => adapter.insertEvents(batch)))
    await round.expectEvents(round.userId, ...events.toReversed())
  }),
]
