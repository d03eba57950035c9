import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { lucia } from "../../../src/lucia-v2.ts"
import type { Configuration } from "../../../src/lucia-v2.ts"

interface Sent {
  method?: string
  url?: string
  scheme?: "http" | "https"
  headers?: Record<string, string>
}

/** Tells whether the session cookie of a request counts. */
async function isTrusted(options: Partial<Configuration>, { headers = {}, ...sent }: Sent): Promise<boolean> {
  const auth = lucia({ adapter: memoryAdapter<{ id: string }>(), env: "PROD", ...options })
  await auth.createUser({ userId: "ada", key: null, attributes: {} })
  const { sessionId } = await auth.createSession({ userId: "ada", attributes: {} })
  const request = {
    method: "POST",
    ...sent,
    headers: new Headers({ ...headers, cookie: `auth_session=${sessionId}` }),
  }
  const session = await auth.handleRequest({ request, setCookie: () => {} }).validate()
  return session !== null
}

const url = "https://example.com/login"
const from = (origin: string): Sent => ({ url, headers: { origin } })

describe("without options", () => {
  test.each(["GET", "HEAD", "OPTIONS", "TRACE"])("%s changes nothing, and is answered to everyone", async (method) => {
    expect(await isTrusted({}, { method, ...from("https://evil.example") })).toBe(true)
    expect(await isTrusted({}, { method, url })).toBe(true)
  })

  test("[CSR-1] a GET that opens a WebSocket counts from the own origin only", async () => {
    for (const [sign, value] of [
      ["upgrade", "WebSocket"],
      ["sec-fetch-mode", "websocket"],
    ] as const) {
      const shakeHands = (origin: string) => isTrusted({}, { method: "GET", url, headers: { [sign]: value, origin } })
      expect(await shakeHands("https://example.com")).toBe(true)
      for (const origin of ["https://evil.example", "https://sub.example.com", "null"])
        expect(await shakeHands(origin)).toBe(false)
    }
  })

  test.each(["POST", "PUT", "PATCH", "DELETE", "", "post"])("[P4] %s counts from the own origin", async (method) => {
    expect(await isTrusted({}, { method, ...from("https://example.com") })).toBe(true)
    for (const origin of ["https://evil.example", "null", "", "example.com", "https://", "https://example.com.evil.io"])
      expect(await isTrusted({}, { method, ...from(origin) }), origin).toBe(false)
    expect(await isTrusted({}, { method, url })).toBe(false)
  })

  test("[P6] the whole origin counts", async () => {
    for (const origin of [
      "http://example.com",
      "https://evil@example.com",
      "https://example.com:8443",
      "https://www.example.com",
    ])
      expect(await isTrusted({}, from(origin)), origin).toBe(false)
    expect(await isTrusted({}, { url: "http://localhost:3000/", headers: { origin: "http://localhost:3000" } })).toBe(
      true,
    )
    expect(await isTrusted({}, { url: "http://example.com/", headers: { origin: "https://example.com" } })).toBe(true)
    expect(await isTrusted({}, { url: "http://example.com/", headers: { origin: "http://example.com" } })).toBe(false)
  })

  test("in development http is an origin too, where requests come by it", async () => {
    const env = "DEV"
    const origin = "http://192.168.0.5:3000"
    const headers = { origin, host: "192.168.0.5:3000" }
    expect(await isTrusted({ env }, { url: `${origin}/`, headers })).toBe(true)
    expect(await isTrusted({ env }, { headers })).toBe(true)
    expect(await isTrusted({ env }, { headers, scheme: "http" })).toBe(true)
    expect(await isTrusted({ env }, { headers, scheme: "https" })).toBe(false)
    expect(await isTrusted({ env }, { url: "https://192.168.0.5:3000/", headers })).toBe(false)
    expect(await isTrusted({ env }, { headers: { ...headers, host: "192.168.0.6:3000" } })).toBe(false)
    expect(await isTrusted({ env: "PROD" }, { headers })).toBe(false)
  })

  test("the Host header answers where there is no url, or only a path", async () => {
    const headers = { origin: "https://example.com", host: "example.com" }
    expect(await isTrusted({}, { headers })).toBe(true)
    expect(await isTrusted({}, { url: "/login", headers })).toBe(true)
    expect(await isTrusted({}, { headers: { ...headers, host: "evil.example" } })).toBe(false)
    expect(await isTrusted({}, { headers: { origin: "https://example.com" } })).toBe(false)
  })

  test("Sec-Fetch-Site decides where there is one, also behind a proxy that changes the host", async () => {
    const inside = "http://10.0.0.7:3000/"
    const sent = (site: string, origin = "https://example.com") => ({
      url: inside,
      headers: { origin, "sec-fetch-site": site },
    })
    expect(await isTrusted({}, sent("same-origin"))).toBe(true)
    expect(await isTrusted({}, sent("none"))).toBe(true)
    for (const site of ["same-site", "cross-site", "", "SAME-ORIGIN"])
      expect(await isTrusted({}, sent(site)), site).toBe(false)
    expect(
      await isTrusted({}, { url, headers: { origin: "https://example.com", "sec-fetch-site": "cross-site" } }),
    ).toBe(false)
    expect(await isTrusted({}, { url, headers: { "sec-fetch-site": "same-origin" } })).toBe(true)
  })
})

