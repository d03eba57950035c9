import { describe, expect, test } from "vitest"
import { hasChromium } from "../machine.ts"
import { expireProof, openTab, press, signIn, titleOf } from "./chromium/browser.ts"
import { cookiesOf, titleFor } from "./chromium/client.ts"
import { useChromium } from "./chromium/set-up.ts"
import { minute } from "./set-up.ts"

const refreshes = "/auth/device"

describe.skipIf(!hasChromium("sessions that Chromium binds"))("sessions that Chromium binds", () => {
  const { open, openContext } = useChromium()

  test.each([
    ["node", "HTTP/1.1"],
    ["node", "HTTP/2"],
    ["web", "HTTP/1.1"],
  ] as const)("a sign-in by a form binds the session, with nightlatch/%s over %s", async (wrapper, protocol) => {
    const { app, tab, page } = await open({ wrapper, protocol })
    await signIn(tab, app.own)
    const [session] = await app.sessionsOf("ada")
    expect(session?.deviceKey).toMatch(/^\d+\.[\w-]{43}\.[\w-]{43}$/)
    expect(app.types()).toEqual(["session_created", "device_bound"])
    expect(app.statuses(refreshes)).toEqual([200])
    app.clear()
    expect(await titleOf(page, app.own)).toBe("ada")
    const [{ path, headers } = {}] = app.arrived
    expect([path, headers?.cookie]).toEqual(["/", expect.stringMatching(/__Host-bound-device-[\da-f]{8}=/)])
    expect(app.calls).toEqual(["findSession"])
  })

  test("a navigation waits for the cookie: two requests at first and after a pause, otherwise one", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    const visits: [after: number, steps: number[]][] = [
      [10, [403, 200]],
      [10, [200]],
      [10, [200]],
      [60, [403, 200]],
      [10, [200]],
    ]
    for (const [after, steps] of visits) {
      app.now.advance(after * minute)
      await expireProof(context)
      app.clear()
      expect(await titleOf(page, app.own)).toBe("ada")
      expect(app.statuses(refreshes)).toEqual(steps)
      expect(app.calls).toEqual(["findSession"])
    }
    expect(app.types()).toEqual([])
  })

  test("what a script fetches waits for the cookie too, and several requests wait for the same", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    await expireProof(context)
    app.clear()
    const bodies = await page.evaluate<string[]>(
      `Promise.all([1, 2, 3].map(async (n) => (await fetch("/?" + n, { method: n > 2 ? "POST" : "GET" })).text()))`,
    )
    for (const body of bodies) expect(body).toContain("<title>ada</title>")
    expect(app.statuses(refreshes)).toEqual([403, 200])
  })

  test("a WebSocket, an EventSource and a worker's request wait for the cookie", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    for (const [path, script] of Object.entries(requests)) {
      app.now.advance(minute)
      await expireProof(context)
      app.clear()
      await page.evaluate(script)
      const { headers } = app.arrived.find((each) => each.path === path)!
      expect([path, headers.cookie]).toEqual([path, expect.stringMatching(/__Host-bound-device-[\da-f]{8}=/)])
    }
  })

  test("a cookie that expires within two minutes is renewed, and no request waits for it", async () => {
    const { app, context, tab, page, reports } = await open()
    await signIn(tab, app.own)
    const cookies = await context.cookies(app.own)
    const proof = cookies.find(({ name }) => /bound-device-/.test(name))!
    await context.addCookies([{ ...proof, expires: Math.floor(Date.now() / 1000) + 60 }])
    app.clear()
    expect(await titleOf(page, app.own)).toBe("ada")
    await expect.poll(() => reports, { timeout: 30_000 }).toContain("refresh Refreshed")
    expect(app.statuses(refreshes)).toEqual([403, 200])
    expect(app.arrived[0]?.headers.cookie).toContain(proof.value)
    const renewed = (await context.cookies(app.own)).find(({ name }) => name === proof.name)
    expect(renewed?.value).not.toBe(proof.value)
    expect(renewed?.expires).toBeGreaterThan(proof.expires - 60)
  })

  test("[DEV-1] copied cookies work for cookieLife at most, while the owner goes on", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    const Cookie = await cookiesOf(context, app)
    const second = await openContext()
    await second.addCookies(await context.cookies())
    const { page: copy } = await openTab(second)
    expect(await titleFor(app, { Cookie })).toBe("ada")
    expect(await titleOf(copy, app.own)).toBe("ada")

    app.now.advance(10 * minute)
    await expireProof(context)
    app.events.length = 0
    expect(await titleFor(app, { Cookie })).toBe("nobody")
    expect(await titleOf(copy, app.own)).toBe("nobody")
    expect(await titleOf(copy, app.own)).toBe("nobody")
    expect(app.events.map(({ type, reason }) => [type, reason])).toEqual([
      ["device_refused", "expired"],
      ["device_refused", "expired"],
      ["device_refused", "missing"],
    ])
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(await app.sessionsOf("ada")).toHaveLength(1)
  })

  test("[DEV-5] after signing out the browser gives the key up", async () => {
    const { app, context, tab, page, reports } = await open()
    await signIn(tab, app.own)
    await press(page, "out")
    expect(await page.title()).toBe("nobody")
    await expireProof(context)
    app.clear()
    expect(await titleOf(page, app.own)).toBe("nobody")
    expect(reports.at(-1)).toBe("termination ServerRequested")
    expect(app.statuses(refreshes)).toEqual([200])
    expect(app.calls).toEqual([])
    app.clear()
    await titleOf(page, app.own)
    expect(app.statuses(refreshes)).toEqual([])
  })

  test("[DEV-5] another user who signs in has a key of their own, and the old one goes", async () => {
    const { app, context, tab, page, reports } = await open()
    await signIn(tab, app.own)
    await signIn(tab, app.own, "eve")
    const [session] = await app.sessionsOf("eve")
    expect(session?.deviceKey).toBeTruthy()
    await expireProof(context)
    app.clear()
    expect(await titleOf(page, app.own)).toBe("eve")
    expect(reports.filter((report) => report === "termination ServerRequested")).toHaveLength(1)
    await expireProof(context)
    app.clear()
    expect(await titleOf(page, app.own)).toBe("eve")
    expect(app.statuses(refreshes)).toEqual([200])
  })

  test("a session that gets a new token stays bound", async () => {
    const { app, context, tab, page } = await open()
    await signIn(tab, app.own)
    const [before] = await app.sessionsOf("ada")
    await press(page, "rotate")
    expect(await page.title()).toBe("ada")
    const [after] = await app.sessionsOf("ada")
    expect(after?.deviceKey).toBe(before?.deviceKey)
    expect(after?.id).not.toBe(before?.id)
    app.now.advance(11 * minute)
    await expireProof(context)
    expect(await titleOf(page, app.own)).toBe("ada")
    expect(app.types()).not.toContain("device_refused")
  })

  test("tabs that open before the session is bound do not disturb each other", async () => {
    const { app, context, page } = await open()
    const others = [await context.newPage(), await context.newPage()]
    const release = app.hold()
    await page.goto(`${app.own}/form`)
    await press(page, "ada")
    expect(await Promise.all(others.map((other) => titleOf(other, app.own)))).toEqual(["ada", "ada"])
    release()
    await expect.poll(() => app.statuses(refreshes).toSorted(), { timeout: 30_000 }).toEqual([200, 400, 400])
    expect(app.types().filter((type) => type === "device_bound")).toHaveLength(1)
    await expireProof(context)
    app.clear()
    const titles = await Promise.all([page, ...others].map((each) => titleOf(each, app.own)))
    expect(titles).toEqual(["ada", "ada", "ada"])
    expect(app.statuses(refreshes)).toEqual([403, 200])
  })
})

/** Scripts that send a request to a path and resolve when it was answered. */
const requests = {
  "/socket": `new Promise((resolve) => (new WebSocket("wss://" + location.host + "/socket").onclose = resolve)).then(() => {})`,
  "/events": `new Promise((resolve) => {
    const source = new EventSource("/events")
    source.onerror = () => resolve(source.close())
  })`,
  "/worker": `new Promise((resolve) => {
    const script = "fetch('" + location.origin + "/worker').then(() => postMessage(null))"
    new Worker(URL.createObjectURL(new Blob([script]))).onmessage = () => resolve()
  })`,
}
