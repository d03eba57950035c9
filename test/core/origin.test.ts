import fc from "fast-check"
import { describe, expect, test } from "vitest"

import type { OriginRequest } from "../../src/index.ts"
import { createAuth, verifyRequestOrigin } from "../../src/index.ts"
import { memoryAdapter } from "../../adapters/memory.ts"

const trustedOrigins = ["https://trusted.example", "http://localhost:5173"]
const unsafeMethods = [
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "QUERY",
  "CONNECT",
  "TRACE",
  "FOO",
  "",
  "get",
  "Get",
  "head",
  "GET ",
]
const safeMethods = ["GET", "HEAD", "OPTIONS"]

// One row for each `Origin`, one column for each `Sec-Fetch-Site`; "cookie" is yes only without one.
const sites = [undefined, "same-origin", "none", "same-site", "cross-site", "SAME-ORIGIN", "x", "", "same-origin, none"]
const own = ["yes", "yes", "yes", "no", "no", "no", "no", "no", "no"]
const trusted = sites.map(() => "yes")
const foreign = ["no", "yes", "yes", "no", "no", "no", "no", "no", "no"]
const absent = ["cookie", "yes", "yes", "no", "no", "no", "no", "no", "no"]
const table: [string | undefined, string[]][] = [
  [undefined, absent],
  ["https://app.example", own],
  ["https://trusted.example", trusted],
  ["http://localhost:5173", trusted],
  ["https://evil.example", foreign],
  ["http://app.example", foreign],
  ["null", foreign],
  ["", foreign],
]

