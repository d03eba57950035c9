import { setTimeout } from "node:timers/promises"
import { afterEach, describe, expect, test, vi } from "vitest"
import { isAuthError } from "../../src/index.ts"
import { createNextAuth } from "../../src/next.ts"
import type { RouteHandler } from "../../src/next.ts"
import { createSnapshots } from "../../src/stateless.ts"
import { setUp } from "../core/auth-fixture.ts"
import { unhandledBy } from "./unhandled.ts"

const origin = "https://app.example"
const ambient = vi.hoisted(() => ({ head: new Headers(), jar: {} as unknown }))
vi.mock("next/cache.js", () => ({ io: undefined }))
vi.mock("next/headers.js", () => ({ headers: async () => ambient.head, cookies: async () => ambient.jar }))
vi.mock("#next/navigation", () => ({
  redirect: (path: string) => leave(`NEXT_REDIRECT;replace;${path};307;`),
  notFound: () => leave("NEXT_HTTP_ERROR_FALLBACK;404"),
}))
afterEach(() => void (ambient.head = new Headers()))

describe("a Server Action that a render calls", () => {
  test("returns what it returns elsewhere, as often as it is called", async () => {
    const { next, render } = await setUpNext()
    const listTodos = next.serverAction(async ({ user }, more: string) => `${user.username}, ${more}`)
    await render("user-1")
    expect(await Promise.all([listTodos("1"), listTodos("2")])).toEqual(["ada, 1", "ada, 2"])
    expect(await listTodos("3")).toBe("ada, 3")
  })

  test("sends away who may not see it", async () => {
    const { next, render } = await setUpNext()
    const forMembers = next.serverAction(async () => "in")
    const forAda = next.serverAction(async () => "in", { authorize: ({ user }) => user.username === "ada" })
    await render()
    await expect(forMembers()).rejects.toMatchObject({ digest: expect.stringContaining("/sign-in") as string })
    await render("user-2")
    await expect(forAda()).rejects.toMatchObject({ digest: expect.stringContaining("404") as string })
  })

  test("throws what it throws elsewhere, and leaves the request's session as it found it", async () => {
    const { next, render } = await setUpNext()
    const failing = next.serverAction(() => {
      throw new Error("no todos")
    })
    await render("user-1")
    await expect(failing()).rejects.toThrow("no todos")
    expect(await next.getSession()).toMatchObject({ user: { username: "ada" } })
  })

  test("writes no cookie, neither its session's nor a snapshot, and finds who followed a link of another site", async () => {
    const { next, render } = await setUpNext()
    const listTodos = next.serverAction(async ({ user }) => user.username)
    await render("user-1", { "Sec-Fetch-Site": "cross-site" })
    expect(await listTodos()).toBe("ada")
  })

  test("cannot sign in, and says why", async () => {
    const { next, render } = await setUpNext()
    const signIn = next.serverAction(() => next.signIn("user-1"), { public: true })
    await render()
    await expect(signIn()).rejects.toThrow("a Server Component cannot set cookies")
  })
})

describe("a sign-in that is not awaited", () => {
  test.each([
    ["a Server Action", (next: Next) => next.serverAction(() => void next.signIn("user-1"), { public: true })],
    ["a Route Handler", (next: Next) => answerWith(next.routeHandler(() => forget(next), { public: true }))],
  ])("is reported where %s forgot it, and its failure ends no process", async (_, make) => {
    const unhandled = await unhandledBy(async () => {
      const { next, act } = await setUpNext({ isSlow: true })
      act()
      const error: unknown = await make(next)().catch((error: unknown) => error)
      expect([isAuthError(error) && error.code, String(error)]).toEqual([
        "headers_sent",
        expect.stringContaining("forget await"),
      ])
    })
    expect(unhandled).toEqual([])
  })

  test("is heard of where nobody else reports it", async () => {
    const unhandled = await unhandledBy(async () => {
      const { next, render } = await setUpNext()
      await render()
      void next.signIn("user-1")
    })
    expect(unhandled).toEqual([expect.objectContaining({ code: "headers_sent" })])
  })
})

describe("a guard's option that does not exist", () => {
  const wrong = { authorise: () => false } as object

  test.each<[string, (next: Next) => unknown]>([
    ["protectedPage", ({ protectedPage }) => protectedPage(() => null, wrong)],
    ["routeHandler", ({ routeHandler }) => routeHandler(() => new Response(), wrong)],
    ["serverAction", ({ serverAction }) => serverAction(() => {}, wrong)],
  ])("throws as %s() wraps", async (_, wrap) => {
    const { next } = await setUpNext()
    expect(() => wrap(next)).toThrow('did you mean "authorize"?')
  })

  test("is refused by verifySession() for members too", async () => {
    const { next, render } = await setUpNext()
    await render("user-1")
    await expect(next.verifySession(wrong)).rejects.toThrow('did you mean "authorize"?')
  })
})

