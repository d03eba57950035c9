import { createHash } from "node:crypto"
import { inspect } from "node:util"

import fc from "fast-check"
import { describe, expect, test } from "vitest"

import type { SessionOptions, SessionRecord } from "../../src/index.ts"
import { AuthError, createAuth, sessionPolicies } from "../../src/index.ts"
import { day, hour, minute, record, setUp, strangerToken } from "./auth-fixture.ts"
import type { SessionRow } from "./auth-fixture.ts"

const start = Date.UTC(2030, 0, 1)

describe("createSession()", () => {
  test("[STO-2] returns a session and its token, and stores the one by the hash of the other", async () => {
    const { auth, memory } = await setUp()
    const { session, token } = await auth.createSession("user-1", { label: "phone", device: "d1" })
    const id = createHash("sha256").update(token).digest("hex")
    expect(token).toMatch(/^[a-z2-7]{32}$/)
    expect(session).toEqual({
      id,
      userId: "user-1",
      createdAt: new Date(start),
      expiresAt: new Date(start + 30 * day),
      fresh: true,
      label: "phone",
    })
    expect((await memory.findSession(id))?.session).toEqual({
      id,
      userId: "user-1",
      createdAt: new Date(start),
      expiresAt: new Date(start + 30 * day),
      attributes: { label: "phone", device: "d1" },
    })
  })

  test("makes one store call", async () => {
    const { auth, calls } = await setUp()
    await auth.createSession("user-1")
    expect(calls).toEqual(["insertSession"])
  })

  test("[P12] throws user_missing for a user who does not exist, and stores nothing", async () => {
    const { auth, memory } = await setUp()
    await expect(auth.createSession("nobody")).rejects.toMatchObject({ name: "AuthError", code: "user_missing" })
    expect(await memory.listSessions("nobody")).toEqual([])
  })

  test("[P1] hands the token to nobody but the caller", async () => {
    const given: unknown[] = []
    const { auth, events } = await setUp({
      adapter: (memory) => ({
        insertSession: (session) => (given.push(session), memory.insertSession(session)),
        findSession: (id) => (given.push(id), memory.findSession(id)),
        replaceSession: (id, session) => (given.push(id, session), memory.replaceSession(id, session)),
      }),
    })
    const { token } = await auth.createSession("user-1")
    await auth.validateSession(token)
    const rotated = await auth.rotateSession(token)
    const seen = inspect([given, events], { depth: 9, showHidden: true })
    expect(seen).not.toContain(token)
    expect(rotated?.token).toMatch(/^[a-z2-7]{32}$/)
    expect(seen).not.toContain(rotated?.token)
  })

  test("[P17] lets nobody choose the id, the user or the times of a session", async () => {
    const hostile = { id: "f".repeat(64), sessionId: "x", userId: "user-2", createdAt: 0, expiresAt: 9e15, fresh: "no" }
    const { auth } = await setUp()
    const { session, token } = await auth.createSession("user-1", hostile as SessionRow)
    expect(session).toMatchObject({ userId: "user-1", expiresAt: new Date(start + 30 * day) })
    expect(session.id).toBe(createHash("sha256").update(token).digest("hex"))
    expect(await auth.getUserSessions("user-2")).toEqual([])
  })

  test("[EXP-5] every sign-in has a new token", async () => {
    const { auth } = await setUp()
    const tokens = new Set<string>()
    for (let i = 0; i < 100; i++) tokens.add((await auth.createSession("user-1")).token)
    expect(tokens.size).toBe(100)
  })
})

