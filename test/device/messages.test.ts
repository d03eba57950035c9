import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createDeviceBinding, deviceKey } from "../../src/device.ts"
import { createAuth } from "../../src/index.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import { createWebAuth } from "../../src/web.ts"
import { clientOf, only, openBound, proofCookieOf } from "./bound.ts"
import { origin } from "./device-browser.ts"
import { minute, secretOf, setUp } from "./set-up.ts"
import type { SessionRow, UserRow } from "./set-up.ts"

const day = 24 * 60 * minute

function open(options: object = {}, cookie: object = {}) {
  const adapter = memoryAdapter<UserRow, SessionRow>()
  const auth = createAuth({ adapter, cookie, getSessionAttributes: (row) => deviceKey(row) })
  return createDeviceBinding({ auth, secrets: [secretOf(1)], mode: "enforce", ...options })
}

describe("createDeviceBinding() names the option, the value and the remedy", () => {
  test.each<[object, string]>([
    [{ cokieLife: "10m" }, 'createDeviceBinding(): "cokieLife" is not an option; did you mean "cookieLife"?'],
    [{ mode: "strict" }, 'mode: "strict" is unknown; use "observe" or "enforce"'],
    [{ cookieLife: "299s" }, 'cookieLife: "299s" is too short for browsers; use at least "5m"'],
    [{ cookieLife: "10 minutes" }, 'cookieLife: "10 minutes" is not a duration; use one such as "30d"'],
    [{ cookieLife: 600_000 }, 'cookieLife: 600000 is not a duration; use one such as "30d"'],
    [{ secrets: ["short"] }, "secrets[0]: too short, with 5 bytes of at least 32; make one with"],
  ])("for %j", (options, message) => {
    expect(() => open(options)).toThrow(expect.objectContaining({ code: "invalid_option" }))
    expect(() => open(options)).toThrow(message)
  })

  test.each([
    "",
    "/",
    "auth/device",
    "//evil.example/device",
    "/auth//device",
    "/auth/../device",
    "/auth/./device",
    "/auth/..",
    "/auth/device?x",
    "/auth/device;x",
    '/auth/"device',
    "/auth/device\n",
    "/auth/%64evice",
    "https://evil.example/device",
    5,
    null,
  ])("for the path %j", (path) => {
    expect(() => open({ path })).toThrow(/^path: .* is not a path below cookie\.path$/)
  })

  test.each([
    ["/auth/device", "/app"],
    ["/application/device", "/app"],
    ["/ap", "/app"],
  ])("for the path %s and the cookie's path %s", (path, cookiePath) => {
    expect(() => open({ path }, { path: cookiePath })).toThrow(/^path: .* is not a path below cookie\.path$/)
  })

  test("for a cookie that spans hosts, which observe takes, and for a partitioned one", () => {
    const domain = "example.com"
    expect(() => open({}, { domain })).toThrow('cookie.domain: "example.com" spans hosts; remove it, or use "observe"')
    expect(open({ mode: "observe" }, { domain }).path).toBe("/auth/device")
    expect(() => open({}, { partitioned: true })).toThrow("cookie.partitioned: true cannot be bound; remove it")
  })

  test("for an auth that stores no sessions", () => {
    const stateless = createStatelessAuth({ secrets: [secretOf(1)] })
    for (const auth of [stateless, undefined, {}]) {
      expect(() => open({ auth })).toThrow(expect.objectContaining({ code: "unsupported" }))
      expect(() => open({ auth })).toThrow("auth: stores no sessions; use createAuth()")
    }
  })
})

test.each([
  ["/auth/device", "/"],
  ["/.well-known/device", "/"],
  ["/a/b-c_d.e~f/", "/"],
  ["/app/device", "/app"],
  ["/app/device", "/app/"],
])("createDeviceBinding() takes the path %s with the cookie's path %s", (path, cookiePath) => {
  expect(open({ path }, { path: cookiePath }).path).toBe(path)
})

