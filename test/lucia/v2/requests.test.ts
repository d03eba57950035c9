import { setImmediate } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Configuration, Cookie, RequestContext } from "../../../src/lucia-v2.ts"
import { lucia, LuciaError } from "../../../src/lucia-v2.ts"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { allStoredIds, day, setUp } from "./set-up.ts"

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: new Date("2024-01-01T00:00:00Z") }))
afterEach(() => void vi.useRealTimers())

const later = (days: number) => vi.setSystemTime(Date.now() + days * day)

/** Signs ada and bob in, and makes requests with their sessions. */
async function open(options: Partial<Configuration> = {}) {
  const { auth, sessions } = await setUp(options)
  const ada = await auth.createSession({ userId: "ada", attributes: {} })
  const bob = await auth.createSession({ userId: "bob", attributes: {} })
  const set: Cookie[] = []
  const request = (headers: Record<string, string>, context: Partial<RequestContext> = {}) =>
    auth.handleRequest({
      request: new Request("https://example.com/", { headers }),
      setCookie: (cookie) => void set.push(cookie),
      ...context,
    })
  const cookie = `auth_session=${ada.sessionId}`
  return { auth, sessions, ada, bob, set, request, cookie, values: () => set.map(({ value }) => value) }
}

describe("validate()", () => {
  test("finds the session of the cookie, once, and sets no cookie for an active one", async () => {
    const { ada, request, cookie, sessions, set } = await open()
    const handled = request({ cookie })
    const read = vi.spyOn(sessions, "get")
    const [first, second] = await Promise.all([handled.validate(), handled.validate()])
    expect(first).toEqual(ada)
    expect(second).toBe(first)
    expect(await handled.validate()).toBe(first)
    expect(read).toHaveBeenCalledTimes(1)
    handled.invalidate()
    expect(await handled.validate()).toEqual(first)
    expect(read).toHaveBeenCalledTimes(2)
    expect(set).toEqual([])
  })

  test.each(allStoredIds)("[P9] sets the cookie of a renewed session again, with %s ids", async (storedIds) => {
    const { ada, request, cookie, set } = await open({ storedIds })
    later(2)
    const handled = request({ cookie })
    const session = await handled.validate()
    expect(session).toMatchObject({ fresh: true, sessionId: ada.sessionId })
    expect(set.map(({ value, attributes }) => [value, attributes.expires])).toEqual([
      [ada.sessionId, session!.idlePeriodExpiresAt],
    ])
    await handled.validate()
    expect(set).toHaveLength(1)
  })

  test("deletes a cookie that is not a session, and answers null", async () => {
    const { request, set } = await open()
    const handled = request({ cookie: "auth_session=unknown" })
    expect(await handled.validate()).toBeNull()
    expect(set.map((cookie) => cookie.serialize())).toEqual([
      "auth_session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
    ])
  })

  test("without a cookie is null, and sets none", async () => {
    const { request, set, ada } = await open()
    expect(await request({}).validate()).toBeNull()
    expect(await request({ cookie: `other=${ada.sessionId}; auth_session=` }).validate()).toBeNull()
    expect(set).toEqual([])
  })

  test("takes several different cookies of the name for none", async () => {
    const { request, ada, bob } = await open()
    const cookie = `auth_session=${ada.sessionId}; auth_session=${bob.sessionId}`
    expect(await request({ cookie }).validate()).toBeNull()
  })

  test("works where the middleware can set no cookie", async () => {
    const { request, cookie } = await open()
    later(2)
    const setCookie = () => {
      throw new Error("Cookies cannot be set here")
    }
    const handled = request({ cookie }, { setCookie })
    expect(await handled.validate()).toMatchObject({ fresh: true })
    expect(() => handled.setSession(null)).toThrow("Cookies cannot be set here")
    handled.invalidate()
    expect(await handled.validate()).toMatchObject({ user: { userId: "ada" } })
    expect(await request({ cookie: "auth_session=x" }, { setCookie }).validate()).toBeNull()
  })

  test("passes on an outage, which is no sign-out", async () => {
    const auth = lucia({
      adapter: { ...memoryAdapter(), findSession: () => Promise.reject(new Error("down")) },
      env: "DEV",
    })
    const setCookie = vi.fn()
    const request = new Request("https://example.com/", { headers: { cookie: "auth_session=x" } })
    const handled = auth.handleRequest({ request, setCookie })
    await expect(handled.validate()).rejects.toMatchObject({ code: "store_failed" })
    expect(setCookie).not.toHaveBeenCalled()
  })
})

