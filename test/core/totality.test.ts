import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, test } from "vitest"

import { createAuth, isAuthError } from "../../src/index.ts"
import { safeRedirect } from "../../src/web.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { oddValues, setUp, strangerToken } from "./auth-fixture.ts"

const rejections: unknown[] = []
const remember = (error: unknown) => void rejections.push(error)
beforeEach(() => {
  rejections.length = 0
  process.on("unhandledRejection", remember)
})
afterEach(async () => {
  await new Promise(setImmediate)
  process.off("unhandledRejection", remember)
  expect(rejections).toEqual([])
})

const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withTypedArray: true })

describe("[INP-1] whatever it is given,", () => {
  test("validateSession() answers and rotateSession() is null", async () => {
    const { auth, calls } = await setUp()
    const isRejected = async (value: unknown) => {
      expect(await auth.validateSession(value)).toMatchObject({ session: null, user: null })
      expect(await auth.rotateSession(value)).toBeNull()
    }
    for (const value of oddValues) await isRejected(value)
    await fc.assert(fc.asyncProperty(anything, isRejected), { numRuns: 1000 })
    expect(calls).toEqual([])
  })

  test("a Cookie header of any text is read in time that grows with its length alone", async () => {
    const { auth } = await setUp()
    const long = 'a="'.padEnd(400_000, ";")
    const hostile = [long, `${long}"x`, '="a;'.repeat(100_000), '=";"x'.repeat(100_000), " ".repeat(400_000)]
    const started = performance.now()
    for (const header of hostile) auth.readSessionCookie(`${auth.sessionCookieName}=x; ${header}`)
    // A few milliseconds; in the square of the length they are minutes.
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test("readSessionCookie() and readBearerToken() give text or null", async () => {
    const { auth } = await setUp()
    const isRead = (value: unknown) => {
      for (const read of [auth.readSessionCookie, auth.readBearerToken]) {
        const result = read(value as string)
        expect(result === null || (typeof result === "string" && result !== "")).toBe(true)
      }
    }
    for (const value of oddValues) isRead(value)
    fc.assert(fc.property(fc.oneof(anything, fc.string({ unit: "binary" })), isRead), { numRuns: 2000 })
  })

  test("safeRedirect() gives text", () => {
    for (const value of oddValues) expect(typeof safeRedirect(value, "/")).toBe("string")
    fc.assert(
      fc.property(anything, (value) => {
        expect(typeof safeRedirect(value, "/")).toBe("string")
      }),
    )
  })

  test("invalidateSession() and updateSession() take only what can be a session id to the store", async () => {
    const { auth, calls } = await setUp()
    for (const value of oddValues.filter((value) => value !== "0".repeat(64))) {
      expect(await auth.invalidateSession(value as string)).toBe(false)
      expect(await auth.updateSession(value as string, {})).toBe(false)
    }
    expect(calls).toEqual([])
  })

  test("createSession(), getUserSessions() and invalidateUserSessions() answer or throw an AuthError", async () => {
    const { auth, memory } = await setUp()
    await fc.assert(
      fc.asyncProperty(anything, async (userId) => {
        const id = userId as string
        for (const run of [
          () => auth.createSession(id),
          () => auth.getUserSessions(id),
          () => auth.invalidateUserSessions(id),
        ]) {
          const error: unknown = await run().then(
            () => null,
            (error: unknown) => error,
          )
          expect(error === null || isAuthError(error)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
    expect(await memory.listSessions("user-1")).toEqual([])
  })
})

describe("[INP-2] an Object.prototype that somebody", () => {
  test("froze changes nothing", async () => {
    expect(await runWith("freeze")).toEqual(unharmed)
  })

  test("gave the names of our own fields changes nothing", async () => {
    const names = ["isAdmin", "role", "id", "userId", "user", "session", "token", "fresh", "except", "0", "length"]
    const polluted = Object.fromEntries(names.map((name) => [name, "polluted"]))
    expect(await runWith(JSON.stringify(polluted))).toEqual(unharmed)
  })

  test("gave the name of a refusal signs nobody in", async () => {
    expect(await runWith('{"reason":"polluted"}')).toMatchObject({
      stranger: null,
      listed: 0,
      bodies: ["nobody", "nobody"],
    })
  })

  const unharmed = {
    cookie: "__Host-session=x; Max-Age=7776000; Path=/; HttpOnly; Secure; SameSite=Lax",
    stranger: null,
    listed: 0,
    bodies: ["nobody", "ada"],
    setCookie: [
      "__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=Lax",
    ],
  }

  async function runWith(change: string): Promise<object> {
    const script = fileURLToPath(new URL("frozen-prototype.ts", import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script, change])
    return Object.fromEntries(JSON.parse(stdout))
  }
})

describe("[COO-7][INP-4] a huge header", () => {
  const { readSessionCookie, readBearerToken } = createAuth({ adapter: memoryAdapter<{ id: string }>() })

  const shapes: [string, (n: number) => string][] = [
    ["of other cookies", (n) => "name=value; ".repeat(n)],
    ["of near misses", (n) => "x__Host-session=a; ".repeat(n)],
    ["of equal copies", (n) => `__Host-session=${strangerToken}; `.repeat(n)],
    ["of our name without an end", (n) => "__Host-session=".repeat(n)],
    ["of our name after blanks", (n) => `${" ".repeat(10)}__Host-session=`.repeat(n)],
    ["of blanks before our name", (n) => `x=1${" ".repeat(n * 10)}__Host-session=a`],
    ["of semicolons", (n) => ";".repeat(n * 10)],
    ["of equals signs", (n) => "=".repeat(n * 10)],
    ["of quotes", (n) => '"'.repeat(n * 10)],
    ["of open quotes", (n) => 'a="b; '.repeat(n)],
    ["of closed quotes", (n) => 'a="b"; '.repeat(n)],
    ["of dollars", (n) => "$a=b; ".repeat(n)],
    ["of names before one quote", (n) => `${"a; ".repeat(n)}"`],
    ["of blanks between quotes", (n) => `"${"; ".repeat(n)}"`],
    ["of tabs", (n) => "\t".repeat(n * 10)],
  ]

  test.each(shapes)("%s is read in under 50 ms, in time that grows as it does", (_, shape) => {
    const header = shape(100_000)
    expect(fastest(() => readSessionCookie(header))).toBeLessThan(50)
    const [one, four] = [shape(50_000), shape(200_000)]
    // Quadratic growth would be 16 times; the addend keeps the clock's grain out of the ratio.
    expect(fastest(() => readSessionCookie(four))).toBeLessThan(8 * fastest(() => readSessionCookie(one)) + 10)
  })

  test("of 100,000 cookies does not hide ours", () => {
    const others = "name=value; ".repeat(50_000)
    expect(readSessionCookie(`${others}__Host-session=${strangerToken}; ${others}`)).toBe(strangerToken)
  })

  test.each<[string, (n: number) => string]>([
    ["of blanks", (n) => `Bearer${" ".repeat(n)}`],
    ["of blanks and a token", (n) => `Bearer${" ".repeat(n)}x x`],
    ["of a token without end", (n) => `Bearer ${"a".repeat(n)} `],
    ["of equals signs", (n) => `Bearer ${"=".repeat(n)}!`],
  ])("%s for Authorization is read in linear time", (_, shape) => {
    expect(fastest(() => readBearerToken(shape(1_000_000)))).toBeLessThan(50)
  })

  test("for a redirect is turned down in linear time", () => {
    for (const target of [
      "/".repeat(1e6),
      `/${"a/../".repeat(2e5)}`,
      `/a${"\t".repeat(1e6)}`,
      `/${"%2e".repeat(3e5)}`,
    ]) {
      expect(fastest(() => safeRedirect(target, "/"))).toBeLessThan(200)
    }
  })

  // The best of three, in milliseconds of this thread alone: other processes share the machine, and its clock runs on
  // while they have the processor.
  function fastest(run: () => unknown): number {
    const times = Array.from({ length: 3 }, () => {
      const start = process.threadCpuUsage()
      run()
      const { user, system } = process.threadCpuUsage(start)
      return (user + system) / 1000
    })
    return Math.min(...times)
  }
})

test("[INP-4] bogus sessions cost no write: 10,000 of them change no row", async () => {
  const { auth, calls } = await setUp()
  for (let i = 0; i < 10_000; i++) {
    await auth.validateSession(i % 2 ? strangerToken : `bogus-${i}`)
  }
  expect(new Set(calls)).toEqual(new Set(["findSession"]))
  expect(calls).toHaveLength(5000)
})
