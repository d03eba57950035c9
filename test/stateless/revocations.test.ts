import fc from "fast-check"
import { describe, expect, test } from "vitest"

import { cachedRevocations, memoryRevocations } from "../../src/stateless.ts"
import type { Revocations } from "../../src/stateless.ts"
import { manualClock } from "../../src/testing.ts"
import { oddValues } from "../core/auth-fixture.ts"
import { day, hour, minute, second, setUp, setUpRevocable } from "./stateless-fixture.ts"

describe("ending a session", () => {
  test("[STL-6] makes its tokens void, those that were sealed again too, and no other's", async () => {
    const { auth, now, events } = setUpRevocable()
    const [mine, other] = [await auth.createSession("user-1"), await auth.createSession("user-1")]
    now.advance(20 * day)
    const extended = await auth.validateSession(mine.token)
    const renewed = "token" in extended ? extended.token : undefined
    expect(await auth.invalidateSession(mine.session.id)).toBe(true)
    for (const token of [mine.token, renewed]) {
      expect(await auth.validateSession(token)).toEqual({ session: null, user: null, reason: "unknown" })
      expect(await auth.rotateSession(token)).toBeNull()
    }
    expect(await auth.validateSession(other.token)).toMatchObject({ user: { id: "user-1" } })
    expect(events.map(({ type }) => type)).toContain("session_ended")
  })

  test("with an owner ends it only if it is theirs", async () => {
    const { auth } = setUpRevocable()
    const { session, token } = await auth.createSession("1")
    for (const userId of ["2", 1, 1n, "", "1 "]) await auth.invalidateSession(session.id, { userId })
    expect(await auth.validateSession(token)).toMatchObject({ user: { id: "1" } })
    await expect(auth.invalidateSession(session.id, { userId: undefined! })).rejects.toMatchObject({
      code: "invalid_option",
    })
    expect(await auth.invalidateSession(session.id, { userId: "1" })).toBe(true)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
  })

  test("takes only what can be an id to the store", async () => {
    const { auth, calls } = setUpRevocable()
    for (const value of [
      ...oddValues.filter((value) => value !== "1".repeat(32)),
      "a".repeat(31),
      "A".repeat(32),
      `${"a".repeat(32)}\n`,
    ])
      expect(await auth.invalidateSession(value as string)).toBe(false)
    expect(calls).toEqual([])
  })

  test("lasts as long as the session could have", async () => {
    const { auth, now } = setUpRevocable({ session: { idleTimeout: "90d", absoluteTimeout: "90d" } })
    const { session, token } = await auth.createSession("user-1")
    await auth.invalidateSession(session.id)
    for (let n = 0; n < 90; n++) {
      expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
      now.advance(day)
    }
    expect(await auth.validateSession(token)).toMatchObject({ reason: "expired" })
  })

  test("rotation makes the old token void, once", async () => {
    const { auth } = setUpRevocable()
    const { token, session } = await auth.createSession("user-1")
    const rotated = await auth.rotateSession(token)
    expect(await auth.rotateSession(token)).toBeNull()
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
    expect(await auth.validateSession(rotated?.token)).toMatchObject({ user: { id: "user-1" } })
    // As with a database: the old id is of no session any more.
    await auth.invalidateSession(session.id)
    expect(await auth.validateSession(rotated?.token)).toMatchObject({ user: { id: "user-1" } })
    await auth.invalidateUserSessions("user-1")
    expect(await auth.validateSession(rotated?.token)).toMatchObject({ reason: "unknown" })
  })

  test("wins over a rotation that is under way, before its last question", async () => {
    const { revocations, now } = setUpRevocable()
    let meanwhile = async () => {}
    const slow: Revocations = {
      ...revocations,
      async revoke(key, until) {
        await revocations.revoke(key, until)
        if (key.startsWith("replaced")) await meanwhile()
      },
    }
    const { auth } = setUp({ now, revocations: slow })
    const { token, session } = await auth.createSession("user-1")
    meanwhile = async () => void (await auth.invalidateSession(session.id))
    expect(await auth.rotateSession(token)).toBeNull()
  })
})