describe("validateBearerToken()", () => {
  test("[P10] answers for the token, and validate() for the cookie, whichever comes first", async () => {
    const { request, cookie, bob, set } = await open()
    const headers = { cookie, authorization: `Bearer ${bob.sessionId}` }
    const one = request(headers)
    expect((await one.validateBearerToken())?.user.userId).toBe("bob")
    expect((await one.validate())?.user.userId).toBe("ada")
    const other = request(headers)
    expect((await other.validate())?.user.userId).toBe("ada")
    expect((await other.validateBearerToken())?.user.userId).toBe("bob")
    expect(set).toEqual([])
  })

  test("renews without a cookie, and takes an unknown token for none", async () => {
    const { request, ada, set } = await open()
    later(2)
    expect(await request({ authorization: `Bearer ${ada.sessionId}` }).validateBearerToken()).toMatchObject({
      fresh: true,
    })
    for (const authorization of ["Bearer unknown", "Bearer ", "Basic eDp5", `Bearer ${ada.sessionId} x`])
      expect(await request({ authorization }).validateBearerToken(), authorization).toBeNull()
    expect(await request({}).validateBearerToken()).toBeNull()
    expect(set).toEqual([])
  })

  test("asks once, until invalidate()", async () => {
    const { request, ada, sessions } = await open()
    const handled = request({ authorization: `bearer  ${ada.sessionId}` })
    const read = vi.spyOn(sessions, "get")
    const first = await handled.validateBearerToken()
    expect(await handled.validateBearerToken()).toBe(first)
    expect(read).toHaveBeenCalledTimes(1)
    handled.invalidate()
    await handled.validateBearerToken()
    expect(read).toHaveBeenCalledTimes(2)
  })
})

describe("setSession()", () => {
  test("signs in and out, and validate() follows", async () => {
    const { request, cookie, ada, bob, values } = await open()
    const handled = request({ cookie })
    expect((await handled.validate())?.sessionId).toBe(ada.sessionId)
    void handled.setSession(bob)
    expect((await handled.validate())?.user.userId).toBe("bob")
    void handled.setSession(null)
    expect(await handled.validate()).toBeNull()
    expect(values()).toEqual([bob.sessionId, ""])
  })

  test("does nothing for the current session, unless it was renewed, nor to a visitor who is signed out", async () => {
    const { request, cookie, ada, values } = await open()
    void request({ cookie }).setSession(ada)
    void request({}).setSession(null)
    expect(values()).toEqual([])
    void request({ cookie }).setSession({ ...ada, fresh: true })
    expect(values()).toEqual([ada.sessionId])
  })

  test("counts more than a validation that is under way", async () => {
    const { request, cookie, ada, bob, values } = await open()
    later(2)
    for (const next of [null, bob]) {
      const handled = request({ cookie })
      const validating = handled.validate()
      void handled.setSession(next)
      expect((await validating)?.sessionId).toBe(ada.sessionId)
    }
    expect(values()).toEqual(["", bob.sessionId])
  })
})

