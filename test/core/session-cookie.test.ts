import fc from "fast-check"
import { afterEach, describe, expect, test, vi } from "vitest"

import type { CookieOptions, Duration } from "../../src/index.ts"
import { createAuth } from "../../src/index.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { strangerToken as token } from "./auth-fixture.ts"

const invalid = expect.objectContaining({ name: "AuthError", code: "invalid_option" })
const epoch = "Expires=Thu, 01 Jan 1970 00:00:00 GMT"

afterEach(() => void vi.unstubAllEnvs())

describe("createSessionCookie()", () => {
  test("[COO-1] is as safe as a cookie can be by default", () => {
    const cookie = authWith().createSessionCookie(token)
    expect(cookie.serialize()).toBe(`__Host-session=${token}; Max-Age=7776000; Path=/; HttpOnly; Secure; SameSite=Lax`)
    expect(cookie).toMatchObject({
      name: "__Host-session",
      value: token,
      attributes: { httpOnly: true, secure: true, sameSite: "lax", path: "/", maxAge: 7776000 },
    })
    expect(cookie.attributes.domain).toBeUndefined()
  })

  test("has no attribute that was not asked for", () => {
    const { createSessionCookie } = authWith()
    const attributes = { httpOnly: true, secure: true, sameSite: "lax", path: "/" }
    expect(createSessionCookie(token, { persistent: false }).attributes).toStrictEqual(attributes)
    expect(createSessionCookie(token).attributes).toStrictEqual({ ...attributes, maxAge: 7776000 })
  })

  test("writes every option", () => {
    const { createSessionCookie } = authWith({
      name: "__Secure-id",
      domain: "example.com",
      path: "/app",
      sameSite: "none",
      partitioned: true,
    })
    const cookie = createSessionCookie(token)
    expect(cookie.serialize()).toBe(
      `__Secure-id=${token}; Max-Age=7776000; Path=/app; HttpOnly; Secure; SameSite=None; Domain=example.com; Partitioned`,
    )
    expect(cookie.attributes).toEqual({
      httpOnly: true,
      secure: true,
      sameSite: "none",
      path: "/app",
      domain: "example.com",
      partitioned: true,
      maxAge: 7776000,
    })
  })

  test("lives as long as the absolute timeout, so that the row alone decides about idleness", () => {
    const maxAge = (absoluteTimeout: Duration | false) =>
      authWith({}, { idleTimeout: "15m", absoluteTimeout }).createSessionCookie(token).attributes.maxAge
    expect(maxAge("12h")).toBe(43_200)
    expect(maxAge("90d")).toBe(7_776_000)
  })

  test.each(["400d", "401d", "3650d", false] as const)(
    "[COO-3][P17] lives at most 400 days at an absolute timeout of %s",
    (absoluteTimeout) => {
      const cookie = authWith({}, { absoluteTimeout }).createSessionCookie(token)
      expect(cookie.attributes.maxAge).toBe(34_560_000)
      expect(cookie.serialize()).toContain("; Max-Age=34560000;")
    },
  )

  test("[COO-3] Max-Age is a whole number from 1 to 400 days at any absolute timeout", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.constantFrom("s", "m", "h", "d", "w"), (n, unit) => {
        const duration: Duration = `${n / 1000}${unit}`
        fc.pre(/^[\d.]+\w$/.test(duration) && n / 1000 < 10_000)
        const cookie = authWith({}, { absoluteTimeout: duration }).createSessionCookie(token)
        const written = /; Max-Age=(\d+);/.exec(cookie.serialize())?.[1]
        expect(Number(written)).toBe(cookie.attributes.maxAge)
        expect(Number(written)).toBeGreaterThanOrEqual(1)
        expect(Number(written)).toBeLessThanOrEqual(34_560_000)
      }),
    )
  })

  test("persistent: false leaves Max-Age out", () => {
    const { createSessionCookie } = authWith()
    const cookie = createSessionCookie(token, { persistent: false })
    expect(cookie.serialize()).toBe(`__Host-session=${token}~; Path=/; HttpOnly; Secure; SameSite=Lax`)
    expect(cookie.attributes.maxAge).toBeUndefined()
    expect(createSessionCookie(token, {}).serialize()).toBe(
      createSessionCookie(token, { persistent: true }).serialize(),
    )
  })

  test("a token whose cookie ends with the browser says so whenever its cookie is written again", () => {
    const { createSessionCookie, readSessionCookie } = authWith()
    const { value } = createSessionCookie(token, { persistent: false })
    expect(readSessionCookie(`__Host-session=${value}`)).toBe(value)
    for (const options of [undefined, {}, { persistent: undefined }, { persistent: false }]) {
      expect(createSessionCookie(value, options).serialize()).toBe(
        `__Host-session=${token}~; Path=/; HttpOnly; Secure; SameSite=Lax`,
      )
    }
    expect(createSessionCookie(value, { persistent: true }).serialize()).toBe(createSessionCookie(token).serialize())
  })

  test("[COO-3] takes name and value up to 4,096 bytes and throws cookie_too_large beyond", () => {
    const { createSessionCookie, sessionCookieName } = authWith()
    const room = 4096 - sessionCookieName.length
    for (const length of [room - 1, room]) {
      expect(createSessionCookie("x".repeat(length)).serialize()).toContain("x".repeat(length))
    }
    for (const length of [room + 1, 10_000_000]) {
      const tooLarge = expect.objectContaining({ name: "AuthError", code: "cookie_too_large" })
      expect(() => createSessionCookie("x".repeat(length))).toThrow(tooLarge)
    }
  })

  const badValues = ["", " ", "a b", "a;b", "a,b", 'a"b', "a\\b", "a\r\nSet-Cookie: b=c", "a\0", "a\x7F", "é", "\uD800"]

  test.each(badValues)("[COO-4] throws invalid_option for the value %j", (value) => {
    expect(() => authWith().createSessionCookie(value)).toThrow(invalid)
  })
})

