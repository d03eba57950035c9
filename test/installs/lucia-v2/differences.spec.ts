import { setTimeout as sleep } from "node:timers/promises"
import * as real from "lucia"
import * as realUtils from "lucia/utils"
import { afterEach, describe, expect, test, vi } from "vitest"
import * as oursUtils from "../../../src/lucia-v2/utils.ts"
import * as ours from "../../../src/lucia-v2.ts"
import type { Json } from "./histories.ts"
import { configuration, day, emptyAdapter } from "./histories.ts"
import { openBetterSqlite3, openMysql2, openPg } from "./stores.ts"

// Each test is a row of docs/lucia/v2-differences.md: what Lucia does, and what happens here.

// To the compiler both are Lucia.
const sides: [name: string, library: typeof real, utils: typeof realUtils][] = [
  ["Lucia", real, realUtils],
  ["here", ours as unknown as typeof real, oursUtils as unknown as typeof realUtils],
]

/** What both sides are configured with, and what is done to their stores and adapters. */
interface SideOptions {
  store?: Parameters<typeof openBetterSqlite3>[0]
  adapted?: (adapter: Json) => Json
  [option: string]: Json
}

/** A request to make. */
interface AskedRequest {
  cookie?: string
  bearer?: string
  method?: string
  origin?: string
  url?: string
  setCookie?: (cookie: Json) => void
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Runs the same on both sides, each over a store of its own with two users, and tells what came of it. */
async function both(run, { store: storeOptions, adapted = (adapter) => adapter, ...options }: SideOptions = {}) {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 0, 1) })
  const results = {}
  for (const [name, library, utils] of sides) {
    const store = await openBetterSqlite3(storeOptions)
    const own = name === "here" && { storedIds: "clear" }
    const auth = library.lucia({ ...configuration, adapter: adapted(store.adapter), ...own, ...options })
    await signUp(auth, "alice")
    await signUp(auth, "bob")
    results[name] = await outcome(() => run(auth, { ...store, library, utils }))
    store.close()
    vi.setSystemTime(Date.UTC(2026, 0, 1))
  }
  return results
}

async function outcome(call) {
  try {
    return await call()
  } catch (error) {
    return error.code ?? error.message
  }
}

const pass = (time) => void vi.setSystemTime(Date.now() + time)
const signUp = (auth, name) =>
  auth.createUser({
    userId: name,
    key: { providerId: "username", providerUserId: name, password: "secret" },
    attributes: { username: name, age: null },
  })
const signIn = (auth, userId, label = null) => auth.createSession({ userId, attributes: { label } })

function requestOf(auth, { cookie, bearer, method = "GET", origin, url, setCookie }: AskedRequest) {
  const sent: string[] = []
  const headers = new Headers()
  if (cookie !== undefined) headers.set("cookie", `auth_session=${cookie}`)
  if (bearer) headers.set("authorization", bearer)
  if (origin) headers.set("origin", origin)
  const request = auth.handleRequest({
    request: { method, url, headers },
    setCookie: setCookie ?? ((set) => sent.push(set.value)),
  })
  return { ...request, validate: request.validate, sent }
}

describe("configuration", () => {
  test("a missing adapter ends no process", () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => {
      throw new Error("the process ended")
    })
    vi.spyOn(console, "log").mockReturnValue()
    expect(() => real.lucia({ env: "DEV" } as never)).toThrow("the process ended")
    expect(() => ours.lucia({ env: "DEV" } as never)).toThrow(expect.objectContaining({ code: "missing_port" }))
    expect(exit).toHaveBeenCalledTimes(1)
  })

  test.each([
    ["an adapter without a method", { adapter: () => ({}) }, "missing_port"],
    ["an env that is none", { env: "production" }, "invalid_option"],
    ["periods of less than nothing", { sessionExpiresIn: { activePeriod: -1, idlePeriod: 1 } }, "invalid_option"],
    ["a passwordHash of one function", { passwordHash: { generate: String } }, "missing_port"],
    ["a cookie that cannot be", { sessionCookie: { attributes: { path: "/; Domain=x" } } }, "invalid_option"],
    ["subdomains of nobody knows what", { csrfProtection: { allowedSubDomains: "*" } }, "invalid_option"],
    [
      "a subdomain that is a URL",
      { csrfProtection: { host: "a.b", allowedSubDomains: ["https://x"] } },
      "invalid_option",
    ],
  ])("%s is a mistake", (_, options, code) => {
    const config = { adapter: emptyAdapter(), env: "DEV", ...options }
    expect(() => real.lucia(config as never)).not.toThrow()
    expect(() => ours.lucia(config as never)).toThrow(expect.objectContaining({ code }))
  })

  test("the debug mode logs no password and no session", async () => {
    const lines = vi.spyOn(console, "log").mockReturnValue()
    const told = await both(
      async (auth) => {
        lines.mockClear()
        const { sessionId } = await signIn(auth, "alice")
        await requestOf(auth, { cookie: sessionId }).validate()
        await outcome(() => auth.useKey("username", "alice", "hunter2"))
        const text = lines.mock.calls.flat().join("\n")
        return [text !== "", text.includes("hunter2"), text.includes(sessionId)]
      },
      { experimental: { debugMode: true } },
    )
    real.lucia({ adapter: emptyAdapter(), env: "DEV" })
    expect(told).toEqual({ Lucia: [true, true, true], here: [true, false, false] })
  })
})

