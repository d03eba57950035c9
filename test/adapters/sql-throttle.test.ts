import { beforeEach, describe, expect, test } from "vitest"
import { featureStores } from "./feature-stores.ts"
import { everyStore } from "./sql-stores.ts"

const now = 1_700_000_000_000
const [cost, span] = [1000, 5000]

for (const { name, adapter, reset } of await featureStores()) {
  describe(`attempts over ${name}`, () => {
    beforeEach(reset)
    const take = (at = now, id = "key") => adapter.takeAttempt(id, at, cost, span)

    test("are taken until the budget is used up, and come back with time", async () => {
      for (let n = 1; n <= 5; n++) expect(await take()).toEqual({ taken: true, until: now + n * cost })
      expect(await take()).toEqual({ taken: false, until: now + span })
      expect(await take(now + cost - 1)).toEqual({ taken: false, until: now + span })
      expect(await take(now + cost)).toEqual({ taken: true, until: now + span + cost })
      expect(await take(now, "other")).toEqual({ taken: true, until: now + cost })
      const later = now + 100_000
      expect(await take(later)).toEqual({ taken: true, until: later + cost })
    })

    test("that cost more than the budget are refused and leave no row", async () => {
      expect(await adapter.takeAttempt("key", now, span + 1, span)).toEqual({ taken: false, until: now })
      expect(await adapter.deleteIdleAttempts(now + 1e9, 10)).toBe(0)
      expect(await adapter.takeAttempt("key", now, span, span)).toEqual({ taken: true, until: now + span })
    })

    test("of a server with a wrong clock lock a key no longer than a budget lasts", async () => {
      const wrong = now + 86_400_000
      await adapter.takeAttempt("key", wrong, cost, span)
      expect(await take()).toEqual({ taken: false, until: now + span })
      expect(await take(now + cost)).toEqual({ taken: true, until: now + span + cost })
    })

    test("are dropped, and the rows of full budgets deleted, at most so many", async () => {
      for (let n = 0; n < 200; n++) await take(now, `key-${n}`)
      await adapter.dropAttempts([])
      await adapter.dropAttempts([...Array.from({ length: 150 }, (_, n) => `key-${n}`), "missing", "x".repeat(999)])
      expect(await adapter.deleteIdleAttempts(now + cost - 1, 100)).toBe(0)
      expect(await adapter.deleteIdleAttempts(now + cost, 40)).toBe(40)
      expect(await adapter.deleteIdleAttempts(now + cost, 40)).toBe(10)
    })

    test("of many callers at once never exceed the budget", async () => {
      const results = await Promise.all(Array.from({ length: 60 }, () => take()))
      expect(results.filter(({ taken }) => taken)).toHaveLength(5)
    })

    test("are counted in whole milliseconds", async () => {
      for (const wrong of [1.5, NaN, -1, Infinity]) {
        await expect(adapter.takeAttempt("key", now, wrong, span)).rejects.toThrow("cost: not a whole number")
        await expect(adapter.takeAttempt("key", now, cost, wrong)).rejects.toThrow("span: not a whole number")
      }
    })
  })
}

for (const store of await everyStore()) {
  test(`200 attempts over three adapters on ${store.dialect} never exceed the budget, beside deletions`, async () => {
    const adapters = [store.adapter(), store.adapter(), store.adapter()]
    const take = (n: number) => adapters[n % 3]!.takeAttempt("key", now, 100, 2000)
    for (let round = 0; round < 5; round++) {
      await adapters[0]!.dropAttempts(["key"])
      const results = await Promise.all(Array.from({ length: 200 }, (_, n) => take(n)))
      expect(results.filter(({ taken }) => taken)).toHaveLength(20)
      expect(Math.max(...results.map(({ until }) => until))).toBe(now + 2000)
    }
  })
}
