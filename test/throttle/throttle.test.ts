import { createHash } from "node:crypto"
import { describe, expect, expectTypeOf, test } from "vitest"
import { createThrottle } from "../../src/throttle.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { countAllowed, setUp, signInLimits } from "./set-up.ts"

const minute = 60_000
const day = 24 * 60 * minute

describe("consume()", () => {
  test("[THR-1] allows as many attempts at once as the limit, then one each window / limit", async () => {
    const { throttle, now } = setUp()
    const attempt = () => throttle.consume({ account: "ada" })
    expect(await countAllowed(101, attempt)).toBe(10)
    now.advance(minute)
    expect(await countAllowed(101, attempt)).toBe(1)
    now.advance(10 * minute)
    expect(await countAllowed(101, attempt)).toBe(10)
  })

  test("[THR-1] allows no more than 100 attempts in 30 days, however patient the attacker is", async () => {
    const { throttle, now } = setUp()
    const attempt = async () => {
      now.advance(minute)
      return throttle.consume({ account: "ada", total: "ada" })
    }
    expect(await countAllowed(1000, attempt)).toBe(100 + Math.floor(1000 / ((30 * 24 * 60) / 100)))
  })

  test.each([
    [-1, false, 1],
    [0, true, 0],
    [1, true, 0],
  ])("refuses %d ms from the end of the wait: %s", async (offset, allowed, retryAfter) => {
    const { throttle, now } = setUp()
    await countAllowed(10, () => throttle.consume({ account: "ada" }))
    now.advance(minute + offset)
    expect(await throttle.consume({ account: "ada" })).toEqual({ allowed, retryAfter })
  })

  test.each([
    [0, 60],
    [1, 60],
    [1000, 59],
    [59_000, 1],
    [59_001, 1],
    [59_999, 1],
  ])("after %d ms, tells to wait %d seconds", async (time, retryAfter) => {
    const { throttle, now } = setUp()
    await countAllowed(10, () => throttle.consume({ account: "ada" }))
    now.advance(time)
    expect(await throttle.consume({ account: "ada" })).toEqual({ allowed: false, retryAfter })
  })

  test("a wait of retryAfter seconds is enough, and a refused attempt does not make it longer", async () => {
    const { throttle, now } = setUp()
    await countAllowed(10, () => throttle.consume({ account: "ada" }))
    now.advance(123)
    await throttle.consume({ account: "ada" })
    const { retryAfter } = await throttle.consume({ account: "ada" })
    now.advance(retryAfter * 1000)
    expect((await throttle.consume({ account: "ada" })).allowed).toBe(true)
  })

  test.each([
    [3, "10s"],
    [7, "1s"],
    [999, "1s"],
    [1000, "1s"],
    [3, "0.01s"],
  ] as const)("lets exactly %d through at once in a window of %s", async (limit, window) => {
    const { adapter, now } = setUp()
    const throttle = createThrottle({ adapter, name: "odd", limits: { key: { limit, window } }, now })
    expect(await countAllowed(2 * limit + 2, () => throttle.consume({ key: "a" }))).toBe(limit)
  })

  test("an attempt never comes back sooner than after window / limit", async () => {
    const { adapter, now } = setUp()
    const throttle = createThrottle({ adapter, name: "odd", limits: { key: { limit: 7, window: "1s" } }, now })
    await countAllowed(7, () => throttle.consume({ key: "a" }))
    now.advance(142)
    expect((await throttle.consume({ key: "a" })).allowed).toBe(false)
    now.advance(1)
    expect((await throttle.consume({ key: "a" })).allowed).toBe(true)
  })

  test("works with a clock that has fractions of a millisecond", async () => {
    const { adapter, calls } = setUp()
    const throttle = createThrottle({ adapter, name: "odd", limits: signInLimits, now: () => 1000.7 })
    expect(await countAllowed(11, () => throttle.consume({ account: "ada" }))).toBe(10)
    expect(calls.flat().filter((value) => typeof value === "number" && !Number.isInteger(value))).toEqual([])
  })

  test("a clock set back costs a key no more than a full window", async () => {
    const { throttle, now } = setUp()
    await countAllowed(10, () => throttle.consume({ account: "ada" }))
    now.advance(-31 * day)
    expect(await throttle.consume({ account: "ada" })).toEqual({ allowed: false, retryAfter: 60 })
    now.advance(minute)
    expect((await throttle.consume({ account: "ada" })).allowed).toBe(true)
  })

  test("servers that take turns share one budget, though their clocks differ by minutes", async () => {
    const { adapter } = setUp()
    const start = Date.now()
    const servers = [4 * minute, 0].map((ahead) =>
      createThrottle({ adapter, name: "sign-in", limits: signInLimits, now: () => start + ahead }),
    )
    expect(await countAllowed(100, (n) => servers[n % 2]!.consume({ account: "ada" }))).toBe(10)
    // Should the late one be first, the other one lets through what comes back in 4 minutes, once.
    expect(await countAllowed(10, () => servers[1]!.consume({ account: "eve" }))).toBe(10)
    expect(await countAllowed(100, (n) => servers[n % 2]!.consume({ account: "eve" }))).toBe(4)
  })

  test("asks in the order of `limits`, up to the first refusal, and does not charge the limits after it", async () => {
    const { throttle, calls } = setUp()
    expect(await countAllowed(60, (n) => throttle.consume({ total: "t", account: `a${n}`, client: "c" }))).toBe(50)
    calls.length = 0
    await throttle.consume({ total: "t", account: "new", client: "c" })
    expect(calls).toHaveLength(1)
    // 50 of 100 are left.
    expect(await countAllowed(60, () => throttle.consume({ total: "t" }))).toBe(50)
  })

  test("keys before the refusal stay charged", async () => {
    const { throttle } = setUp()
    await countAllowed(30, () => throttle.consume({ client: "c", account: "ada" }))
    expect(await countAllowed(30, () => throttle.consume({ client: "c" }))).toBe(20)
  })

  test("does not ask a key that is null, undefined, left out or an empty list", async () => {
    const { throttle, calls } = setUp()
    expect(await throttle.consume({ client: null, account: undefined, total: [] })).toEqual({
      allowed: true,
      retryAfter: 0,
    })
    expect(await throttle.consume({})).toEqual({ allowed: true, retryAfter: 0 })
    expect(calls).toEqual([])
  })

  test("an empty string is one key, which all share who send none", async () => {
    const { throttle } = setUp()
    expect(await countAllowed(11, () => throttle.consume({ account: "" }))).toBe(10)
    expect((await throttle.consume({ account: "ada" })).allowed).toBe(true)
  })

  test("takes from the first key of a list that is not refused, and from that one only", async () => {
    const { throttle, events } = setUp()
    const attempt = () => throttle.consume({ account: ["browser", "ada"] })
    expect(await countAllowed(10, attempt)).toBe(10)
    expect(await countAllowed(5, () => throttle.consume({ account: "ada" }))).toBe(5)
    expect(events).toEqual([])
    expect(await countAllowed(10, attempt)).toBe(5)
    expect(events).toHaveLength(5)
  })

  test("when all keys of a list are refused, retryAfter is the shortest wait", async () => {
    const { throttle, now } = setUp()
    await countAllowed(10, () => throttle.consume({ account: "a" }))
    now.advance(20_000)
    await countAllowed(10, () => throttle.consume({ account: "b" }))
    expect(await throttle.consume({ account: ["b", "a"] })).toEqual({ allowed: false, retryAfter: 40 })
    expect(await throttle.consume({ account: ["a", "b"] })).toEqual({ allowed: false, retryAfter: 40 })
  })

  test("an odd key is a key like any other", async () => {
    const { throttle } = setUp()
    const odd = ["\0", "\ud800", "a\0b", "__proto__", "x".repeat(1_000_000), "' OR 1=1 --", "account\0ada"]
    for (const key of odd) expect(await countAllowed(11, () => throttle.consume({ account: key }))).toBe(10)
    expect((await throttle.consume({ account: "ada" })).allowed).toBe(true)
  })

  test.each([[7], [{}], [true], [Symbol("key")]])(
    "throws for a key that is not text, before it charges any: %s",
    async (key) => {
      const { throttle, calls } = setUp()
      // @ts-expect-error keys are text
      await expect(throttle.consume({ client: "c", account: key })).rejects.toThrow(
        expect.objectContaining({
          code: "invalid_option",
          message: expect.stringMatching(/^account: .* is not text; use/),
        }),
      )
      expect(calls).toEqual([])
    },
  )

  test("throws for a name that `limits` does not have, which a mistyped one would leave without a limit", async () => {
    const { throttle } = setUp()
    // @ts-expect-error there is no such limit
    await expect(throttle.consume({ acount: "ada" })).rejects.toThrow(
      '"acount" is not an option; did you mean "account"?',
    )
    // @ts-expect-error there is no such limit
    await expect(throttle.reset({ acount: "ada" })).rejects.toThrow(
      '"acount" is not an option; did you mean "account"?',
    )
  })

  test("takes exactly the names of `limits`", () => {
    const { throttle } = setUp()
    type Keys = Parameters<typeof throttle.consume>[0]
    expectTypeOf<keyof Keys>().toEqualTypeOf<"client" | "account" | "total">()
  })

  test("an outage of the store throws, and allows nothing", async () => {
    const broken = { ...memoryAdapter<{ id: string }>(), takeAttempt: () => Promise.reject(new Error("down")) }
    const { throttle } = setUp(broken)
    await expect(throttle.consume({ account: "ada" })).rejects.toThrow(
      expect.objectContaining({ code: "store_failed" }),
    )
  })
})