describe("validateSession()", () => {
  test("returns whose token it is, in one store read", async () => {
    const { auth, calls } = await setUp()
    const { session, token } = await auth.createSession("user-1", { label: "phone" })
    calls.length = 0
    expect(await auth.validateSession(token)).toEqual({
      session: { ...session, fresh: false },
      user: { id: "user-1", username: "ada" },
    })
    expect(calls).toEqual(["findSession"])
  })

  test.each([
    ["malformed", "not a token"],
    ["unknown", strangerToken],
  ])("says %s", async (reason, token) => {
    const { auth } = await setUp()
    expect(await auth.validateSession(token)).toEqual({ session: null, user: null, reason })
  })

  test("says expired", async () => {
    const { auth, now } = await setUp()
    const { token } = await auth.createSession("user-1")
    now.advance(31 * day)
    expect(await auth.validateSession(token)).toEqual({ session: null, user: null, reason: "expired" })
  })

  test("says user_missing where the store knows that the user is gone", async () => {
    const { auth } = await setUp({
      adapter: (memory) => ({
        async findSession(id) {
          const found = await memory.findSession(id)
          return found && { ...found, user: null }
        },
      }),
    })
    const { token } = await auth.createSession("user-1")
    expect(await auth.validateSession(token)).toEqual({ session: null, user: null, reason: "user_missing" })
    expect(await auth.rotateSession(token)).toBeNull()
  })

  test("[EXP-1] a session ends at its deadline, not after", async () => {
    const { auth, memory, now } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    const at = async (time: number) => {
      await memory.deleteSession(session.id)
      await memory.insertSession(record({ id: session.id }))
      now.advance(time - now())
      return (await auth.validateSession(token)).session !== null
    }
    expect(await at(+session.expiresAt - 1)).toBe(true)
    expect(await at(+session.expiresAt)).toBe(false)
    expect(await at(+session.expiresAt + 1)).toBe(false)
  })

  const invalidDates: [string, unknown][] = [
    ["null", null],
    ["undefined", undefined],
    ["an invalid Date", new Date(Number.NaN)],
    ["NaN", Number.NaN],
    ["text", "tomorrow"],
    ["an ISO string", "2030-06-01T00:00:00.000Z"],
    ["the year 275761", new Date(8.64e15 + 1)],
    ["seconds for milliseconds", (start + 30 * day) / 1000],
    ["an object", {}],
  ]

  test.each(invalidDates)("[EXP-2] %s as the stored deadline means expired", async (_, expiresAt) => {
    const { auth } = await withStored({ expiresAt: expiresAt as Date }, { absoluteTimeout: false })
    expect(await auth.validateSession(strangerToken)).toMatchObject({ reason: "expired" })
    expect(await auth.rotateSession(strangerToken)).toBeNull()
    expect(await auth.getUserSessions("user-1")).toEqual([])
  })

  test.each(invalidDates)("[EXP-2] %s as the stored start means expired", async (_, createdAt) => {
    const { auth } = await withStored({ createdAt: createdAt as Date })
    expect(await auth.validateSession(strangerToken)).toMatchObject({ reason: "expired" })
    expect(await auth.getUserSessions("user-1")).toEqual([])
  })

  test("[SUP-4][EXP-3] sessions live and are extended as the model says, at any sequence of visits", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 20 * hour }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 72 }),
        async (pauses, idleHours, absoluteHours) => {
          const { auth, now } = await setUp({
            session: { idleTimeout: `${idleHours}h`, absoluteTimeout: `${absoluteHours}h` },
          })
          const idle = Math.min(idleHours, absoluteHours) * hour
          const end = now() + absoluteHours * hour
          let deadline = Math.min(now() + idle, end)
          const { token } = await auth.createSession("user-1")
          for (const pause of pauses) {
            now.advance(pause)
            const { session } = await auth.validateSession(token)
            if (now() >= deadline) {
              expect(session).toBeNull()
              return
            }
            const isDue = deadline - now() <= idle / 2 && Math.min(now() + idle, end) > deadline
            if (isDue) deadline = Math.min(now() + idle, end)
            expect(session).toMatchObject({ expiresAt: new Date(deadline), fresh: isDue })
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  test("extends at half of the idle timeout, and not a millisecond before", async () => {
    const { auth, now, calls } = await setUp()
    const { token } = await auth.createSession("user-1")
    now.advance(15 * day - 1)
    expect((await auth.validateSession(token)).session).toMatchObject({ fresh: false })
    expect(calls).not.toContain("extendSession")
    now.advance(1)
    const expiresAt = new Date(start + 45 * day)
    expect((await auth.validateSession(token)).session).toMatchObject({ fresh: true, expiresAt })
    expect((await auth.validateSession(token)).session).toMatchObject({ fresh: false, expiresAt })
  })

  test("[EXP-4] by default, a session ends after 30 days without use", async () => {
    const { auth, now } = await setUp()
    const { token } = await auth.createSession("user-1")
    now.advance(30 * day)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "expired" })
  })

  test("[EXP-4] by default, a session ends after 90 days however much it is used", async () => {
    expect(await lifeOf({}, 12 * hour)).toBe(90 * day)
  })

  test("[EXP-4] a session ends at the absolute timeout, whatever deadline is stored", async () => {
    const { auth, memory, now } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    // As an earlier configuration, or another program, may have left it.
    await memory.extendSession(session.id, new Date(start + 365 * day), new Date(start + 365 * day))
    now.advance(90 * day - 1)
    expect((await auth.validateSession(token)).session?.expiresAt).toEqual(new Date(start + 90 * day))
    now.advance(1)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "expired" })
  })

  test("[EXP-4] no extension stores a deadline beyond the absolute timeout", async () => {
    const { auth, memory, now } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    for (let days = 20; days < 90; days += 20) {
      now.advance(20 * day)
      expect((await auth.validateSession(token)).session).not.toBeNull()
      const stored = await memory.findSession(session.id)
      expect(stored?.session.expiresAt).toEqual(new Date(start + Math.min(days + 30, 90) * day))
    }
  })

  test("[EXP-4] aal1 ends a session after 30 days however much it is used", async () => {
    expect(await lifeOf({ session: sessionPolicies.aal1 }, hour)).toBe(30 * day)
  })

  test("[EXP-4] aal2 ends a session after 24 hours, or one hour without use", async () => {
    expect(await lifeOf({ session: sessionPolicies.aal2 }, 10 * minute)).toBe(day)
    expect(await lifeOf({ session: sessionPolicies.aal2 }, hour)).toBe(hour)
  })

  test("[EXP-4] aal3 ends a session after 12 hours, or 15 minutes without use", async () => {
    expect(await lifeOf({ session: sessionPolicies.aal3 }, 5 * minute)).toBe(12 * hour)
    expect(await lifeOf({ session: sessionPolicies.aal3 }, 15 * minute)).toBe(15 * minute)
  })

  test("[P17] absoluteTimeout: false is the only way to a session without end", async () => {
    const { auth, now } = await setUp({ session: { absoluteTimeout: false } })
    const { token } = await auth.createSession("user-1")
    for (let month = 0; month < 120; month++) {
      now.advance(29 * day)
      expect((await auth.validateSession(token)).session).toMatchObject({ createdAt: new Date(start), fresh: true })
    }
    now.advance(30 * day)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "expired" })
  })

  test("an idle timeout above the absolute one counts as the absolute one", async () => {
    const { auth, now, calls } = await setUp({ session: { idleTimeout: "10d", absoluteTimeout: "1d" } })
    const { session, token } = await auth.createSession("user-1")
    expect(session.expiresAt).toEqual(new Date(start + day))
    now.advance(day - 1)
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(calls).not.toContain("extendSession")
    now.advance(1)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "expired" })
  })

  test("lowering the absolute timeout takes effect at once", async () => {
    const { auth, options, now } = await setUp()
    const { token } = await auth.createSession("user-1")
    const lowered = createAuth({ ...options, session: { absoluteTimeout: "2d" } })
    now.advance(2 * day - 1)
    const { session } = await lowered.validateSession(token)
    expect(session?.expiresAt).toEqual(new Date(start + 2 * day))
    now.advance(1)
    expect(await lowered.validateSession(token)).toMatchObject({ reason: "expired" })
    expect(await lowered.rotateSession(token)).toBeNull()
    expect(await lowered.getUserSessions("user-1")).toEqual([])
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("lowering the idle timeout ends nothing early", async () => {
    const { auth, options, now } = await setUp()
    const { token } = await auth.createSession("user-1")
    const lowered = createAuth({ ...options, session: { idleTimeout: "1h" } })
    now.advance(29 * day)
    expect((await lowered.validateSession(token)).session).toMatchObject({ expiresAt: new Date(start + 30 * day) })
  })

  test("an extension never goes past the absolute timeout, and one that moves nothing is not written", async () => {
    const { auth, now, calls } = await setUp({ session: { idleTimeout: "10d", absoluteTimeout: "12d" } })
    now.advance(123)
    const { token } = await auth.createSession("user-1")
    now.advance(6 * day)
    expect((await auth.validateSession(token)).session?.expiresAt).toEqual(new Date(start + 123 + 12 * day))
    calls.length = 0
    for (let i = 0; i < 5; i++) {
      now.advance(day)
      expect((await auth.validateSession(token)).session).toMatchObject({ fresh: false })
    }
    expect(calls).not.toContain("extendSession")
  })

  test("a store in whole seconds costs one extension at the absolute timeout, too", async () => {
    const toSeconds = (date: Date) => new Date(Math.floor(+date / 1000) * 1000)
    const { auth, now, calls } = await setUp({
      session: { idleTimeout: "10d", absoluteTimeout: "12d" },
      adapter: (memory) => ({
        insertSession: (row) => memory.insertSession({ ...row, expiresAt: toSeconds(row.expiresAt) }),
        extendSession: (id, to, ifBefore) => memory.extendSession(id, toSeconds(to), ifBefore),
      }),
    })
    now.advance(123)
    const { token } = await auth.createSession("user-1")
    now.advance(6 * day)
    for (let i = 0; i < 5; i++) {
      expect((await auth.validateSession(token)).session).not.toBeNull()
      now.advance(day)
    }
    expect(calls.filter((name) => name === "extendSession")).toHaveLength(1)
  })

  test("[R1] of 50 requests at half-life one writes, and nobody waits for it", async () => {
    const { auth, now, calls, events } = await setUp()
    const { token } = await auth.createSession("user-1")
    now.advance(15 * day)
    calls.length = 0
    const results = await Promise.all(Array.from({ length: 50 }, () => auth.validateSession(token)))
    expect(calls.filter((name) => name === "extendSession")).toHaveLength(1)
    expect(events.filter(({ type }) => type === "session_extended")).toHaveLength(1)
    expect(results.map(({ user }) => user?.id)).toEqual(Array(50).fill("user-1"))
    const [extended, ...others] = results.map(({ session }) => session)
    expect(extended).toMatchObject({ fresh: true, expiresAt: new Date(start + 45 * day) })
    for (const session of others) expect(session).toMatchObject({ fresh: false, expiresAt: new Date(start + 30 * day) })
  })

  test("[R1] an extension whose request was cut off keeps nobody waiting, and bars the next for five seconds only", async () => {
    const cutOff = new Promise<never>(() => {})
    let extensions = 0
    const { auth, now, memory } = await setUp({
      adapter: (memory) => ({
        extendSession: (...values) => (extensions++ ? memory.extendSession(...values) : cutOff),
      }),
    })
    const { session, token } = await auth.createSession("user-1")
    now.advance(15 * day)
    void auth.validateSession(token)
    await new Promise((resolve) => setImmediate(resolve))
    for (const milliseconds of [0, 4999]) {
      now.advance(milliseconds)
      expect((await auth.validateSession(token)).session).toEqual({ ...session, fresh: false })
    }
    now.advance(1)
    expect((await auth.validateSession(token)).session?.fresh).toBe(true)
    expect((await memory.findSession(session.id))?.session.expiresAt).toEqual(new Date(now() + 30 * day))
    expect(extensions).toBe(2)
  })

  test("[R1] a clock that was set back does not bar extensions", async () => {
    let extensions = 0
    const { auth, now } = await setUp({
      adapter: () => ({ extendSession: () => (extensions++ ? Promise.resolve(true) : new Promise(() => {})) }),
    })
    const { token } = await auth.createSession("user-1")
    now.advance(20 * day)
    void auth.validateSession(token)
    await new Promise((resolve) => setImmediate(resolve))
    now.advance(-2 * day)
    expect((await auth.validateSession(token)).session?.fresh).toBe(true)
  })

  test.each([
    ["at half-life", {}, 15, 45],
    ["near the absolute timeout", { idleTimeout: "10d", absoluteTimeout: "12d" }, 8, 12],
  ] as const)("[R1] of two processes %s one writes, and both accept", async (_, session, used, end) => {
    const { auth, memory, options, now } = await setUp({ session })
    const other = createAuth({ ...options, session })
    const { session: created, token } = await auth.createSession("user-1")
    now.advance(used * day)
    const results = await Promise.all([auth.validateSession(token), other.validateSession(token)])
    expect(results.map((result) => result.session?.fresh).sort()).toEqual([false, true])
    expect((await memory.findSession(created.id))?.session.expiresAt).toEqual(new Date(start + end * day))
  })

  test("the shared write of one session is not that of another", async () => {
    const { auth, now } = await setUp()
    const one = await auth.createSession("user-1")
    now.advance(hour)
    const two = await auth.createSession("user-2")
    now.advance(16 * day)
    const [first, second] = await Promise.all([auth.validateSession(one.token), auth.validateSession(two.token)])
    expect([first.user?.id, second.user?.id]).toEqual(["user-1", "user-2"])
    expect([first.session?.id, second.session?.id]).toEqual([one.session.id, two.session.id])
  })

  test("[EXP-8] an extension does not bring back a session that a sign-out deleted at the same time", async () => {
    const { auth, memory, now } = await setUp({
      adapter: (memory) => ({
        async extendSession(id, to, ifBefore) {
          await memory.deleteSession(id)
          return memory.extendSession(id, to, ifBefore)
        },
      }),
    })
    const { session, token } = await auth.createSession("user-1")
    now.advance(15 * day)
    expect((await auth.validateSession(token)).session).toMatchObject({ fresh: false, expiresAt: session.expiresAt })
    expect(await memory.findSession(session.id)).toBeNull()
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
  })

  test("[P18][F8] a server whose clock is 31 days ahead refuses a session and deletes nothing", async () => {
    const { auth, options, memory, now } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    const ahead = createAuth({ ...options, now: () => now() + 31 * day })
    const before = await memory.findSession(session.id)
    expect(await ahead.validateSession(token)).toMatchObject({ reason: "expired" })
    expect(await ahead.getUserSessions("user-1")).toEqual([])
    expect(await ahead.rotateSession(token)).toBeNull()
    expect(await memory.findSession(session.id)).toEqual(before)
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("[F8] no clock shortens a session or takes it past the absolute timeout", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 10 * day }), fc.integer({ min: -31 * day, max: 31 * day })), {
          maxLength: 20,
        }),
        async (visits) => {
          const { auth, options, memory, now } = await setUp()
          const { session, token } = await auth.createSession("user-1")
          let deadline = +session.expiresAt
          for (const [pause, skew] of visits) {
            now.advance(pause)
            await createAuth({ ...options, now: () => now() + skew }).validateSession(token)
            const stored = Number((await memory.findSession(session.id))?.session.expiresAt)
            expect(stored).toBeGreaterThanOrEqual(deadline)
            expect(stored).toBeLessThanOrEqual(start + 90 * day)
            deadline = stored
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  test("[F8] a clock that steps back in mid-run changes nothing", async () => {
    const { auth, memory, now } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    now.advance(-5 * minute)
    expect((await auth.validateSession(token)).session).toMatchObject({ expiresAt: session.expiresAt, fresh: false })
    now.advance(20 * day)
    await auth.validateSession(token)
    const extended = await memory.findSession(session.id)
    now.advance(-31 * day)
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(await memory.findSession(session.id)).toEqual(extended)
  })

  test("[P18] never deletes, whatever the answer", async () => {
    const { auth, now, calls } = await setUp()
    const { token } = await auth.createSession("user-1")
    await auth.validateSession(strangerToken)
    now.advance(400 * day)
    await auth.validateSession(token)
    expect(calls.filter((name) => name.startsWith("delete"))).toEqual([])
  })

  test("asks loadUser where the store holds sessions only", async () => {
    const asked: string[] = []
    const { auth } = await setUp({
      adapter: withoutUsers,
      async loadUser(userId) {
        asked.push(userId)
        return userId === "user-1" ? { id: userId, username: "ada" } : null
      },
    })
    const one = await auth.createSession("user-1")
    const two = await auth.createSession("user-2")
    expect((await auth.validateSession(one.token)).user).toEqual({ id: "user-1", username: "ada" })
    expect(await auth.validateSession(two.token)).toMatchObject({ reason: "user_missing" })
    expect(asked).toEqual(["user-1", "user-2"])
  })

  test("answers with the user's id where the store holds sessions only and there is no loadUser", async () => {
    const { options } = await setUp({ adapter: withoutUsers })
    const auth = createAuth(options)
    const { token } = await auth.createSession("user-1")
    expect((await auth.validateSession(token)).user).toEqual({ id: "user-1" })
  })

  test("throws missing_port for getUserAttributes where there is no row to give it", async () => {
    const { auth } = await setUp({ adapter: withoutUsers })
    const { token } = await auth.createSession("user-1")
    await expect(auth.validateSession(token)).rejects.toMatchObject({ code: "missing_port" })
  })
})

describe("what an application sees", () => {
  test("no column leaks by accident: without the two functions there are only the core's fields", async () => {
    const { options } = await setUp()
    const auth = createAuth(options)
    const { token } = await auth.createSession("user-1", { label: "phone" })
    const { session, user } = await auth.validateSession(token)
    expect(user).toEqual({ id: "user-1" })
    expect(Object.keys(session ?? {}).sort()).toEqual(["createdAt", "expiresAt", "fresh", "id", "userId"])
  })

  test("[P14] core fields win over attributes", async () => {
    const forged: object = { id: "x", userId: "user-2", createdAt: 1, expiresAt: 2, fresh: "yes" }
    const { options } = await setUp()
    const auth = createAuth({ ...options, getUserAttributes: () => forged, getSessionAttributes: () => forged })
    const { session: created, token } = await auth.createSession("user-1")
    const { session, user } = await auth.validateSession(token)
    expect(session).toEqual({ ...created, fresh: false })
    expect(created).toMatchObject({ userId: "user-1", createdAt: new Date(start), fresh: true })
    expect(user).toMatchObject({ id: "user-1" })
    expect(await auth.getUserSessions("user-1")).toEqual([session])
  })

  test("[INP-2] a __proto__ among the attributes gives nobody a property", async () => {
    const hostile: object = JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}')
    const { options } = await setUp()
    const auth = createAuth({ ...options, getUserAttributes: () => hostile, getSessionAttributes: (row) => row })
    const { token, session: created } = await auth.createSession("user-1", hostile)
    const { session, user } = await auth.validateSession(token)
    await auth.updateSession(created.id, hostile)
    const [listed] = await auth.getUserSessions("user-1")
    for (const seen of [created, session, user, listed, {}]) expect(seen).not.toHaveProperty("isAdmin")
  })

  test("[STO-4] neither session nor user carries the token, however it is looked at", async () => {
    const { auth } = await setUp()
    const created = await auth.createSession("user-1", { label: "phone" })
    const result = await auth.validateSession(created.token)
    const listed = await auth.getUserSessions("user-1")
    for (const seen of [created.session, structuredClone(created.session), result, listed]) {
      expect(JSON.stringify(seen)).not.toContain(created.token)
      expect(inspect(seen, { showHidden: true, depth: 9, getters: true })).not.toContain(created.token)
      expect(inspect(structuredClone(seen), { depth: 9 })).not.toContain(created.token)
    }
  })

  test("[STO-1] nothing that the store holds is accepted as a token", async () => {
    const { auth, memory } = await setUp()
    const { session } = await auth.createSession("user-1", { label: "phone" })
    const stored = await memory.findSession(session.id)
    const values = [stored?.session, stored?.user].flatMap((row) => Object.values(row ?? {}))
    for (const value of [...values, session.id.slice(0, 32), session.id.toUpperCase()]) {
      expect(await auth.validateSession(value)).toMatchObject({ session: null })
      expect(await auth.validateSession(String(value))).toMatchObject({ session: null })
      expect(await auth.rotateSession(value)).toBeNull()
    }
  })
})

