import { describe, expect, test } from "vitest"
import { createKnownBrowsers } from "../../src/throttle.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { countAllowed, setUp } from "./set-up.ts"

const day = 24 * 60 * 60_000

async function setUpBrowsers() {
  const adapter = memoryAdapter<{ id: string; username: string }>()
  for (const username of ["ada", "mallory"]) await adapter.insertUser({ id: username, attributes: { username } }, null)
  const { throttle, now, events } = setUp(adapter)
  const tokens = createTokens({ adapter, purposes: {}, now })
  return { ...createKnownBrowsers({ tokens }), adapter, throttle, tokens, now, events }
}

describe("[THR-4] a known browser", () => {
  test("gets its owner in while an attacker uses up the budget of the account", async () => {
    const { bucketsFor, remember, throttle } = await setUpBrowsers()
    const value = await remember({ userId: "ada", account: "ada" })
    await countAllowed(1000, async () => throttle.consume({ account: await bucketsFor(null, "ada") }))
    expect((await throttle.consume({ account: await bucketsFor(null, "ada") })).allowed).toBe(false)
    expect((await throttle.consume({ account: await bucketsFor(value, "ada") })).allowed).toBe(true)
  })

  test("has one budget, and then that of the account", async () => {
    const { bucketsFor, remember, throttle } = await setUpBrowsers()
    const value = await remember({ userId: "ada", account: "ada" })
    const attempt = async () => throttle.consume({ account: await bucketsFor(value, "ada") })
    expect(await countAllowed(100, attempt)).toBe(20)
  })

  test("of an attacker is of no use against another account, however many there are", async () => {
    const { bucketsFor, remember, throttle } = await setUpBrowsers()
    const values: string[] = []
    for (let n = 0; n < 10; n++) values.push(await remember({ userId: "mallory", account: "mallory" }))
    const attempt = async (n: number) => throttle.consume({ account: await bucketsFor(values[n % 10], "ada") })
    expect(await countAllowed(200, attempt)).toBe(10)
    for (const value of values) expect(await bucketsFor(value, "mallory")).toHaveLength(2)
  })

  test("has a budget that no account name can be", async () => {
    const { bucketsFor, remember } = await setUpBrowsers()
    const value = await remember({ userId: "ada", account: "ada" })
    const [browser, account] = await bucketsFor(value, "ada")
    expect(browser).toMatch(/^[0-9a-f]{64}$/)
    expect([account, JSON.stringify([browser]).includes(value)]).toEqual(["ada", false])
  })

  test("has a budget that no other browser has, of this user or of another", async () => {
    const { bucketsFor, remember } = await setUpBrowsers()
    const buckets: (string | undefined)[] = []
    for (const id of ["ada", "ada", "mallory"])
      buckets.push((await bucketsFor(await remember({ userId: id, account: id }), id))[0])
    expect(new Set(buckets).size).toBe(3)
  })

  test("counts for 90 days", async () => {
    const { bucketsFor, remember, now } = await setUpBrowsers()
    const value = await remember({ userId: "ada", account: "ada" })
    now.advance(90 * day - 1)
    expect(await bucketsFor(value, "ada")).toHaveLength(2)
    now.advance(1)
    expect(await bucketsFor(value, "ada")).toEqual(["ada"])
  })

  test("is replaced at each sign-in: the earlier value is unknown, and nothing else is forgotten", async () => {
    const { bucketsFor, remember, now } = await setUpBrowsers()
    const values: string[] = []
    for (let n = 0; n < 10; n++, now.advance(1000)) values.push(await remember({ userId: "ada", account: "ada" }))
    const [used = "", ...others] = values.reverse()
    const replaced = await remember({ userId: "ada", account: "ada", value: used })
    expect(await bucketsFor(used, "ada")).toEqual(["ada"])
    for (const value of [replaced, ...others]) expect(await bucketsFor(value, "ada")).toHaveLength(2)
  })

  test("is one of a user's newest 10", async () => {
    const { bucketsFor, remember, now } = await setUpBrowsers()
    const values: string[] = []
    for (let n = 0; n < 12; n++, now.advance(1000)) values.push(await remember({ userId: "ada", account: "ada" }))
    const known = await Promise.all(values.map(async (value) => (await bucketsFor(value, "ada")).length === 2))
    expect(known).toEqual(values.map((_, n) => n >= 2))
  })

  test("is forgotten when the user's access is reset, and when the user is deleted", async () => {
    const { bucketsFor, remember, tokens, adapter } = await setUpBrowsers()
    const value = await remember({ userId: "ada", account: "ada" })
    const other = await remember({ userId: "mallory", account: "mallory" })
    await tokens.resetUser("ada")
    await adapter.deleteUser("mallory")
    expect(await bucketsFor(value, "ada")).toEqual(["ada"])
    expect(await bucketsFor(other, "mallory")).toEqual(["mallory"])
  })

  test("is not found by a token of the application, nor the other way round", async () => {
    const { bucketsFor, remember, adapter, now } = await setUpBrowsers()
    const tokens = createTokens({ adapter, purposes: { link: purpose<string>({ expiresIn: "1h" }) }, now })
    const link = await tokens.createToken({ purpose: "link", userId: "ada", data: "ada" })
    expect(await bucketsFor(link, "ada")).toEqual(["ada"])
    expect(await tokens.peekToken(await remember({ userId: "ada", account: "ada" }), "link")).toBeNull()
  })

  test("[STO-1] has a value that is stored nowhere, and no account is stored in clear", async () => {
    const { adapter, throttle } = await setUpBrowsers()
    const written: unknown[] = []
    const watched: typeof adapter = {
      ...adapter,
      insertTokens(...values) {
        written.push(values)
        return adapter.insertTokens(...values)
      },
      takeAttempt(...values) {
        written.push(values)
        return adapter.takeAttempt(...values)
      },
    }
    const browsers = createKnownBrowsers({ tokens: createTokens({ adapter: watched, purposes: {} }) })
    const value = await browsers.remember({ userId: "ada", account: "ada-the-first" })
    await throttle.withAdapter(watched).consume({ account: await browsers.bucketsFor(value, "ada-the-first") })
    expect(written).toHaveLength(2)
    expect(JSON.stringify(written)).not.toContain(value)
    expect(JSON.stringify(written)).not.toContain("ada-the-first")
  })
})

describe("bucketsFor()", () => {
  test.each([undefined, null, "", 7, {}, [], "a".repeat(32), "A".repeat(32), "x".repeat(1_000_000), Symbol("value")])(
    "takes a value of any type: case %#",
    async (value) => {
      const { bucketsFor } = await setUpBrowsers()
      expect(await bucketsFor(value, "ada")).toEqual(["ada"])
    },
  )

  test("has no budget for an account of null, as normalizeEmail() makes of what is no address", async () => {
    const { bucketsFor, remember, throttle } = await setUpBrowsers()
    const value = await remember({ userId: "ada", account: "ada" })
    expect(await bucketsFor(value, null)).toEqual([])
    expect(await throttle.consume({ account: await bucketsFor(value, null) })).toEqual({ allowed: true, retryAfter: 0 })
  })
})

test("createKnownBrowsers() refuses an unknown option", async () => {
  const { tokens } = await setUpBrowsers()
  // @ts-expect-error there is no such option
  expect(() => createKnownBrowsers({ tokens, adapter: {} })).toThrow('"adapter" is not an option')
  // @ts-expect-error that is no createTokens()
  expect(() => createKnownBrowsers({ tokens: {} })).toThrow(expect.objectContaining({ code: "invalid_option" }))
})