describe("the rows of a throttle", () => {
  test("[STO-1] have the SHA-256 of the throttle's name, the limit's name and the key as id", async () => {
    const { throttle, calls } = setUp()
    await throttle.consume({ account: "ada@example.com" })
    const id = createHash("sha256").update("sign-in\0account\0ada@example.com").digest("hex")
    expect(calls).toEqual([["takeAttempt", id, expect.any(Number), minute, 10 * minute]])
  })

  test("are separate for each throttle and each limit", async () => {
    const { throttle, adapter, now } = setUp()
    const other = createThrottle({ adapter, name: "sign-up", limits: signInLimits, now })
    await countAllowed(10, () => throttle.consume({ account: "ada" }))
    expect((await throttle.consume({ account: "ada" })).allowed).toBe(false)
    expect((await throttle.consume({ client: "ada" })).allowed).toBe(true)
    expect((await other.consume({ account: "ada" })).allowed).toBe(true)
  })

  test("are shared by throttles of one name, and by withAdapter()", async () => {
    const { throttle, adapter, now } = setUp()
    const again = createThrottle({ adapter, name: "sign-in", limits: signInLimits, now })
    await countAllowed(9, () => throttle.consume({ account: "ada" }))
    expect((await again.consume({ account: "ada" })).allowed).toBe(true)
    expect((await throttle.withAdapter(adapter).consume({ account: "ada" })).allowed).toBe(false)
  })
})