describe("rotateSession()", () => {
  test("gives the same sign-in a new token and a new idle deadline", async () => {
    const { auth, now } = await setUp()
    const before = await auth.createSession("user-1", { label: "phone" })
    now.advance(day)
    const after = await auth.rotateSession(before.token)
    expect(after?.token).toMatch(/^[a-z2-7]{32}$/)
    expect(after?.token).not.toBe(before.token)
    expect(after?.session).toEqual({
      ...before.session,
      id: createHash("sha256").update(String(after?.token)).digest("hex"),
      expiresAt: new Date(start + 31 * day),
      fresh: true,
    })
    expect(await auth.validateSession(after?.token)).toMatchObject({ user: { id: "user-1" } })
  })

  test("[EXP-5] the old token and id are dead", async () => {
    const { auth } = await setUp()
    const before = await auth.createSession("user-1")
    const after = await auth.rotateSession(before.token)
    expect(await auth.validateSession(before.token)).toMatchObject({ reason: "unknown" })
    expect(await auth.rotateSession(before.token)).toBeNull()
    expect(await auth.updateSession(before.session.id, { label: "x" })).toBe(false)
    expect(await auth.invalidateSession(before.session.id)).toBe(false)
    expect((await auth.getUserSessions("user-1")).map(({ id }) => id)).toEqual([after?.session.id])
  })

  test("[EXP-9] moves neither the time of authentication nor the absolute deadline", async () => {
    const { auth, now } = await setUp()
    let { token, session } = await auth.createSession("user-1", { label: "phone" })
    const { createdAt } = session
    for (let i = 0; i < 8; i++) {
      now.advance(11 * day)
      const rotated = await auth.rotateSession(token)
      if (!rotated) throw new Error("not rotated")
      ;({ token, session } = rotated)
      expect(session).toMatchObject({ createdAt, label: "phone", userId: "user-1" })
    }
    expect(session.expiresAt).toEqual(new Date(start + 90 * day))
    now.advance(2 * day)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "expired" })
  })

  test("[R10] of 20 callers with one token exactly one gets a new one", async () => {
    const { auth } = await setUp()
    const { token } = await auth.createSession("user-1")
    const results = await Promise.all(Array.from({ length: 20 }, () => auth.rotateSession(token)))
    expect(results.filter((result) => result !== null)).toHaveLength(1)
    expect(await auth.getUserSessions("user-1")).toHaveLength(1)
  })

  test("keeps the mark of a cookie that ends with the browser, which is no part of the token", async () => {
    const { auth, calls } = await setUp()
    const { session, token } = await auth.createSession("user-1")
    const { value } = auth.createSessionCookie(token, { persistent: false })
    expect((await auth.validateSession(value)).session?.id).toBe(session.id)
    const rotated = await auth.rotateSession(value)
    expect(rotated?.token).toMatch(/^[a-z2-7]{32}~$/)
    expect((await auth.validateSession(rotated?.token.slice(0, -1))).user?.id).toBe("user-1")
    calls.length = 0
    for (const malformed of ["~", "~~", `${value}~`, `~${token}`, `${token.slice(1)}~`]) {
      expect(await auth.validateSession(malformed)).toMatchObject({ reason: "malformed" })
    }
    expect(calls).toEqual([])
  })

  test("is null for a token that is malformed, unknown or expired", async () => {
    const { auth, now } = await setUp()
    const { token } = await auth.createSession("user-1")
    now.advance(30 * day)
    for (const dead of ["x", strangerToken, token]) expect(await auth.rotateSession(dead)).toBeNull()
  })
})