describe("parts that come later, as in Next.js", () => {
  const parts = (headers: Record<string, string>) => ({
    request: setImmediate(new Request("https://example.com/", { headers })),
  })

  test("are waited for", async () => {
    const { request, cookie, ada, bob } = await open()
    expect(await request({}, parts({ cookie })).validate()).toEqual(ada)
    expect(await request({}, parts({ authorization: `Bearer ${bob.sessionId}` })).validateBearerToken()).toEqual(bob)
    const sessionCookie = setImmediate(bob.sessionId)
    expect(await request({ cookie }, { sessionCookie }).validate()).toEqual(bob)
    expect(await request({ cookie }, { sessionCookie: setImmediate(null) }).validate()).toEqual(ada)
  })

  test("do not undo a setSession() that came before", async () => {
    const { request, cookie, bob, values } = await open()
    const handled = request({}, parts({ cookie }))
    void handled.setSession(bob)
    expect((await handled.validate())?.user.userId).toBe("bob")
    const signedOut = request({}, parts({ cookie }))
    void signedOut.setSession(null)
    expect(await signedOut.validate()).toBeNull()
    expect(values()).toEqual([bob.sessionId, ""])
  })

  test("do not undo a setSession() that came while they were waited for", async () => {
    const { request, cookie, bob, values } = await open()
    for (const next of [null, bob]) {
      const handled = request({}, parts({ cookie }))
      const validating = handled.validate()
      void handled.setSession(next)
      expect((await validating)?.sessionId).toBe(next?.sessionId)
      expect((await handled.validate())?.sessionId).toBe(next?.sessionId)
    }
    expect(values()).toEqual(["", bob.sessionId])
  })

  test("that fail reject where the session is asked for, and nowhere else", async () => {
    const { request } = await open()
    const failing = () => request({}, { request: Promise.reject(new Error("outside a request")) })
    failing()
    await setImmediate()
    await expect(failing().validate()).rejects.toThrow("outside a request")
  })
})

test("a middleware gets its arguments, and may give three headers as an object, and cookies for a response", async () => {
  const { ada } = await open()
  const adapter = memoryAdapter<{ id: string }>()
  const seen: object[] = []
  const auth = lucia({
    adapter,
    env: "PROD",
    sessionCookie: { name: "sid" },
    middleware: (context: { args: [string, number]; env: string; sessionCookieName: string }) => {
      seen.push(context)
      return {
        request: { method: "GET", headers: { origin: null, cookie: context.args[0], authorization: null } },
        setCookie: () => {},
        applyTo: (response: Response) => new Response(response.body, { status: 201 }),
      }
    },
  })
  await auth.createUser({ userId: "ada", key: null, attributes: {} })
  const { sessionId } = await auth.createSession({ userId: "ada", attributes: {} })
  const handled = auth.handleRequest(`sid=${sessionId}`, 7)
  expect((await handled.validate())?.sessionId).toBe(sessionId)
  expect(seen).toEqual([{ args: [`sid=${sessionId}`, 7], env: "PROD", sessionCookieName: "sid" }])
  expect(handled.applyTo(new Response("x")).status).toBe(201)
  expect(ada.sessionId).not.toBe(sessionId)
})

describe("session cookies", () => {
  const create = (options: Partial<Configuration> = {}) => lucia({ adapter: memoryAdapter(), env: "PROD", ...options })
  const session = { sessionId: "abc", idlePeriodExpiresAt: new Date("2024-02-01T00:00:00Z") }

  test("are written as Lucia wrote them, Secure in production", () => {
    expect(create().createSessionCookie(session).serialize()).toBe(
      "auth_session=abc; Path=/; Expires=Thu, 01 Feb 2024 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax",
    )
    expect(create({ env: "DEV" }).createSessionCookie(null).serialize()).toBe(
      "auth_session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax",
    )
  })

  test("keep the defaults that are not overridden, or only with undefined", () => {
    const attributes = { domain: "example.com", sameSite: undefined } as { domain: string }
    expect(
      create({ sessionCookie: { name: "sid", attributes } })
        .createSessionCookie(session)
        .serialize(),
    ).toBe("sid=abc; Domain=example.com; Path=/; Expires=Thu, 01 Feb 2024 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax")
  })

  test("[P17] live a year where the row decides, and never more than 400 days", () => {
    const long = { ...session, idlePeriodExpiresAt: new Date("2034-01-01") }
    expect(create({ sessionCookie: { expires: false } }).createSessionCookie(session).attributes.expires).toEqual(
      new Date(Date.now() + 365 * day),
    )
    expect(create().createSessionCookie(long).attributes.expires).toEqual(new Date(Date.now() + 400 * day))
  })

  test("are read out of a header", () => {
    const { readSessionCookie } = create()
    expect(readSessionCookie("a=b;auth_session=x%20y; c=d")).toBe("x y")
    expect(readSessionCookie('auth_session="abc"')).toBe("abc")
    for (const header of [null, undefined, "", "auth_session", "auth_session=", "Auth_session=x", "xauth_session=x"])
      expect(readSessionCookie(header)).toBeNull()
  })
})

