import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createDeviceBinding, deviceKey } from "../../src/device.ts"
import { createAuth } from "../../src/index.ts"
import { manualClock } from "../../src/testing.ts"
import { createWebAuth } from "../../src/web.ts"
import { clientOf, only, openBound, proofOf, sessionCookieOf } from "./bound.ts"
import { createDeviceBrowser } from "./device-browser.ts"
import type { Serve } from "./device-browser.ts"
import { minute, second, secretOf } from "./set-up.ts"
import type { SessionRow, UserRow } from "./set-up.ts"

/** Two servers over one store, the second of which is ahead, and a browser whose requests go to either. */
async function twoServers(ahead: number) {
  const now = manualClock()
  const adapter = memoryAdapter<UserRow, SessionRow>()
  await adapter.insertUser({ id: "ada", attributes: {} }, null)
  const servers = [0, ahead].map((offset) => {
    const clock = () => now() + offset
    const auth = createAuth({ adapter, now: clock, getSessionAttributes: deviceKey })
    const device = createDeviceBinding({ auth, secrets: [secretOf(1)], mode: "enforce" })
    return createWebAuth(auth, { device }).handler(async (request, { signIn, validate }) => {
      if (new URL(request.url).pathname === "/sign-in") await signIn("ada")
      return new Response((await validate())?.user.id ?? "nobody")
    })
  })
  let turn = 0
  let next: (n: number) => number = (n) => n % 2
  const serve: Serve = (request) => servers[next(turn++)]!(request)
  return {
    now,
    serve,
    browser: createDeviceBrowser(serve, { now }),
    use: (chosen: (n: number) => number) => (next = chosen),
  }
}

const orders: [string, (n: number) => number][] = [
  ["in turn", (n) => n % 2],
  ["in pairs", (n) => (n >> 1) % 2],
  ["the other first", (n) => (n + 1) % 2],
  ["at random", (n) => (Math.imul(n + 7, 2654435761) >>> 31) & 1],
]

describe.each([-25, 0, 25])("with servers that differ by %d seconds", (seconds) => {
  test.each(orders)("a browser whose requests go to them %s stays signed in", async (_, order) => {
    const { now, browser, use } = await twoServers(seconds * second)
    use(order)
    await browser.visit("/sign-in", { method: "POST" })
    for (let n = 0; n < 60; n++) {
      now.advance(((n * 37) % 13) * minute + n * second)
      expect(await (await browser.visit("/", { from: n % 3 ? "own" : "other" })).text()).toBe("ada")
    }
    only(browser)
  })
})

describe.each([-5, 5])("with servers that differ by %d minutes", (minutes) => {
  test.each(orders)(
    "a browser whose requests go to them %s keeps its key, and is back in at the next request",
    async (_, order) => {
      const { now, browser, use } = await twoServers(minutes * minute)
      use(order)
      await browser.visit("/sign-in", { method: "POST" })
      for (let n = 0; n < 60; n++) {
        now.advance(((n * 37) % 13) * minute)
        const names = [await browser.visit("/"), await browser.visit("/")].map((response) => response.text())
        expect(await Promise.all(names)).toContain("ada")
      }
      only(browser)
    },
  )

  test("a copied cookie is good for the difference longer at most", async () => {
    const { now, browser, serve, use } = await twoServers(minutes * minute)
    await browser.visit("/sign-in", { method: "POST" })
    const stolen = browser.cookies()
    now.advance(15 * minute)
    for (const server of [0, 1]) {
      use(() => server)
      expect(await clientOf(serve).read(stolen)).toBe("nobody")
      expect(await clientOf(serve).read(sessionCookieOf(stolen), { "Sec-Fetch-Mode": "navigate" })).toBe("nobody")
    }
  })
})

describe("a server that starts again", () => {
  test("goes on with the challenges, cookies and identifiers of before", async () => {
    const { restart, session, browser, challengeFor, refresh, read, auth } = await openBound()
    const challenge = await challengeFor(session)
    restart()
    expect(await read(browser.cookies())).toBe("ada")
    expect((await refresh(session, proofOf(session, challenge))).status).toBe(200)
    restart()
    expect(await (await browser.visit("/")).text()).toBe("ada")
    expect((await auth.getUserSessions("ada")).length).toBe(1)
  })

  test("registers what was offered before", async () => {
    const { openBrowser, restart, serve } = await openBound()
    const browser = openBrowser()
    const restarting: Serve = async (request) => {
      const response = await serve(request)
      restart()
      return response
    }
    const other = createDeviceBrowser(restarting, { now: () => 0 })
    await browser.visit("/sign-in", { method: "POST" })
    await other.visit("/sign-in", { method: "POST" })
    only(browser)
    only(other)
  })
})
