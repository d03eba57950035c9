import fc from "fast-check"
import { describe, expect, expectTypeOf, test, vi } from "vitest"

import type { InferSession, InferUser, RequestAuth, SessionFields } from "../../src/index.ts"
import { verifyRequestOrigin } from "../../src/index.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import type { StandardSchema } from "../../src/stateless.ts"
import { createEnvelope } from "../../src/envelope/envelope.ts"
import { writeSession } from "../../src/stateless/sealed-session.ts"
import { manualClock } from "../../src/testing.ts"
import { createWebAuth } from "../../src/web.ts"
import { oddValues } from "../core/auth-fixture.ts"
import { day, hour, k1, k2, minute, second, setUp } from "./stateless-fixture.ts"
import type { Role } from "./stateless-fixture.ts"

describe("a session", () => {
  test("comes back with its user, and with what is chosen of the attributes", async () => {
    const { auth, now } = setUp()
    const { session, token } = await auth.createSession("user-1", { role: "admin" })
    expect(session).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      userId: "user-1",
      createdAt: new Date(now()),
      expiresAt: new Date(now() + 30 * day),
      fresh: true,
    })
    expect(await auth.validateSession(token)).toEqual({
      session: { ...session, fresh: false },
      user: { id: "user-1", role: "admin" },
    })
  })

  test("shows no attribute unless one is chosen, and none can stand in for the id", async () => {
    const { auth } = setUp({ getUserAttributes: undefined! })
    const { token } = await auth.createSession("user-1", { role: "admin" })
    expect(await auth.validateSession(token)).toMatchObject({ user: { id: "user-1" } })
    const greedy = createStatelessAuth({ secrets: [k1], getUserAttributes: (attributes: object) => attributes })
    const forged = JSON.parse('{"id":"root","userId":"root","__proto__":{"isAdmin":true}}')
    const validated = await greedy.validateSession((await greedy.createSession("user-1", forged)).token)
    expect(validated.user?.id).toBe("user-1")
    expect(validated.session?.userId).toBe("user-1")
    expect(Reflect.get({}, "isAdmin")).toBeUndefined()
  })

  test.each([
    "user-1",
    "",
    "1",
    "Zoë \ud800 🔒\0\n",
    1,
    0,
    -7,
    1.5,
    2 ** 53,
    1n,
    -1n,
    9_007_199_254_740_993n,
    10n ** 40n,
  ])("of the user %s keeps the id and its type", async (userId) => {
    const { auth } = setUp()
    const { session, token } = await auth.createSession(userId)
    expect(session.userId).toBe(userId)
    const validated = await auth.validateSession(token)
    expect(validated.user?.id).toBe(userId)
    expect(validated.session?.userId).toBe(userId)
  })

  test.each([undefined, null, NaN, Infinity, {}, [["1"]], true])("of the user %s is refused", async (userId) => {
    const { auth } = setUp()
    await expect(auth.createSession(userId as string)).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("[STL-7] takes at most 200 bytes of cookie for a user id and a role", async () => {
    const { auth } = setUp()
    const { token } = await auth.createSession(crypto.randomUUID(), { role: "moderator" })
    const [pair] = auth.createSessionCookie(token).serialize().split(";")
    expect(pair!.length).toBeLessThanOrEqual(200)
    expect(auth.readSessionCookie(pair)).toBe(token)
  })

  test("of too many attributes is refused when it is created", async () => {
    const { auth } = setUp()
    await expect(auth.createSession("user-1", { role: "x".repeat(3100) })).rejects.toMatchObject({
      code: "cookie_too_large",
    })
  })

  test.each([
    ["a date", { at: new Date(0) }],
    ["a bigint", { n: 1n }],
    ["a number that JSON has not", { n: NaN }],
    ["a map", { map: new Map() }],
    ["a function", { toString: () => "x" }],
    ["a class", { url: new URL("https://example.com") }],
    [
      "a circle",
      Object.assign(Object.create(null), {
        get self() {
          return this
        },
      }),
    ],
    ["undefined in a list", { list: [undefined] }],
    ["a hole in a list", { list: Array(1) }],
  ])("with %s among the attributes is refused, since it would come back as something else", async (_, attributes) => {
    const { auth } = setUp()
    const creating = auth.createSession("user-1", attributes as Role)
    await expect(creating).rejects.toMatchObject({ name: "AuthError", code: "invalid_option" })
  })

  test("may have attributes that are undefined, which are then absent, and whatever else JSON keeps", async () => {
    const auth = createStatelessAuth({ secrets: [k1], getUserAttributes: (attributes: object) => attributes })
    const kept = { a: null, b: [1, "two", { three: [] }], c: { d: false, e: -0.5 }, "": "Zoë 🔒 \ud800" }
    const { token } = await auth.createSession("user-1", { ...kept, gone: undefined })
    const { user } = await auth.validateSession(token)
    expect(user).toStrictEqual({ ...kept, id: "user-1" })
  })

  test("tells nothing of its content to who has the token only", async () => {
    const { auth } = setUp()
    const { token } = await auth.createSession("user-1", { role: "admin" })
    const text = Buffer.from(token, "base64url").toString("latin1")
    for (const word of ["user", "admin", "role"]) expect(token + text).not.toContain(word)
    const again = await auth.createSession("user-1", { role: "admin" })
    expect(again.token.slice(8, 40)).not.toBe(token.slice(8, 40))
    expect(again.session.id).not.toBe((await auth.validateSession(token)).session?.id)
  })

  test("fits the wrappers, which set the cookie of a new token", async () => {
    const { auth, now } = setUp()
    const { handler } = createWebAuth(auth)
    const handle = handler(async (request, { signIn, signOut, validate }) => {
      if (request.url.endsWith("/in")) await signIn("user-1", { role: "admin" })
      if (request.url.endsWith("/out")) await signOut()
      return Response.json((await validate())?.user ?? null)
    })
    const send = (path: string, cookie = "") =>
      handle(new Request(`https://example.com/${path}`, { headers: { cookie } }))
    const cookieOf = (response: Response) => response.headers.getSetCookie().map((line) => line.split(";")[0]!)

    const [cookie] = cookieOf(await send("in"))
    const seen = await send("", cookie)
    expect(await seen.json()).toEqual({ id: "user-1", role: "admin" })
    expect(cookieOf(seen)).toEqual([])
    now.advance(20 * day)
    const extended = await send("", cookie)
    expect(await extended.json()).toEqual({ id: "user-1", role: "admin" })
    const [renewed] = cookieOf(extended)
    expect(renewed).not.toBe(cookie)
    now.advance(20 * day)
    expect(await (await send("", cookie)).json()).toBeNull()
    expect(await (await send("", renewed)).json()).toEqual({ id: "user-1", role: "admin" })
    expect(cookieOf(await send("out", renewed))).toEqual(["__Host-session="])
    expect(verifyRequestOrigin(new Request("https://example.com"), auth)).toBe(true)
  })
})