describe("requests", () => {
  test("a renewed session's cookie is sent again", async () => {
    const sent = await both(async (auth) => {
      const { sessionId } = await signIn(auth, "alice")
      pass(3 * day)
      const request = requestOf(auth, { cookie: sessionId })
      await request.validate()
      return request.sent.map((value) => value === sessionId)
    })
    expect(sent).toEqual({ Lucia: [], here: [true] })
  })

  test("a bearer token does not answer for the cookie", async () => {
    const seen = await both(async (auth) => {
      const [cookie, bearer] = [await signIn(auth, "alice"), await signIn(auth, "bob")]
      const request = requestOf(auth, { cookie: cookie.sessionId, bearer: `Bearer ${bearer.sessionId}` })
      const sessions = [
        await request.validateBearerToken(),
        await request.validate(),
        await request.validateBearerToken(),
      ]
      return sessions.map((session) => session?.user.userId)
    })
    expect(seen).toEqual({ Lucia: ["bob", "bob", "bob"], here: ["bob", "alice", "bob"] })
  })

  test.each(["null", "nonsense"])("Origin: %s counts as cross-origin, without an error", async (origin) => {
    const seen = await both(async (auth) => {
      const { sessionId } = await signIn(auth, "alice")
      return requestOf(auth, { cookie: sessionId, method: "POST", origin, url: "https://example.com/" }).validate()
    })
    expect(seen).toEqual({ Lucia: "ERR_INVALID_URL", here: null })
  })

  test.each([
    ["app.example.co.uk", "https://evil.co.uk"],
    ["app.example.co.uk", "https://a.evil.co.uk"],
    ["me.github.io", "https://evil.github.io"],
  ])("of %s no other's name is a subdomain: %s", async (host, origin) => {
    const seen = await both(
      async (auth) => {
        const { sessionId } = await signIn(auth, "alice")
        const session = await requestOf(auth, { cookie: sessionId, method: "POST", origin }).validate()
        return session !== null
      },
      { csrfProtection: { host, allowedSubDomains: "*" } },
    )
    expect(seen).toEqual({ Lucia: true, here: false })
  })

  test("of several different session cookies none counts", async () => {
    const seen = await both(async (auth) => {
      const [first, second] = [await signIn(auth, "alice"), await signIn(auth, "bob")]
      const session = await requestOf(auth, {
        cookie: `${first.sessionId}; auth_session=${second.sessionId}`,
      }).validate()
      return session?.user.userId
    })
    expect(seen).toEqual({ Lucia: "alice", here: undefined })
  })

  test("an empty cookie is none", async () => {
    expect(await both(async (auth) => auth.readSessionCookie("auth_session="))).toEqual({ Lucia: "", here: null })
  })

  test.each([
    ["bearer x", null, "x"],
    ["Bearer  x", "", "x"],
    ["Bearer x y", "x", null],
  ])("a bearer token is read as RFC 6750 says: %s", async (header, Lucia, here) => {
    expect(await both(async (auth) => auth.readBearerToken(header))).toEqual({ Lucia, here })
  })

  test("a session whose user is gone is signed out, and no error", async () => {
    const seen = await both(
      async (auth, { db }) => {
        const { sessionId } = await signIn(auth, "alice")
        db.exec("DELETE FROM auth_user WHERE id = 'alice'")
        const request = requestOf(auth, { cookie: sessionId })
        return [await outcome(request.validate), request.sent]
      },
      { store: { foreignKeys: false } },
    )
    expect(seen).toEqual({ Lucia: ["AUTH_INVALID_USER_ID", []], here: [null, [""]] })
  })

  test("an answer that comes after setSession() sets no cookie of the earlier session", async () => {
    const sent = await both(
      async (auth) => {
        const [old, next] = [await signIn(auth, "alice"), await signIn(auth, "bob")]
        await auth.invalidateSession(old.sessionId)
        const request = requestOf(auth, { cookie: old.sessionId })
        const answer = request.validate()
        request.setSession(next)
        await answer
        return request.sent.map((value) => value === next.sessionId)
      },
      { adapted: withSlow("getSession") },
    )
    expect(sent).toEqual({ Lucia: [true, false], here: [true] })
  })

  test("where a cookie cannot be set, setSession() may be called again", async () => {
    const tries = await both(async (auth) => {
      const session = await signIn(auth, "alice")
      const setCookie = vi.fn(() => {
        throw new Error("no cookies")
      })
      const request = requestOf(auth, { setCookie })
      for (let times = 0; times < 2; times++) await outcome(async () => request.setSession(session))
      return setCookie.mock.calls.length
    })
    expect(tries).toEqual({ Lucia: 1, here: 2 })
  })

  test("validateRequestOrigin() accepts the request's own origin", async () => {
    const headers = { origin: "https://example.com" }
    const request = { url: "https://example.com/", method: "POST", headers }
    const judged = await both(async (auth) => auth.validateRequestOrigin(request) === undefined)
    expect(judged).toEqual({ Lucia: "AUTH_INVALID_REQUEST", here: true })
  })
})