describe("createBlankSessionCookie()", () => {
  test.each<[CookieOptions, string]>([
    [{}, `__Host-session=; Max-Age=0; ${epoch}; Path=/; HttpOnly; Secure; SameSite=Lax`],
    [{ secure: false }, `session=; Max-Age=0; ${epoch}; Path=/; HttpOnly; SameSite=Lax`],
    [
      { name: "id", domain: "example.com", path: "/app", sameSite: "none", partitioned: true },
      `id=; Max-Age=0; ${epoch}; Path=/app; HttpOnly; Secure; SameSite=None; Domain=example.com; Partitioned`,
    ],
  ])("[COO-5] deletes with the attributes that it was set with: %j", (options, header) => {
    const cookie = authWith(options).createBlankSessionCookie()
    expect(cookie.serialize()).toBe(header)
    expect(cookie).toMatchObject({ value: "", attributes: { maxAge: 0 } })
  })
})

describe("sessionCookieName", () => {
  test.each<[CookieOptions, string]>([
    [{}, "__Host-session"],
    [{ sameSite: "strict" }, "__Host-session"],
    [{ partitioned: true }, "__Host-session"],
    [{ secure: false }, "session"],
    [{ path: "/app" }, "session"],
    [{ domain: "example.com" }, "session"],
    [{ domain: "xn--bcher-kva.example" }, "session"],
    [{ domain: "my_app.co.uk" }, "session"],
    [{ name: "id" }, "id"],
    [{ name: "__Secure-id", domain: "example.com" }, "__Secure-id"],
  ])("with %j is %s", (options, name) => {
    const auth = authWith(options)
    expect(auth.sessionCookieName).toBe(name)
    expect(auth.createSessionCookie(token).name).toBe(name)
    expect(auth.createBlankSessionCookie().name).toBe(name)
    expect(auth.readSessionCookie(`${name}=${token}`)).toBe(token)
  })

  test.each([undefined, "", "test", "development", "production"])(
    "[COO-2] does not depend on NODE_ENV, here %s",
    (environment) => {
      vi.stubEnv("NODE_ENV", environment)
      expect(authWith().sessionCookieName).toBe("__Host-session")
      expect(authWith().createSessionCookie(token).serialize()).toContain("; Secure;")
    },
  )

  test("[COO-2] the plain name is ignored where the prefixed one is ours", () => {
    const { readSessionCookie } = authWith()
    expect(readSessionCookie(`session=${token}`)).toBeNull()
    expect(readSessionCookie(`session=evil; __Host-session=${token}`)).toBe(token)
  })
})