describe("updateSession()", () => {
  test("merges attributes", async () => {
    const { auth, memory } = await setUp()
    const { session } = await auth.createSession("user-1", { label: "phone", device: "d1" })
    expect(await auth.updateSession(session.id, { label: "tablet" })).toBe(true)
    const stored = await memory.findSession(session.id)
    expect(stored?.session.attributes).toEqual({ label: "tablet", device: "d1" })
    expect(stored?.session.expiresAt).toEqual(session.expiresAt)
  })

  test("with ifNull, writes only while that attribute is null or absent", async () => {
    const { auth, memory } = await setUp()
    const { session } = await auth.createSession("user-1", { label: "phone" })
    const bind = (device: string) => auth.updateSession(session.id, { device }, { ifNull: "device" })
    expect(await Promise.all([bind("d1"), bind("d2")])).toEqual([true, false])
    expect((await memory.findSession(session.id))?.session.attributes).toEqual({ label: "phone", device: "d1" })
  })

  test("throws for an option that it does not know", async () => {
    const { auth } = await setUp()
    const options = { ifnull: "device" } as object
    await expect(auth.updateSession("0".repeat(64), {}, options)).rejects.toThrow(/did you mean "ifNull"/i)
  })

  test("[P14] cannot change a core field", async () => {
    const { auth, token, session } = await signedIn()
    await auth.updateSession(session.id, { userId: "user-2", expiresAt: new Date(9e14), id: "x" } as SessionRow)
    expect(await auth.validateSession(token)).toEqual({
      session: { ...session, fresh: false },
      user: { id: "user-1", username: "ada" },
    })
  })

  test("is false for a session that is not there, and never makes one", async () => {
    const { auth, memory } = await setUp()
    expect(await auth.updateSession("0".repeat(64), { label: "x" })).toBe(false)
    expect(await memory.findSession("0".repeat(64))).toBeNull()
  })

  test.each(["", "x", "0".repeat(63), "A".repeat(64), "' OR 1=1--"])("asks the store nothing about %j", async (id) => {
    const { auth, calls } = await setUp()
    expect(await auth.updateSession(id, { label: "x" })).toBe(false)
    expect(await auth.invalidateSession(id)).toBe(false)
    expect(calls).toEqual([])
  })
})

