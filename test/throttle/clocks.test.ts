import fc from "fast-check"
import { expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"

// In milliseconds.
const minute = 60_000
const day = 1440 * minute
const start = Date.UTC(2035, 0, 1)

/** How long a budget lasts, what an attempt costs, and how far the servers' clocks are ahead of the time. */
const servers = fc.integer({ min: 1, max: 40 * minute }).chain((span) => {
  const tolerance = Math.min(span, 5 * minute)
  return fc.record({
    span: fc.constant(span),
    cost: fc.integer({ min: Math.ceil(span / 12), max: span }),
    tolerance: fc.constant(tolerance),
    offsets: fc.array(fc.constantFrom(0, tolerance).chain(near(tolerance)), { minLength: 2, maxLength: 3 }),
  })
})

/** The offset itself as often as not, else any other one. */
function near(tolerance: number) {
  return (offset: number) => fc.oneof(fc.constant(offset), fc.integer({ min: 0, max: tolerance }))
}

/** Which server makes an attempt, and the part of the budget's length that passes before. */
const steps = fc.array(
  fc.record({
    server: fc.nat(),
    passed: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.double({ min: 0, max: 1.5, noNaN: true })),
  }),
  { minLength: 20, maxLength: 80 },
)

test("[THR-2] servers whose clocks agree to the tolerance let one budget through, and what comes back, in any order", async () => {
  await fc.assert(
    fc.asyncProperty(servers, steps, async ({ span, cost, offsets }, history) => {
      const { takeAttempt } = memoryAdapter()
      const apart = Math.max(...offsets) - Math.min(...offsets)
      const attempts: number[] = []
      let time = start
      for (const { server, passed } of history) {
        time += Math.floor(passed * span)
        const now = time + offsets[server % offsets.length]!
        if ((await takeAttempt("key", now, cost, span)).taken) attempts.push(time)
      }
      for (const [n, from] of attempts.entries()) {
        for (const [m, to] of attempts.entries()) {
          // The whole budget, what comes back from one to the other, and once what comes back between the clocks.
          if (m >= n) expect((m - n + 1) * cost).toBeLessThanOrEqual(span + (to - from) + apart)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test("[THR-2] a server with a wrong clock locks a key no longer than a budget and the tolerance last", async () => {
  const wrongClocks = fc.integer({ min: -day, max: 31 * day })
  await fc.assert(
    fc.asyncProperty(servers, steps, wrongClocks, async ({ span, cost, offsets, tolerance }, history, wrong) => {
      const { takeAttempt } = memoryAdapter()
      const clocks = [wrong, ...offsets]
      let time = start
      for (const { server, passed } of history) {
        time += Math.floor(passed * span)
        await takeAttempt("key", time + clocks[server % clocks.length]!, cost, span)
      }
      const now = time + offsets[0]!
      const { until } = await takeAttempt("key", now, cost, span)
      expect(until).toBeLessThanOrEqual(now + span)
      // Another time, one attempt or all of the budget.
      const [later, waits] = [now + tolerance, history.length % 2 ? cost : span]
      expect((await takeAttempt("key", later + waits, waits, span)).taken).toBe(true)
    }),
    { numRuns: 300 },
  )
})
