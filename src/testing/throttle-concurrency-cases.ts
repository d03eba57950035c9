import type { ThrottleAdapter } from "../throttle/throttle-port.ts"
import { attemptId, budget } from "./attempt-fixture.ts"
import type { ConcurrencyCase } from "./concurrency-case.ts"
import { throttleRace } from "./concurrency-case.ts"
import { expectEqual } from "./expectation.ts"

const { cost, now } = budget
const limit = 20
const span = limit * cost

/** Race conditions of rate-limit budgets. */
export const throttleConcurrencyCases: ConcurrencyCase[] = [
  throttleRace("200 callers take attempts of one budget: as many are let through as it has", async (round) => {
    const id = attemptId(round.next())
    await expectLetThrough(round, id, now)
    await expectLetThrough(round, id, now + span)
  }),
  throttleRace(
    "80 callers find a budget of a wrong clock: it is cut, and then as many are let through",
    async (round) => {
      const id = attemptId(round.next())
      await round.adapter.takeAttempt(id, now + 100 * span, cost, span)
      const attempts = await round.atOnce(Array.from({ length: 80 }, () => take(id, now)))
      expectEqual("takeAttempt() calls that were let through", attempts.filter(({ taken }) => taken).length, 0)
      await expectLetThrough(round, id, now + span)
    },
  ),
]

const take = (id: string, at: number) => (adapter: ThrottleAdapter) => adapter.takeAttempt(id, at, cost, span)

interface Callers {
  adapter: ThrottleAdapter
  atOnce<Result>(calls: ((adapter: ThrottleAdapter) => Promise<Result>)[]): Promise<Result[]>
}

/** Lets 200 callers take an attempt of a full budget at the same time. */
async function expectLetThrough(round: Callers, id: string, at: number): Promise<void> {
  const attempts = await round.atOnce(Array.from({ length: 200 }, () => take(id, at)))
  expectEqual("takeAttempt() calls that were let through", attempts.filter(({ taken }) => taken).length, limit)
  const { until } = await take(id, at)(round.adapter)
  expectEqual("when the budget is full again", until, at + span)
}
