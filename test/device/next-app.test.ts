import { afterEach, describe, expect, test, vi } from "vitest"
import { createNextAuth } from "../../src/next.ts"
import { createAuthProxy } from "../../src/next/proxy.ts"
import type { AwareProxyOptions } from "../../src/next/proxy.ts"
import { createSnapshots, createStatelessAuth } from "../../src/stateless.ts"
import { clientOf, cookiesOf, only, sessionCookieOf } from "./bound.ts"
import { createDeviceBrowser, origin } from "./device-browser.ts"
import type { Serve } from "./device-browser.ts"
import { minute, secretOf, setUp } from "./set-up.ts"
import type { Changes } from "./set-up.ts"

const ambient = vi.hoisted(() => ({ head: new Headers(), jar: {} as unknown }))
vi.mock("next/cache.js", () => ({ io: undefined }))
vi.mock("next/headers.js", () => ({ headers: async () => ambient.head, cookies: async () => ambient.jar }))
vi.mock("#next/navigation", () => ({
  redirect: (path: string) => leave(`NEXT_REDIRECT;replace;${path};307;`),
  notFound: () => leave("NEXT_HTTP_ERROR_FALLBACK;404"),
}))
afterEach(() => void (ambient.head = new Headers()))

const offerCookie = "__Host-bound-device-offer"

describe("the App Router", () => {
  test("binds at a page what a Server Action has signed in, renews the proof and refuses a copied cookie", async () => {
    const { browser, now, read, jarOf } = await openApp()
    await browser.visit("/action/sign-in", { method: "POST" })
    expect(jarOf()).toContain(offerCookie)
    expect(browser.sessions.size).toBe(0)
    expect(await (await browser.visit("/page")).text()).toBe("ada")
    only(browser)
    expect(jarOf()).not.toContain(offerCookie)
    const stolen = browser.cookies()
    now.advance(11 * minute)
    expect(await read(stolen, "/page")).toBe("nobody")
    expect(await (await browser.visit("/page")).text()).toBe("ada")
    expect(await (await browser.visit("/route")).text()).toBe("ada")
    only(browser)
  })

  test("lets Server Components read, and asks the store once", async () => {
    const { browser, calls, now, read } = await openApp()
    await browser.visit("/action/sign-in", { method: "POST" })
    await browser.visit("/page")
    now.advance(minute)
    calls.length = 0
    expect(await read(browser.cookies(), "/page")).toBe("ada")
    expect(await read(sessionCookieOf(browser.cookies()), "/page")).toBe("nobody")
    expect(calls).toEqual(["findSession", "findSession"])
  })

  test("offers a key in the header of a Route Handler", async () => {
    const { browser, route } = await openApp()
    await browser.visit("/route/sign-in", { method: "POST" })
    const Cookie = browser.cookies()
    const page = await route(new Request(`${origin}/route`, { headers: { Cookie } }))
    expect(page.headers.get("Secure-Session-Registration")).toMatch(/^\(ES256 RS256\);path="\/auth\/device";/)
    await browser.visit("/route")
    only(browser)
  })

  test("changes nothing by a stolen cookie", async () => {
    const { browser, now, ask } = await openApp()
    await browser.visit("/action/sign-in", { method: "POST" })
    await browser.visit("/page")
    now.advance(minute)
    const stolen = sessionCookieOf(browser.cookies())
    expect(await ask("/action/rotate", stolen)).toBe("null")
    expect(await ask("/action/out", stolen)).toBe("undefined")
    expect(await (await browser.visit("/page")).text()).toBe("ada")
    expect(await (await browser.visit("/action/rotate", { method: "POST" })).text()).toBe("object")
    expect(await (await browser.visit("/page")).text()).toBe("ada")
    only(browser)
  })

  test("leaves no offer over http", async () => {
    const { serve } = await openApp({ cookie: { secure: false } })
    const response = await serve(new Request(`${origin}/action/sign-in`, { method: "POST", headers: ofAPage }))
    expect(cookiesOf(response)).toMatch(/^session=[a-z2-7]{32}$/)
  })
})

