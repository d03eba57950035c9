import { Hono } from "hono"
import { afterEach, describe, expect, test } from "vitest"
import type { Context } from "hono"
import { createHonoAuth } from "../../src/hono.ts"
import type { AuthError, CookieOptions } from "../../src/index.ts"
import { createNodeAuth } from "../../src/node.ts"
import { createSnapshots } from "../../src/stateless.ts"
import { minute, setUp as setUpAuth } from "../core/auth-fixture.ts"
import { createWebAuth } from "../../src/web.ts"
import { createCookieJar } from "./cookie-jar.ts"
import { listen } from "./node-server.ts"
import { browserAt, wrappers } from "./sites.ts"
import type { Site, Visit } from "./sites.ts"

const visible = Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n)).join("")
const safe = visible.replace(/[",;\\]/g, "")

const opened: Site[] = []
afterEach(async () => {
  for (const site of opened.splice(0)) await site.close()
})

describe.each(wrappers)("flow cookies of $name", ({ open }) => {
  test("hold a value from one request to the next, until it is deleted", async () => {
    const { browser } = await setUp()
    await browser.visit(({ flow }) => flow.setFlow("pending", "abc"), "POST")
    expect(await readFrom(browser, "pending")).toBe("abc")
    await browser.visit(({ flow }) => flow.setFlow("pending", null), "POST")
    expect(await readFrom(browser, "pending")).toBeNull()
    expect(browser.jar.names()).toEqual([])
  })

  test("are of the host alone, for ten minutes, and sent along by links of other sites", async () => {
    const { browser } = await setUp()
    const { cookies } = await browser.visit(({ flow }) => flow.setFlow("pending", "abc"), "POST")
    expect(cookies).toEqual(["__Host-pending=abc; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax"])
  })

  test("live as long as they are told to, in a browser", async () => {
    const { browser, now } = await setUp()
    await browser.visit(({ flow }) => flow.setFlow("pending", "abc", "1h"), "POST")
    now.advance(60 * minute - 1)
    expect(await readFrom(browser, "pending")).toBe("abc")
    now.advance(1)
    expect(await readFrom(browser, "pending")).toBeNull()
  })

  const configured: [CookieOptions, string, string][] = [
    [
      { domain: "example.com", path: "/app" },
      "pending",
      "__Host-pending=1; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax",
    ],
    [{ sameSite: "strict" }, "pending", "__Host-pending=1; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax"],
    [
      { sameSite: "none", partitioned: true },
      "pending",
      "__Host-pending=1; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
    ],
    [
      { sameSite: "none", partitioned: true },
      "oauth-1f",
      "__Host-oauth-1f=1; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax",
    ],
    [{ secure: false }, "pending", "pending=1; Max-Age=600; Path=/; HttpOnly; SameSite=Lax"],
  ]

  test.each(configured)("are like this next to a session's cookie with %j: %s", async (cookie, name, header) => {
    const { browser } = await setUp({ cookie })
    const set = await browser.visit(({ flow }) => flow.setFlow(name, "1"), "POST")
    expect(set.cookies).toEqual([header])
    const removed = await browser.visit(({ flow }) => flow.setFlow(name, null), "POST")
    const [pair, ...attributes] = header.split("; ")
    const [maxAge = ""] = attributes.splice(0, 1, "Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    expect(maxAge).toBe("Max-Age=600")
    expect(removed.cookies).toEqual([[pair?.replace(/=1$/, "="), ...attributes].join("; ")])
  })

  test("give what the request itself has set last", async () => {
    const { browser } = await setUp()
    await browser.visit(({ flow }) => flow.setFlow("pending", "old"), "POST")
    const { result, cookies } = await browser.visit(async ({ flow }) => {
      const seen = [await flow.readFlow("pending"), await flow.flowNames("pend")]
      await flow.setFlow("pending", "new")
      seen.push(await flow.readFlow("pending"))
      await flow.setFlow("pending", null)
      seen.push(await flow.readFlow("pending"), await flow.flowNames("pend"))
      await flow.setFlow("pending", "last")
      return [...seen, await flow.readFlow("pending")]
    }, "POST")
    expect(result).toEqual(["old", ["pending"], "new", null, [], "last"])
    expect(cookies.map((header) => header.split(";", 1)[0])).toEqual(["__Host-pending=last"])
  })

  test("keep every value that they take, to the byte", async () => {
    const { browser } = await setUp()
    for (const value of [safe, "%41%00%zz", "~", "a~", "=", "x".repeat(3900)]) {
      const { cookies } = await browser.visit(({ flow }) => flow.setFlow("kept", value), "POST")
      expect(cookies[0]).toContain("; Max-Age=600;")
      expect(await readFrom(browser, "kept")).toBe(value)
    }
  })

  test("are listed by the start of their names, the session's cookie and others left out", async () => {
    const { site, browser, signIn } = await setUp()
    await signIn()
    const others = ["theme=dark", "__Host-Theme=dark; Secure", "__Host-a.b=1; Secure", "__Host-=1; Secure"]
    browser.jar.receive(
      site.origin,
      others.map((header) => `${header}; Path=/`),
    )
    const { result } = await browser.visit(async ({ flow }) => {
      for (const name of ["oauth-1", "oauth-2", "other"]) await flow.setFlow(name, "1")
      return [await flow.flowNames("oauth-"), await flow.flowNames("")]
    }, "POST")
    expect(result).toEqual([
      ["oauth-1", "oauth-2"],
      ["oauth-1", "oauth-2", "other"],
    ])
    const sent = await browser.visit(async ({ flow }) => [await flow.flowNames("oauth-"), await flow.flowNames("")])
    expect(sent.result.map((names) => names.toSorted())).toEqual(result)
  })

  test("of two tabs live next to each other, and of one name the last one counts", async () => {
    const { browser } = await setUp()
    await Promise.all([
      browser.visit(({ flow }) => flow.setFlow("oauth-1", "one"), "POST"),
      browser.visit(({ flow }) => flow.setFlow("oauth-2", "two"), "POST"),
    ])
    expect(await readFrom(browser, "oauth-1")).toBe("one")
    expect(await readFrom(browser, "oauth-2")).toBe("two")
    await browser.visit(({ flow }) => flow.setFlow("oauth-1", "again"), "POST")
    expect(await readFrom(browser, "oauth-1")).toBe("again")
  })

  test("touch neither the session nor its cookie", async () => {
    const { browser, signIn } = await setUp()
    await signIn()
    const { cookies } = await browser.visit(({ flow }) => flow.setFlow("pending", "1"), "POST")
    expect(cookies).toHaveLength(1)
    expect(await browser.username()).toBe("ada")
    const both = await browser.visit(async ({ flow, rotate }) => {
      await flow.setFlow("pending", "2")
      await rotate()
    }, "POST")
    expect(both.cookies).toHaveLength(2)
    expect(await browser.username()).toBe("ada")
    await browser.visit(({ signOut }) => signOut(), "POST")
    expect(await readFrom(browser, "pending")).toBe("2")
  })

  test.each<[string, (visit: Visit) => Promise<unknown>]>([
    ["reading one", ({ flow }) => flow.readFlow("pending")],
    ["setting one", ({ flow }) => flow.setFlow("pending", "1")],
    ["deleting one", ({ flow }) => flow.setFlow("pending", null)],
    ["listing them", ({ flow }) => flow.flowNames("")],
  ])("keep shared caches away from a response that depends on %s", async (_, act) => {
    const { browser } = await setUp()
    const { headers } = await browser.visit(act, "POST")
    expect(headers).toEqual({ cacheControl: "private, no-store", vary: "Cookie" })
  })

  test("[COO-10] are neither read nor set for a request of another site that may change something", async () => {
    const { site } = await setUp()
    const foreign = { method: "POST", cookie: "__Host-pending=1", origin: "https://evil.example" }
    const visiting = site.visit(async ({ flow }) => {
      await flow.setFlow("pending", "2")
      await flow.setFlow("other", "3")
      return [flow.crossOrigin, await flow.readFlow("pending"), await flow.readFlow("other"), await flow.flowNames("")]
    }, foreign)
    const { result, cookies } = await visiting.catch((error: Error) => {
      expect(error.message).toBe("The request was not served: 403")
      return { result: [true, null, null, []], cookies: [] }
    })
    expect(result).toEqual([true, null, null, []])
    expect(cookies).toEqual([])
  })

  test("are read when a link of another site leads here", async () => {
    const { site } = await setUp()
    const { result } = await site.visit(({ flow }) => flow.readFlow("pending"), { cookie: "__Host-pending=1" })
    expect(result).toBe("1")
  })

  test.each([
    ["several different values", "__Host-x=1; __Host-x=2"],
    ["one that is escaped wrongly", "__Host-x=%zz"],
    ["one that is cut off in a character", "__Host-x=%E2%82"],
    ["one that ends in an escape", "__Host-x=abc%"],
    ["a null character", "__Host-x=a%00b"],
    ["a line break", "__Host-x=a%0D%0ASet-Cookie:b"],
    ["one without a value", "__Host-x="],
    ["a name without a value", "__Host-x"],
    ["one that its neighbour quotes", "$Version=1; __Host-x=1"],
    ["a name in other letters", "__host-x=1; __HOST-x=1; __Host-X=1"],
    ["a name that no host has proved", "x=1; __Secure-x=1"],
    ["a name that only ends so", "a__Host-x=1; __Host-__Host-x=1"],
  ])("are none where %s came", async (_, cookie) => {
    const { site } = await setUp()
    const { result } = await site.visit(
      async ({ flow }) => [await flow.readFlow("x"), (await flow.flowNames("x")).includes("x")],
      { cookie },
    )
    expect(result).toEqual([null, false])
  })

  test("are the same twice, and one", async () => {
    const { site } = await setUp()
    const { result } = await site.visit(({ flow }) => flow.readFlow("x"), { cookie: "__Host-x=1; __Host-x=1" })
    expect(result).toBe("1")
  })

  test("are read out of a header as large as a server takes, of which no more than a hundred are listed", async () => {
    const { site } = await setUp()
    const cookie = Array.from({ length: 900 }, (_, n) => `__Host-x${n}=1`).join("; ")
    const { result } = await site.visit(async ({ flow }) => [await flow.flowNames("x"), await flow.readFlow("x7")], {
      cookie,
    })
    expect(result[0]).toHaveLength(100)
    expect(result[1]).toBe("1")
  })

  const mistakes: [string, (visit: Visit) => Promise<unknown>, string, RegExp][] = [
    [
      "a name in capitals",
      ({ flow }) => flow.setFlow("Pending", "1"),
      "invalid_option",
      /^flow name: "Pending" is inv/,
    ],
    ["a long name", ({ flow }) => flow.setFlow("a".repeat(41), "1"), "invalid_option", /^flow name: /],
    [
      "a value in the place of the name, which is not printed",
      ({ flow }) => flow.setFlow("Secret".repeat(10), "pending"),
      "invalid_option",
      /^flow name: "too long" is inv/,
    ],
    ["the prefix of cookies", ({ flow }) => flow.setFlow("__host-a", "1"), "invalid_option", /^flow name: /],
    ["no name", ({ flow }) => flow.setFlow("", "1"), "invalid_option", /^flow name: /],
    ["a name with a line break", ({ flow }) => flow.readFlow("a\n"), "invalid_option", /^flow name: /],
    ["a name that is no text", ({ flow }) => flow.readFlow(["a"] as never), "invalid_option", /^flow name: /],
    ["the session's name", ({ flow }) => flow.setFlow("session", "1"), "invalid_option", /^flow name: .*use another$/],
    ["reading by it", ({ flow }) => flow.readFlow("session"), "invalid_option", /^flow name: /],
    ["an earlier name of it", ({ flow }) => flow.setFlow("sid", "1"), "invalid_option", /^flow name: .*use another$/],
    ["a value with a semicolon", ({ flow }) => flow.setFlow("a", "1; Domain=x"), "invalid_option", /^flow value: not/],
    ["a value with a line break", ({ flow }) => flow.setFlow("a", "1\r\n"), "invalid_option", /^flow value: not/],
    ["a value beyond ASCII", ({ flow }) => flow.setFlow("a", "é"), "invalid_option", /^flow value: not/],
    ["an empty value", ({ flow }) => flow.setFlow("a", ""), "invalid_option", /^flow value: .*null to delete/],
    ["no value", ({ flow }) => flow.setFlow("a", undefined as never), "invalid_option", /^flow value: not/],
    [
      "a large value",
      ({ flow }) => flow.setFlow("a", "x".repeat(3901)),
      "cookie_too_large",
      /^flow value: 3901 bytes;/,
    ],
    ["no duration", ({ flow }) => flow.setFlow("a", "1", "soon" as never), "invalid_option", /^expiresIn: "soon" is/],
  ]

  test.each(mistakes)("refuse %s, and write nothing", async (_, mistake, code, message) => {
    const { browser } = await setUp({ cookie: { replaces: [{ name: "sid" }] } })
    const { result, cookies } = await browser.visit(
      (visit) => mistake(visit).catch((error: unknown) => error as AuthError),
      "POST",
    )
    expect(result).toMatchObject({ code, message: expect.stringMatching(message) as string })
    expect(cookies).toEqual([])
  })

  test("know the method, and who is signed in", async () => {
    const { browser, signIn } = await setUp()
    await signIn()
    const { result } = await browser.visit(async ({ flow }) => {
      return [flow.method, flow.crossOrigin, (await flow.validate())?.session.userId]
    }, "POST")
    expect(result).toEqual(["POST", false, "user-1"])
  })

  async function setUp(options: { cookie?: CookieOptions } = {}) {
    const { auth, now } = await setUpAuth(options)
    const site = await open(auth)
    opened.push(site)
    const browser = browserAt(site, now)
    return { now, site, browser, signIn: () => browser.visit(({ signIn }) => signIn("user-1"), "POST") }
  }
})

const allowing = wrappers.filter(({ name }) => name !== "createPagesAuth()")

test.each(allowing)(
  "$name with allowCrossOrigin sets them for a foreign request, and reads none of its",
  async ({ open }) => {
    const { auth } = await setUpAuth()
    const site = await open(auth, { allowCrossOrigin: true })
    opened.push(site)
    const foreign = { method: "POST", cookie: "__Host-pending=1", origin: "https://appleid.apple.com" }
    const { result, cookies } = await site.visit(async ({ flow }) => {
      const before = [await flow.readFlow("pending"), await flow.flowNames("")]
      await flow.setFlow("other", "2")
      return [...before, await flow.readFlow("other")]
    }, foreign)
    expect(result).toEqual([null, [], "2"])
    expect(cookies).toEqual(["__Host-other=2; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax"])
  },
)

describe("in a browser's cookie jar", () => {
  const url = "https://app.example.com/"

  test("[COO-10] nobody on another subdomain, and no insecure page, can plant a flow", async () => {
    const { auth, now } = await setUpAuth({ cookie: { domain: "example.com" } })
    const jar = createCookieJar(now)
    jar.receive("https://evil.example.com/", [
      "__Host-pending=planted; Path=/; Secure; Domain=example.com",
      "__Host-pending=planted; Path=/; Secure",
      "pending=planted; Path=/; Secure; Domain=example.com",
    ])
    jar.receive("http://app.example.com/", ["__Host-pending=planted; Path=/", "pending=planted; Path=/"])
    const { handleRequest } = createWebAuth(auth)
    const headers = { Cookie: jar.header(url) ?? "" }
    expect(headers.Cookie).toContain("pending=planted")
    expect(await handleRequest(new Request(url, { headers })).readFlow("pending")).toBeNull()
  })

  test("a flow is kept by the host that set it, on every path, and sent to no other", async () => {
    const { auth, now } = await setUpAuth({ cookie: { domain: "example.com", path: "/app" } })
    const jar = createCookieJar(now)
    const request = createWebAuth(auth).handleRequest(new Request(url))
    await request.setFlow("pending", "1")
    jar.receive(url, request.applyTo(new Response()).headers.getSetCookie())
    expect(jar.header(`${url}deep/down`)).toBe("__Host-pending=1")
    expect(jar.header("https://evil.example.com/")).toBeNull()
    expect(jar.header("http://app.example.com/")).toBeNull()
  })
})

describe("once the response was sent", () => {
  test("a flow is neither set nor first read over Node.js", async () => {
    const { auth } = await setUpAuth()
    const { handleRequest } = createNodeAuth(auth)
    const late: unknown[] = []
    const server = await listen((req, res) => {
      const request = handleRequest(req, res)
      res.end()
      const calls = [request.setFlow("a", "1"), request.readFlow("a"), request.flowNames("")]
      for (const call of calls) call.catch((error: unknown) => late.push(error))
    })
    const { cookies } = await server.send({})
    await server.close()
    expect(late).toMatchObject(Array.from({ length: 3 }, () => ({ code: "headers_sent" })))
    expect(cookies).toEqual([])
  })

  test("a flow that was read before can be read again, and not set", async () => {
    const { auth } = await setUpAuth()
    const request = createWebAuth(auth).handleRequest(
      new Request("https://app.example/", { headers: { Cookie: "__Host-a=1" } }),
    )
    expect(await request.readFlow("a")).toBe("1")
    request.applyTo(new Response())
    expect(await request.readFlow("a")).toBe("1")
    await expect(request.setFlow("a", "2")).rejects.toMatchObject({
      code: "headers_sent",
      message: expect.stringContaining("set flow cookies, before you send") as string,
    })
  })

  test("a flow that is set just before without await is set", async () => {
    const { auth } = await setUpAuth()
    const POST = createWebAuth(auth).handler((_, request) => {
      void request.setFlow("a", "1")
      return new Response()
    })
    const response = await POST(new Request("https://app.example/", { method: "POST" }))
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })
})

test("the name of a snapshot's cookie is taken", async () => {
  const { auth, now } = await setUpAuth()
  const snapshots = createSnapshots({ secrets: [new Uint8Array(32).map((_, n) => n)], now, claims: () => ({}) })
  const request = createWebAuth(auth, { snapshots }).handleRequest(
    new Request("https://app.example/", { headers: { Cookie: "__Host-session-snapshot=1" } }),
  )
  await expect(request.readFlow("session-snapshot")).rejects.toMatchObject({ code: "invalid_option" })
  expect(await request.flowNames("")).toEqual([])
})

test("a flow that a Hono handler sets in a response of its own leaves with it", async () => {
  const { auth } = await setUpAuth()
  const app = new Hono().use(createHonoAuth(auth)).post("/", async (c: Context) => {
    await c.var.auth.setFlow("a", "1")
    return c.redirect("/next")
  })
  const { headers } = await app.request("https://app.example/", { method: "POST" })
  expect(headers.getSetCookie()).toEqual(["__Host-a=1; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax"])
})

async function readFrom(browser: ReturnType<typeof browserAt>, name: string): Promise<string | null> {
  return (await browser.visit(({ flow }) => flow.readFlow(name))).result
}