describe("events", () => {
  test("report the limit that refused, and never a key", async () => {
    const { throttle, events, now } = setUp()
    await countAllowed(11, () => throttle.consume({ client: "192.0.2.1", account: "ada" }))
    expect(events).toEqual([{ type: "throttled", reason: "account", at: new Date(now()) }])
    expect(JSON.stringify(events)).not.toMatch(/ada|192/)
  })

  test("a listener that throws changes nothing", async () => {
    const { adapter, now } = setUp()
    const onEvent = () => {
      throw new Error("listener")
    }
    const throttle = createThrottle({ adapter, name: "sign-in", limits: signInLimits, onEvent, now })
    expect(await countAllowed(11, () => throttle.consume({ account: "ada" }))).toBe(10)
  })
})

describe("reset()", () => {
  test("fills the budgets of these keys up, of all in a list, in one call of the store", async () => {
    const { throttle, calls } = setUp()
    await countAllowed(30, () => throttle.consume({ client: "c", account: ["browser", "ada"] }))
    calls.length = 0
    await throttle.reset({ account: ["browser", "ada"], total: null })
    expect(calls).toEqual([["dropAttempts", [expect.any(String), expect.any(String)]]])
    expect(await countAllowed(30, () => throttle.consume({ account: ["browser", "ada"] }))).toBe(20)
    expect(await countAllowed(30, () => throttle.consume({ client: "c" }))).toBe(20)
  })

  test("asks the store for nothing when there is no key", async () => {
    const { throttle, calls } = setUp()
    await throttle.reset({ account: null })
    expect(calls).toEqual([])
  })
})