describe("sessions", () => {
  test("an unknown user's session leaves no row where there are no foreign keys", async () => {
    const left = await both(
      async (auth, { dump }) => {
        await expect(signIn(auth, "nobody")).rejects.toThrow("AUTH_INVALID_USER_ID")
        return (await dump()).sessions.length
      },
      { store: { foreignKeys: false } },
    )
    expect(left).toEqual({ Lucia: 1, here: 0 })
  })

  test("dead sessions are gone when their deletion has resolved", async () => {
    const left = await both(
      async (auth, { dump }) => {
        await signIn(auth, "alice")
        pass(9 * day)
        await auth.deleteDeadUserSessions("alice")
        const { length } = (await dump()).sessions
        await sleep(60)
        return length
      },
      { adapted: withSlow("deleteSession") },
    )
    expect(left).toEqual({ Lucia: 1, here: 0 })
  })

  test("dead sessions stay for a day, as another server's clock may be behind", async () => {
    const left = await both(async (auth, { dump }) => {
      await signIn(auth, "alice")
      const lengths: number[] = []
      for (const time of [7 * day + 1, day - 1, 1]) {
        pass(time)
        await auth.deleteDeadUserSessions("alice")
        lengths.push((await dump()).sessions.length)
      }
      return lengths
    })
    expect(left).toEqual({ Lucia: [0, 0, 0], here: [1, 1, 0] })
  })

  test("what is over is not changed", async () => {
    const labels = await both(async (auth, { dump }) => {
      const { sessionId } = await signIn(auth, "alice")
      pass(8 * day)
      await outcome(() => auth.updateSessionAttributes(sessionId, { label: "phone" }))
      return (await dump()).sessions.map(({ label }) => label)
    })
    expect(labels).toEqual({ Lucia: ["phone"], here: [null] })
  })

  test("a renewal shortens nothing", async () => {
    const end = await both(async (auth, { dump, db }) => {
      const { sessionId } = await signIn(auth, "alice")
      pass(3 * day)
      const later = Date.now() + 100 * day
      db.exec(`UPDATE user_session SET idle_expires = ${later}`)
      const { fresh } = await auth.validateSession(sessionId)
      return [fresh, (await dump()).sessions[0].idle_expires === later]
    })
    expect(end).toEqual({ Lucia: [true, false], here: [false, true] })
  })

  test("a renewal during a sign-out revives nothing over an adapter that reads and puts back", async () => {
    const left = await both(
      async (auth, { dump }) => {
        const { sessionId } = await signIn(auth, "alice")
        pass(3 * day)
        await Promise.all([
          outcome(() => auth.validateSession(sessionId)),
          sleep(5).then(() => auth.invalidateSession(sessionId)),
        ])
        return (await dump()).sessions.length
      },
      { adapted: withReplacingUpdates },
    )
    expect(left).toEqual({ Lucia: 1, here: 0 })
  })

  test("a failing renewal leaves the session valid", async () => {
    const seen = await both(
      async (auth) => {
        const { sessionId } = await signIn(auth, "alice")
        pass(3 * day)
        const { fresh, user } = await auth.validateSession(sessionId)
        return [fresh, user.userId]
      },
      { adapted: withFailing("updateSession") },
    )
    expect(seen).toEqual({ Lucia: "down", here: [false, "alice"] })
  })

  test("requests that arrive together share one renewal", async () => {
    const writes = vi.fn()
    const counted = await both(
      async (auth) => {
        const { sessionId } = await signIn(auth, "alice")
        pass(3 * day)
        writes.mockClear()
        await Promise.all(Array.from({ length: 5 }, () => auth.validateSession(sessionId)))
        return writes.mock.calls.length
      },
      { adapted: withCalls("updateSession", writes) },
    )
    expect(counted).toEqual({ Lucia: 5, here: 1 })
  })

  test("a deadline that is no number is over", async () => {
    const seen = await both(async (auth, { db }) => {
      const { sessionId } = await signIn(auth, "alice")
      db.exec("UPDATE user_session SET idle_expires = 'never'")
      return (await auth.getSession(sessionId)).user.userId
    })
    expect(seen).toEqual({ Lucia: "alice", here: "AUTH_INVALID_SESSION_ID" })
  })

  test.each(["", "x".repeat(256), "a".repeat(64)])("an invalid sessionId is refused: %s", async (sessionId) => {
    const made = await both(
      async (auth) => (await auth.createSession({ userId: "alice", attributes: {}, sessionId })).sessionId,
    )
    expect(made).toEqual({ Lucia: sessionId, here: "invalid_option" })
  })

  test("ids that a database takes for the same are not", async () => {
    const insensitive = (adapter) => (LuciaError) => {
      const methods = adapter(LuciaError)
      return { ...methods, getSession: (id) => methods.getSession(id.toLowerCase()) }
    }
    const seen = await both(
      async (auth) => {
        await auth.createSession({ userId: "alice", attributes: {}, sessionId: "abc" })
        return (await auth.getSession("ABC")).user.userId
      },
      { adapted: insensitive },
    )
    expect(seen).toEqual({ Lucia: "alice", here: "AUTH_INVALID_SESSION_ID" })
  })

  test("where an adapter hides that nothing was deleted, that is an error", async () => {
    const ended = await both(async (auth) => auth.invalidateSession((await signIn(auth, "alice")).sessionId), {
      adapted: (adapter) => (LuciaError) => ({ ...adapter(LuciaError), deleteSession: async () => {} }),
    })
    expect(ended).toEqual({ Lucia: undefined, here: "store_failed" })
  })

  test("an unknown user's list of sessions or keys is an error for the caller only", async () => {
    const strays: string[] = []
    const listeners = process.listeners("unhandledRejection")
    process.removeAllListeners("unhandledRejection")
    process.on("unhandledRejection", (error: Error) => strays.push(error.message))
    try {
      const counted = await both(
        async (auth) => {
          strays.length = 0
          await outcome(() => auth.getAllUserSessions("nobody"))
          await outcome(() => auth.getAllUserKeys("nobody"))
          await sleep(60)
          return strays.length
        },
        { adapted: (adapter) => withSlow("getSessionsByUserId")(withSlow("getKeysByUserId")(adapter)) },
      )
      expect(counted).toEqual({ Lucia: 1, here: 0 })
    } finally {
      process.removeAllListeners("unhandledRejection")
      for (const listener of listeners) process.on("unhandledRejection", listener)
    }
  })

  test("cookies end after 400 days at most", async () => {
    const lives = await both(async (auth) => {
      const { expires } = auth.createSessionCookie({
        sessionId: "x",
        idlePeriodExpiresAt: new Date(Date.now() + 500 * day),
      }).attributes
      return (expires.getTime() - Date.now()) / day
    })
    expect(lives).toEqual({ Lucia: 500, here: 400 })
  })

  test("a cookie's attributes are added to the defaults", async () => {
    const written = await both(async (auth) => auth.createSessionCookie(null).serialize(), {
      sessionCookie: { attributes: { domain: "example.com" } },
    })
    const rest = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"
    expect(written).toEqual({
      Lucia: `auth_session=; Domain=example.com; ${rest}`,
      here: `auth_session=; Domain=example.com; Path=/; ${rest}; SameSite=Lax`,
    })
  })
})

