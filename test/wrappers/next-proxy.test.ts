import { builtinModules } from "node:module"
import { build } from "esbuild"
import type { Plugin } from "esbuild"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { createAuthProxy } from "../../src/next-proxy.ts"
import type { AuthProxyOptions } from "../../src/next-proxy.ts"
import { root } from "../package/tarball.ts"

const origin = "https://app.example"
const token = "abcdefghijklmnopqrstuvwxyz234567"
const cookie = `__Host-session=${token}`
const options = { publicPaths: ["/", "/about", "/api/open/"], signInPath: "/sign-in" }

describe("a visit without a session cookie", () => {
  test.each([
    "/",
    "/about",
    "/about/",
    "/about/team",
    "//about//team",
    "/%61bout",
    "/api/open",
    "/sign-in",
    "/sign-in/x",
  ])("goes on to the public %s", (path) => {
    expect(visit(path)).toBe("goes on")
  })

  test.each([
    "/profile",
    "/aboutus",
    "/About",
    "/api",
    "/api/opening",
    "/about%2f..%2fprofile",
    "/about/%2e%2e%2fprofile",
    "/about\\..\\profile",
    "/about%5c..%5cprofile",
    "/about%",
    "//profile",
    "/%70rofile",
    "/_next/data/build/about.json",
    "/sign-in-not",
  ])("is redirected from %s", (path) => {
    expect(visit(path)).toBe("/sign-in")
  })

  test("goes on to the scripts and pictures of Next.js, which the sign-in page needs", () => {
    expect(visit("/_next/static/chunks/main.js")).toBe("goes on")
    expect(visit("/_next/image?url=x")).toBe("goes on")
  })

  test("loses its query, and stays on its host", () => {
    const response = createAuthProxy(options)(new Request(`${origin}/profile?next=https://evil.example`))
    expect(response?.headers.get("Location")).toBe(`${origin}/sign-in`)
    expect(response?.status).toBe(307)
  })

  test("is redirected by an answer that nobody keeps [COO-9]", () => {
    const headers = createAuthProxy(options)(new Request(`${origin}/profile`))?.headers
    expect(headers?.get("Cache-Control")).toBe("private, no-store")
    expect(headers?.get("Vary")).toBe("Cookie")
    expect(headers?.get("x-middleware-cache")).toBe("no-cache")
  })

  test("keeps the base path and the language that Next.js has taken off", () => {
    const request = {
      method: "GET",
      url: `${origin}/docs/de/profile`,
      headers: new Headers(),
      nextUrl: inside("/docs/de", "/profile"),
    }
    expect(createAuthProxy(options)(request)?.headers.get("Location")).toBe(`${origin}/docs/de/sign-in`)
    expect(createAuthProxy(options)({ ...request, nextUrl: inside("/docs/de", "/about") })).toBeUndefined()
  })

  test.each(["POST", "PUT", "DELETE"])("of method %s goes on, because its handler answers better", (method) => {
    expect(visit("/profile", {}, method)).toBe("goes on")
  })

  test("goes on only to what is public by whole segments, and nothing throws", () => {
    const segment = fc.oneof(
      fc.constantFrom("about", "api", "open", "sign-in", "..", ".", "%2e", "%2f", "%"),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(segment), fc.string(), (segments, header) => {
        const address = new URL(origin)
        address.pathname = segments.join("/")
        const path = address.pathname
        const request = { method: "GET", url: origin + path, headers: { get: () => header } }
        const outcome = createAuthProxy(options)(request) === undefined
        if (outcome)
          expect(decodeURIComponent(path)).toMatch(
            /^\/*($|about(\/|$)|api\/+open(\/|$)|sign-in(\/|$)|_next\/+(static|image))/,
          )
      }),
    )
  })
})

describe("a visit with a session cookie", () => {
  test("goes on everywhere, also to sign-in, so that an ended session cannot run in circles", () => {
    for (const path of ["/profile", "/sign-in", "/"]) expect(visit(path, { Cookie: cookie })).toBe("goes on")
  })

  test.each([
    "__Host-session=",
    "__Host-session=garbage",
    `__Host-session=${token}!`,
    `session=${token}`,
    `__host-session=${token}`,
    `${cookie}; __Host-session=${token.replace("a", "b")}`,
    `a="x; ${cookie}; "`,
  ])("counts %s as none [COO-6]", (Cookie) => {
    expect(visit("/profile", { Cookie })).toBe("/sign-in")
  })

  test("reads the cookie by the options that createAuth got", () => {
    const named = { ...options, cookie: { name: "sid", secure: false, path: "/app" } }
    expect(visit("/profile", { Cookie: `sid=${token}` }, "GET", named)).toBe("goes on")
    expect(visit("/profile", { Cookie: cookie }, "GET", named)).toBe("/sign-in")
    const insecure = { ...options, cookie: { secure: false } }
    expect(visit("/profile", { Cookie: `session=${token}` }, "GET", insecure)).toBe("goes on")
  })
})

describe("a request that changes something", () => {
  const foreign = ["https://evil.example", "null", "http://app.example.evil.example", `${origin}.evil.example`]

  test.each(foreign)("from %s is refused, whatever it is for [NXT-2]", (Origin) => {
    for (const path of ["/", "/profile", "/api/open", "/sign-in"]) {
      expect(visit(path, { Origin, Cookie: cookie }, "POST")).toBe(403)
    }
  })

  test("[CSR-1] that opens a WebSocket from another site is refused, although it is a GET", () => {
    const socket = { Cookie: cookie, Upgrade: "websocket" }
    expect(visit("/profile", { ...socket, Origin: "https://evil.example" })).toBe(403)
    expect(visit("/profile", { ...socket, Origin: origin })).toBe("goes on")
  })

  test.each(["cross-site", "same-site", "x"])("marked %s is refused", (site) => {
    expect(visit("/profile", { "Sec-Fetch-Site": site }, "POST")).toBe(403)
  })

  test("from a page of its own or of a trusted origin goes on", () => {
    expect(visit("/profile", { "Sec-Fetch-Site": "same-origin", Cookie: cookie }, "POST")).toBe("goes on")
    expect(visit("/profile", { Origin: origin, Host: "app.example", Cookie: cookie }, "POST")).toBe("goes on")
    const trusting = { ...options, trustedOrigins: ["https://admin.example"] }
    expect(visit("/profile", { Origin: "https://admin.example", Cookie: cookie }, "POST", trusting)).toBe("goes on")
  })

  test("from nowhere, but with a cookie, is refused", () => {
    expect(visit("/profile", { Cookie: cookie }, "POST")).toBe(403)
  })
})

describe("createAuthProxy()", () => {
  test.each<Partial<AuthProxyOptions>>([
    { publicPaths: ["about"] },
    { publicPaths: ["https://evil.example"] },
    { publicPaths: ["/about?x"] },
    { publicPaths: ["/%"] },
    { signInPath: "sign-in" },
    { signInPath: "//evil.example" },
    { signInPath: "/\\evil.example" },
    { trustedOrigins: ["https://app.example/"] },
    { cookie: { sameSite: "none", secure: false } },
  ])("throws for %o", (wrong) => {
    expect(() => createAuthProxy({ ...options, ...wrong })).toThrow(expect.objectContaining({ code: "invalid_option" }))
  })

  test("[NXT-6] needs nothing of Node.js", async () => {
    const { outputFiles } = await bundle("src/next-proxy.ts")
    expect(outputFiles[0]?.text).toContain("Cross-site request refused")
    await expect(bundle("test/package/tarball.ts")).rejects.toThrow("node:")
  })
})

/** What becomes of a request: `"goes on"`, the path of a redirect, or a status. */
function visit(
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
  given: AuthProxyOptions = options,
): string | number {
  const response = createAuthProxy(given)({ method, url: origin + path, headers: new Headers(headers) })
  if (!response) return "goes on"
  const location = response.headers.get("Location")
  return location === null ? response.status : location.replace(origin, "")
}

/** An address as Next.js shows it, without what comes before the application's own path. */
function inside(prefix: string, pathname: string) {
  const url = {
    pathname,
    search: "",
    clone: () => ({ ...url, toString: shown }),
  }
  return url

  function shown(this: { pathname: string; search: string }) {
    return origin + prefix + this.pathname + this.search
  }
}

function bundle(...entryPoints: string[]) {
  return build({
    absWorkingDir: root,
    entryPoints,
    bundle: true,
    write: false,
    outdir: "out",
    format: "esm",
    target: "es2022",
    external: ["@oslojs/*"],
    plugins: [withoutNode],
  })
}

const withoutNode: Plugin = {
  name: "without-node",
  setup({ onResolve }) {
    const names = builtinModules.filter((name) => !name.startsWith("_")).join("|")
    onResolve({ filter: new RegExp(`^(node:.*|${names})$`) }, ({ path, kind }) =>
      kind === "dynamic-import"
        ? { path, external: true }
        : { errors: [{ text: `${path.replace(/^(?!node:)/, "node:")} is of Node.js` }] },
    )
  },
}