describe("getUserSessions()", () => {
  test("lists that user's live sessions, newest first", async () => {
    const { auth, now } = await setUp()
    await auth.createSession("user-1")
    now.advance(29 * day)
    const second = await auth.createSession("user-1", { label: "second" })
    await auth.createSession("user-2")
    now.advance(2 * day)
    const third = await auth.createSession("user-1", { label: "third" })
    expect(await auth.getUserSessions("user-1")).toEqual([
      { ...third.session, fresh: false },
      { ...second.session, fresh: false },
    ])
  })

  test("nothing in it is accepted by validateSession", async () => {
    const { auth } = await signedIn()
    for (const session of await auth.getUserSessions("user-1")) {
      for (const value of Object.values(session)) {
        expect(await auth.validateSession(value)).toMatchObject({ session: null })
      }
    }
  })

  test("is empty for a user who has none", async () => {
    const { auth } = await signedIn()
    expect(await auth.getUserSessions("nobody")).toEqual([])
  })
})

describe("invalidateSession()", () => {
  test("[EXP-6] ends the session at once, may be repeated, and the token stays dead", async () => {
    const { auth, token, session } = await signedIn()
    expect(await auth.invalidateSession(session.id)).toBe(true)
    expect(await auth.invalidateSession(session.id)).toBe(false)
    for (let i = 0; i < 100; i++) expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
  })

  test("with userId ends the session only if it is that user's", async () => {
    const { auth, token, session } = await signedIn()
    expect(await auth.invalidateSession(session.id, { userId: "user-2" })).toBe(false)
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(await auth.invalidateSession(session.id, { userId: "user-1" })).toBe(true)
  })

  test.each([undefined, null])("throws for a userId that is %s, and ends nothing", async (userId) => {
    const { auth, token, session } = await signedIn()
    const options = { userId: userId as unknown as string }
    await expect(auth.invalidateSession(session.id, options)).rejects.toMatchObject({ code: "invalid_option" })
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })
})