describe("ending all sessions of a user", () => {
  test("[STL-6] ends all that there were, lets a new sign-in live, and touches nobody else", async () => {
    const { auth, events } = setUpRevocable()
    const before = [await auth.createSession("1"), await auth.createSession("1")]
    const others = [await auth.createSession("2"), await auth.createSession(1), await auth.createSession(1n)]
    await auth.invalidateUserSessions("1")
    const after = await auth.createSession("1")
    for (const { token } of before) expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
    for (const { token } of [...others, after]) expect((await auth.validateSession(token)).session).not.toBeNull()
    await auth.invalidateUserSessions("1")
    expect(await auth.validateSession(after.token)).toMatchObject({ reason: "unknown" })
    expect(events.filter(({ type }) => type === "user_sessions_ended")).toMatchObject([
      { userId: "1" },
      { userId: "1" },
    ])
  })

  test("follows a model over years: what was signed in before ends, and nothing else", async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant("in" as const), wait: fc.integer({ min: 0, max: 12 * 24 * 60 }) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant("out" as const), wait: fc.integer({ min: 0, max: 12 * 24 * 60 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant("out" as const),
          wait: fc.integer({ min: 80 * 24 * 60, max: 100 * 24 * 60 }),
        }),
      },
    )
    const timeouts = fc.constantFrom("1h" as const, "20d" as const, "90d" as const)
    await fc.assert(
      fc.asyncProperty(timeouts, fc.array(step, { minLength: 1, maxLength: 30 }), async (timeout, steps) => {
        const { auth, now } = setUpRevocable({ session: { idleTimeout: timeout, absoluteTimeout: timeout } })
        const sessions: { token: string; endsAt: number; isEnded: boolean }[] = []
        for (const { do: what, wait } of steps) {
          now.advance(wait * minute)
          if (what === "in") {
            const { token, session } = await auth.createSession("user-1")
            sessions.push({ token, endsAt: session.expiresAt.getTime(), isEnded: false })
          } else {
            await auth.invalidateUserSessions("user-1")
            for (const session of sessions) session.isEnded = true
          }
          for (const { token, endsAt, isEnded } of sessions) {
            const isLive = !isEnded && now() < endsAt
            expect((await auth.validateSession(token)).session !== null).toBe(isLive)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  test("reaches sign-ins of servers whose clocks differ by less than an hour", async () => {
    const now = manualClock(Math.floor(Date.UTC(2030, 0, 1) / (30 * day)) * 30 * day)
    const revocations = memoryRevocations({ now })
    for (const [ahead, behind] of [
      [0, -59 * minute],
      [59 * minute, 0],
      [-1, 1],
      [1, -1],
      [30 * minute, -29 * minute],
    ] as const) {
      const one = setUp({ now: () => now() + ahead, revocations }).auth
      const other = setUp({ now: () => now() + behind, revocations }).auth
      for (const [a, b] of [
        [one, other],
        [other, one],
      ] as const) {
        const { token } = await a.createSession("user-1")
        await b.invalidateUserSessions("user-1")
        const isAlive = async (token: string) => (await a.validateSession(token)).session !== null
        expect(await isAlive(token)).toBe(false)
        expect(await isAlive((await a.createSession("user-1")).token)).toBe(true)
      }
    }
  })

  test("reaches who signed in before an earlier end would have lapsed", async () => {
    const start = Math.floor(Date.UTC(2030, 0, 1) / (30 * day)) * 30 * day
    for (const offset of [hour, 10 * day, 28.5 * day]) {
      const now = manualClock(start + offset)
      const session = { idleTimeout: "1h", absoluteTimeout: "1h" } as const
      const { auth } = setUp({ now, session, revocations: memoryRevocations({ now }) })
      await auth.invalidateUserSessions("user-1")
      now.advance(25 * hour - minute)
      const { token } = await auth.createSession("user-1")
      now.advance(2 * minute)
      await auth.invalidateUserSessions("user-1")
      expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
    }
  })

  test("often asks the store for few keys", async () => {
    const { auth, calls } = setUpRevocable()
    for (let n = 0; n < 200; n++) await auth.invalidateUserSessions("user-1")
    const { token } = await auth.createSession("user-1")
    calls.length = 0
    await auth.createSession("user-1")
    expect(calls.length).toBeLessThan(20)
    calls.length = 0
    expect(await auth.validateSession(token)).toMatchObject({ user: { id: "user-1" } })
    expect(calls).toHaveLength(1)
    await auth.invalidateUserSessions("user-1")
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
  })

  test("beats a sign-in that is under way", async () => {
    const { revocations, now } = setUpRevocable()
    let meanwhile = async () => {}
    const slow: Revocations = {
      revoke: revocations.revoke,
      async isRevoked(keys) {
        const answer = await revocations.isRevoked(keys)
        await meanwhile()
        return answer
      },
    }
    const { auth } = setUp({ now, revocations: slow })
    const ending = setUp({ now, revocations }).auth
    meanwhile = async () => ending.invalidateUserSessions("user-1")
    const { token } = await auth.createSession("user-1")
    expect(await ending.validateSession(token)).toMatchObject({ reason: "unknown" })
  })

  test("but for one is not offered", async () => {
    const { auth, calls } = setUpRevocable()
    const { session } = await auth.createSession("user-1")
    calls.length = 0
    await expect(auth.invalidateUserSessions("user-1", { except: session.id })).rejects.toMatchObject({
      code: "unsupported",
    })
    expect(calls).toEqual([])
  })

  test("no id of a user imitates another's", async () => {
    const { auth } = setUpRevocable()
    const ids = ["a", "a:string:b", "string:a", "0:string:a", ":", "", "number:1", 1, "1"]
    for (const ended of ids) {
      const sessions = await Promise.all(ids.map((id) => auth.createSession(id)))
      await auth.invalidateUserSessions(ended)
      const results = await Promise.all(sessions.map(({ token }) => auth.validateSession(token)))
      expect(ids.filter((_, n) => results[n]?.session === null)).toEqual([ended])
    }
  })
})

describe("a store of revocations that fails", () => {
  function failing(cause: unknown): Revocations {
    const fail = async () => {
      throw cause
    }
    return { revoke: fail, isRevoked: fail }
  }

  test("is an error with its cause, neither valid nor signed out", async () => {
    const cause = new Error("connection refused")
    const { auth, now, events } = setUp({ revocations: failing(cause) })
    const { token, session } = await setUp({ now }).auth.createSession("user-1")
    const failed = { name: "AuthError", code: "store_failed", cause }
    await expect(auth.validateSession(token)).rejects.toMatchObject(failed)
    await expect(auth.rotateSession(token)).rejects.toMatchObject(failed)
    await expect(auth.createSession("user-1")).rejects.toMatchObject(failed)
    await expect(auth.invalidateSession(session.id)).rejects.toMatchObject(failed)
    await expect(auth.invalidateUserSessions("user-1")).rejects.toMatchObject(failed)
    expect(events).toEqual([])
    expect(await auth.validateSession("x")).toMatchObject({ reason: "malformed" })
  })

  test.each([undefined, null, 0, 1, "false", []])("and an answer %j is no answer", async (answer) => {
    const revocations: Revocations = { revoke: async () => {}, isRevoked: async () => answer as unknown as boolean }
    const { auth, now } = setUp({ revocations })
    const { token } = await setUp({ now }).auth.createSession("user-1")
    await expect(auth.validateSession(token)).rejects.toMatchObject({ code: "store_failed" })
    await expect(auth.createSession("user-1")).rejects.toMatchObject({ code: "store_failed" })
  })

  test("by saying yes to everything is found out", async () => {
    const { auth } = setUp({ revocations: { revoke: async () => {}, isRevoked: async () => true } })
    await expect(auth.createSession("user-1")).rejects.toMatchObject({ code: "store_failed" })
  })

  test("is not asked for what is not a live session", async () => {
    const { auth, now, calls } = setUpRevocable({ session: { idleTimeout: "1h" } })
    const { token } = await auth.createSession("user-1")
    now.advance(hour)
    calls.length = 0
    await auth.validateSession(token)
    await auth.validateSession(`${token.slice(0, -4)}AAAA`)
    expect(calls).toEqual([])
  })

  test("revocations without an absolute timeout would have to be kept for ever", () => {
    expect(() => setUpRevocable({ session: { absoluteTimeout: false } })).toThrow(/absoluteTimeout/)
  })
})

describe("revocations in memory", () => {
  test("lapse at the instant, keep the longer time, and do not grow for ever", async () => {
    const now = manualClock()
    const revocations = memoryRevocations({ now })
    await revocations.revoke("a", new Date(now() + 10))
    await revocations.revoke("a", new Date(now() + 5))
    now.advance(9)
    expect(await revocations.isRevoked(["b", "a"])).toBe(true)
    expect(await revocations.isRevoked(["b"])).toBe(false)
    expect(await revocations.isRevoked([])).toBe(false)
    now.advance(1)
    expect(await revocations.isRevoked(["a"])).toBe(false)
    for (let n = 0; n < 5000; n++) {
      now.advance(1)
      await revocations.revoke(`key ${n}`, new Date(now() + 100))
      if (n > 0) expect(await revocations.isRevoked([`key ${n - 1}`])).toBe(true)
    }
  })
})

describe("cached revocations", () => {
  function setUpCache(maxAge: "10s" = "10s") {
    const setup = setUpRevocable()
    const cached = () => cachedRevocations(setup.revocations, { maxAge, now: setup.now })
    const server = () => setUp({ now: setup.now, revocations: cached() }).auth
    return { ...setup, cached, server }
  }

  test("[STL-6][F13] take effect here at once, and elsewhere after maxAge at the latest", async () => {
    const { now, server, calls } = setUpCache()
    const [here, there] = [server(), server()]
    const { token, session } = await here.createSession("user-1")
    for (const auth of [here, there]) expect((await auth.validateSession(token)).session).not.toBeNull()
    calls.length = 0
    now.advance(10 * second - 1)
    for (const auth of [here, there]) expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(calls).toEqual([])
    await here.invalidateSession(session.id)
    expect((await here.validateSession(token)).session).toBeNull()
    expect((await there.validateSession(token)).session).not.toBeNull()
    now.advance(1)
    expect((await there.validateSession(token)).session).toBeNull()
  })

  test("never let a sign-in be given a generation that has ended elsewhere", async () => {
    const { server } = setUpCache()
    const [here, there] = [server(), server()]
    const first = await here.createSession("user-1")
    await here.validateSession(first.token)
    await there.invalidateUserSessions("user-1")
    const second = await here.createSession("user-1")
    expect((await there.validateSession(second.token)).session).not.toBeNull()
    await here.invalidateUserSessions("user-1")
    expect((await here.validateSession(second.token)).session).toBeNull()
  })

  test("let no token be rotated twice", async () => {
    const { server } = setUpCache()
    const [here, there] = [server(), server()]
    const { token } = await here.createSession("user-1")
    await here.validateSession(token)
    expect(await there.rotateSession(token)).not.toBeNull()
    expect(await here.rotateSession(token)).toBeNull()
  })

  test("forget an answer that was on its way when something was revoked", async () => {
    const now = manualClock()
    const memory = memoryRevocations({ now })
    let revokeMeanwhile = async () => {}
    const slow: Revocations = {
      revoke: memory.revoke,
      async isRevoked(keys) {
        const answer = await memory.isRevoked(keys)
        await revokeMeanwhile()
        return answer
      },
    }
    const cached = cachedRevocations(slow, { maxAge: "10s", now })
    revokeMeanwhile = () => cached.revoke("a", new Date(now() + hour))
    expect(await cached.isRevoked(["a"])).toBe(false)
    revokeMeanwhile = async () => {}
    expect(await cached.isRevoked(["a"])).toBe(true)
  })

  test("remember nothing of a failure, and ask again when the clock was set back", async () => {
    const now = manualClock()
    const memory = memoryRevocations({ now })
    let isDown = true
    const store: Revocations = {
      revoke: memory.revoke,
      isRevoked: async (keys) => {
        if (isDown) throw new Error("down")
        return memory.isRevoked(keys)
      },
    }
    const cached = cachedRevocations(store, { maxAge: "10s", now })
    await expect(cached.isRevoked(["a"])).rejects.toThrow("down")
    isDown = false
    expect(await cached.isRevoked(["a"])).toBe(false)
    await memory.revoke("a", new Date(now() + hour))
    expect(await cached.isRevoked(["a"])).toBe(false)
    now.advance(-1)
    expect(await cached.isRevoked(["a"])).toBe(true)
  })

  test("hold a bounded number of keys", async () => {
    const now = manualClock()
    const memory = memoryRevocations({ now })
    let asked = 0
    const counting: Revocations = { revoke: memory.revoke, isRevoked: (keys) => (asked++, memory.isRevoked(keys)) }
    const cached = cachedRevocations(counting, { maxAge: "10s", maxKeys: 10, now })
    for (let n = 0; n < 100; n++) await cached.isRevoked([`key ${n}`])
    asked = 0
    for (let n = 0; n < 100; n++) await cached.isRevoked([`key ${n}`])
    expect(asked).toBeGreaterThanOrEqual(90)
  })

  test("refuse an age that is no duration", () => {
    for (const maxAge of ["", "0s", "10", undefined, null])
      expect(() => cachedRevocations(memoryRevocations(), { maxAge: maxAge as "1s" })).toThrow(
        expect.objectContaining({ code: "invalid_option" }),
      )
  })
})
