import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Crew } from "./concurrency-crew.ts"
import { startCrew } from "./concurrency-crew.ts"
import type { RedisAdapter, RedisStore } from "./redis-stores.ts"
import { openRedis, ownPrefix, redisAddresses } from "./redis-stores.ts"
import { tokenOf } from "./redis-token-fixture.ts"

const purpose = "reset_password"
const rounds = 15

const { places, close } = await redisAddresses()
afterAll(close)

for (const { name, urls } of places)
  describe.skipIf(urls.length === 0)(`[ADP-8] tokens and budgets on ${name} of Redis, used by three processes`, () =>
    tokenRaces(urls),
  )

function tokenRaces(urls: string[]): void {
  let [store, adapter, crew] = [] as unknown as [RedisStore, RedisAdapter, Crew<RedisAdapter>]
  beforeAll(async () => {
    const prefix = ownPrefix()
    store = await openRedis({ client: "redis", urls })
    adapter = store.adapter({ prefix })
    const place = { at: urls.join(","), name: prefix }
    const openers = ["redisAdapter()", "ioredisAdapter()", "redisAdapter()"] as const
    crew = await startCrew(openers.map((opener) => ({ opener, place })))
  })
  afterAll(async () => {
    await crew.close()
    await store.close()
  })

  test("one of 50 callers takes a token", async () => {
    for (let round = 0; round < rounds; round++) {
      const token = newToken()
      await adapter.insertTokens([token])
      const taken = await atOnce(50, (one) => one.takeToken(token.id))
      expect(taken.filter((found) => found !== null)).toEqual([token])
    }
  })

  test("a code is tried as often as the limit says by 50 callers, each of whom is another attempt", async () => {
    for (let round = 0; round < rounds; round++) {
      const token = newToken()
      await adapter.insertTokens([token])
      const tried = await atOnce(50, (one) => one.tryToken(token.id, 5))
      expect(tried.flatMap((found) => found?.attempts ?? []).toSorted()).toEqual([1, 2, 3, 4, 5])
      expect((await adapter.takeToken(token.id))?.attempts).toBe(5)
    }
  })

  test("one of 25 callers takes a token that 25 others try at the same time, and no try brings it back", async () => {
    for (let round = 0; round < rounds; round++) {
      const token = newToken()
      await adapter.insertTokens([token])
      const found = await atOnce(50, async (one, n) => {
        return n % 2 === 0 ? { tried: await one.tryToken(token.id, 99) } : { taken: await one.takeToken(token.id) }
      })
      const taken = found.flatMap((one) => one.taken ?? [])
      expect(taken).toHaveLength(1)
      expect(found.filter(({ tried }) => tried)).toHaveLength(taken[0]?.attempts ?? NaN)
      expect(await adapter.findToken(token.id)).toBeNull()
    }
  })

  test("of 50 callers that store the same two tokens, in either order, one stores both", async () => {
    for (let round = 0; round < rounds; round++) {
      const pair = [newToken(), newToken()]
      const stored = await atOnce(50, (one, n) => {
        const tokens = pair.map((token) => ({ ...token, data: String(n) }))
        return one.insertTokens(n % 2 === 0 ? tokens : tokens.toReversed())
      })
      expect(stored.filter(Boolean)).toHaveLength(1)
      const found = await Promise.all(pair.map(({ id }) => adapter.findToken(id)))
      expect(found.map((token) => token?.data)).toEqual([0, 1].map(() => String(stored.indexOf(true))))
    }
  })

  test("no more of 50 attempts get through than a budget has room for", async () => {
    const now = Date.now()
    for (let round = 0; round < rounds; round++) {
      const id = crypto.randomUUID()
      const taken = await atOnce(50, (one) => one.takeAttempt(id, now, 60_000, 420_000))
      const untils = taken.flatMap(({ taken: isTaken, until }) => (isTaken ? until - now : []))
      expect(untils.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => n * 60_000))
    }
  })

  test("what lives is counted and deleted after deletions during insertions of two", async () => {
    let [lived, ended] = [0, 0]
    for (let round = 0; round < rounds || (round < 300 && Math.min(lived, ended) < 20); round++) {
      const userId = crypto.randomUUID()
      const pairs = Array.from({ length: 12 }, () => [newToken({ userId }), newToken({ userId })])
      await atOnce(14, async (one, n) => {
        const pair = pairs[n - 2]
        await (pair ? one.insertTokens(pair) : one.deleteTokens(userId, [purpose]))
      })
      const found = await Promise.all(pairs.map((pair) => Promise.all(pair.map(({ id }) => adapter.findToken(id)))))
      for (const [first, second] of found) expect(first === null).toBe(second === null)
      const live = found.flat().filter((token) => token !== null)
      expect(await adapter.countTokens(userId, purpose)).toBe(live.length)
      await adapter.deleteTokens(userId, { except: [] })
      for (const { id } of live) expect(await adapter.findToken(id)).toBeNull()
      lived += live.length
      ended += 24 - live.length
    }
    expect(Math.min(lived, ended)).toBeGreaterThanOrEqual(20)
  })

  test("links that are asked for at once leave one that works, and the next one leaves as many as are kept", async () => {
    for (let round = 0; round < rounds; round++) {
      const userId = crypto.randomUUID()
      const replacing = { userId, purpose, keep: 1 }
      const tokens = Array.from({ length: 9 }, () => newToken({ userId }))
      await atOnce(9, (one, n) => one.insertTokens(tokens.slice(n, n + 1), replacing))
      const found = await Promise.all(tokens.map(({ id }) => adapter.findToken(id)))
      const count = found.filter((token) => token !== null).length
      expect(count).toBeGreaterThan(0)
      expect(await adapter.countTokens(userId, purpose)).toBe(count)
      const last = newToken({ userId })
      await adapter.insertTokens([last], replacing)
      expect(await adapter.countTokens(userId, purpose)).toBe(1)
      expect(await adapter.takeToken(last.id)).toEqual(last)
    }
  })

  /** Makes calls in all processes at nearly the same time. */
  function atOnce<Result>(count: number, call: (adapter: RedisAdapter, n: number) => Promise<Result>) {
    const calls = Array.from({ length: count }, async (_, n) => {
      await sleep(Math.random() * 4)
      return call(crew.adapters[n % crew.adapters.length]!, n)
    })
    return Promise.all(calls)
  }
}

function newToken(changes: Parameters<typeof tokenOf>[1] = {}) {
  const id = (crypto.randomUUID() + crypto.randomUUID()).replaceAll("-", "")
  return tokenOf(1, { id, userId: "user-1", ...changes })
}