describe("a member who must prove again who they are", () => {
  const authorize = () => "confirm" as const

  test.each([
    [undefined, "/confirm"],
    ["/account?tab=2", "/confirm?next=%2Faccount%3Ftab%3D2"],
    ["//evil.example", "/confirm"],
    ["https://evil.example", "/confirm"],
  ])("is led by verifySession() from %j to %s", async (path, target) => {
    const { next, render } = await setUpNext({ confirmPath: "/confirm" })
    await render("user-1")
    await expect(next.verifySession({ authorize, path })).rejects.toMatchObject({ digest: redirectTo(target) })
    const page = next.protectedPage(() => "in", { authorize, path })
    await expect(page({})).rejects.toMatchObject({ digest: redirectTo(target) })
  })

  test.each([
    [{ Referer: "https://app.example/account?tab=2" }, "", "/confirm?next=%2Faccount%3Ftab%3D2"],
    [{ Referer: "https://app.example/app/account" }, "/app", "/confirm?next=%2Faccount"],
    [{ Referer: "https://app.example/app" }, "/app", "/confirm?next=%2F"],
    [{ Referer: "https://app.example/apple" }, "/app", "/confirm?next=%2Fapple"],
    [{ Referer: "https://evil.example/account" }, "", "/confirm"],
    [{ Referer: "https://app.example.evil.example/account" }, "", "/confirm"],
    [{ Referer: "https://app.example@evil.example/account" }, "", "/confirm"],
    [{ Referer: "https://app.example//evil.example/account" }, "", "/confirm"],
    [{ Referer: "https://app.example/app//evil.example" }, "/app", "/confirm"],
    [{ Referer: "nowhere" }, "", "/confirm"],
    [{}, "", "/confirm"],
  ])("is led by an action with %j under %j to %s", async (headers, basePath, target) => {
    vi.stubEnv("__NEXT_ROUTER_BASEPATH", basePath)
    const { next, render } = await setUpNext({ confirmPath: "/confirm" })
    await render("user-1", { Host: "app.example", ...headers })
    const action = next.serverAction(() => "in", { authorize })
    await expect(action()).rejects.toMatchObject({ digest: redirectTo(target) })
    vi.unstubAllEnvs()
  })

  test("is answered 401 by a Route Handler, as RFC 9470 says", async () => {
    const { next, render } = await setUpNext()
    await render("user-1", { Origin: origin, Host: "app.example" })
    const response = await answerWith(next.routeHandler<{}>(() => new Response("in"), { authorize }))()
    expect([response.status, await response.text()]).toEqual([401, "insufficient_user_authentication"])
    expect(response.headers.get("WWW-Authenticate")).toBe('Bearer error="insufficient_user_authentication"')
    expect(response.headers.get("Cache-Control")).toBe("private, no-store")
  })

  test("is an error without confirmPath where a page would be shown", async () => {
    const { next, render } = await setUpNext()
    await render("user-1")
    const message = /^confirmPath: undefined is missing, .*; use the page that asks again/
    await expect(next.verifySession({ authorize })).rejects.toThrow(message)
    await expect(next.protectedPage(() => "in", { authorize })({})).rejects.toThrow(message)
    await expect(next.serverAction(() => "in", { authorize })()).rejects.toThrow(message)
  })

  test("is led to sign in while signed out", async () => {
    const { next, render } = await setUpNext({ confirmPath: "/confirm" })
    await render()
    await expect(next.verifySession({ authorize })).rejects.toMatchObject({ digest: redirectTo("/sign-in") })
  })

  test("is never led to another site", async () => {
    for (const confirmPath of ["https://evil.example", "//evil.example", "confirm", "/\\evil.example"])
      await expect(setUpNext({ confirmPath })).rejects.toMatchObject({ code: "invalid_option" })
  })
})

describe("flow", () => {
  test("is not set in a render, and says why", async () => {
    const { next, render } = await setUpNext()
    await render()
    await expect(next.flow.setFlow("pending", "1")).rejects.toThrow("a Server Component cannot set cookies")
    await expect(next.elevate({ elevate: async () => null }, "proof")).rejects.toMatchObject({ code: "headers_sent" })
  })

  test("knows the method, whether another site asks, and who", async () => {
    const { next, render, act } = await setUpNext()
    await render("user-1")
    expect([await next.flow.method, await next.flow.crossOrigin]).toEqual(["GET", false])
    expect(await next.flow.validate()).toMatchObject({ user: { username: "ada" } })
    act({ Origin: "https://evil.example" })
    expect([await next.flow.method, await next.flow.crossOrigin]).toEqual(["POST", true])
  })

  test("hands the jar of Next.js the value as it is, which Next.js escapes", async () => {
    const { next, act } = await setUpNext()
    act()
    const { set, jar } = createJar()
    ambient.jar = jar
    await next.flow.setFlow("pending", "a/b%41~")
    expect(set).toEqual([
      {
        name: "__Host-pending",
        value: "a/b%41~",
        httpOnly: true,
        secure: true,
        sameSite: "lax",
        path: "/",
        maxAge: 600,
      },
    ])
    expect(await next.flow.readFlow("pending")).toBe("a/b%41~")
    expect(await next.flow.flowNames("pend")).toEqual(["pending"])
    await next.flow.setFlow("pending", null)
    expect(set.at(-1)).toMatchObject({ value: "", maxAge: 0, expires: new Date(0) })
    expect([await next.flow.readFlow("pending"), await next.flow.flowNames("")]).toEqual([null, []])
  })

  test("is not set once a Route Handler has answered", async () => {
    const { next, act } = await setUpNext()
    act()
    await answerWith(next.routeHandler<{}>(() => new Response(), { public: true }))()
    await expect(next.flow.setFlow("pending", "1")).rejects.toMatchObject({ code: "headers_sent" })
  })
})

