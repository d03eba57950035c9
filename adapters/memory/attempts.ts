import type { ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import { latestUntil } from "../port/latest-until.ts"

const mostRows = 100_000
// A tenth is deleted at once, so that making room costs each insertion only about a microsecond.
const rowsKept = 90_000

/**
 * Stores rate-limit budgets in this process, at most 100,000 rows. When the map is full, it first deletes the rows
 * whose budgets are full again soonest. An attacker with many keys therefore does not push out a key that is being
 * tried repeatedly.
 */
export function memoryAttempts(): ThrottleAdapter {
  const rows = new Map<string, number>()

  function put(id: string, until: number): void {
    if (rows.size >= mostRows && !rows.has(id)) makeRoom()
    rows.set(id, until)
  }

  function makeRoom(): void {
    const sorted = Float64Array.from(rows.values()).sort()
    const edge = sorted[rows.size - rowsKept - 1] ?? 0
    for (const [id, until] of rows) if (until < edge) rows.delete(id)
    // Of the rows that are full again in the same millisecond, delete only as many as needed.
    for (const [id, until] of rows) if (until === edge && rows.size > rowsKept) rows.delete(id)
  }

  return {
    async takeAttempt(id, now, cost, span) {
      const used = Math.max(rows.get(id) ?? now, now)
      const from = used > latestUntil(now, span) ? now + span : used
      const taken = from + cost <= now + span
      const until = taken ? from + cost : from
      if (taken || from < used) put(id, until)
      return { taken, until: Math.min(until, now + span) }
    },
    async dropAttempts(ids) {
      for (const id of ids) rows.delete(id)
    },
    async deleteIdleAttempts(before, limit) {
      const idle = [...rows].filter(([, until]) => until <= before).slice(0, limit)
      for (const [id] of idle) rows.delete(id)
      return idle.length
    },
  }
}