describe("cookie.replaces", () => {
  const expired = (cookie: CookieOptions) => {
    const { createSessionCookie, createBlankSessionCookie } = authWith(cookie)
    const headers = (createSessionCookie(token).replaces ?? []).map((each) => each.serialize())
    expect((createBlankSessionCookie().replaces ?? []).map((each) => each.serialize())).toEqual(headers)
    return headers
  }

  test("is empty by default", () => {
    expect(createAuthCookie({})).not.toHaveProperty("replaces")
    expect(createAuthCookie({ path: "/app", secure: false })).not.toHaveProperty("replaces")
  })

  test("[COO-5] with a domain, what was set without it expires", () => {
    expect(expired({ name: "sid", domain: "example.com", path: "/app" })).toEqual([
      `sid=; Max-Age=0; ${epoch}; Path=/app; HttpOnly; Secure; SameSite=Lax`,
    ])
  })

  test("[COO-5] earlier names, domains and paths expire", () => {
    const replaces = [{ name: "auth_session" }, { domain: "www.example.com" }, { path: "/app", domain: undefined }]
    expect(expired({ name: "sid", replaces })).toEqual([
      `auth_session=; Max-Age=0; ${epoch}; Path=/; HttpOnly; Secure; SameSite=Lax`,
      `sid=; Max-Age=0; ${epoch}; Path=/; HttpOnly; Secure; SameSite=Lax; Domain=www.example.com`,
      `sid=; Max-Age=0; ${epoch}; Path=/app; HttpOnly; Secure; SameSite=Lax`,
    ])
  })

  test("an earlier name with a prefix is Secure in development too, where it would throw otherwise", () => {
    expect(expired({ secure: false, replaces: [{ name: "__Host-session" }] })).toEqual([
      `__Host-session=; Max-Age=0; ${epoch}; Path=/; HttpOnly; Secure; SameSite=Lax`,
    ])
  })

  test("an entry that could never be set throws, and so does the session's own cookie", () => {
    expect(() => authWith({ replaces: [{ domain: "localhost" }] })).toThrow(invalid)
    expect(() => authWith({ replaces: [{ name: "__Host-x", path: "/app" }] })).toThrow(invalid)
    expect(() => authWith({ replaces: [{}] })).toThrow("cookie.replaces")
    expect(() => authWith({ name: "sid", replaces: [{ name: "sid" }] })).toThrow("cookie.replaces")
    expect(() => authWith({ replaces: [{ domian: "example.com" }] as never })).toThrow('did you mean "domain"?')
  })

  function createAuthCookie(cookie: CookieOptions) {
    return authWith(cookie).createSessionCookie(token)
  }
})