describe("cleanUp()", () => {
  test("deletes rows that have been full for a day, and no others", async () => {
    const { throttle, now } = setUp()
    for (let n = 0; n < 2500; n++) await throttle.consume({ account: `a${n}` })
    now.advance(day + minute - 1)
    expect(await throttle.cleanUp()).toBe(0)
    await throttle.consume({ account: "a0" })
    now.advance(1)
    expect(await throttle.cleanUp()).toBe(2499)
    expect(await throttle.cleanUp()).toBe(0)
    expect(await countAllowed(11, () => throttle.consume({ account: "a0" }))).toBe(9)
  })

  test("deletes at most `limit` rows", async () => {
    const { throttle, now } = setUp()
    for (let n = 0; n < 1500; n++) await throttle.consume({ account: `a${n}` })
    now.advance(2 * day)
    expect(await throttle.cleanUp({ limit: 0 })).toBe(0)
    expect(await throttle.cleanUp({ limit: 1200 })).toBe(1200)
    expect(await throttle.cleanUp({ limit: 1200 })).toBe(300)
    // @ts-expect-error there is no such option
    await expect(throttle.cleanUp({ limits: 5 })).rejects.toThrow(/did you mean "limit"/)
  })

  test("[THR-4] a million keys take no more than 100,000 rows in memory, and none when they are idle", async () => {
    const store = memoryAdapter<{ id: string }>()
    const { throttle, now } = setUp(store)
    await countAllowed(10, () => throttle.consume({ account: "ada", total: "ada" }))
    for (let n = 0; n < 1_000_000; n++) await store.takeAttempt(`key-${n}`, now(), 1, 10)
    expect((await throttle.consume({ account: "ada" })).allowed).toBe(false)
    now.advance(31 * day)
    const deleted = await throttle.cleanUp()
    expect(deleted).toBeGreaterThan(50_000)
    expect(deleted).toBeLessThanOrEqual(100_000)
    expect(await throttle.cleanUp()).toBe(0)
  })
})

describe("createThrottle() refuses", () => {
  const adapter = memoryAdapter<{ id: string }>()
  test.each([
    ["a limit of zero", { limit: 0, window: "10m" }, "limits.key.limit: 0 is not a limit"],
    ["a negative limit", { limit: -1, window: "10m" }, "limits.key.limit: -1 is not a limit"],
    ["half an attempt", { limit: 1.5, window: "10m" }, "limits.key.limit: 1.5 is not a limit"],
    ["no number", { limit: "10", window: "10m" }, 'limits.key.limit: "10" is not a limit'],
    ["NaN", { limit: NaN, window: "10m" }, "limits.key.limit: NaN is not a limit"],
    ["Infinity", { limit: Infinity, window: "10m" }, "limits.key.limit: Infinity is not a limit"],
    ["a limit above the window's milliseconds", { limit: 1001, window: "1s" }, "limits.key.limit: 1001 is not a limit"],
    ["a window that is no duration", { limit: 10, window: "10 min" }, 'limits.key.window: "10 min" is not a duration'],
    ["a window of zero", { limit: 10, window: "0m" }, 'limits.key.window: "0m" is not a duration'],
    [
      "an unknown option",
      { limit: 10, windows: "10m" },
      'limits.key: "windows" is not an option; did you mean "window"?',
    ],
    ["no object", 10, "limits.key.window: undefined is not a duration"],
  ])("%s", (_what, key, message) => {
    // @ts-expect-error some have the wrong type
    const make = () => createThrottle({ adapter, name: "test", limits: { key } })
    expect(make).toThrow(expect.objectContaining({ code: "invalid_option", message: expect.stringContaining(message) }))
  })

  test.each(["", "1", "a b", "a\0b", "__proto__", "x".repeat(41)])(
    "the name %j, of a throttle and of a limit",
    (name) => {
      const limits = { [name]: { limit: 10, window: "10m" } } as const
      expect(() => createThrottle({ adapter, name, limits: signInLimits })).toThrow("is not a name; use up to 40")
      expect(() => createThrottle({ adapter, name: "test", limits })).toThrow("is not a name; use up to 40")
    },
  )

  test("an unknown option, and an adapter without the port", () => {
    // @ts-expect-error there is no such option
    expect(() => createThrottle({ adapter, name: "test", limit: signInLimits })).toThrow('did you mean "limits"?')
    // @ts-expect-error a port is missing
    expect(() => createThrottle({ adapter: {}, name: "test", limits: signInLimits })).toThrow(
      expect.objectContaining({ code: "missing_port" }),
    )
  })
})