describe("whatever it is given,", () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withTypedArray: true })

  test("validateSession() answers and rotateSession() is null", async () => {
    const { auth } = setUp()
    const isRejected = async (value: unknown) => {
      const result = await auth.validateSession(value)
      expect(result).toEqual({ session: null, user: null, reason: expect.stringMatching(/^(malformed|unknown)$/) })
      expect(await auth.rotateSession(value)).toBeNull()
    }
    for (const value of oddValues) await isRejected(value)
    await fc.assert(fc.asyncProperty(anything, isRejected), { numRuns: 500 })
    const envelopes = fc.uint8Array({ minLength: 33, maxLength: 80 }).map((bytes) => {
      bytes[0] = 1
      return Buffer.from(bytes).toString("base64url")
    })
    await fc.assert(fc.asyncProperty(envelopes, isRejected), { numRuns: 500 })
  })

  test("invalidateSession() without revocations is false", async () => {
    const { auth } = setUp()
    for (const value of oddValues) expect(await auth.invalidateSession(value as string)).toBe(false)
    const { session } = await auth.createSession("user-1")
    expect(await auth.invalidateSession(session.id, { userId: "user-1" })).toBe(false)
    await expect(auth.invalidateSession(session.id, { userId: undefined! })).rejects.toMatchObject({
      code: "invalid_option",
    })
    await expect(auth.invalidateUserSessions("user-1")).rejects.toMatchObject({ code: "unsupported" })
  })

  test("an event names why, and never the token", async () => {
    const { auth, events } = setUp()
    const { token, session } = await auth.createSession("user-1")
    await auth.withRequest("the request").validateSession(`${token}=`)
    await auth.validateSession("x")
    const names = events.map(({ type, reason, sessionId, request }) => [type, reason, sessionId, request])
    expect(names).toEqual([
      ["session_created", undefined, session.id, undefined],
      ["session_rejected", "malformed", undefined, "the request"],
      ["session_rejected", "malformed", undefined, undefined],
    ])
    expect(JSON.stringify(events)).not.toContain(token)
  })
})

