import fc from "fast-check"
import { describe, expect, test } from "vitest"

import { createCookie, parseCookie, readSessionId, serializeCookie } from "../../../../src/lucia/v2/cookie.ts"
import type { CookieAttributes } from "../../../../src/lucia/v2/cookie.ts"

describe("serializeCookie()", () => {
  test("writes the attributes in the order of Lucia v2", () => {
    const attributes: CookieAttributes = {
      sameSite: "lax",
      priority: "high",
      secure: true,
      httpOnly: true,
      expires: new Date(0),
      path: "/",
      domain: "example.com",
      maxAge: 1.5,
    }
    expect(serializeCookie("a", "b c", attributes)).toBe(
      "a=b%20c; Max-Age=1; Domain=example.com; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; Priority=High; SameSite=Lax",
    )
    expect(serializeCookie("a", "", { sameSite: true, maxAge: 0 })).toBe("a=; Max-Age=0; SameSite=Strict")
    expect(serializeCookie("a", "b", { encode: (value) => `${value}!`, sameSite: false })).toBe("a=b!")
  })

  test.each<[string, string, string, CookieAttributes]>([
    ["a name with attributes", "a=b; Path", "x", {}],
    ["an empty name", "", "x", {}],
    ["a name with a line break", "a\r\n", "x", {}],
    ["a path with attributes", "a", "x", { path: "/; Domain=.evil.example" }],
    ["a path with a header", "a", "x", { path: "/\r\nSet-Cookie: a=b" }],
    ["a domain with attributes", "a", "x", { domain: "example.com; Secure" }],
    ["a domain with NUL", "a", "x", { domain: "example.com\0" }],
    ["a path beyond ASCII", "a", "x", { path: "/ü" }],
    ["a value encoded by hand with a semicolon", "a", "x; Path=/", { encode: (value) => value }],
    ["a life that is no number", "a", "x", { maxAge: Number.NaN }],
    ["a life without end", "a", "x", { maxAge: Infinity }],
    ["a date that is none", "a", "x", { expires: new Date(Number.NaN) }],
    ["a date that no cookie can have", "a", "x", { expires: new Date(8.64e15) }],
    ["an unknown SameSite", "a", "x", { sameSite: "sometimes" as "lax" }],
    ["an unknown priority", "a", "x", { priority: "urgent" as "low" }],
  ])("[P15] refuses %s", (_, name, value, attributes) => {
    const refused = expect.objectContaining({ code: "invalid_option" })
    expect(() => serializeCookie(name, value, attributes)).toThrow(refused)
    expect(() => createCookie(name, value, attributes)).toThrow(refused)
  })

  test("any value comes back, and adds no attribute", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        fc.pre(value.isWellFormed())
        const header = serializeCookie("a", value, { path: "/" })
        expect(header.split("; ")).toHaveLength(2)
        expect(parseCookie(header.split("; ")[0]!)).toEqual({ a: value })
      }),
    )
  })
})

describe("parseCookie()", () => {
  test.each([
    ["a=b;c=d", { a: "b", c: "d" }],
    [" a = b ; c ", { a: "b" }],
    ["x=a=b", { x: "a=b" }],
    ["a=1; a=2", { a: "1" }],
    ['a="q"', { a: "q" }],
    ["a=%E0%A4%A; b=%20", { a: "%E0%A4%A", b: " " }],
    ["", {}],
    [";;;", {}],
    ["constructor=x", { constructor: "x" }],
  ])("%s", (header, cookies) => {
    expect({ ...parseCookie(header) }).toEqual(cookies)
  })

  test("any name is only a name", () => {
    const cookies = parseCookie("__proto__=x; toString=y")
    expect(Object.entries(cookies)).toEqual([
      ["__proto__", "x"],
      ["toString", "y"],
    ])
    expect("constructor" in cookies).toBe(false)
  })

  test("never throws, and takes 100,000 pairs in its stride", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (header) => void parseCookie(header)))
    expect(Object.keys(parseCookie(Array.from({ length: 100_000 }, (_, n) => `n${n}=v`).join("; ")))).toHaveLength(
      100_000,
    )
  })
})

test.each([
  ["auth_session=x", "x"],
  ["a=b; auth_session=x;c=d", "x"],
  ['auth_session="x"', "x"],
  ["auth_session=x; auth_session=x", "x"],
  ["auth_session=x; auth_session=y", null],
  ["auth_session=", null],
  ["AUTH_SESSION=x", null],
  ["not_auth_session=x", null],
  ["auth_sessio%6E=x", null],
  ["auth_session=%E0%A4%A", "%E0%A4%A"],
  ['a="x; auth_session=evil; "', null],
  ["$Version=1; auth_session=x", null],
  ["", null],
  [null, null],
  [undefined, null],
])("readSessionId() reads %j as %j", (header, sessionId) => {
  expect(readSessionId(header, "auth_session")).toBe(sessionId)
})
