import { scryptSync } from "node:crypto"
import fc from "fast-check"
import * as real from "lucia"
import * as realUtils from "lucia/utils"
import { afterEach, describe, expect, test, vi } from "vitest"
import * as oursUtils from "../../../src/lucia-v2/utils.ts"
import * as ours from "../../../src/lucia-v2.ts"
import { day, emptyAdapter } from "./histories.ts"

const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const unused = emptyAdapter()

afterEach(() => void vi.useRealTimers())

// To the compiler both are Lucia.
const both = [ours as unknown as typeof real, real]

test("the exports are Lucia's", () => {
  expect(Object.keys(ours).sort()).toEqual(Object.keys(real).sort())
  expect(Object.keys(oursUtils).sort()).toEqual(Object.keys(realUtils).sort())
  expect(ours.DEFAULT_SESSION_COOKIE_NAME).toBe(real.DEFAULT_SESSION_COOKIE_NAME)
})

test("Auth has the public methods of Lucia's", () => {
  const hidden = new Set([
    ...["adapter", "env", "middleware", "experimental", "csrfProtection", "passwordHash"],
    ...["sessionCookieConfig", "sessionExpiresIn", "getUserAttributes", "getSessionAttributes"],
    ...["getDatabaseUser", "getDatabaseSession", "getDatabaseSessionAndUser"],
    ...["validateSessionIdArgument", "getNewSessionExpiration"],
  ])
  const [mine, theirs] = both.map(({ lucia }) => lucia({ adapter: unused, env: "DEV" }))
  for (const name of Object.keys(theirs)) if (!hidden.has(name)) expect(typeof mine[name], name).toBe("function")
})

test("errors are Lucia's: message, detail, and an Error", () => {
  for (const { LuciaError } of both) {
    const error = new LuciaError("AUTH_INVALID_KEY_ID")
    expect(error).toBeInstanceOf(Error)
    expect({ name: error.name, message: error.message, detail: error.detail }).toEqual({
      name: "Error",
      message: "AUTH_INVALID_KEY_ID",
      detail: "",
    })
    expect(new LuciaError("AUTH_INVALID_KEY_ID", "more").detail).toBe("more")
  }
})

test("ids of keys are made and taken apart as Lucia does", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (providerId, providerUserId) => {
      const [mine, theirs] = both.map(({ createKeyId }) => outcome(() => createKeyId(providerId, providerUserId)))
      expect(mine).toEqual(theirs)
    }),
  )
  expect(outcome(() => ours.createKeyId("a:b", "c"))).toEqual(outcome(() => real.createKeyId("a:b", "c")))
})

test("rows are transformed as Lucia does", () => {
  vi.useFakeTimers({ toFake: ["Date"], now })
  const [mine, theirs] = both.map(({ lucia }) =>
    lucia({
      adapter: unused,
      env: "DEV",
      getUserAttributes: (user) => ({ ...user, userId: "overwritten" }),
      getSessionAttributes: (session) => ({ ...session, sessionId: "overwritten", fresh: "overwritten" }),
    }),
  )
  const user = fc.record({ id: fc.string(), username: fc.string() })
  const key = fc.record({
    id: fc.tuple(fc.stringMatching(/^\w+$/), fc.string()).map((parts) => parts.join(":")),
    user_id: fc.string(),
    hashed_password: fc.option(fc.string()),
  })
  const time = fc.integer({ min: now - 2, max: now + 2 })
  const session = fc.record({
    id: fc.string(),
    user_id: fc.string(),
    active_expires: fc.oneof(time, time.map(String), time.map(BigInt)),
    idle_expires: fc.oneof(time, time.map(String), time.map(BigInt)),
    label: fc.string(),
  })
  fc.assert(
    fc.property(user, key, session, fc.boolean(), (user, key, session, fresh) => {
      expect(mine.transformDatabaseUser(user)).toEqual(theirs.transformDatabaseUser(user))
      expect(mine.transformDatabaseKey(key)).toEqual(theirs.transformDatabaseKey(key))
      const context = { user: { userId: user.id }, fresh }
      // Drivers give text and bigints as well, which the types do not tell.
      const row = session as never
      expect(mine.transformDatabaseSession(row, context)).toEqual(theirs.transformDatabaseSession(row, context))
    }),
  )
})