describe("invalid configurations", () => {
  const create = (config: object) => () => lucia({ adapter: memoryAdapter(), env: "DEV", ...config } as Configuration)

  test.each([
    [{ adapter: undefined }],
    [{ adapter: {} }],
    [{ adapter: () => ({}) }],
    [{ adapter: { user: memoryAdapter() } }],
    [{ adapter: { user: () => ({}), session: memoryAdapter() } }],
    [{ adapter: { ...memoryAdapter(), insertKey: undefined } }],
    [{ passwordHash: {} }],
    [{ passwordHash: null }],
  ])("miss something: %j", (config) => {
    expect(create(config)).toThrow(expect.objectContaining({ code: "missing_port" }))
  })

  test.each([
    [{ env: undefined }],
    [{ env: "production" }],
    [{ storedIds: "plain" }],
    [{ sessionExpiresIn: { activePeriod: -1 } }],
    [{ sessionExpiresIn: { idlePeriod: Number.NaN } }],
    [{ sessionExpiresIn: { activePeriod: 0, idlePeriod: 0 } }],
    [{ sessionExpiresIn: { idlePeriod: Infinity } }],
    [{ sessionCookie: { name: "" } }],
    [{ sessionCookie: { name: "a b" } }],
    [{ sessionCookie: { attributes: { path: "/; Domain=.evil.com\r\nSet-Cookie: a=b" } } }],
    [{ csrfProtection: { allowedSubDomains: "*" } }],
    [{ csrfProtection: { allowedSubDomains: ["api"] } }],
    [{ csrfProtection: { host: "com", allowedSubDomains: "*" } }],
    [{ csrfProtection: { host: "example.com", allowedSubDomains: ["*.api"] } }],
    [{ csrfProtection: { host: "example.com", allowedSubDomains: ["https://api"] } }],
  ])("are mistakes: %j", (config) => {
    expect(create(config)).toThrow(expect.objectContaining({ code: "invalid_option" }))
  })

  test("nothing at all", () => {
    expect(() => lucia(undefined as unknown as Configuration)).toThrow("adapter")
  })
})

test("[P3] the debug log shows what happens, and no secret", async () => {
  const lines: unknown[] = []
  const log = vi.spyOn(console, "log").mockImplementation((...line) => void lines.push(...line))
  const { auth, request, cookie, ada } = await open({ experimental: { debugMode: true } })
  later(2)
  await request({ cookie, authorization: `Bearer ${ada.sessionId}` }).validate()
  await request({ cookie: "auth_session=stolen" }).validate()
  await auth.useKey("username", "ada", "secret")
  await auth.useKey("username", "ada", "hunter2").catch(() => {})
  await auth.useKey("username", "nobody", "hunter2").catch(() => {})
  await auth.invalidateSession(ada.sessionId)
  const text = lines.join("\n")
  log.mockRestore()
  expect(text.split("\n").length).toBeGreaterThan(6)
  for (const secret of [ada.sessionId, "secret", "hunter2", "stolen", "username", "nobody"])
    expect(text).not.toContain(secret)
  const quiet = vi.spyOn(console, "log").mockImplementation(() => {})
  await setUp().then(({ auth }) => auth.useKey("username", "ada", "secret"))
  expect(quiet).not.toHaveBeenCalled()
  quiet.mockRestore()
})

test("an error is Lucia's", () => {
  const error = new LuciaError("AUTH_INVALID_KEY_ID")
  expect(error).toBeInstanceOf(Error)
  expect([error.message, error.detail, error.name]).toEqual(["AUTH_INVALID_KEY_ID", "", "Error"])
  expect(new LuciaError("UNKNOWN_ERROR", "why").detail).toBe("why")
})