describe("timeouts", () => {
  test("end a session at the instant, not before", async () => {
    const { auth, now } = setUp({ session: { idleTimeout: "1h", absoluteTimeout: "2h" } })
    const { token } = await auth.createSession("user-1")
    now.advance(hour - 1)
    expect(await auth.validateSession(token)).toMatchObject({ session: { fresh: true } })
    now.advance(1)
    expect(await auth.validateSession(token)).toEqual({ session: null, user: null, reason: "expired" })
  })

  test("[STL-4] an extension moves what is sealed, not only the cookie", async () => {
    const { auth, now } = setUp()
    const { token, session } = await auth.createSession("user-1", { role: "admin" })
    now.advance(15 * day - 1)
    expect(await auth.validateSession(token)).not.toHaveProperty("token")
    now.advance(1)
    const extended = await auth.validateSession(token)
    expect(extended).toMatchObject({
      session: { id: session.id, createdAt: session.createdAt, expiresAt: new Date(now() + 30 * day), fresh: true },
      user: { id: "user-1", role: "admin" },
      token: expect.any(String),
    })
    const renewed = "token" in extended ? extended.token : undefined
    now.advance(30 * day - 1)
    expect((await auth.validateSession(token)).session).toBeNull()
    expect((await auth.validateSession(renewed)).session?.id).toBe(session.id)
  })

  test("a lower absolute timeout takes effect at once, on sessions that exist", async () => {
    const now = manualClock()
    const before = setUp({ now, session: { absoluteTimeout: "90d" } }).auth
    const after = setUp({ now, session: { absoluteTimeout: "7d" } }).auth
    const { token } = await before.createSession("user-1")
    expect(await after.validateSession(token)).toMatchObject({ session: { expiresAt: new Date(now() + 7 * day) } })
    now.advance(7 * day)
    expect(await after.validateSession(token)).toMatchObject({ reason: "expired" })
    expect(await before.validateSession(token)).toMatchObject({ user: { id: "user-1" } })
  })

  test("follow a model, whatever is done when", async () => {
    const idle = 10 * hour
    const absolute = 35 * hour
    const steps = fc.array(fc.record({ wait: fc.integer({ min: 0, max: 12 * 60 }), rotate: fc.boolean() }), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { auth, now } = setUp({ session: { idleTimeout: "10h", absoluteTimeout: "35h" } })
        const start = now()
        const created = await auth.createSession("user-1")
        let { token } = created
        let deadline = start + idle
        for (const { wait, rotate } of all) {
          now.advance(wait * minute)
          const isLive = now() < deadline && now() < start + absolute
          if (rotate) {
            const rotated = await auth.rotateSession(token)
            expect(rotated !== null).toBe(isLive)
            if (!rotated) return
            deadline = Math.min(now() + idle, start + absolute)
            token = rotated.token
            expect(rotated.session).toMatchObject({
              createdAt: new Date(start),
              expiresAt: new Date(deadline),
              fresh: true,
            })
          }
          const result = await auth.validateSession(token)
          expect(result.session !== null).toBe(isLive)
          if ("reason" in result) {
            expect(result.reason).toBe("expired")
            return
          }
          const next = Math.min(now() + idle, start + absolute)
          const isDue = deadline <= now() + idle / 2 && next - deadline >= second
          if (isDue) deadline = next
          expect(result.session).toMatchObject({ expiresAt: new Date(deadline), fresh: isDue })
          expect(result.token !== undefined).toBe(isDue)
          token = result.token ?? token
        }
      }),
      { numRuns: 300 },
    )
  })

  test("[STL-4] a clock may be a minute behind the one that created the session, not more", async () => {
    const { auth, now } = setUp()
    const { token } = await auth.createSession("user-1")
    now.advance(-minute)
    expect(await auth.validateSession(token)).toMatchObject({ user: { id: "user-1" } })
    now.advance(-1)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
  })

  test("a clock that is none is an error, not an endless session", async () => {
    for (const time of [NaN, -1, Infinity, 2 ** 48]) {
      const { auth } = setUp({ now: () => time })
      await expect(auth.createSession("user-1")).rejects.toMatchObject({ code: "invalid_option" })
    }
  })
})

test("[R16] requests that seal a session again at once each answer with a whole one", async () => {
  const now = manualClock()
  const auth = createStatelessAuth({ secrets: [k1], now })
  const { session, token } = await auth.createSession("user-1")
  now.advance(16 * day)
  const results = await Promise.all(Array.from({ length: 20 }, () => auth.validateSession(token)))
  const tokens = new Set(results.map((result) => ("reason" in result ? undefined : result.token)))
  expect(tokens.size).toBe(20)
  for (const each of tokens) expect(await auth.validateSession(each)).toMatchObject({ session: { id: session.id } })
})

