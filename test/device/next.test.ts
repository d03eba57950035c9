import { describe, expect, test, vi } from "vitest"
import { createNextAuth } from "../../src/next.ts"
import { createAuthProxy } from "../../src/next/proxy.ts"
import { setUp } from "./set-up.ts"

const origin = "https://app.example"
const ambient = vi.hoisted(() => ({ head: new Headers(), jar: {} as unknown }))
vi.mock("next/cache.js", () => ({ io: undefined }))
vi.mock("next/headers.js", () => ({ headers: async () => ambient.head, cookies: async () => ambient.jar }))
vi.mock("#next/navigation", () => ({ redirect() {}, notFound() {} }))

describe("a sign-in in Next.js, whose pages take no header", () => {
  test.each(["a Server Action", "a Route Handler"] as const)("in %s is offered by the proxy", async (place) => {
    const { signIn, offer } = await setUpNext(true)
    const cookies = await signIn(place)
    expect(offer(cookies)).toContain('path="/auth/device"')
    expect(offer(cookies.filter((cookie) => !cookie.includes("-offer")))).toBeNull()
  })

  test("is offered to its own browser only: no shared cache keeps the page", async () => {
    const { visit } = await setUpNext(true)
    const response = visit(["__Host-bound-device-offer=abc"])
    expect(response?.headers.get("Secure-Session-Registration")).toContain('challenge="abc"')
    expect(response?.headers.get("Cache-Control")).toBe("private, no-store")
    expect(response?.headers.get("x-middleware-next")).toBe("1")
    expect(visit([])).toBeUndefined()
  })

  test.each(["a Server Action", "a Route Handler"] as const)("in %s is not offered over http", async (place) => {
    const { signIn, offer } = await setUpNext(false)
    const cookies = await signIn(place)
    expect(cookies.map((cookie) => cookie.split("=", 1)[0])).toEqual(["session"])
    expect(offer([...cookies, "bound-device-offer=abc"])).toBeNull()
  })
})

/** The App Router's wrapper and proxy, and a user to sign in. */
async function setUpNext(secure: boolean) {
  const { auth, device } = await setUp({ cookie: { secure } })
  const next = createNextAuth(auth, { signInPath: "/sign-in", device: device() })
  const proxy = createAuthProxy({
    cookie: { secure },
    publicPaths: ["/"],
    signInPath: "/sign-in",
    device: { path: "/auth/device" },
  })

  /** Signs in, and returns the cookies that the response has set, as `name=value`. */
  async function signIn(place: "a Server Action" | "a Route Handler"): Promise<string[]> {
    const set: string[] = []
    ambient.head = new Headers({ Origin: origin, Host: "app.example" })
    ambient.jar = {
      get: () => undefined,
      getAll: () => [],
      set: ({ name, value }: { name: string; value: string }) => set.push(`${name}=${value}`),
      delete() {},
    }
    if (place === "a Server Action") {
      await next.serverAction(() => next.signIn("ada"), { public: true })()
      return set
    }
    const handle = next.routeHandler(async () => Response.json(await next.signIn("ada")), { public: true })
    const request = new Request(`${origin}/callback`, { method: "POST", headers: { Origin: origin } })
    const response = await handle(request as never, { params: Promise.resolve({}) })
    return response.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0]!)
  }

  /** Returns what the proxy answers to a visit with these cookies. */
  function visit(cookies: string[]): Response | undefined {
    const headers = new Headers({ Cookie: cookies.join("; "), "Sec-Fetch-Mode": "navigate" })
    const url = `${origin}/`
    return proxy({ method: "GET", url, headers, nextUrl: new URL(url) } as never)
  }

  /** Returns what the proxy offers to a visit with these cookies. */
  function offer(cookies: string[]): string | null {
    return visit(cookies)?.headers.get("Secure-Session-Registration") ?? null
  }

  return { signIn, visit, offer }
}