describe("invalidateUserSessions()", () => {
  test("ends all sessions of that user and nobody else's", async () => {
    const { auth } = await setUp()
    const own = [await auth.createSession("user-1"), await auth.createSession("user-1")]
    const other = await auth.createSession("user-2")
    await auth.invalidateUserSessions("user-1")
    for (const { token } of own) expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
    expect((await auth.validateSession(other.token)).session).not.toBeNull()
  })

  test("keeps the session named by except", async () => {
    const { auth } = await setUp()
    const [kept, ended] = [await auth.createSession("user-1"), await auth.createSession("user-1")]
    expect(await auth.invalidateUserSessions("user-1", { except: kept.session.id })).toBeUndefined()
    expect((await auth.validateSession(kept.token)).session).not.toBeNull()
    expect((await auth.validateSession(ended.token)).session).toBeNull()
  })
})

describe("deleteExpiredSessions()", () => {
  test("[EXP-9] deletes only what has been dead for 24 hours", async () => {
    const { auth, memory, now } = await setUp()
    const ends = [-25 * hour, -24 * hour - 1, -24 * hour + 1, -1, 1, day]
    for (const [i, end] of ends.entries()) {
      await memory.insertSession(record({ id: String(i).repeat(64), expiresAt: new Date(now() + end) }))
    }
    expect(await auth.deleteExpiredSessions()).toBe(2)
    expect(await memory.listSessions("user-1")).toHaveLength(4)
    expect(await auth.deleteExpiredSessions()).toBe(0)
  })

  test("works in batches, and resolves when all are gone", async () => {
    const limits: number[] = []
    const { auth, memory, now } = await setUp({
      adapter: (memory) => ({
        deleteExpiredSessions: (before, limit) => (limits.push(limit), memory.deleteExpiredSessions(before, limit)),
      }),
    })
    const expiresAt = new Date(now() - 2 * day)
    const batch = await batchSizeOf(auth.deleteExpiredSessions, limits)
    for (let i = 0; i < 2 * batch + 1; i++) {
      await memory.insertSession(record({ id: String(i).padStart(64, "0"), expiresAt }))
    }
    expect(await auth.deleteExpiredSessions()).toBe(2 * batch + 1)
    expect(limits.length).toBeGreaterThanOrEqual(3)
    expect(await memory.listSessions("user-1")).toEqual([])
  })

  test("counts what each batch deleted", async () => {
    const answers = [1000, 1000, 7]
    const { auth } = await setUp({ adapter: () => ({ deleteExpiredSessions: async () => answers.shift() ?? 0 }) })
    expect(await auth.deleteExpiredSessions()).toBe(2007)
  })
})