describe("createAuth() with an invalid cookie", () => {
  const impossible: [string, CookieOptions][] = [
    ["__Host- with a domain", { name: "__Host-id", domain: "example.com" }],
    ["__Host- with an empty domain", { name: "__Host-id", domain: "" }],
    ["__Host- below a path", { name: "__Host-id", path: "/x" }],
    ["__Host- without Secure", { name: "__Host-id", secure: false }],
    ["__HOST- in capitals with a domain", { name: "__HOST-id", domain: "example.com" }],
    ["__hoST- in any case below a path", { name: "__hoST-id", path: "/x" }],
    ["__Secure- without Secure", { name: "__Secure-id", secure: false }],
    ["__SECURE- without Secure", { name: "__SECURE-id", secure: false }],
    ["SameSite=None without Secure", { sameSite: "none", secure: false }],
    ["Partitioned without Secure", { partitioned: true, secure: false }],
    ["__Http- without Secure", { name: "__Http-id", secure: false }],
    ["__http- in any case without Secure", { name: "__hTTp-id", secure: false }],
    ["__Host-Http- without Secure", { name: "__Host-Http-id", secure: false }],
    ["__Host-Http- with a domain", { name: "__Host-Http-id", domain: "example.com" }],
    ["__Host-Http- below a path", { name: "__Host-Http-id", path: "/x" }],
  ]

  test.each(["__Http-id", "__Host-Http-id", "__Secure-id"])("takes the name %s where it is Secure", (name) => {
    expect(authWith({ name }).sessionCookieName).toBe(name)
  })

  test.each<[CookieOptions, string]>([
    [{ name: "a b" }, 'cookie.name: "a b" is invalid; use one such as "session"'],
    [{ path: "app" }, 'cookie.path: "app" is invalid; use one such as "/app"'],
    [{ sameSite: "Lax" as "lax" }, 'cookie.sameSite: "Lax" is invalid; use "strict", "lax" or "none"'],
    [{ domain: "192.168.1.10" }, 'cookie.domain: "192.168.1.10" is invalid; use one such as "example.com", or none'],
    [{ sameSite: "none", secure: false }, 'cookie.sameSite: "none" requires Secure; use cookie.secure: true'],
    [{ partitioned: true, secure: false }, "cookie.partitioned: true requires Secure; use cookie.secure: true"],
    [{ name: "__Http-id", secure: false }, 'cookie.name: "__Http-id" requires Secure; use cookie.secure: true'],
    [{ name: "__Host-id", path: "/x" }, 'cookie.name: "__Host-id" is for one host; use path "/" and no domain'],
  ])("names the option, its value and what to do: %j", (options, sentence) => {
    expect(() => authWith(options)).toThrow(sentence)
  })

  test.each(impossible)("[COO-1] throws: %s", (_, options) => {
    expect(() => authWith(options)).toThrow(invalid)
  })

  const injections = [
    "; Domain=.evil.com",
    "; Partitioned",
    ";",
    "\r\nSet-Cookie: a=b",
    "\n",
    "\r",
    "\0",
    "\x7F",
    "\x1B",
    "é",
    "。",
    "\uD800",
  ]

  test.each(injections)("[COO-4][P15] throws for %j in any option", (text) => {
    expect(() => authWith({ name: `id${text}` })).toThrow(invalid)
    expect(() => authWith({ name: `${text}id` })).toThrow(invalid)
    expect(() => authWith({ path: `/${text}` })).toThrow(invalid)
    expect(() => authWith({ path: `/${text}/x` })).toThrow(invalid)
    expect(() => authWith({ domain: `example.com${text}` })).toThrow(invalid)
    expect(() => authWith({ domain: `${text}example.com` })).toThrow(invalid)
    expect(() => authWith({ sameSite: `lax${text}` as "lax" })).toThrow(invalid)
  })

  test.each<CookieOptions>([
    { name: "" },
    { name: "a=b; Path=/x" },
    { name: "a b" },
    { name: "a,b" },
    { name: "a(b)" },
    { name: 'a"b' },
    { name: "a\tb" },
    { path: "" },
    { path: "app" },
    { path: `/${"x".repeat(1024)}` },
    { domain: "example.com/x" },
    { domain: "example.com:443" },
    { domain: "https://example.com" },
    { domain: "a b" },
    { domain: "x".repeat(1025) },
    { domain: `${"a.".repeat(126)}ab` },
    { domain: "" },
    { domain: ".example.com" },
    { domain: "example.com." },
    { domain: "example..com" },
    { domain: "localhost" },
    { domain: "com" },
    { domain: "192.168.1.10" },
    { domain: "[::1]" },
    { domain: "::1" },
    { domain: "0x7f.1" },
    { domain: "app.localhost:3000" },
    { sameSite: "" as "lax" },
    { sameSite: "Sometimes" as "lax" },
  ])("[COO-4] throws for %j", (options) => {
    expect(() => authWith(options)).toThrow(invalid)
  })

  test("[SUP-4][COO-4] whatever the options, what is written parses back to what was asked for", () => {
    const text = fc.string({ unit: "binary", maxLength: 12 })
    fc.assert(
      fc.property(
        fc.record(
          {
            name: fc.oneof(text, fc.constantFrom("id", "__Host-id")),
            path: fc.oneof(
              text.map((rest) => `/${rest}`),
              fc.constant("/"),
            ),
            domain: fc.oneof(text, fc.constant("example.com")),
            secure: fc.boolean(),
            partitioned: fc.boolean(),
          },
          { requiredKeys: [] },
        ),
        (options) => {
          const header = serializedOrNull(options)
          if (header === null) return
          const [pair, ...attributes] = header.split("; ")
          const { name, path = "/", domain, secure = true, partitioned } = options
          if (name !== undefined) expect(pair).toBe(`${name}=${token}`)
          expect(attributes.toSorted()).toEqual(
            [
              "Max-Age=7776000",
              `Path=${path}`,
              "HttpOnly",
              "SameSite=Lax",
              ...(secure ? ["Secure"] : []),
              ...(domain ? [`Domain=${domain}`] : []),
              ...(partitioned ? ["Partitioned"] : []),
            ].toSorted(),
          )
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe("readSessionCookie()", () => {
  const { readSessionCookie } = authWith({ name: "n" })

  test.each<[string | null | undefined, string | null]>([
    ["n=a", "a"],
    ["x=1; n=a", "a"],
    ["n=a; x=1", "a"],
    ["x=1;n=a;y=2", "a"],
    ["x=1;  n=a", "a"],
    ["x=1;\tn=a", "a"],
    [" n=a", "a"],
    ["n=a=b==", "a=b=="],
    ["nn=x; n=a; n1=y", "a"],
    ["x=n=b; n=a", "a"],
    ["n=", null],
    ["n", null],
    ["", null],
    [null, null],
    [undefined, null],
    ["m=a", null],
    ["x=n=a", null],
    ["xn=a", null],
    ["x n=a", null],
  ])("finds in %j the value %j", (header, value) => {
    expect(readSessionCookie(header)).toBe(value)
  })

  test.each([
    "n=attacker; n=victim",
    "n=victim; n=attacker",
    "n=a; x=1; n=b",
    "n=a; n=",
    "n=; n=a",
    "n=a; n=a; n=b",
    "n=a;n=A",
  ])("[COO-6] several different values under our name are none: %s", (header) => {
    expect(readSessionCookie(header)).toBeNull()
  })

  test("[COO-6] equal copies are one value", () => {
    expect(readSessionCookie("n=a; n=a; x=1; n=a")).toBe("a")
  })

  const hostile = [
    "__HOST-session=x",
    "__host-session=x",
    "%5F%5FHost-session=x",
    "\u2000__Host-session=x",
    "\u00A0__Host-session=x",
    "\uFEFF__Host-session=x",
    "\v__Host-session=x",
    "\f__Host-session=x",
    "\0__Host-session=x",
    "x__Host-session=x",
    "__Host-session =x",
    "$Version=1; __Host-session=x",
    '$Version="1"; __Host-session=x; $Path="/"',
    'a="x; __Host-session=evil; "',
    'a="x; __Host-session=evil; y"; b=1',
    "__proto__=x",
    "constructor=x",
    "toString=x",
    "%E0%A4%A",
    "=v",
    "==",
    ";;;",
    "; ; ;",
    "__Host-session",
    "__Host-session;",
    ",__Host-session=x",
    "a=b,__Host-session=x",
    "a=b\n__Host-session=x",
    "\uD800",
  ]

  test.each(hostile)("[COO-7] finds nothing in %j", (header) => {
    expect(authWith().readSessionCookie(header)).toBeNull()
  })

  test.each(["a+b", "a.b", "a*b", "a|b", "a^b", "$a"])("[COO-7] matches the name %s exactly", (name) => {
    const { readSessionCookie } = authWith({ name })
    expect(readSessionCookie(`${name}=v`)).toBe("v")
    for (const other of ["aab", "axb", "a", "b", "ab", "A+B"]) expect(readSessionCookie(`${other}=v`)).toBeNull()
  })

  test("[SUP-4][COO-7] agrees with a model that splits the whole header, for any header", () => {
    const part = fc.constantFrom("n", "=", ";", "; ", " ", "\t", "a", "n=", "n=a", "; n=a", "N", "x=1", "\u2000", "é")
    fc.assert(
      fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
        expect(readSessionCookie(parts.join(""))).toBe(model(parts.join("")))
      }),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (noise) => {
        fc.pre(!/["$]/.test(noise))
        expect(readSessionCookie(`${noise}; n=a`)).toBe(model(`${noise}; n=a`))
      }),
      { numRuns: 500 },
    )
  })

  // RFC 6265, section 5.2: blanks are space and tab.
  function model(header: string): string | null {
    const pairs = header.split(";").map((pair) => pair.replace(/^[ \t]+/, ""))
    const values = new Set(pairs.filter((pair) => pair.startsWith("n=")).map((pair) => pair.slice(2)))
    return values.size === 1 ? [...values][0] || null : null
  }

  test("other cookies with JSON, quotes or dollars in their values do not hide ours", () => {
    const others = ['prefs={"a":1}', 'quoted="x"', "price=$5", "_ga=GA1.1.1", "empty=", 'inner=a"b', "$Version=1"]
    expect(readSessionCookie([...others, "n=a"].join("; "))).toBe("a")
    expect(readSessionCookie(["n=a", ...others].join("; "))).toBe("a")
  })

  test.each([
    'n=a; lastSearch="red shoes',
    'lastSearch="red shoes; n=a',
    'lastSearch="red shoes; n=a; x=1',
    'one="red; n=a; two="blue',
    'one="red; rest"; n=a',
    'n=a; one="red; rest"',
    '"; n=a',
    'n=a; x="',
  ])("a stray quote in another cookie does not hide ours: %s", (header) => {
    expect(readSessionCookie(header)).toBe("a")
  })

  test("a value that starts in our cookie and ends in a quoted string is none", () => {
    expect(readSessionCookie('n=a="b; c"')).toBeNull()
    expect(readSessionCookie('n=a="b; c"; x=1')).toBeNull()
    expect(readSessionCookie('n=a="b; c')).toBe('a="b')
  })

  test("[COO-6] what stands between quotes counts as a second value, too", () => {
    expect(readSessionCookie('x="y; n=a; "; n=b')).toBeNull()
    expect(readSessionCookie('n=b; x="y; n=a; "')).toBeNull()
    expect(readSessionCookie('x="y; n=a; "; n=a')).toBe("a")
  })
})

describe("readBearerToken()", () => {
  const { readBearerToken } = authWith()

  test.each([
    [`Bearer ${token}`, token],
    [`bearer ${token}`, token],
    [`BEARER ${token}`, token],
    [`Bearer   ${token}`, token],
    ["Bearer a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="],
    ["Bearer", null],
    ["Bearer ", null],
    [`Bearer\t${token}`, null],
    [`Bearer ${token} ${token}`, null],
    [`Bearer ${token}, Bearer x`, null],
    [` Bearer ${token}`, null],
    [`Bearer${token}`, null],
    [`Basic ${token}`, null],
    [`XBearer ${token}`, null],
    [token, null],
    ["", null],
    [null, null],
    [undefined, null],
  ])("finds in %j the token %j", (header, value) => {
    expect(readBearerToken(header)).toBe(value)
  })
})

function authWith(cookie: CookieOptions = {}, session = {}) {
  return createAuth({ adapter: memoryAdapter<{ id: string }>(), cookie, session })
}

function serializedOrNull(options: CookieOptions): string | null {
  try {
    return authWith(options).createSessionCookie(token).serialize()
  } catch (error) {
    expect(error).toEqual(invalid)
    return null
  }
}