describe("users and keys", () => {
  test("unknown keys, keys without a password and wrong passwords cost one validation each", async () => {
    const validate = vi.fn(async () => false)
    const costs = await both(
      async (auth) => {
        const names = ["alice", "unknown", "passwordless"]
        await auth.createKey({ userId: "bob", providerId: "username", providerUserId: "passwordless", password: null })
        const counts: unknown[] = []
        for (const name of names) {
          validate.mockClear()
          const message = await outcome(() => auth.useKey("username", name, "other"))
          counts.push([message, validate.mock.calls.length])
        }
        return counts
      },
      { passwordHash: { generate: configuration.passwordHash.generate, validate } },
    )
    const messages = ["AUTH_INVALID_PASSWORD", "AUTH_INVALID_KEY_ID", "AUTH_INVALID_PASSWORD"]
    expect(costs).toEqual({
      Lucia: messages.map((message, at) => [message, at === 0 ? 1 : 0]),
      here: messages.map((message) => [message, 1]),
    })
  })

  test("a key that was made with an empty password is said to have one", async () => {
    const key = { userId: "alice", providerId: "email", providerUserId: "a", password: "" }
    const made = await both(async (auth) => {
      const { passwordDefined } = await auth.createKey(key)
      const used = await outcome(() => auth.useKey("email", "a", ""))
      return [passwordDefined, (await auth.getKey("email", "a")).passwordDefined, used]
    })
    expect(made).toEqual({
      Lucia: [false, true, "AUTH_INVALID_PASSWORD"],
      here: [true, true, "AUTH_INVALID_PASSWORD"],
    })
  })

  test("names of attributes that are no columns are refused", async () => {
    const attack = { "username` = 'mallory', `age": 1 }
    const names = await both(async (auth, { dump }) => {
      const result = await outcome(() => auth.updateUserAttributes("alice", attack))
      return [result.userId ?? result, (await dump()).users.map(({ username }) => username)]
    })
    expect(names).toEqual({ Lucia: ["alice", ["mallory", "bob"]], here: ["invalid_option", ["alice", "bob"]] })
  })

  test.each([
    ["updateUserAttributes", "alice", { id: "carol" }],
    ["updateSessionAttributes", "chosen", { user_id: "bob" }],
    ["updateSessionAttributes", "chosen", { idle_expires: 9e15 }],
  ])("%s(%o, %o) changes no column of the library", async (method, id, attributes) => {
    const changed = await both(async (auth, { dump, db }) => {
      db.exec("PRAGMA foreign_keys = OFF")
      await auth.createSession({ userId: "alice", attributes: {}, sessionId: "chosen" })
      const before = await dump()
      const result = await outcome(() => auth[method](id, attributes))
      return [result === "invalid_option", JSON.stringify(await dump()) !== JSON.stringify(before)]
    })
    expect(changed).toEqual({ Lucia: [false, true], here: [true, false] })
  })

  test.each([
    ["updateUserAttributes", "alice"],
    ["updateSessionAttributes", "chosen"],
  ])("%s(%o, {}) changes nothing", async (method, id) => {
    const results = await both(async (auth) => {
      await auth.createSession({ userId: "alice", attributes: {}, sessionId: "chosen" })
      return typeof (await auth[method](id, {}))
    })
    expect(results).toEqual({ Lucia: "SQLITE_ERROR", here: "object" })
  })

  test("an empty hash accepts nothing", async () => {
    const used = await both(
      async (auth, { db }) => {
        db.exec("UPDATE user_key SET hashed_password = ''")
        return (await auth.useKey("username", "alice", "secret")).userId
      },
      { passwordHash: { generate: configuration.passwordHash.generate, validate: async () => true } },
    )
    expect(used).toEqual({ Lucia: "alice", here: "AUTH_INVALID_PASSWORD" })
  })
})