describe("withAdapter()", () => {
  test("is the same instance over another store", async () => {
    const { auth, events, now } = await setUp({ session: { idleTimeout: "1h" } })
    const other = await setUp()
    const { session, token } = await auth.withAdapter(other.adapter).createSession("user-1")
    expect(session.expiresAt).toEqual(new Date(now() + hour))
    expect(events.map(({ type }) => type)).toEqual(["session_created"])
    expect((await auth.validateSession(token)).session).toBeNull()
    expect((await other.auth.validateSession(token)).session).not.toBeNull()
  })

  test("waits for no extension outside, which may be waiting for the caller's transaction", async () => {
    let commit = () => {}
    const committed = new Promise<void>((resolve) => (commit = resolve))
    const { auth, memory, now } = await setUp({
      adapter: (memory) => ({
        async extendSession(id, to, ifBefore) {
          await committed
          return memory.extendSession(id, to, ifBefore)
        },
      }),
    })
    const { token } = await auth.createSession("user-1")
    now.advance(15 * day)
    const outside = auth.validateSession(token)
    await new Promise((resolve) => setImmediate(resolve))
    expect((await auth.withAdapter(memory).validateSession(token)).session?.fresh).toBe(true)
    commit()
    expect((await outside).session).not.toBeNull()
  })

  test("throws for lifetimes that the other store cannot keep, as createAuth() does", async () => {
    const { auth, memory } = await setUp({ session: { idleTimeout: "1d", absoluteTimeout: "2d" } })
    const asked: unknown[] = []
    const refuse = (policy: unknown) => {
      asked.push(policy)
      throw new AuthError("invalid_option", "too long")
    }
    expect(() => auth.withAdapter({ ...memory, checkSession: refuse })).toThrow("too long")
    expect(asked).toEqual([{ idleTimeout: day, absoluteTimeout: 2 * day }])
  })

  test("throws missing_port for an adapter that lacks a method", async () => {
    const { auth, adapter } = await setUp()
    const { findSession: _, ...partial } = adapter
    expect(() => auth.withAdapter(partial as typeof adapter)).toThrow(
      expect.objectContaining({ code: "missing_port", message: expect.stringContaining("findSession") }),
    )
  })
})

