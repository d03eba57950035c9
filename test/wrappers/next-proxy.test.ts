import { builtinModules } from "node:module"
import { build } from "esbuild"
import type { Plugin } from "esbuild"
import fc from "fast-check"
import { describe, expect, test, vi } from "vitest"
import { safeRedirect } from "../../src/request/safe-redirect.ts"
import { createAuthProxy } from "../../src/next/proxy.ts"
import type { AuthProxyOptions } from "../../src/next/proxy.ts"
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
  ])("is redirected from %s, which goes along", (path) => {
    const { pathname } = new URL(origin + path.replace(/^\/\//, "/.//"))
    expect(visit(path)).toBe(`/sign-in?${new URLSearchParams({ next: pathname })}`)
  })

  test.each(["/logo.png", "/robots.txt", "/fonts/inter.woff2", "/manifest.webmanifest", "/.well-known/security.txt"])(
    "goes on to the file %s",
    (path) => {
      expect(visit(path)).toBe("goes on")
    },
  )

  test.each(["/docs/v1.2", "/logo.png/edit", "/_next/data/build/profile.json", "/a.png%2f..%2fprofile"])(
    "is redirected from %s, which is no file",
    (path) => {
      expect(visit(path)).toContain("/sign-in?next=")
    },
  )

  test("goes on to the scripts and pictures of Next.js, which the sign-in page needs", () => {
    expect(visit("/_next/static/chunks/main.js")).toBe("goes on")
    expect(visit("/_next/image?url=x")).toBe("goes on")
  })

  test.each([
    ["/profile?tab=keys&a=b", "/profile?tab=keys&a=b"],
    ["/profile?_rsc=1x2y", "/profile"],
    ["/profile?next=https://evil.example", "/profile?next=https%3A%2F%2Fevil.example"],
    ["//evil.example/profile", "//evil.example/profile"],
    [`/profile?${"a".repeat(3000)}`, null],
  ])("of %s stays on its host, and its address goes along as text", (path, next) => {
    const response = createAuthProxy(options)(requestFor(path))
    const { href, searchParams } = new URL(response?.headers.get("Location") ?? "")
    expect(href).toMatch(/^https:\/\/app\.example\/sign-in(\?next=[^&]+)?$/)
    expect([searchParams.get("next"), response?.status]).toEqual([next, 307])
  })

  test("comes back after signing in, and never to another site", () => {
    const paths = [
      "/profile?tab=keys",
      "//evil.example/x",
      "/\\evil.example/x",
      "/.//evil.example/x",
      "/%2f%2fevil.example/x",
    ]
    const targets = paths.map((path) => {
      const location = createAuthProxy(options)(requestFor(path))?.headers.get("Location") ?? ""
      return new URL(safeRedirect(new URL(location).searchParams.get("next"), "/"), origin)
    })
    expect(targets[0]?.href).toBe(`${origin}/profile?tab=keys`)
    expect(targets.map((target) => target.origin)).toEqual(paths.map(() => origin))
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
    expect(createAuthProxy(options)(request)?.headers.get("Location")).toBe(`${origin}/docs/de/sign-in?next=%2Fprofile`)
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
            /^\/*($|about(\/|$)|api\/+open(\/|$)|sign-in(\/|$)|_next\/+(static|image))|\/sign-in\/*$|\.[a-z\d]+\/*$/i,
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
    expect(visit("/profile", { Cookie })).toBe("/sign-in?next=%2Fprofile")
  })

  test("reads the cookie by the options that createAuth got", () => {
    const named = { ...options, cookie: { name: "sid", secure: false, path: "/app" } }
    expect(visit("/profile", { Cookie: `sid=${token}` }, "GET", named)).toBe("goes on")
    expect(visit("/profile", { Cookie: cookie }, "GET", named)).toBe("/sign-in?next=%2Fprofile")
    const insecure = { ...options, cookie: { secure: false } }
    expect(visit("/profile", { Cookie: `session=${token}` }, "GET", insecure)).toBe("goes on")
  })
})

describe("a site with a language in its paths", () => {
  const localized = { publicPaths: ["/"], signInPath: ({ url }: { url: string }) => `/${languageOf(url)}/sign-in` }
  const keepsQuery = (url: URL) => new URL(`/de${url.pathname}${url.search}`, url)
  const dropsQuery = (url: URL) => new URL(`/de${url.pathname}`, url)
  const translates = (url: URL) => new URL(`/de${url.pathname.replace("/sign-in", "/anmelden")}${url.search}`, url)

  test("sends visitors to the sign-in page in their language, from wherever they are", () => {
    expect(visit("/de/profile", {}, "GET", localized)).toBe("/de/sign-in?next=%2Fde%2Fprofile")
    expect(visit("/fr/profile", {}, "GET", localized)).toBe("/fr/sign-in?next=%2Ffr%2Fprofile")
    expect(visit("/de/sign-in", {}, "GET", localized)).toBe("goes on")
  })

  test.each(["https://evil.example", "//evil.example", "sign-in", "/a?b", "/..%2f/b", "/%", undefined])(
    "answers 404 where signInPath() returns %s, and tells the developer",
    (path) => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {})
      expect(visit("/profile", {}, "GET", { publicPaths: [], signInPath: () => path as string })).toBe(404)
      expect(log.mock.calls).toEqual([[expect.stringContaining(`returned ${JSON.stringify(path)}`)]])
      log.mockRestore()
    },
  )

  test.each(["/", "//", "/..%2fx/y", "/%5cx/y", "/%/y", "/x"])(
    "throws nothing where signInPath() takes over what a visitor wrote: %s",
    (path) => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {})
      const signInPath = ({ url }: { url: string }) => `/${new URL(url).pathname.split("/")[1]}/sign-in`
      expect(visit(path, {}, "GET", { publicPaths: [], signInPath })).toBe(path === "/x" ? "/x/sign-in?next=%2Fx" : 404)
      log.mockRestore()
    },
  )

  test.each([
    ["a function", localized, dropsQuery],
    ["a path, with another proxy that adds the language", { ...localized, signInPath: "/sign-in" }, keepsQuery],
    ["a path, with one that loses the query", { ...localized, signInPath: "/sign-in" }, dropsQuery],
    ["a path, with one that translates it", { ...localized, signInPath: "/sign-in" }, translates],
    ["the home page, with one that adds the language", { publicPaths: [], signInPath: "/" }, keepsQuery],
    [
      "a function of the path",
      { publicPaths: [], signInPath: ({ url }: { url: string }) => `${new URL(url).pathname}/in` },
      dropsQuery,
    ],
  ])("has no redirect loop where signInPath is %s", (_, given, addLanguage) => {
    for (const start of ["/profile", "/de/profile", "/de/sign-in", "/de", "/sign-in", "/de/anmelden"]) {
      const seen = follow(start, given, addLanguage)
      expect([start, seen.length]).toEqual([start, expect.toSatisfy((hops: number) => hops < 6)])
    }
  })

  function follow(path: string, given: AuthProxyOptions, addLanguage: (url: URL) => URL): string[] {
    const seen: string[] = []
    let url: URL | null = new URL(path, origin)
    while (url && seen.push(url.href) < 20) {
      const location: string | null | undefined = createAuthProxy(given)(new Request(url))?.headers.get("Location")
      url = location ? new URL(location) : /^\/de(\/|$)/.test(url.pathname) ? null : addLanguage(url)
    }
    return seen
  }

  function languageOf(url: string): string {
    return /^\/(de|fr)(\/|$)/.exec(new URL(url).pathname)?.[1] ?? "de"
  }
})

describe("snapshots", () => {
  test("are asked about decoded paths, files too, and a path that can be read in several ways is for nobody", async () => {
    const asked: string[] = []
    const proxy = createAuthProxy({
      ...options,
      snapshots: { cookieName: "s", openSnapshot: async () => ({ userId: "u", claims: {} }) },
      authorize: (_, path) => asked.push(path) > 0,
      forbiddenPath: "/forbidden",
    })
    const outcomes = []
    for (const path of ["/%70rofile", "/logo.png", "/a%2f..%2fb", "/a%5cb", "/%"]) {
      const response = await proxy({ method: "GET", url: origin + path, headers: new Headers({ Cookie: cookie }) })
      outcomes.push(response?.headers.get("Location") ?? "goes on")
    }
    expect(asked).toEqual(["/profile", "/logo.png"])
    expect(outcomes).toEqual(["goes on", "goes on", ...Array(3).fill(`${origin}/forbidden`)])
  })

  test.each([Promise.resolve(false), Promise.resolve(true), "member", 1, {}])(
    "let nobody go on by an answer of authorize() that is %o and not true",
    async (answer) => {
      const proxy = createAuthProxy({
        ...options,
        snapshots: { cookieName: "s", openSnapshot: async () => ({ userId: "u", claims: {} }) },
        authorize: () => answer as never,
        forbiddenPath: "/forbidden",
      })
      const response = await proxy({
        method: "GET",
        url: `${origin}/profile`,
        headers: new Headers({ Cookie: cookie }),
      })
      expect(response?.headers.get("Location")).toBe(`${origin}/forbidden`)
    },
  )
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

  test("from a same-origin page or a trusted origin goes on", () => {
    expect(visit("/profile", { "Sec-Fetch-Site": "same-origin", Cookie: cookie }, "POST")).toBe("goes on")
    expect(visit("/profile", { Origin: origin, Host: "app.example", Cookie: cookie }, "POST")).toBe("goes on")
    const trusting = { ...options, trustedOrigins: ["https://admin.example"] }
    expect(visit("/profile", { Origin: "https://admin.example", Cookie: cookie }, "POST", trusting)).toBe("goes on")
  })

  test("from another site goes on to a path that accepts it, and to no other", () => {
    const accepting = { ...options, allowCrossOrigin: ["/api/callback"] }
    const headers = { Origin: "https://appleid.apple.com", "Sec-Fetch-Site": "cross-site", Cookie: cookie }
    const outcomes = ["/api/callback", "/api/callback/apple", "/api/callbacks", "/api", "/api/callback%2f..%2fme"].map(
      (path) => visit(path, headers, "POST", accepting),
    )
    expect(outcomes).toEqual(["goes on", "goes on", 403, 403, 403])
  })

  test("from another site is refused where only the decoded path accepts it: Next.js routes it elsewhere", () => {
    const accepting = { ...options, allowCrossOrigin: ["/api/callback", "/zurück"] }
    const outcomes = ["/api%2Fcallback", "/%61pi/callback", "/api/callback/x%2Fy", "//api/callback", "/zur%c3%BCck%2Fx"]
    const headers = { Origin: "https://appleid.apple.com" }
    for (const path of outcomes) expect([path, visit(path, headers, "POST", accepting)]).toEqual([path, 403])
    for (const path of ["/api/callback/", "/api/callback/x%20y", "/zur%C3%BCck", "/zurück"]) {
      expect([path, visit(path, headers, "POST", accepting)]).toEqual([path, "goes on"])
    }
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
    { allowCrossOrigin: ["callback"] },
    { signInPath: "sign-in" },
    { signInPath: "//evil.example" },
    { signInPath: "/\\evil.example" },
    { trustedOrigins: ["https://app.example/"] },
    { cookie: { sameSite: "none", secure: false } },
  ])("throws for %o", (wrong) => {
    expect(() => createAuthProxy({ ...options, ...wrong })).toThrow(expect.objectContaining({ code: "invalid_option" }))
  })

  test("[NXT-6] needs nothing of Node.js", async () => {
    const { outputFiles } = await bundle("src/next/proxy.ts")
    expect(outputFiles[0]?.text).toContain("Cross-origin request refused")
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

function requestFor(path: string) {
  return { method: "GET", url: origin + path, headers: new Headers() }
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
    logLevel: "silent",
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