describe("verifyRequestOrigin()", () => {
  for (const [origin, verdicts] of table) {
    for (const [column, site] of sites.entries()) {
      test(`[CSR-1][CSR-2] Origin ${origin ?? "absent"}, Sec-Fetch-Site ${site ?? "absent"}: ${verdicts[column]}`, () => {
        const headers = { Host: "app.example", Origin: origin, "Sec-Fetch-Site": site }
        for (const cookie of ["a=b", "", undefined]) {
          const expected = verdicts[column] === "yes" || (verdicts[column] === "cookie" && cookie === undefined)
          for (const method of unsafeMethods) {
            expect(verify(method, { ...headers, Cookie: cookie }), `${method} ${cookie}`).toBe(expected)
          }
          for (const method of safeMethods) expect(verify(method, { ...headers, Cookie: cookie })).toBe(true)
        }
      })
    }
  }

  describe("a GET that opens a WebSocket", () => {
    const signs: Record<string, string>[] = [
      { Upgrade: "websocket" },
      { Upgrade: "WebSocket" },
      { Upgrade: "h2c, websocket" },
      { Upgrade: "websocket/13" },
      { "Sec-Fetch-Mode": "websocket" },
    ]

    test.each(signs)("[CSR-1] is judged as a POST is: %j", (sign) => {
      for (const method of safeMethods) {
        const judge = (headers: Record<string, string>) =>
          verify(method, { Host: "app.example", Cookie: "a=b", ...sign, ...headers })
        expect(judge({ Origin: "https://app.example" })).toBe(true)
        expect(judge({ Origin: "https://trusted.example", "Sec-Fetch-Site": "cross-site" })).toBe(true)
        expect(judge({ Origin: "https://app.example", "Sec-Fetch-Site": "same-origin" })).toBe(true)
        expect(judge({ Origin: "https://evil.example" })).toBe(false)
        expect(judge({ Origin: "https://evil.app.example", "Sec-Fetch-Site": "same-site" })).toBe(false)
        expect(judge({ Origin: "null" })).toBe(false)
        expect(judge({})).toBe(false)
      }
      expect(verify("GET", { Host: "app.example", ...sign }), "a client that is no browser").toBe(true)
    })

    test.each([{ Upgrade: "h2c" }, { Upgrade: "" }, { "Sec-Fetch-Mode": "navigate" }])("is not one with %j", (sign) => {
      expect(verify("GET", { Host: "app.example", Origin: "https://evil.example", Cookie: "a=b", ...sign })).toBe(true)
    })
  })

  const lookalikes = [
    "null",
    "",
    " ",
    "https://",
    "https://evil@app.example",
    "https://app.example@evil.example",
    "http://app.example",
    "https://app.example:443",
    "https://app.example:444",
    "https://app.example:",
    "https://app.example/",
    "https://app.example?",
    "https://app.example#",
    "https://app.example.",
    "https://app.example.evil.com",
    "https://evilapp.example",
    "https://sub.app.example",
    "https://example",
    "https://*.example",
    "HTTPS://APP.EXAMPLE",
    "https://App.example",
    "https://app.example, https://evil.example",
    "https://app.example https://evil.example",
    "https://app.exa\tmple",
    " https://app.example",
    "https://app.example ",
    "https://ａｐｐ.example",
    "https:/app.example",
    "https:app.example",
    "//app.example",
    "app.example",
    "wss://app.example",
    "undefined",
    "undefined//app.example",
    "https://undefined",
    "https://null",
    "\0",
    "%",
    "https://[",
  ]

  test.each(lookalikes)("[CSR-3][P4][P6] the origin %j is a refusal, never an exception", (origin) => {
    expect(verify("POST", { Host: "app.example", Origin: origin })).toBe(false)
    expect(verify("POST", { Host: "app.example", Origin: origin, Cookie: "a=b" })).toBe(false)
    expect(verify("POST", { Host: "app.example", Origin: origin, "Sec-Fetch-Site": "cross-site" })).toBe(false)
    for (const url of ["", "/login", "http://", "undefined"]) {
      expect(verify("POST", { Host: "app.example", Origin: origin }, url)).toBe(false)
      expect(verify("POST", { Origin: origin }, url)).toBe(false)
    }
  })

  test("[CSR-3] own host is the Host header with its port, else that of the URL", () => {
    expect(verify("POST", { Host: "app.example:8443", Origin: "https://app.example:8443" })).toBe(true)
    expect(verify("POST", { Host: "app.example:8443", Origin: "https://app.example" })).toBe(false)
    expect(verify("POST", { Origin: "https://url.example" }, "https://url.example/x")).toBe(true)
    expect(verify("POST", { Origin: "https://url.example:8443" }, "https://url.example:8443/x")).toBe(true)
    expect(verify("POST", { Host: "app.example", Origin: "https://url.example" }, "https://url.example/x")).toBe(false)
  })

  test("own scheme is https, or that of the URL", () => {
    expect(verify("POST", { Host: "localhost:3000", Origin: "http://localhost:3000" }, "http://localhost:3000/")).toBe(
      true,
    )
    expect(verify("POST", { Host: "app.example", Origin: "https://app.example" }, "http://10.0.0.1/")).toBe(true)
    expect(verify("POST", { Host: "app.example", Origin: "http://app.example" }, "https://app.example/")).toBe(false)
    expect(verify("POST", { Host: "app.example", Origin: "http://app.example" }, "/login")).toBe(false)
    expect(verify("POST", { Host: "app.example", Origin: "https://app.example" }, "/login")).toBe(true)
  })

  test.each([
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "Forwarded",
    "X-Original-Host",
    "X-Host",
    "Referer",
    "X-HTTP-Method-Override",
    "X-Forwarded-Server",
  ])("[CSR-5] never reads %s", (header) => {
    for (const value of ["evil.example", "https://evil.example", "host=evil.example;proto=https", "GET", "http"]) {
      const headers = { Host: "app.example", Origin: "https://evil.example", [header]: value }
      expect(verify("POST", headers)).toBe(false)
      expect(verify("POST", { ...headers, Origin: "https://app.example" })).toBe(true)
    }
  })

  test.each(["text/plain", "Multipart/Form-Data; boundary=x", undefined, "application/json"])(
    "[CSR-7] gives the same verdict for the content type %s",
    (type) => {
      const headers = { Host: "app.example", Cookie: "a=b", "Content-Type": type }
      expect(verify("POST", { ...headers, Origin: "https://evil.example" })).toBe(false)
      expect(verify("POST", headers)).toBe(false)
      expect(verify("POST", { ...headers, Origin: "https://app.example" })).toBe(true)
    },
  )

  test("[CSR-6] trusted origins are compared exactly", () => {
    const near = [
      "https://trusted.example.evil.com",
      "https://trusted.example:443",
      "http://trusted.example",
      "https://sub.trusted.example",
      "https://trusted.exampl",
      "https://trusted.example/",
      "http://localhost:5174",
      "http://localhost",
    ]
    for (const origin of near) expect(verify("POST", { Host: "app.example", Origin: origin })).toBe(false)
  })

  test("[CSR-5] remembers nothing from one request to the next", () => {
    for (const host of ["one.example", "two.example", "one.example"]) {
      const other = host === "one.example" ? "two.example" : "one.example"
      expect(verify("POST", { Host: host, Origin: `https://${host}` })).toBe(true)
      expect(verify("POST", { Host: host, Origin: `https://${other}` })).toBe(false)
    }
  })

  test("works without options, and with a real Request", () => {
    const request = (headers: Record<string, string>) =>
      new Request("https://app.example/x", { method: "POST", headers })
    expect(verifyRequestOrigin(request({ Origin: "https://app.example" }))).toBe(true)
    expect(verifyRequestOrigin(request({ Origin: "https://evil.example" }))).toBe(false)
    expect(verifyRequestOrigin(request({}))).toBe(true)
    expect(verifyRequestOrigin(request({ Authorization: "Bearer x" }))).toBe(true)
  })

  test("[INP-1] is total", () => {
    const header = fc.option(fc.string({ unit: "binary" }), { nil: null })
    fc.assert(
      fc.property(
        fc.string(),
        fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
        fc.func(header),
        (method, url, get) => {
          const request = { method, headers: { get }, ...(url !== undefined && { url }) }
          expect(typeof verifyRequestOrigin(request, { trustedOrigins })).toBe("boolean")
        },
      ),
    )
    const post = {
      method: "POST",
      headers: { get: (name: string) => (name === "Origin" ? "https://a.example" : null) },
    }
    for (const odd of [5, "https://a.example", null, {}, [5], [null]]) {
      expect(verifyRequestOrigin(post, { trustedOrigins: odd } as never)).toBe(false)
    }
    for (const request of [undefined, null, {}, { method: "POST" }, { method: "GET", headers: null }, 1, "POST"]) {
      expect(verifyRequestOrigin(request as unknown as OriginRequest)).toBe(false)
    }
  })

  test("an origin that is neither our own nor trusted never passes without Sec-Fetch-Site", () => {
    const host = fc.constantFrom("app.example", "app.example:8443", "localhost:3000", "")
    const origin = fc.oneof(
      fc.webUrl(),
      fc.string(),
      fc.constantFrom("https://app.example", "http://localhost:3000", "https://"),
    )
    fc.assert(
      fc.property(host, origin, (host, origin) => {
        const expected = host !== "" && [`https://${host}`, `http://${host}`].includes(origin)
        const isTrusted = trustedOrigins.includes(origin)
        expect(verify("POST", { Host: host, Origin: origin }, "http://internal/")).toBe(expected || isTrusted)
      }),
    )
  })
})