describe("rotation", () => {
  test("[STL-5] of the secrets signs nobody out: an old token works, and comes back under the new secret", async () => {
    const now = manualClock()
    const before = setUp({ now }).auth
    const during = setUp({ now, secrets: [k2, k1] }).auth
    const after = setUp({ now, secrets: [k2] }).auth
    const { token, session } = await before.createSession("user-1", { role: "admin" })

    const kept = await during.validateSession(token)
    const renewed = "token" in kept ? kept.token : undefined
    expect(kept).toEqual({
      session: { ...session, fresh: false },
      user: { id: "user-1", role: "admin" },
      token: expect.any(String),
    })
    expect(await during.validateSession(renewed)).not.toHaveProperty("token")
    expect(await after.validateSession(renewed)).toMatchObject({
      session: { id: session.id, expiresAt: session.expiresAt },
    })
    expect(await after.validateSession(token)).toEqual({ session: null, user: null, reason: "unknown" })
    expect(await before.validateSession(renewed)).toMatchObject({ reason: "unknown" })
  })

  test("of a token keeps the sign-in and restarts the idle time", async () => {
    const { auth, now } = setUp()
    const { token, session } = await auth.createSession("user-1", { role: "admin" })
    now.advance(day)
    const rotated = await auth.rotateSession(token)
    expect(rotated?.session).toMatchObject({ createdAt: session.createdAt, expiresAt: new Date(now() + 30 * day) })
    expect(rotated?.session.id).not.toBe(session.id)
    expect(await auth.validateSession(rotated?.token)).toMatchObject({ user: { id: "user-1", role: "admin" } })
    now.advance(31 * day)
    expect(await auth.rotateSession(rotated?.token)).toBeNull()
  })
})

describe("a schema of the attributes", () => {
  const schemaOf = (isAsync: boolean, isGood: (role: unknown) => boolean): StandardSchema<Role> => {
    const check = (value: unknown) => {
      const role: unknown = Reflect.get(Object(value), "role")
      return isGood(role) ? { value: { role: String(role) } } : { issues: [{ message: "role is no role" }] }
    }
    const validate = isAsync ? async (value: unknown) => check(value) : check
    return { "~standard": { version: 1, vendor: "test", validate } }
  }

  test.each([false, true])("is asked when a session is created and when it is read (async: %s)", async (isAsync) => {
    const now = manualClock()
    const early = setUp({ now, attributes: schemaOf(isAsync, (role) => role === "admin" || role === "clerk") }).auth
    const late = setUp({ now, attributes: schemaOf(isAsync, (role) => role === "admin") }).auth
    await expect(early.createSession("user-1", { role: "king" })).rejects.toMatchObject({
      code: "invalid_option",
      message: expect.stringContaining("role is no role"),
    })
    await expect(early.createSession("user-1")).rejects.toMatchObject({ code: "invalid_option" })
    const [admin, clerk] = [
      await early.createSession("a", { role: "admin" }),
      await early.createSession("c", { role: "clerk" }),
    ]
    expect(await late.validateSession(admin.token)).toMatchObject({ user: { id: "a", role: "admin" } })
    expect(await early.validateSession(clerk.token)).toMatchObject({ user: { id: "c", role: "clerk" } })
    expect(await late.validateSession(clerk.token)).toEqual({ session: null, user: null, reason: "unknown" })
  })

  test("that is none, throws or makes no object is the developer's fault", async () => {
    for (const attributes of [null, {}, { "~standard": { version: 2, validate() {} } }, () => true])
      expect(() => setUp({ attributes: attributes as unknown as StandardSchema<Role> })).toThrow(/Standard Schema/)
    const make = (validate: () => never) =>
      setUp({ attributes: { "~standard": { version: 1, vendor: "x", validate } } }).auth
    const throwing = make(() => {
      throw new Error("broken")
    })
    await expect(throwing.createSession("user-1")).rejects.toMatchObject({ code: "invalid_option" })
    const empty = make(() => ({ value: null }) as never)
    await expect(empty.createSession("user-1")).rejects.toMatchObject({ code: "invalid_option" })
  })
})

