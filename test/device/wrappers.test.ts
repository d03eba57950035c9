import { afterEach, describe, expect, test } from "vitest"
import { createHonoAuth } from "../../src/hono.ts"
import { createNodeAuth } from "../../src/node.ts"
import { createWebAuth } from "../../src/web.ts"
import { clientOf, cookiesOf, only, openBound, proofCookieOf, registration, sessionCookieOf } from "./bound.ts"
import { createDeviceBrowser, origin } from "./device-browser.ts"
import { minute, setUp } from "./set-up.ts"
import type { Changes } from "./set-up.ts"
import { sites } from "./sites.ts"
import type { Site } from "./sites.ts"

const opened: Site[] = []
afterEach(async () => {
  for (const site of opened.splice(0)) await site.close()
})

describe.each(sites)("%s", (_, open) => {
  async function openSite(changes: Changes = {}) {
    const world = await setUp(changes)
    const site = await open(world)
    opened.push(site)
    const browser = createDeviceBrowser(site.serve, { now: world.now })
    return { ...world, ...site, ...clientOf(site.serve), browser }
  }

  test("binds a session, renews its proof and refuses a copied cookie", async () => {
    const { browser, now, read } = await openSite()
    expect(await (await browser.visit("/sign-in", { method: "POST" })).text()).toBe("ada")
    only(browser)
    const stolen = browser.cookies()
    expect(await read(stolen)).toBe("ada")
    expect(await read(sessionCookieOf(stolen))).toBe("nobody")
    now.advance(10 * minute)
    expect(await read(stolen)).toBe("nobody")
    expect(await (await browser.visit("/")).text()).toBe("ada")
    expect(await (await browser.visit("/", { from: "other" })).text()).toBe("ada")
  })

  test("sets all cookies of a registration, and the headers that keep its answer from others", async () => {
    const { endpoint, post, auth } = await openSite()
    const Cookie = cookiesOf(await post("/sign-in", ""))
    const response = await endpoint({ Cookie, ...registration(auth.readSessionCookie(Cookie)!) })
    expect(response.headers.getSetCookie().map((cookie) => cookie.split("=", 1)[0])).toEqual([
      expect.stringMatching(/^__Host-bound-device-[0-9a-f]{8}$/),
      "__Host-bound-device",
      "__Host-bound-device-offer",
    ])
    expect(proofCookieOf(cookiesOf(response))).not.toBe("")
    expect(response.headers.get("Cache-Control")).toBe("no-store")
    expect(response.headers.get("Content-Type")).toBe("application/json")
    expect((await endpoint({}, "PUT")).headers.get("Allow")).toBe("GET, POST")
  })

  test("offers a key on a page, and keeps shared caches away from it", async () => {
    const { serve, post } = await openSite()
    const Cookie = cookiesOf(await post("/sign-in", ""))
    const { headers } = await serve(new Request(`${origin}/`, { headers: { Cookie } }))
    expect(headers.get("Secure-Session-Registration")).toMatch(
      /^\(ES256 RS256\);path="\/auth\/device";challenge="[0-9a-f]{64}"$/,
    )
    expect(headers.get("Cache-Control")).toBe("private, no-store")
    const fetched = await serve(new Request(`${origin}/`, { headers: { Cookie, "Sec-Fetch-Mode": "cors" } }))
    expect(fetched.headers.get("Secure-Session-Registration")).toBeNull()
  })

  test("refuses nobody while it observes", async () => {
    const { browser, now, read, types } = await openSite({ mode: "observe" })
    await browser.visit("/sign-in", { method: "POST" })
    now.advance(10 * minute)
    expect(await read(sessionCookieOf(browser.cookies()))).toBe("ada")
    expect(types()).toContain("device_skipped")
    expect(types()).not.toContain("device_refused")
  })

  test("answers what other sites send to the endpoint, where only a signature counts", async () => {
    const { endpoint } = await openSite()
    const response = await endpoint({ "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" })
    expect([response.status, cookiesOf(response)]).toEqual([400, ""])
  })
})

test.each(["enforce", "observe"] as const)(
  "every memberOf() looks for the proof of a bearer token's session: %s",
  async (mode) => {
    const world = await openBound({ mode })
    const token = world.auth.readSessionCookie(world.browser.cookies())!
    const headers = { Authorization: `Bearer ${token}`, Cookie: world.browser.cookies() }
    const device = world.device()
    const web = new Request(`${origin}/api`, { headers })
    const node = {
      method: "GET",
      socket: {},
      headers: { authorization: headers.Authorization, cookie: headers.Cookie },
    }
    const checked = await Promise.all([
      createWebAuth(world.auth, { device }).memberOf(web),
      createHonoAuth(world.auth, { device }).memberOf(web),
      createNodeAuth(world.auth, { device }).memberOf(node as never),
    ])
    expect(checked.map(({ refused }) => refused)).toEqual(Array(3).fill(mode === "enforce" ? "signed_out" : undefined))
    expect(world.events.slice(-3).map(({ reason }) => reason)).toEqual(["bearer", "bearer", "bearer"])
    expect(world.types().at(-1)).toBe(mode === "enforce" ? "device_refused" : "device_skipped")
  },
)

test("answerDevice() says what is missing without a device", async () => {
  const { auth } = await setUp()
  await expect(createNodeAuth(auth).answerDevice({} as never, {} as never)).rejects.toThrow(
    "device: undefined is missing; pass what createDeviceBinding() returned",
  )
})