describe("what a database makes of ids", () => {
  test("PostgreSQL's error about NUL is nobody's", async ({ skip }) => {
    const store = await openPg()
    if (!store) return skip("no server")
    const results = {}
    for (const [name, { lucia }] of sides) {
      const auth = lucia({ ...configuration, adapter: store.adapter })
      const calls = [
        () => auth.validateSession("a\0b"),
        () => auth.invalidateSession("a\0b"),
        () => auth.useKey("username", "a\0b", "guess"),
        () => auth.getUser("a\0b"),
      ]
      results[name] = await Promise.all(calls.map(outcome))
    }
    expect(results).toEqual({
      Lucia: Array(4).fill("22021"),
      here: ["AUTH_INVALID_SESSION_ID", undefined, "AUTH_INVALID_KEY_ID", "AUTH_INVALID_USER_ID"],
    })
    await store.close()
  })

  test("MySQL's 0 is not text, and blanks at the end are part of a key", async ({ skip }) => {
    const store = await openMysql2()
    if (!store) return skip("no server")
    const results = {}
    for (const [name, { lucia }] of sides) {
      await store.empty()
      const auth = lucia({ ...configuration, adapter: store.adapter })
      await signUp(auth, "alice")
      await auth.createKey({ userId: "alice", providerId: "github", providerUserId: "alice", password: null })
      results[name] = [
        await outcome(() => auth.getUser(0 as never).then(({ userId }) => userId)),
        await outcome(() => auth.useKey("github", "alice ", null).then(({ userId }) => userId)),
        await outcome(() => auth.useKey("username", "alice ", "secret").then(({ userId }) => userId)),
        await outcome(() => auth.useKey("github", "alice", null).then(({ userId }) => userId)),
      ]
    }
    expect(results).toEqual({
      Lucia: ["alice", "alice", "alice", "alice"],
      here: ["AUTH_INVALID_USER_ID", "AUTH_INVALID_KEY_ID", "AUTH_INVALID_KEY_ID", "alice"],
    })
    await store.close()
  })
})

