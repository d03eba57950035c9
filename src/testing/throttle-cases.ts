import type { AdapterCase } from "./adapter-case.ts"
import { throttleMethods } from "./adapter-case.ts"
import { attemptId, budget } from "./attempt-fixture.ts"
import { expectEqual, format, settle } from "./expectation.ts"
import { asId, nearMisses, wrongTypes } from "./hostile-input.ts"
import type { ThrottleTrial } from "./trial.ts"
import { throttleCase } from "./trial.ts"

const { cost, limit, now, skew, span } = budget
const [id, otherId] = [attemptId(1), attemptId(2)]
const day = 24 * 60 * 60 * 1000

/** Budgets are spent and refilled to the millisecond, by the caller's clock. */
export const attemptCases: AdapterCase[] = [
  throttleCase("takeAttempt() allows as many attempts at once as a full budget has", async (trial) => {
    await trial.drain(id)
    for (let n = 0; n < 3; n++) await trial.expectRefused(id, now, now + span)
  }),
  throttleCase("takeAttempt() allows one more after its cost, not a millisecond earlier", async (trial) => {
    await trial.drain(id)
    await trial.expectRefused(id, now + cost - 1, now + span)
    await trial.expectTaken(id, now + cost, now + span + cost)
    await trial.expectRefused(id, now + cost, now + span + cost)
    await trial.expectRefused(id, now + 2 * cost - 1, now + span + cost)
    await trial.expectTaken(id, now + 2 * cost + 1, now + span + 2 * cost)
  }),
  throttleCase("takeAttempt() changes nothing when it refuses, however often", async (trial) => {
    await trial.drain(id)
    for (let ms = 0; ms < cost; ms += cost / 10) await trial.expectRefused(id, now + ms, now + span)
    await trial.expectTaken(id, now + cost, now + span + cost)
  }),
  throttleCase("takeAttempt() counts from now once a budget is full again", async (trial) => {
    for (const [n, ms] of [-1, 0, 1].entries()) {
      await trial.expectTaken(attemptId(n), now, now + cost)
      const at = now + cost + ms
      await trial.expectTaken(attemptId(n), at, Math.max(now + cost, at) + cost)
    }
    await trial.drain(attemptId(3))
    await trial.drain(attemptId(3), now + day)
  }),
  throttleCase(
    "takeAttempt() adds up attempts of different costs, and compares them to the millisecond",
    async (trial) => {
      const { takeAttempt } = methodsOf(trial)
      expectEqual("takeAttempt() of 7 ms", await takeAttempt(id, now, 7, 10), { taken: true, until: now + 7 })
      expectEqual("takeAttempt() of 4 ms", await takeAttempt(id, now, 4, 10), { taken: false, until: now + 7 })
      expectEqual("takeAttempt() of 2 ms", await takeAttempt(id, now, 2, 10), { taken: true, until: now + 9 })
      expectEqual("takeAttempt() of 1 ms", await takeAttempt(id, now, 1, 10), { taken: true, until: now + 10 })
      expectEqual("takeAttempt() of 1 ms", await takeAttempt(id, now, 1, 10), { taken: false, until: now + 10 })
      expectEqual("takeAttempt() later", await takeAttempt(id, now + 3, 3, 10), { taken: true, until: now + 13 })
    },
  ),
  throttleCase(
    "takeAttempt() allows one attempt that costs the whole budget, and none that costs more",
    async (trial) => {
      const { takeAttempt } = methodsOf(trial)
      for (const each of [id, otherId]) {
        expectEqual("takeAttempt()", (await takeAttempt(each, now, span + 1, span)).taken, false)
      }
      expectEqual("takeAttempt()", await takeAttempt(id, now, span, span), { taken: true, until: now + span })
      expectEqual("takeAttempt()", await takeAttempt(id, now, span, span), { taken: false, until: now + span })
      expectEqual("takeAttempt()", await takeAttempt(otherId, now, 1, span), { taken: true, until: now + 1 })
    },
  ),
  throttleCase("takeAttempt() cuts a row that a server with a wrong clock has written", async (trial) => {
    await trial.drain(id, now + day)
    await trial.expectTaken(otherId, now + day, now + day + cost)
    for (const each of [id, otherId]) {
      await trial.expectRefused(each, now, now + span)
      await trial.expectRefused(each, now + cost - 1, now + span)
      await trial.expectTaken(each, now + cost, now + cost + span)
    }
  }),
  throttleCase("takeAttempt() cuts to the millisecond, and not within the allowed clock skew", async (trial) => {
    await trial.drain(id)
    await trial.expectRefused(id, now - skew, now - skew + span)
    await trial.expectRefused(id, now + cost - 1, now + span)
    const at = now - skew - 1
    await trial.drain(otherId)
    await trial.expectRefused(otherId, at, at + span)
    await trial.expectRefused(otherId, at + cost - 1, at + span)
    await trial.expectTaken(otherId, at + cost, at + cost + span)
  }),
  throttleCase(
    "takeAttempt() cuts a long budget's row 5 minutes beyond its span, and a short one's a span beyond",
    async (trial) => {
      const { takeAttempt } = methodsOf(trial)
      for (const [n, length] of [10, skew - 1, skew + 1, day].entries()) {
        const tolerance = Math.min(length, skew)
        for (const [m, ms] of [tolerance, tolerance + 1].entries()) {
          const [each, at] = [attemptId(2 * n + m), now - ms]
          await takeAttempt(each, now, length, length)
          const refused = await takeAttempt(each, at, 1, length)
          expectEqual(`takeAttempt() ${ms} ms before`, refused, { taken: false, until: at + length })
          expectEqual("takeAttempt() a ms later", (await takeAttempt(each, at + 1, 1, length)).taken, ms > tolerance)
        }
      }
    },
  ),
  throttleCase("takeAttempt() gives servers with different clocks one budget", async (trial) => {
    await trial.drain(id, now + skew)
    for (let n = 0; n < 10; n++) {
      await trial.expectRefused(id, now, now + span)
      await trial.expectRefused(id, now + skew, now + skew + span)
    }
    await trial.drain(otherId)
    for (let ms = cost; ms <= skew; ms += cost) {
      await trial.expectRefused(otherId, now, now + span)
      await trial.expectTaken(otherId, now + skew, now + span + ms)
    }
    await trial.expectRefused(otherId, now, now + span)
    await trial.expectRefused(otherId, now + skew, now + skew + span)
  }),
  throttleCase("takeAttempt() counts in numbers from 1970 to the last possible date", async (trial) => {
    for (const [n, at] of [0, 1, 2 ** 31, 2 ** 32, 8.64e15 - 2 * span].entries()) {
      await trial.drain(attemptId(n), at)
      await trial.expectRefused(attemptId(n), at, at + span)
    }
  }),
  throttleCase("takeAttempt() compares ids byte for byte", async (trial) => {
    await trial.drain(id)
    for (const miss of nearMisses(id)) {
      const outcome = await settle(() => trial.adapter.takeAttempt(miss, now, cost, span))
      // Some databases cannot store a row with these ids.
      if (outcome.status === "rejected" && (miss === "" || miss.includes("\0"))) continue
      const result = outcome.status === "fulfilled" ? { ...outcome.value } : outcome.reason
      expectEqual(`takeAttempt(${format(miss)})`, result, { taken: true, until: now + cost })
    }
    await trial.expectRefused(id, now, now + span)
  }),
  throttleCase("a value of another type matches no budget", async ({ adapter, ...trial }) => {
    await trial.expectTaken(id, now, now + cost)
    for (const wrong of wrongTypes(id)) {
      await settle(() => adapter.takeAttempt(asId(wrong), now, cost, span))
      await settle(() => adapter.dropAttempts([asId(wrong)]))
    }
    await trial.expectTaken(id, now, now + 2 * cost)
  }),
  throttleCase("takeAttempt() allows no more of many racing attempts than the budget has", async (trial) => {
    const { takeAttempt } = methodsOf(trial)
    const attempts = await Promise.all(Array.from({ length: 20 }, () => takeAttempt(id, now, cost, span)))
    expectEqual("takeAttempt() calls that were let through", attempts.filter(({ taken }) => taken).length, limit)
    await trial.expectRefused(id, now, now + span)
  }),

  throttleCase("dropAttempts() refills these budgets and no others", async ({ adapter, ...trial }) => {
    const ids = [1, 2, 3].map(attemptId)
    for (const each of ids) await trial.drain(each)
    await adapter.dropAttempts([])
    for (const each of ids) await trial.expectRefused(each, now, now + span)
    await adapter.dropAttempts([attemptId(1), attemptId(4), attemptId(3)])
    await trial.expectRefused(attemptId(2), now, now + span)
    for (const n of [1, 3, 4]) await trial.expectTaken(attemptId(n), now, now + cost)
    for (const miss of nearMisses(attemptId(2))) await settle(() => adapter.dropAttempts([miss]))
    await trial.expectRefused(attemptId(2), now, now + span)
  }),

  throttleCase("deleteIdleAttempts() deletes only budgets that are full at the instant", async (trial) => {
    for (const ms of [-1, 0, 1]) await trial.expectTaken(attemptId(2 + ms), now + ms, now + ms + cost)
    expectEqual("deleteIdleAttempts()", await trial.adapter.deleteIdleAttempts(now + cost, 100), 2)
    for (const n of [1, 2]) await trial.expectTaken(attemptId(n), now, now + cost)
    await trial.expectTaken(attemptId(3), now, now + 1 + 2 * cost)
  }),
  throttleCase("deleteIdleAttempts() deletes at most `limit`, and returns how many", async (trial) => {
    for (const n of [1, 2, 3, 4, 5]) await trial.expectTaken(attemptId(n), now, now + cost)
    for (const count of [2, 2, 1, 0]) {
      expectEqual("deleteIdleAttempts()", await trial.adapter.deleteIdleAttempts(now + cost, 2), count)
    }
    for (const n of [1, 2, 3, 4, 5]) await trial.expectTaken(attemptId(n), now, now + cost)
  }),
  throttleCase("throttle methods work when the adapter is spread or taken apart", async (trial) => {
    const spread = { ...trial.adapter }
    const inherited = throttleMethods.filter((method) => typeof spread[method] !== "function")
    expectEqual("methods that a spread loses", inherited, [])
    const { takeAttempt, dropAttempts, deleteIdleAttempts } = methodsOf(trial)
    expectEqual("takeAttempt()", (await takeAttempt(id, now, cost, span)).taken, true)
    await dropAttempts([id])
    expectEqual("takeAttempt()", await takeAttempt(id, now, cost, span), { taken: true, until: now + cost })
    expectEqual("deleteIdleAttempts()", await deleteIdleAttempts(now, 10), 0)
  }),
]

/** Returns the methods without their adapter, because none may need `this`. */
function methodsOf({ adapter }: Pick<ThrottleTrial, "adapter">) {
  // oxlint-disable-next-line typescript/unbound-method -- that is the point
  const { takeAttempt, dropAttempts, deleteIdleAttempts } = adapter
  return { takeAttempt, dropAttempts, deleteIdleAttempts }
}