describe("createAuth()", () => {
  test("returns methods that may be destructured", async () => {
    const { auth } = await setUp()
    const { createSession, validateSession, rotateSession, invalidateSession, createSessionCookie } = auth
    const { token } = await createSession("user-1")
    const rotated = await rotateSession(token)
    const { session } = await validateSession(rotated?.token)
    expect(createSessionCookie(token).serialize()).toContain(token)
    expect(await invalidateSession(String(session?.id))).toBe(true)
  })

  test("calls an adapter's methods by what they are when called, and needs no this", async () => {
    const { adapter, memory } = await setUp()
    const { findSession } = memory
    const auth = createAuth({ adapter: { ...adapter, findSession } })
    const { token } = await auth.createSession("user-1")
    expect((await auth.validateSession(token)).user).toEqual({ id: "user-1" })
  })

  test("works on the real clock when none is given", async () => {
    const { adapter } = await setUp()
    const before = Date.now()
    const { session } = await createAuth({ adapter }).createSession("user-1")
    expect(+session.createdAt).toBeGreaterThanOrEqual(before)
    expect(+session.createdAt).toBeLessThanOrEqual(Date.now())
  })

  test.each([
    "0d",
    "-1d",
    "",
    "d",
    "1",
    "1 d",
    "1y",
    "1D",
    "NaNd",
    "Infinityd",
    "1.2.3d",
    "1d ",
    "\n1d",
    "1e999d",
    5,
    {},
  ])("throws invalid_option for the duration %j", async (duration) => {
    const { options } = await setUp()
    const bad = duration as "1d"
    const invalid = expect.objectContaining({ name: "AuthError", code: "invalid_option" })
    expect(() => createAuth({ ...options, session: { idleTimeout: bad } })).toThrow(invalid)
    expect(() => createAuth({ ...options, session: { absoluteTimeout: bad } })).toThrow(invalid)
  })

  test.each([
    ["90s", 90_000],
    ["15m", 15 * minute],
    ["12h", 12 * hour],
    ["1.5h", 90 * minute],
    ["30d", 30 * day],
    ["2w", 14 * day],
  ] as const)("reads the duration %s", async (idleTimeout, milliseconds) => {
    const { auth } = await setUp({ session: { idleTimeout } })
    const { session } = await auth.createSession("user-1")
    expect(+session.expiresAt - +session.createdAt).toBe(milliseconds)
  })

  const port = [
    "insertSession",
    "findSession",
    "listSessions",
    "extendSession",
    "updateSession",
    "replaceSession",
    "deleteSession",
    "deleteUserSessions",
    "deleteExpiredSessions",
  ]

  test.each(port)("throws missing_port for an adapter without %s()", async (method) => {
    const { adapter } = await setUp()
    const partial = Object.fromEntries(Object.entries(adapter).filter(([name]) => name !== method))
    expect(() => createAuth({ adapter: partial as unknown as typeof adapter })).toThrow(
      expect.objectContaining({ code: "missing_port", message: expect.stringContaining(method) }),
    )
  })

  test("throws missing_port without an adapter", () => {
    const missing = expect.objectContaining({ code: "missing_port" })
    for (const options of [undefined, null, {}, { adapter: null }, { adapter: "sqlite" }]) {
      expect(() => createAuth(options as unknown as Parameters<typeof createAuth>[0])).toThrow(missing)
    }
  })
})

async function signedIn() {
  const fixture = await setUp()
  return { ...fixture, ...(await fixture.auth.createSession("user-1", { label: "phone" })) }
}

// A store that answers any question with one row, whatever is wrong with it.
function withStored(fields: Partial<SessionRecord<SessionRow>>, policy: SessionOptions = {}) {
  const session = record(fields)
  return setUp({
    session: policy,
    adapter: () => ({
      findSession: async () => ({ session, user: { id: "user-1", username: "ada" } }),
      listSessions: async () => [session],
    }),
  })
}

function withoutUsers(memory: { findSession(id: string): Promise<{ session: SessionRecord<SessionRow> } | null> }) {
  return {
    async findSession(id: string) {
      const found = await memory.findSession(id)
      return found && { session: found.session }
    },
  }
}

// How long a session lasts that is used once in every `pause`.
async function lifeOf(options: Parameters<typeof setUp>[0], pause: number): Promise<number> {
  const { auth, now } = await setUp(options)
  const { token } = await auth.createSession("user-1")
  do now.advance(pause)
  while ((await auth.validateSession(token)).session)
  return now() - start
}

async function batchSizeOf(deleteExpiredSessions: () => Promise<number>, limits: number[]): Promise<number> {
  await deleteExpiredSessions()
  return limits.splice(0)[0] ?? 0
}