describe("utilities", () => {
  const each = async (call) => ({
    Lucia: await outcome(() => call(realUtils)),
    here: await outcome(() => call(oursUtils)),
  })

  test("a time that is no number is over", async () => {
    expect(await each((utils) => utils.isWithinExpiration(NaN))).toEqual({ Lucia: true, here: false })
  })

  test("random text of less than nothing, or of no letters, is a mistake", async () => {
    expect(await each((utils) => utils.generateRandomString(2, ""))).toEqual({
      Lucia: "undefinedundefined",
      here: "invalid_option",
    })
    expect((await each((utils) => utils.generateRandomString(-1))).here).toBe("invalid_option")
  })

  test.each([
    ["name", ["a=b; Path=/x", "c"]],
    ["path", ["a", "b", { path: "/; Domain=.evil.example\r\nSet-Cookie: a=b" }]],
    ["domain", ["a", "b", { domain: "x\r\ny" }]],
  ])("a cookie's %s adds no attributes", async (_, args) => {
    const written = await each((utils) => utils.serializeCookie(...args))
    expect(written).toEqual({ Lucia: expect.stringContaining("="), here: "invalid_option" })
  })

  test.each(["x".repeat(1025), "\ud800"])(
    "a password over 1,024 bytes, or of half a character, is refused",
    async (password) => {
      const hashed = await each(async (utils) => (await utils.generateLuciaPasswordHash(password)).slice(0, 3))
      expect(hashed).toEqual({ Lucia: "s2:", here: "invalid_option" })
      const hash = await realUtils.generateLuciaPasswordHash(password)
      expect(await each((utils) => utils.validateLuciaPasswordHash(password, hash))).toEqual({
        Lucia: true,
        here: false,
      })
    },
  )

  test("the event loop goes on while a hash is made", async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    await oursUtils.generateLuciaPasswordHash("password")
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })
})

function withSlow(method) {
  return (adapter) => (LuciaError) => {
    const methods = adapter(LuciaError)
    return { ...methods, [method]: (...args) => sleep(20).then(() => methods[method](...args)) }
  }
}

function withFailing(method) {
  const fail = async () => {
    throw new Error("down")
  }
  return (adapter) => (LuciaError) => ({ ...adapter(LuciaError), [method]: fail })
}

function withCalls(method, called) {
  return (adapter) => (LuciaError) => {
    const methods = adapter(LuciaError)
    const counted = async (...args) => {
      called()
      await sleep(5)
      return methods[method](...args)
    }
    return { ...methods, [method]: counted }
  }
}

// As adapter-session-redis does.
function withReplacingUpdates(adapter) {
  return (LuciaError) => {
    const methods = adapter(LuciaError)
    return {
      ...methods,
      async updateSession(id, changed) {
        const row = await methods.getSession(id)
        await sleep(30)
        if (!row) return
        await methods.deleteSession(id)
        await methods.setSession({ ...row, ...changed })
      },
    }
  }
}