test("[STL-2] nothing is parsed before it is authenticated", async () => {
  const { auth } = setUp()
  const foreign = setUp({ secrets: [k2] }).auth
  const own = await auth.createSession("user-1", { role: "admin" })
  const theirs = await foreign.createSession("user-1", { role: "admin" })
  const parse = vi.spyOn(JSON, "parse")
  try {
    const bytes = Buffer.from(own.token, "base64url")
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      await auth.validateSession(changed.toString("base64url"))
    }
    for (const token of [theirs.token, own.token.slice(4), "{}", "eyJhbGciOiJub25lIn0.e30."])
      await auth.validateSession(token)
    expect(parse).not.toHaveBeenCalled()
    await auth.validateSession(own.token)
    expect(parse).toHaveBeenCalledTimes(1)
  } finally {
    parse.mockRestore()
  }
})

test("types follow from the options", () => {
  const auth = createStatelessAuth({ secrets: [k1], getUserAttributes: ({ role }: { role: "a" | "b" }) => ({ role }) })
  expectTypeOf<InferUser<typeof auth>>().toEqualTypeOf<{ id: string; role: "a" | "b" }>()
  expectTypeOf<InferSession<typeof auth>>().toEqualTypeOf<SessionFields<string>>()
  expectTypeOf(auth.createSession).parameter(1).toEqualTypeOf<{ role: "a" | "b" } | undefined>()
  const plain = createStatelessAuth({ secrets: [process.env.SESSION_SECRET ?? k1] })
  expectTypeOf<InferUser<typeof plain>["id"]>().toEqualTypeOf<string>()
  const numbered = createStatelessAuth<{}, {}, number>({ secrets: [k1] })
  expectTypeOf(numbered.createSession).parameter(0).toEqualTypeOf<number>()
  const schema = undefined as unknown as StandardSchema<{ role: string }>
  const checked = createStatelessAuth({
    secrets: [k1],
    attributes: schema,
    getUserAttributes: ({ role }) => ({ role }),
  })
  expectTypeOf<InferUser<typeof checked>["role"]>().toEqualTypeOf<string>()
  expectTypeOf(checked).toExtend<
    RequestAuth<SessionFields<string>, { id: string } & { role: string }, string, { role: string }>
  >()
})

test("[STL-7] an id and its nonce are drawn at once and as they are used, separately for each session", async () => {
  const drawn: number[] = []
  const getRandomValues = vi.spyOn(crypto, "getRandomValues")
  const attributes: StandardSchema<Role> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        drawn.push(getRandomValues.mock.calls.length)
        return { value: value as Role }
      },
    },
  }
  const { auth } = setUp({ attributes })
  try {
    const { token } = await auth.createSession("user-1", { role: "admin" })
    expect([drawn, getRandomValues.mock.calls.length]).toEqual([[0], 1])
    const rotated = await auth.rotateSession(token)
    expect(getRandomValues).toHaveBeenCalledTimes(2)
    const ids = [token, rotated?.token ?? ""].map((sealed) => Buffer.from(sealed, "base64url").toString("hex", 5, 17))
    const sessions = [await auth.validateSession(token), await auth.validateSession(rotated?.token)]
    const all = [...ids, ...sessions.map(({ session }) => session?.id)]
    expect(new Set(all).size).toBe(4)
    expect(all).not.toContain("0".repeat(32))
    // What is public in the one says nothing of the other.
    expect(all[2]).not.toContain(all[0])
  } finally {
    getRandomValues.mockRestore()
  }
})

test("[STL-4] a token that was sealed for something else, by the same secret, is not a session", async () => {
  const { auth, now } = setUp()
  const plaintext = writeSession({
    userId: "user-1",
    createdAt: new Date(now()),
    expiresAt: new Date(now() + hour),
    generation: 0,
    attributes: {},
  })
  const seal = (purpose: string) => createEnvelope([k1], purpose).seal(plaintext)
  expect(await auth.validateSession(await seal("session"))).toMatchObject({ user: { id: "user-1" } })
  for (const purpose of ["snapshot", "csrf", "one-time token", ""])
    expect(await auth.validateSession(await seal(purpose))).toMatchObject({ reason: "unknown" })
})

test("invalid options throw", () => {
  const options: object[] = [
    { secrets: [undefined] },
    { secrets: ["short"] },
    { session: { idleTimeout: "1 day" } },
    { cookie: { name: "__Host-x", secure: false } },
    { trustedOrigins: ["example.com"] },
  ]
  for (const option of options) expect(() => setUp(option)).toThrow(expect.objectContaining({ code: "invalid_option" }))
  expect(() => createStatelessAuth(undefined!)).toThrow(expect.objectContaining({ code: "invalid_option" }))
  expect(() => setUp({ revocations: { revoke: async () => {} } as never })).toThrow(
    expect.objectContaining({ code: "missing_port" }),
  )
})
