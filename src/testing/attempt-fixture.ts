import type { ThrottleAdapter } from "../throttle/throttle-port.ts"
import type { AnyAdapter } from "./adapter-case.ts"
import { expectEqual } from "./expectation.ts"
import { liveUntil } from "./session-fixture.ts"

const [cost, limit, now] = [60_000, 5, liveUntil(0).getTime()]
const span = limit * cost

/**
 * The cost of most attempts in the cases, how many a full budget allows, the budget, the time, and the allowed clock
 * skew: 5 minutes, which is no more than the budget. All except `limit` in milliseconds.
 */
export const budget = { cost, limit, span, now, skew: 5 * 60_000 }

/** The id of budget `n`: 64 lower-case hex digits. */
export function attemptId(n: number): string {
  return "0123abcd4567cdef".repeat(3) + n.toString(16).padStart(16, "0")
}

/** Creates the helpers of the throttle port's cases, in addition to {@link startTrial}. */
export function attemptChecks(adapter: AnyAdapter & ThrottleAdapter) {
  /** Throws unless an attempt is taken, and its budget is full again at `until`. */
  async function expectTaken(id: string, at: number, until: number): Promise<void> {
    expectEqual(`takeAttempt() at ${at}`, await take(id, at), { taken: true, until })
  }

  /** Throws unless an attempt is refused, and its budget is full again at `until`. */
  async function expectRefused(id: string, at: number, until: number): Promise<void> {
    expectEqual(`takeAttempt() at ${at}`, await take(id, at), { taken: false, until })
  }

  async function take(id: string, at: number): Promise<{ taken: boolean; until: number }> {
    const { taken, until } = await adapter.takeAttempt(id, at, cost, span)
    return { taken, until }
  }

  /** Uses up a whole budget. */
  async function drain(id: string, at = now): Promise<void> {
    for (let n = 1; n <= limit; n++) await expectTaken(id, at, at + n * cost)
  }

  return { expectTaken, expectRefused, drain }
}