describe("trustedOrigins", () => {
  test.each(["https://nullable.example", "filemaker://x"])("takes %s, which begins like what is refused", (origin) => {
    const auth = createAuth({ adapter: memoryAdapter<{ id: string }>(), trustedOrigins: [origin] })
    expect(auth.trustedOrigins).toEqual([origin])
  })

  test.each([
    "example.com",
    "app.example.com:443",
    "https://",
    "https://x/",
    "https://x/path",
    "https://x?q",
    "https://x#f",
    "https://x:443",
    "http://x:80",
    "https://user@x",
    "https://X.example",
    "HTTPS://x",
    "https://x ",
    " https://x",
    "https://münchen.example",
    "null",
    "",
    "*",
    "*.co.uk",
    "*.github.io",
    "https://*.example.com",
    "https://*",
    "file://",
    "data:text/plain,x",
    "javascript:alert(1)",
    "chrome-extension://abc",
    "//x",
    "https://x, https://y",
    null,
    undefined,
    5,
    ["https://x"],
    "file://x",
    "wss://x",
    "https://null",
  ])("[CSR-6][P5] throws invalid_option for %j", (origin) => {
    const bad = ["https://ok.example", origin as string]
    expect(() => createAuth({ adapter: memoryAdapter<{ id: string }>(), trustedOrigins: bad })).toThrow(
      expect.objectContaining({ name: "AuthError", code: "invalid_option" }),
    )
  })

  test.each([
    "https://app.example",
    "http://localhost:5173",
    "https://app.example:8443",
    "https://xn--mnchen-3ya.example",
    "http://[::1]:3000",
    "capacitor://localhost",
    "ionic://localhost",
    "tauri://localhost",
    "http://tauri.localhost",
    "app://obsidian.md",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "moz-extension://c9a5d5a3-4e2e-4d0e-9d5b-1f2f3f4f5f6f",
    "safari-web-extension://c9a5d5a3-4e2e-4d0e-9d5b-1f2f3f4f5f6f",
  ])("takes %s, and the auth carries it to its wrappers", (origin) => {
    const auth = createAuth({ adapter: memoryAdapter<{ id: string }>(), trustedOrigins: [origin] })
    expect(auth.trustedOrigins).toEqual([origin])
    expect(verify("POST", { Host: "other.example", Origin: origin }, undefined, auth)).toBe(true)
  })

  test.each([
    ["https://x.example/", "https://x.example"],
    ["https://x.example/path?q", "https://x.example"],
    ["https://X.example", "https://x.example"],
    ["https://x.example:443", "https://x.example"],
    ["http://localhost:80", "http://localhost"],
    ["x.example", "https://x.example"],
    ["x.example:8443", "https://x.example:8443"],
    ["https://münchen.example", "https://xn--mnchen-3ya.example"],
    ["https://ada@x.example", "https://x.example"],
    ["Capacitor://localhost/", "capacitor://localhost"],
  ])("[CSR-6] name %j when they refuse it, and what was probably meant", (origin, meant) => {
    const create = () => createAuth({ adapter: memoryAdapter<{ id: string }>(), trustedOrigins: [origin] })
    expect(create).toThrow(`trustedOrigins: "${origin}" is not an origin; did you mean "${meant}"?`)
  })

  test.each(["null", "null/", "https://ada@null", "https://*.example.com", "file://", "wss://x.example", ""])(
    "[CSR-6] name %j, and how one is written",
    (origin) => {
      const create = () => createAuth({ adapter: memoryAdapter<{ id: string }>(), trustedOrigins: [origin] })
      expect(create).toThrow(`trustedOrigins: "${origin}" is not an origin; use one such as "https://example.com"`)
    },
  )

  test("are none by default", () => {
    expect(createAuth({ adapter: memoryAdapter<{ id: string }>() }).trustedOrigins).toEqual([])
  })
})

function verify(
  method: string,
  headers: Record<string, string | undefined>,
  url = "https://app.example/path",
  options: { trustedOrigins?: readonly string[] } = { trustedOrigins },
): boolean {
  const request = { method, url, headers: { get: (name: string) => headers[name] ?? null } }
  return verifyRequestOrigin(request, options)
}