test("prove() names what is wrong with its options", async () => {
  const { auth, device, browser } = await openBound()
  const { session } = await auth.validateSession(auth.readSessionCookie(browser.cookies()))
  const prove = (options: object) => device().prove(new Request(origin), session!, options)
  await expect(prove({ whitin: "1m" })).rejects.toThrow('prove(): "whitin" is not an option; use within')
  await expect(prove({ within: "soon" })).rejects.toThrow('within: "soon" is not a duration; use one such as "30d"')
})

test("an auth that does not show deviceKey is an error of the first request that is signed in, not an open door", async () => {
  const adapter = memoryAdapter<UserRow, SessionRow>()
  await adapter.insertUser({ id: "ada", attributes: {} }, null)
  const auth = createAuth({ adapter, getSessionAttributes: () => ({}) }) as never as Parameters<typeof binding>[0]
  function binding(shown: Awaited<ReturnType<typeof setUp>>["auth"]) {
    return createDeviceBinding({ auth: shown, secrets: [secretOf(1)], mode: "observe" })
  }
  const serve = createWebAuth(auth, { device: binding(auth) }).handler(async (_, { validate }) => {
    return new Response((await validate())?.user.id ?? "nobody")
  })
  expect(await clientOf(serve).read("")).toBe("nobody")
  const { token } = await auth.createSession("ada")
  await expect(clientOf(serve).read(`__Host-session=${token}`)).rejects.toThrow(
    "session.deviceKey: undefined is missing; use deviceColumns, and deviceKey() in createAuth()",
  )
})

describe("the cookies of a bond", () => {
  test.each(["lax", "strict", "none"] as const)("have the session's SameSite: %s", async (sameSite) => {
    const { session, browser } = await openBound({ cookie: { sameSite } })
    const { name, attributes } = session.instructions.credentials[0]
    expect(proofCookieOf(browser.cookies()).split("=", 1)[0]).toBe(name)
    expect(attributes).toBe(`Path=/; HttpOnly; Secure; SameSite=${sameSite[0]!.toUpperCase()}${sameSite.slice(1)}`)
  })

  test("belong to the host alone, where the session is that of a path", async () => {
    const world = await setUp({ cookie: { path: "/app" }, path: "/app/device" })
    const browser = world.openBrowser()
    await browser.visit("/app/sign-in", { method: "POST" })
    const [session] = browser.sessions.values()
    expect(session?.instructions).toMatchObject({ refresh_url: "/app/device", scope: { include_site: false } })
    expect(session?.cookie).toMatch(/^__Host-bound-device-[0-9a-f]{8}$/)
  })

  test("end with the browser's proof, although the session ends with the browser", async () => {
    const world = await setUp()
    const { token } = await world.auth.createSession("ada")
    const browser = world.openBrowser()
    browser.jar.receive(origin, [world.auth.createSessionCookie(token, { persistent: false }).serialize()])
    expect(await (await browser.visit("/")).text()).toBe("ada")
    only(browser)
    expect(await (await browser.visit("/")).text()).toBe("ada")
    browser.jar.restart()
    world.now.advance(11 * minute)
    expect(await (await browser.visit("/")).text()).toBe("nobody")
    expect(browser.sessions.size).toBe(0)
  })

  test("outlive a year, where sessions have no absolute timeout", async () => {
    const { browser, now } = await openBound({ session: { absoluteTimeout: false, idleTimeout: "60d" } })
    for (let n = 0; n < 30; n++) {
      now.advance(20 * day)
      expect(await (await browser.visit("/", { from: n % 2 ? "own" : "other" })).text()).toBe("ada")
    }
    only(browser)
  })

  test("end with the session's absolute timeout", async () => {
    const { browser, now } = await openBound({ session: { absoluteTimeout: "2d", idleTimeout: "2d" } })
    now.advance(day)
    expect(await (await browser.visit("/")).text()).toBe("ada")
    now.advance(day)
    expect(await (await browser.visit("/")).text()).toBe("nobody")
    expect(browser.sessions.size).toBe(0)
    expect(browser.jar.names()).toEqual([])
  })
})