describe("cookies", () => {
  const attributes = fc.record(
    {
      sameSite: fc.constantFrom("lax", "strict"),
      domain: fc.constantFrom("example.com", ".example.com"),
      path: fc.constantFrom("/", "/app"),
    },
    { requiredKeys: [] },
  )
  const sessionCookie = fc.record(
    { name: fc.constantFrom("auth_session", "__Host-a", "a.b"), expires: fc.boolean(), attributes },
    { requiredKeys: [] },
  )

  // In Lucia the attributes that are given are all that there are: a domain alone had neither Path nor SameSite.
  function withDefaults({ sessionCookie }) {
    const defaults = { sameSite: "lax", path: "/" }
    return (
      sessionCookie && { sessionCookie: { ...sessionCookie, attributes: { ...defaults, ...sessionCookie.attributes } } }
    )
  }

  test("are written exactly as Lucia writes them", () => {
    vi.useFakeTimers({ toFake: ["Date"], now })
    const idle = fc.integer({ min: -day, max: 399 * day })
    fc.assert(
      fc.property(
        fc.record({ env: fc.constantFrom("DEV", "PROD"), sessionCookie }, { requiredKeys: ["env"] }),
        fc.string(),
        idle,
        (options, sessionId, idle) => {
          const session = { sessionId, idlePeriodExpiresAt: new Date(now + idle), fresh: false, user: {} }
          const written = ({ lucia }) => {
            const auth = lucia({
              adapter: unused,
              ...options,
              ...(lucia === real.lucia && withDefaults(options as never)),
            })
            const cookies = [auth.createSessionCookie(session), auth.createSessionCookie(null)]
            return cookies.map((cookie) => [cookie.serialize(), cookie.name, cookie.value, { ...cookie.attributes }])
          }
          expect(written(ours)).toEqual(written(real))
        },
      ),
      { numRuns: 500 },
    )
  })

  test("that Lucia wrote are read as Lucia reads them, beside others", () => {
    const other = fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[\w%-]{0,8}$/))
    const separator = fc.constantFrom("; ", ";", " ;  ")
    fc.assert(
      fc.property(
        fc.array(other),
        fc.string({ minLength: 1 }),
        fc.array(other),
        separator,
        (before, id, after, separator) => {
          const pairs = [...before, ["auth_session", encodeURIComponent(id)], ...after]
          const header = pairs.map((pair) => pair.join("=")).join(separator)
          const read = ({ lucia }) => lucia({ adapter: unused, env: "DEV" }).readSessionCookie(header)
          expect(read(ours)).toBe(read(real))
          expect(read(ours)).toBe(id)
        },
      ),
    )
  })

  test("are missing where Lucia finds none", () => {
    for (const header of [undefined, null, "", "a=b", "auth_session2=x", "xauth_session=x", "auth_session"])
      for (const { lucia } of both) expect(lucia({ adapter: unused, env: "DEV" }).readSessionCookie(header)).toBeNull()
  })

  test("of the application's own are written as Lucia writes them", () => {
    const options = fc.record(
      {
        ...{ domain: fc.constantFrom("example.com", ""), path: fc.constantFrom("/", ""), httpOnly: fc.boolean() },
        maxAge: fc.oneof(fc.integer(), fc.double({ noNaN: true, min: -1e9, max: 1e9 })),
        expires: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(8.64e15 / 400) }),
        priority: fc.constantFrom("low", "medium", "high"),
        sameSite: fc.constantFrom(true, false, "lax", "strict", "none"),
        secure: fc.boolean(),
        encode: fc.constant((text) => `x${text.length}`),
      },
      { requiredKeys: [] },
    )
    const written = ({ serializeCookie }, ...args) => outcome(() => serializeCookie(...args))
    fc.assert(
      fc.property(fc.stringMatching(/^[\w.-]+$/), fc.string(), fc.option(options), (name, value, options) => {
        expect(written(oursUtils, name, value, options)).toEqual(written(realUtils, name, value, options))
      }),
      { numRuns: 500 },
    )
    for (const bad of [{ maxAge: NaN }, { maxAge: Infinity }, { priority: "x" }, { sameSite: "x" }])
      for (const utils of [oursUtils, realUtils]) expect(written(utils, "a", "b", bad)).toHaveProperty("error")
  })

  test("of others are parsed as Lucia parses them", () => {
    const part = fc.oneof(fc.string(), fc.constantFrom("a", "b", "=", ";", " ", '"', "%41", "%E0%A4%A", "a=b; a=c"))
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join("")),
        (header) => {
          expect({ ...oursUtils.parseCookie(header) }).toEqual({ ...realUtils.parseCookie(header) })
        },
      ),
      { numRuns: 2000 },
    )
  })
})

