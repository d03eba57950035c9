import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { TakenAttempt, ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import { latestUntil } from "./latest-until.ts"
import { newRowIdOf, rowIdOf, wholeNumberOf } from "./parameters.ts"
import { deletedBatch } from "./session-port.ts"

/** An attempt, checked. */
export interface Attempt {
  id: string
  now: number
  cost: number
  /** `now + span`: how far ahead a budget can be used up. */
  end: number
  /** The latest valid `until` of a row if the clocks agree. A later one is cut to `end`. */
  latest: number
}

/** The rate-limit budgets of one kind of store. {@link throttlePort} builds on them. */
export interface AttemptRows<Db> {
  /** Takes an attempt that fits into an unused budget, in one atomic step; `null` if the key's budget has no room for it. */
  take(db: Db, attempt: Attempt): Promise<TakenAttempt | null>
  /** Cuts a row that is later than `latest` to `end`, and resolves to its value; `null` without a row. */
  cut(db: Db, attempt: Attempt): Promise<number | null>
  drop(db: Db, ids: string[]): Promise<void>
  deleteIdle(db: Db, before: number, limit: number): Promise<number>
}

/** Creates the port from rows. It checks the arguments of every method. */
export function throttlePort<Db>(open: () => MaybePromise<Db>, rows: AttemptRows<Db>): ThrottleAdapter {
  return {
    async takeAttempt(id, now, cost, span) {
      const start = wholeNumberOf("now", now)
      const length = wholeNumberOf("span", span)
      const attempt = {
        id: newRowIdOf(id),
        now: start,
        cost: wholeNumberOf("cost", cost),
        end: start + length,
        latest: latestUntil(start, length),
      }
      const db = await open()
      const taken = cost > span ? null : await rows.take(db, attempt)
      if (taken) return taken
      const until = await rows.cut(db, attempt)
      return { taken: false, until: Math.min(Math.max(until ?? start, start), attempt.end) }
    },
    async dropAttempts(ids) {
      const rowIds = ids.flatMap((id) => rowIdOf(id) ?? [])
      const db = await open()
      if (rowIds.length > 0) await rows.drop(db, rowIds)
    },
    async deleteIdleAttempts(before, limit) {
      const [time, most] = [wholeNumberOf("before", before), wholeNumberOf("limit", limit)]
      return deletedBatch(most, await rows.deleteIdle(await open(), time, most))
    },
  }
}