test("signIn() leaves sign-in to createSignIn() where an auth takes proofs only", async () => {
  const { next, act } = await setUpNext({ proofsOnly: true })
  act()
  await expect(next.signIn("user-1")).rejects.toMatchObject({ code: "unsupported" })
})

describe("a public handler", () => {
  test("gets nobody as null: session and user in a Route Handler, auth in a Server Action", async () => {
    const { next, act } = await setUpNext()
    act()
    const action = next.serverAction((auth, more: string) => [auth && auth.user.username, more], { public: true })
    expect(await action("x")).toEqual([null, "x"])
    const GET = next.routeHandler<{}>(
      ({ url }, { session, user, params }) => Response.json([url, session, user, params]),
      {
        public: true,
      },
    )
    expect(await (await answerWith(GET)()).json()).toEqual([`${origin}/`, null, null, {}])
  })
})

test("createNextAuth() takes no snapshots but those of createSnapshots()", async () => {
  const { auth } = await setUp()
  for (const snapshots of [{}, { with: {}, claims: () => ({}) }, null])
    expect(() => createNextAuth(auth, { signInPath: "/sign-in", snapshots: snapshots as never })).toThrow(
      /^snapshots: (object|null) is not an instance; use what createSnapshots\(\)/,
    )
})

test("createNextAuth() takes no device but that of createDeviceBinding()", async () => {
  const { auth } = await setUp()
  for (const device of [{}, { path: "/auth/device" }, null, "/auth/device"])
    expect(() => createNextAuth(auth, { signInPath: "/sign-in", device: device as never })).toThrow(
      /^device: (object|null|"\/auth\/device") is not an instance; use what createDeviceBinding\(\)/,
    )
})

type Next = Awaited<ReturnType<typeof setUpNext>>["next"]

/** The App Router's wrapper over a store in memory, in a render or an action. */
async function setUpNext({
  isSlow = false,
  proofsOnly = false,
  confirmPath,
}: { isSlow?: boolean; proofsOnly?: boolean; confirmPath?: string } = {}) {
  const fail = () => Promise.reject(new Error("The database is away."))
  const { auth, now } = await setUp({
    proofsOnly,
    ...(isSlow && { adapter: () => ({ insertSession: () => setTimeout(20).then(fail) }) }),
  })
  const snapshots = createSnapshots({
    secrets: [new Uint8Array(32).map((_, n) => n)],
    now,
    claims: () => ({}),
  })
  const next = createNextAuth(auth, { signInPath: "/sign-in", confirmPath, snapshots })
  return { next, render, act }

  /** Starts a render, for a member if one is named. */
  async function render(userId?: string, headers: Record<string, string> = {}) {
    const token = userId && (await auth.createSession(userId)).token
    ambient.head = new Headers({ ...headers, ...(token && { Cookie: `__Host-session=${token}` }) })
    // Next.js has one function for all that would set or delete a cookie.
    ambient.jar = { get: () => token && { value: token }, getAll: () => [], set: readOnly, delete: readOnly }
  }

  /** Starts an action or a Route Handler. */
  function act(headers: Record<string, string> = {}) {
    ambient.head = new Headers({ Origin: origin, Host: "app.example", ...headers })
    ambient.jar = { get: () => undefined, getAll: () => [], set() {}, delete() {} }
  }
}

/** The cookies of a Server Action, which shows what it has set. */
function createJar() {
  const values = new Map<string, string>()
  const set: { name: string; value: string }[] = []
  const jar = {
    get: (name: string) => (values.has(name) ? { value: values.get(name) } : undefined),
    getAll: () => [...values].map(([name, value]) => ({ name, value })),
    set(cookie: { name: string; value: string }) {
      set.push(cookie)
      values.set(cookie.name, cookie.value)
    },
    delete() {},
  }
  return { set, jar }
}

function redirectTo(path: string): string {
  return `NEXT_REDIRECT;replace;${path};307;`
}

function forget(next: Next) {
  void next.signIn("user-1")
  return new Response("in")
}

function answerWith(handle: RouteHandler<{}>) {
  const request = Object.assign(new Request(origin, { method: "POST", headers: { Origin: origin } }), {
    nextUrl: Object.assign(new URL(origin), { clone: () => raise() }),
  })
  return () => handle(request as never, { params: Promise.resolve({}) })
}

function readOnly(): never {
  throw new Error("Cookies can only be modified in a Server Action or Route Handler.")
}

function leave(digest: string): never {
  throw Object.assign(new Error(digest), { digest })
}

function raise(): never {
  throw new Error("not asked for")
}