test("without protection everything counts", async () => {
  expect(await isTrusted({ csrfProtection: false }, from("https://evil.example"))).toBe(true)
  expect(await isTrusted({ csrfProtection: false }, { url })).toBe(true)
})

describe("with a host", () => {
  test("pages are on that host, whatever the request says", async () => {
    const csrfProtection = { host: "app.example.com" }
    expect(await isTrusted({ csrfProtection }, from("https://app.example.com"))).toBe(true)
    expect(await isTrusted({ csrfProtection }, from("https://example.com"))).toBe(false)
    expect(await isTrusted({ csrfProtection }, from("http://app.example.com"))).toBe(false)
    const headers = { origin: "https://app.example.com", "sec-fetch-site": "same-site" }
    expect(await isTrusted({ csrfProtection }, { url: "https://api.example.com/", headers })).toBe(true)
  })

  test("a header may name it, before the url does", async () => {
    const csrfProtection = { hostHeader: "X-Forwarded-Host" }
    const headers = { origin: "https://example.com", "x-forwarded-host": "example.com" }
    expect(await isTrusted({ csrfProtection }, { url: "http://10.0.0.7/", headers })).toBe(true)
    expect(await isTrusted({ csrfProtection }, { url, headers: { origin: "https://example.com" } })).toBe(true)
    expect(
      await isTrusted({ csrfProtection }, { url, headers: { ...headers, "x-forwarded-host": "a.io, example.com" } }),
    ).toBe(false)
  })
})

describe("subdomains", () => {
  const domain = (name: string) => ({ sessionCookie: { attributes: { domain: name } } })

  test("are those of the cookie's domain, or of the host that is configured", async () => {
    for (const base of [
      { ...domain("example.com"), csrfProtection: { allowedSubDomains: ["api", "a.b"] } },
      { ...domain(".example.com"), csrfProtection: { allowedSubDomains: ["api", "a.b"], host: "app.example.com" } },
      { csrfProtection: { allowedSubDomains: ["api", "a.b"], host: "example.com" } },
    ]) {
      for (const origin of ["https://api.example.com", "https://a.b.example.com"])
        expect(await isTrusted(base, from(origin)), origin).toBe(true)
      for (const origin of [
        "https://www.example.com",
        "http://api.example.com",
        "https://api.evil.io",
        "https://x.api.example.com",
        "https://apiexample.com",
      ])
        expect(await isTrusted(base, from(origin)), origin).toBe(false)
    }
  })

  test('"*" are all below, and nobody else\'s', async () => {
    const options = { ...domain("example.com"), csrfProtection: { allowedSubDomains: "*" as const } }
    for (const origin of ["https://api.example.com", "https://a.b.example.com", "https://example.com"])
      expect(await isTrusted(options, from(origin)), origin).toBe(true)
    for (const origin of [
      "https://evilexample.com",
      "http://api.example.com",
      "https://example.com.evil.io",
      "https://evil.com",
    ])
      expect(await isTrusted(options, from(origin)), origin).toBe(false)
  })

  test.each([
    ["app.example.co.uk", "https://evil.co.uk"],
    ["me.github.io", "https://evil.github.io"],
    ["example.com", "https://evil.com"],
  ])("[P5] of %s are never those of what it is below", async (host, origin) => {
    for (const allowedSubDomains of ["*" as const, ["evil"]]) {
      expect(await isTrusted({ csrfProtection: { host, allowedSubDomains } }, from(origin))).toBe(false)
      expect(await isTrusted({ ...domain(host), csrfProtection: { allowedSubDomains } }, from(origin))).toBe(false)
    }
  })

  test("may leave out the name, which is the domain itself", async () => {
    const allowedSubDomains = [null, "api"] as unknown as string[]
    const options = { ...domain("example.com"), csrfProtection: { allowedSubDomains } }
    expect(
      await isTrusted(options, { url: "https://app.example.com/", headers: { origin: "https://example.com" } }),
    ).toBe(true)
  })

  test("come before Sec-Fetch-Site, which calls them same-site", async () => {
    const options = { ...domain("example.com"), csrfProtection: { allowedSubDomains: ["api"] } }
    const headers = { origin: "https://api.example.com", "sec-fetch-site": "same-site" }
    expect(await isTrusted(options, { url, headers })).toBe(true)
  })

  test("of this machine have a port", async () => {
    const options = { env: "DEV" as const, csrfProtection: { host: "localhost:3000", allowedSubDomains: ["api"] } }
    const sent = (origin: string) => ({ url: "http://localhost:3000/", headers: { origin } })
    expect(await isTrusted(options, sent("http://api.localhost:3000"))).toBe(true)
    expect(await isTrusted(options, sent("http://api.localhost:4000"))).toBe(false)
  })
})

test("validateRequestOrigin() throws for a request that does not count", () => {
  const { validateRequestOrigin } = lucia({ adapter: memoryAdapter(), env: "PROD" })
  const check = (method: string | null, origin: string | null, url: string | null = "https://example.com/") => {
    return () => validateRequestOrigin({ url, method, headers: { origin } })
  }
  check("POST", "https://example.com")()
  check("GET", null)()
  for (const refused of [check("POST", null), check("POST", "null"), check(null, null), check("GET", null, null)])
    expect(refused).toThrow("AUTH_INVALID_REQUEST")
})
