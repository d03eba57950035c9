import { expect, test } from "vitest"
import { createWebAuth } from "../../src/web.ts"
import { createDeviceBrowser } from "./device-browser.ts"
import { minute, secretOf, setUp } from "./set-up.ts"

const signIn = { method: "POST" } as const

test("[DEV-3] a browser binds the session in which its user has signed in", async () => {
  const { openBrowser, types, auth } = await setUp()
  const browser = openBrowser()
  expect(await (await browser.visit("/sign-in", signIn)).text()).toBe("ada")
  expect(types()).toContain("device_bound")
  const [session] = await auth.getUserSessions("ada")
  expect(session?.deviceKey).toMatch(/^\d+\.[\w-]{43}\.[\w-]{43}$/)
  expect(browser.sessions.size).toBe(1)
})

test("[DEV-2] the owner stays signed in while the cookie expires again and again", async () => {
  const { openBrowser, now } = await setUp()
  const browser = openBrowser()
  await browser.visit("/sign-in", signIn)
  for (let n = 0; n < 20; n++) {
    now.advance(11 * minute)
    expect(await (await browser.visit("/", { from: n % 3 ? "own" : "other" })).text()).toBe("ada")
  }
})

test("[DEV-1] copied cookies are good for no longer than cookieLife", async () => {
  const { openBrowser, now, serve, events } = await setUp()
  const browser = openBrowser()
  await browser.visit("/sign-in", signIn)
  const Cookie = browser.cookies()
  const thief = async () => (await serve(new Request("https://app.example/", { headers: { Cookie } }))).text()
  expect(await thief()).toBe("ada")
  now.advance(10 * minute)
  expect(await thief()).toBe("nobody")
  expect(events.at(-1)).toMatchObject({ type: "device_refused", userId: "ada", reason: "expired" })
  expect(await (await browser.visit("/")).text()).toBe("ada")
})

test("[DEV-1] a session cookie alone is refused at once", async () => {
  const { openBrowser, serve } = await setUp()
  const browser = openBrowser()
  await browser.visit("/sign-in", signIn)
  const Cookie = /__Host-session=[^;]+/.exec(browser.cookies())![0]
  expect(await (await serve(new Request("https://app.example/", { headers: { Cookie } }))).text()).toBe("nobody")
  const rotated = await serve(
    new Request("https://app.example/rotate", { method: "POST", headers: { Cookie, "Sec-Fetch-Site": "same-origin" } }),
  )
  expect(await rotated.json()).toBe(false)
  expect(await (await browser.visit("/")).text()).toBe("ada")
})

test("[DEV-2] the owner stays signed in when the secret changes, with the old one and without", async () => {
  const { openBrowser, restart, now } = await setUp()
  const browser = openBrowser()
  await browser.visit("/sign-in", signIn)
  restart(secretOf(2), secretOf(1))
  expect(await (await browser.visit("/")).text()).toBe("ada")
  now.advance(11 * minute)
  expect(await (await browser.visit("/")).text()).toBe("ada")
  restart(secretOf(3))
  now.advance(11 * minute)
  expect(await (await browser.visit("/")).text()).toBe("ada")
  now.advance(11 * minute)
  expect(await (await browser.visit("/")).text()).toBe("ada")
  expect(browser.sessions.size).toBe(1)
})

test("[DEV-4] a refresh reads and writes nothing", async () => {
  const { openBrowser, calls, now } = await setUp()
  const browser = openBrowser()
  await browser.visit("/sign-in", signIn)
  now.advance(11 * minute)
  calls.length = 0
  await browser.visit("/")
  expect(browser.log.slice(-3).map(({ path, status }) => [path, status])).toEqual([
    ["/auth/device", 403],
    ["/auth/device", 200],
    ["/", 200],
  ])
  expect(calls).toEqual(["findSession"])
})

test("[DEV-5] after signing out the browser gives the key up", async () => {
  const { openBrowser, now } = await setUp()
  const browser = openBrowser()
  await browser.visit("/sign-in", signIn)
  await browser.visit("/out", { method: "POST" })
  now.advance(11 * minute)
  await browser.visit("/")
  expect(browser.sessions.size).toBe(0)
  expect(browser.jar.names()).toEqual([])
})

test("a request without a proof, as another site's form sends it, sets no cookie and reports nothing", async () => {
  const { openBrowser, events } = await setUp()
  const browser = openBrowser({ binds: false })
  await browser.visit("/sign-in", signIn)
  events.length = 0
  const headers = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site", Origin: "https://other.example" }
  for (const sent of [headers, { ...headers, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "same-site" }]) {
    const response = await browser.send("https://app.example/auth/device", { method: "POST", headers: sent })
    expect([response.status, response.headers.getSetCookie()]).toEqual([400, []])
  }
  expect(events).toEqual([])
})

test("a refresh without cookies keeps the key for later, though its secret is gone", async () => {
  const { openBrowser, restart, now } = await setUp()
  const browser = openBrowser()
  await browser.visit("/sign-in", signIn)
  restart(secretOf(3))
  now.advance(11 * minute)
  expect(await (await browser.visit("/", { from: "other" })).text()).toBe("nobody")
  expect(browser.log.at(-2)).toMatchObject({ path: "/auth/device", status: 503 })
  expect(await (await browser.visit("/")).text()).toBe("ada")
})

test("whoever signs in as somebody else with a stolen cookie does not sign its owner out", async () => {
  const { auth, device, memory, openBrowser } = await setUp()
  await memory.insertUser({ id: "bob", attributes: {} }, null)
  const browser = openBrowser()
  await browser.visit("/sign-in", signIn)
  const stolen = /__Host-session=[^;]+/.exec(browser.cookies())![0]
  const serve = createWebAuth(auth, { device: device() }).handler(async (_request, visitor) => {
    await visitor.signIn("bob")
    return new Response(null)
  })
  const headers = { Cookie: stolen, "Sec-Fetch-Site": "same-origin" }
  const response = await serve(new Request("https://app.example/sign-in", { ...signIn, headers }))
  expect(response.headers.getSetCookie()).toHaveLength(1)
  expect(await (await browser.visit("/")).text()).toBe("ada")
})

test("a request counts by when it came, however long its body takes", async () => {
  const { auth, device, now } = await setUp()
  const serve = createWebAuth(auth, { device: device() }).handler(async (request, visitor) => {
    const { pathname } = new URL(request.url)
    if (pathname === "/sign-in") await visitor.signIn("ada")
    if (pathname === "/upload") now.advance(3 * minute)
    return new Response((await visitor.validate())?.user.id ?? "nobody")
  })
  const browser = createDeviceBrowser(serve, { now })
  await browser.visit("/sign-in", { method: "POST" })
  await browser.visit("/")
  now.advance(8 * minute)
  expect(await (await browser.visit("/upload", { method: "POST" })).text()).toBe("ada")
})