test("createNextAuth() takes no other device than what createDeviceBinding() returned", async () => {
  const { auth } = await setUp()
  for (const device of [{}, null, "/auth/device", { path: "/auth/device" }])
    expect(() => createNextAuth(auth, { signInPath: "/", device: device as never })).toThrow(
      /^device: .* is not an instance; use what createDeviceBinding\(\) /,
    )
})

describe("the proxy", () => {
  const challenge = "ab".repeat(32)
  const page = { Cookie: `${offerCookie}=${challenge}`, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin" }
  const plain = { publicPaths: ["/open"], signInPath: "/sign-in" }
  const snapshots = createSnapshots({ secrets: [secretOf(1)], claims: () => ({}) })
  const checks = { snapshots, authorize: () => true, forbiddenPath: "/forbidden" }
  const kinds: [string, object][] = [
    ["without a database", {}],
    ["with a stateless auth", { auth: createStatelessAuth({ secrets: [secretOf(1)] }) }],
    ["with snapshots", checks],
  ]

  describe.each(kinds)("%s", (_, more) => {
    async function visit(path: string, headers: Record<string, string>, method = "GET", options: object = {}) {
      const device = { path: "/auth/device" }
      const proxy = createAuthProxy({ ...plain, device, ...more, ...options } as AwareProxyOptions<object>)
      return proxy(new Request(origin + path, { method, headers }))
    }

    test("offers what the cookie holds, and goes on", async () => {
      const response = await visit("/open", page)
      expect(response?.headers.get("Secure-Session-Registration")).toBe(
        `(ES256 RS256);path="/auth/device";challenge="${challenge}"`,
      )
      expect(response?.headers.get("x-middleware-next")).toBe("1")
    })

    test("offers it on a redirect to the sign-in page too", async () => {
      const response = await visit("/account", page)
      expect([response?.status, response?.headers.has("Secure-Session-Registration")]).toEqual([307, true])
      expect(response?.headers.has("x-middleware-next")).toBe(false)
    })

    test.each<[string, Record<string, string>, string?, object?]>([
      ["another site's link", { ...page, "Sec-Fetch-Site": "cross-site" }],
      ["a script", { ...page, "Sec-Fetch-Mode": "cors" }],
      ["a prefetch", { ...page, "Sec-Purpose": "prefetch;prerender" }],
      ["a form", page, "POST"],
      ["a request without the cookie", { "Sec-Fetch-Mode": "navigate" }],
      ["a cookie that ends the header's text", { ...page, Cookie: `${offerCookie}=x";path="//evil.example` }],
      ["two cookies", { ...page, Cookie: `${offerCookie}=a; ${offerCookie}=b` }],
      ["a cookie of http", { ...page, Cookie: `bound-device-offer=${challenge}` }],
      ["an application without device", page, "GET", { device: undefined }],
    ])("offers nothing to %s", async (_, headers, method, options) => {
      expect(await visit("/open", headers, method, options)).toBeUndefined()
    })

    test("lets browsers register and refresh, although the path is not public and whoever started it", async () => {
      for (const site of ["same-origin", "cross-site"])
        for (const method of ["POST", "GET"]) {
          const headers = { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", Origin: origin }
          expect(await visit("/auth/device", headers, method)).toBeUndefined()
        }
      expect((await visit("/auth/device/x", {}))?.status).toBe(307)
      expect((await visit("/auth/device", {}, "GET", { device: undefined }))?.status).toBe(307)
    })
  })

  test.each([
    ["a base path", "/app/auth/device", "/auth/device"],
    ["trailing slashes", "/auth/device/", "/auth/device/"],
  ])("lets browsers register and refresh where Next.js has %s", (_, path, pathname) => {
    const proxy = createAuthProxy({ ...plain, device: { path } })
    const headers = new Headers({ "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", Origin: origin })
    const nextUrl = new URL(origin + pathname)
    for (const method of ["POST", "GET"])
      expect(proxy({ method, url: origin + path, headers, nextUrl } as never)).toBeUndefined()
  })

  test("offers nothing over http", () => {
    const proxy = createAuthProxy({ ...plain, cookie: { secure: false }, device: { path: "/auth/device" } })
    const Cookie = `bound-device-offer=${challenge}; ${offerCookie}=${challenge}`
    expect(proxy(new Request(`${origin}/open`, { headers: { Cookie } }))).toBeUndefined()
  })
})

const ofAPage = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin" }

/** An application of Next.js, as far as its sessions know: a proxy, a page, a Route Handler and actions. */
async function openApp(changes: Changes = {}) {
  const world = await setUp(changes)
  const device = world.device()
  const next = createNextAuth(world.auth, { signInPath: "/sign-in", device })
  const { secure } = world.auth.createBlankSessionCookie().attributes
  const proxy = createAuthProxy({ device, cookie: { secure }, publicPaths: ["/"], signInPath: "/sign-in" })
  const name = async () => (await next.getSession())?.user.id ?? "nobody"
  const deeds: Record<string, () => Promise<unknown>> = {
    "sign-in": () => next.signIn("ada"),
    rotate: () => next.rotate(),
    out: () => next.signOut(),
  }

  async function route(request: Request): Promise<Response> {
    const [, kind, deed = ""] = new URL(request.url).pathname.split("/")
    if (kind === "auth") return device.handler(request)
    ambient.head = new Headers([...request.headers, ["Host", "app.example"]])
    if (kind === "page") {
      ambient.jar = { ...jarOf(request), set: readOnly, delete: readOnly }
      return new Response(await name())
    }
    const set: string[] = []
    ambient.jar = { ...jarOf(request), set: (cookie: SetCookie) => set.push(textOf(cookie)), delete: () => undefined }
    if (kind === "action") {
      const made = await next.serverAction(async () => deeds[deed]!(), { public: true })()
      return new Response(made === null ? "null" : typeof made, {
        headers: set.map((cookie): [string, string] => ["Set-Cookie", cookie]),
      })
    }
    const handle = next.routeHandler<{}>(
      async (_, { user }) => {
        await deeds[deed]?.()
        return new Response(user?.id ?? "nobody")
      },
      { public: true },
    )
    return handle(request as never, { params: Promise.resolve({}) })
  }

  const serve: Serve = async (request) => {
    const decided = proxy(request)
    if (decided && !decided.headers.has("x-middleware-next")) return decided
    const response = await route(request)
    const offer = decided?.headers.get("Secure-Session-Registration")
    if (offer) response.headers.set("Secure-Session-Registration", offer)
    return response
  }

  const browser = createDeviceBrowser(serve, { now: world.now })
  return {
    ...world,
    ...clientOf(serve),
    serve,
    /** Without the proxy. */
    route,
    browser,
    jarOf: () => browser.jar.names(),
    read: async (Cookie: string, path: string) =>
      (await serve(new Request(origin + path, { headers: { Cookie, ...ofAPage } }))).text(),
    ask: async (path: string, Cookie: string) =>
      (await serve(new Request(origin + path, { method: "POST", headers: { Cookie, ...ofAPage } }))).text(),
  }
}

interface SetCookie {
  name: string
  value: string
  maxAge?: number
}

/** The cookies of a request, as Next.js shows them. */
function jarOf(request: Request) {
  const sent = (request.headers.get("Cookie") ?? "").split("; ").map((pair) => pair.split("=") as [string, string])
  return {
    get: (name: string) => sent.filter((pair) => pair[0] === name).map(([, value]) => ({ value }))[0],
    getAll: () => sent.map(([name, value]) => ({ name, value })),
  }
}

function textOf({ name, value, maxAge }: SetCookie): string {
  return `${name}=${value}; Path=/; Secure; HttpOnly${maxAge === undefined ? "" : `; Max-Age=${maxAge}`}`
}

function readOnly(): never {
  throw new Error("Cookies can only be modified in a Server Action or Route Handler.")
}

function leave(digest: string): never {
  throw Object.assign(new Error(digest), { digest })
}