test("bearer tokens are read as Lucia reads them", () => {
  const read = ({ lucia }, header) => lucia({ adapter: unused, env: "DEV" }).readBearerToken(header)
  fc.assert(
    fc.property(fc.stringMatching(/^[!-~]+$/), (token) => {
      for (const header of [`Bearer ${token}`, `Basic ${token}`, token, "Bearer"])
        expect(read(ours, header)).toBe(read(real, header))
      expect(read(ours, `Bearer ${token}`)).toBe(token)
    }),
  )
  for (const header of [undefined, null, ""]) expect([read(ours, header), read(real, header)]).toEqual([null, null])
})

test("random text has Lucia's length and alphabet", () => {
  for (const { generateRandomString } of [oursUtils, realUtils]) {
    for (const length of [0, 1, 15, 40, 1000])
      expect(generateRandomString(length)).toMatch(new RegExp(`^[a-z0-9]{${length}}$`))
    expect(generateRandomString(1000, "xyz")).toMatch(/^[xyz]{1000}$/)
    expect(new Set(generateRandomString(5000)).size).toBe(36)
  }
})

test("deadlines pass when Lucia says so", () => {
  vi.useFakeTimers({ toFake: ["Date"], now })
  for (const { isWithinExpiration } of [oursUtils, realUtils])
    for (const [at, outcome] of [
      [now - 1, false],
      [now, true],
      [now + 1, true],
    ] as const)
      expect([isWithinExpiration(at), isWithinExpiration(BigInt(at))]).toEqual([outcome, outcome])
})

test("adapters are joined as Lucia joins them", () => {
  const base = () => ({ getUser: 1, getKey: 1, getSession: 1 })
  const joined = ({ __experimental_joinAdapters }, { LuciaError }) =>
    __experimental_joinAdapters(base, { getKey: 2 }, (error) => ({ getSession: error === LuciaError }))(LuciaError)
  expect(joined(oursUtils, ours)).toEqual(joined(realUtils, real))
  expect(joined(oursUtils, ours)).toEqual({ getUser: 1, getKey: 2, getSession: true })
})

describe("password hashes", () => {
  test("are verified by Lucia, and Lucia's are verified here", async () => {
    const password = "pa\u0308ss wörd ﬁ 🔑"
    const hashes = [
      await oursUtils.generateLuciaPasswordHash(password),
      await realUtils.generateLuciaPasswordHash(password),
    ]
    for (const hash of hashes) {
      expect(hash).toMatch(/^s2:[a-z0-9]{16}:[0-9a-f]{128}$/)
      for (const { validateLuciaPasswordHash } of [oursUtils, realUtils]) {
        expect(await validateLuciaPasswordHash(password, hash)).toBe(true)
        expect(await validateLuciaPasswordHash(password.normalize("NFC"), hash)).toBe(true)
        expect(await validateLuciaPasswordHash("password", hash)).toBe(false)
      }
    }
  })

  test("of Lucia v1 are verified, of its beta are outdated, and others are none", async () => {
    const salt = "0123456789abcdef"
    const hash = `${salt}:${scryptSync("password", salt, 64, { N: 16384, r: 8, p: 1 }).toString("hex")}`
    for (const [{ validateLuciaPasswordHash }, { LuciaError }] of [
      [oursUtils, ours],
      [realUtils, real],
    ] as const) {
      expect(await validateLuciaPasswordHash("password", hash)).toBe(true)
      expect(await validateLuciaPasswordHash("Password", hash)).toBe(false)
      const outdated = await validateLuciaPasswordHash("password", `$2a$10$${"x".repeat(53)}`).catch((error) => error)
      expect(outdated).toBeInstanceOf(LuciaError)
      expect(outdated.message).toBe("AUTH_OUTDATED_PASSWORD")
      for (const other of ["", "x", "s1:a:b", "s2:a:b", "a:b", "s2:a:b:c", "$argon2id$v=19$m=1,t=1,p=1$a$b"])
        expect(await validateLuciaPasswordHash("password", other), other).toBe(false)
    }
  })
})

function outcome(call) {
  try {
    return { value: call() }
  } catch (error) {
    return { error: error.constructor.name, message: error.message }
  }
}
