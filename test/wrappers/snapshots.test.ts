import { Hono } from "hono"
import { describe, expect, test } from "vitest"
import type { Member, SessionFields } from "../../src/index.ts"
import { createHonoAuth } from "../../src/hono.ts"
import { createNodeAuth } from "../../src/node.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { createAuthProxy } from "../../src/next/proxy.ts"
import { createSnapshots, createStatelessAuth } from "../../src/stateless.ts"
import { manualClock } from "../../src/testing.ts"
import { createWebAuth } from "../../src/web.ts"
import { day, second, setUp } from "../core/auth-fixture.ts"
import { listen } from "./node-server.ts"

const origin = "https://app.example"
const secrets = [new Uint8Array(32).map((_, n) => n)]

describe("a snapshot next to the session", () => {
  test("is written for a member, with the attributes of the session cookie and a short life", async () => {
    const { visit, token, snapshots, session } = await signedIn()
    const [cookie = "", ...more] = await visit(token)
    expect(more).toEqual([])
    expect(cookie).toMatch(/^session-snapshot=[\w-]+; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(await snapshots.openSnapshot(valueOf(cookie), { sessionToken: token })).toMatchObject({
      sessionId: session.id,
      userId: "user-1",
      claims: { name: "ada" },
    })
  })

  test("is written again at half of its life, and when what it says has changed", async () => {
    const { visit, token, now, rename } = await signedIn()
    const [first = ""] = await visit(token)
    now.advance(29 * second)
    expect(await visit(token, first)).toEqual([])
    now.advance(2 * second)
    const [second_ = ""] = await visit(token, first)
    expect(valueOf(second_)).not.toBe(valueOf(first))
    expect(await visit(token, second_)).toEqual([])
    rename("grace")
    expect(await visit(token, second_)).toHaveLength(1)
  })

  test("is written with the sign-in, so that the next visit has it", async () => {
    const { web, snapshots } = await open()
    const authRequest = web.handleRequest(post())
    const created = await authRequest.signIn("user-1")
    const cookies = authRequest.applyTo(new Response()).headers.getSetCookie()
    expect(cookies.map((cookie) => cookie.split("=")[0])).toEqual(["__Host-session", "session-snapshot"])
    expect(await snapshots.openSnapshot(valueOf(cookies[1] ?? ""), { sessionToken: created?.token })).not.toBeNull()
  })

  test("belongs to a session whose cookie ends with the browser", async () => {
    const { web, snapshots } = await open()
    const authRequest = web.handleRequest(post())
    const created = await authRequest.signIn("user-1", {}, { persistent: false })
    const cookies = authRequest.applyTo(new Response()).headers.getSetCookie()
    expect(created?.token).toMatch(/~$/)
    expect(await snapshots.openSnapshot(valueOf(cookies[1] ?? ""), { sessionToken: created?.token })).not.toBeNull()
  })

  test("is of the session that a rotation has made", async () => {
    const { web, token, snapshots } = await signedIn()
    const authRequest = web.handleRequest(post(token))
    const rotated = await authRequest.rotate()
    const cookies = authRequest.applyTo(new Response()).headers.getSetCookie()
    expect(await snapshots.openSnapshot(valueOf(cookies[1] ?? ""), { sessionToken: rotated?.token })).not.toBeNull()
    expect(await snapshots.openSnapshot(valueOf(cookies[1] ?? ""), { sessionToken: token })).toBeNull()
  })

  const pauses = ["the session is read", "the snapshot is sealed"] as const

  test.each(pauses)("is of the new session, although one of the old was on its way while %s", async (pause) => {
    const { auth, token, snapshots } = await signedIn()
    const { promise: rotation, resolve: resume } = Promise.withResolvers<void>()
    let isFirst = true
    async function wait<Result>(result: Promise<Result>, at: (typeof pauses)[number]): Promise<Result> {
      const waits = isFirst && at === pause
      if (waits) isFirst = false
      const settled = await result
      if (waits) await rotation
      return settled
    }
    const slow: typeof auth = {
      ...auth,
      withRequest: () => slow,
      validateSession: (presented) => wait(auth.validateSession(presented), "the session is read"),
    }
    const web = createWebAuth(slow, {
      snapshots: {
        ...snapshots,
        snapshotCookie: (...given) => wait(snapshots.snapshotCookie(...given), "the snapshot is sealed"),
      },
    })
    const authRequest = web.handleRequest(post(token))
    const pending = authRequest.validate()
    await expect.poll(() => isFirst).toBe(false)
    const rotated = await authRequest.rotate()
    resume()
    await pending
    const cookies = authRequest.applyTo(new Response()).headers.getSetCookie()
    const snapshot = cookies.find((cookie) => cookie.startsWith("session-snapshot=")) ?? ""
    expect(await snapshots.openSnapshot(valueOf(snapshot), { sessionToken: rotated?.token })).not.toBeNull()
  })

  test("dies with the sign-out, and one that was written in the same request too", async () => {
    const { web, token } = await signedIn()
    const authRequest = web.handleRequest(post(token))
    await authRequest.validate()
    await authRequest.signOut()
    const cookies = authRequest.applyTo(new Response()).headers.getSetCookie()
    expect(cookies.map((cookie) => cookie.split(";", 2).join(";"))).toEqual([
      "session-snapshot=; Max-Age=0",
      "__Host-session=; Max-Age=0",
    ])
  })

  test("[STL-6] dies when the session was ended elsewhere", async () => {
    const { visit, token, auth, session } = await signedIn()
    const [cookie = ""] = await visit(token)
    await auth.invalidateSession(session.id)
    expect(await visit(token, cookie)).toEqual([expect.stringMatching(/^session-snapshot=; Max-Age=0/)])
    expect(await visit("")).toEqual([])
  })

  test("that is not there is not deleted", async () => {
    const { visit, token, auth, session } = await signedIn()
    await auth.invalidateSession(session.id)
    expect(await visit(token)).toEqual([])
  })

  test("of another session is replaced", async () => {
    const { visit, token, auth, snapshots } = await signedIn()
    const other = await auth.createSession("user-2")
    const [foreign = ""] = await visit(other.token)
    const [own = ""] = await visit(token, foreign)
    expect(await snapshots.openSnapshot(valueOf(own), { sessionToken: token })).toMatchObject({ userId: "user-1" })
  })

  test("is written by createHonoAuth(), and with a sign-in from another site that is let in", async () => {
    const { auth, snapshots } = await open()
    const honoAuth = createHonoAuth(auth, {
      allowCrossOrigin: true,
      snapshots,
    })
    const app = new Hono().use(honoAuth).post("/", async (c) => c.json(await c.var.auth.signIn("user-1")))
    const response = await app.request(origin, { method: "POST", headers: { Origin: "https://apple.example" } })
    const [, snapshot = ""] = response.headers.getSetCookie()
    const { token } = (await response.json()) as { token: string }
    expect(await snapshots.openSnapshot(valueOf(snapshot), { sessionToken: token })).toMatchObject({
      claims: { name: "ada" },
    })
  })

  test("is neither written nor deleted for another site's request", async () => {
    const { web, token, visit } = await signedIn()
    const [own = ""] = await visit(token)
    const authRequest = web.handleRequest(post(token, "https://evil.example", own.split(";")[0]))
    await authRequest.validate()
    expect(authRequest.applyTo(new Response()).headers.getSetCookie()).toEqual([])
  })

  test("[STL-6] is not a session, for no wrapper", async () => {
    const { web, auth, visit, token } = await signedIn()
    const [cookie = ""] = await visit(token)
    expect(await auth.validateSession(valueOf(cookie))).toMatchObject({ reason: "malformed" })
    const request = new Request(`${origin}/`, { headers: { Authorization: `Bearer ${valueOf(cookie)}` } })
    expect(await web.handleRequest(request).validateBearerToken()).toBeNull()
    expect(await web.handleRequest(get(valueOf(cookie))).validate()).toBeNull()
    expect(await createStatelessAuth({ secrets }).validateSession(valueOf(cookie))).toMatchObject({ session: null })
  })

  test.each(["createNodeAuth()", "createPagesAuth()"])("is written by %s", async (name) => {
    const { auth, token, snapshots } = await signedIn()
    const nodeAuth = createNodeAuth(auth, {
      snapshots,
    })
    const pagesAuth = createPagesAuth(auth, {
      signInPath: "/sign-in",
      snapshots,
    })
    const server = await listen((req, res) => {
      const done =
        name === "createNodeAuth()" ? nodeAuth.handleRequest(req, res).validate() : pagesAuth.validateRequest(req, res)
      void done.then(() =>
        res.setHeader("Set-Cookie", [...[res.getHeader("Set-Cookie")].flat(), "own=1"].map(String)).end(),
      )
    })
    const { cookies } = await server.send({ headers: { Cookie: `__Host-session=${token}` } })
    expect(cookies).toEqual([expect.stringMatching(/^session-snapshot=/), "own=1"])
    expect(await snapshots.openSnapshot(valueOf(cookies[0] ?? ""), { sessionToken: token })).not.toBeNull()
    await server.close()
  })
})

describe("what createSnapshots() did not make is no snapshots", () => {
  const wrong: unknown[] = [{}, { with: {}, claims: () => ({}) }, null, "snapshots", { cookieName: "s" }]
  const takers: Record<string, (auth: OwnAuth, snapshots: never) => unknown> = {
    createWebAuth: (auth, snapshots) => createWebAuth(auth, { snapshots }),
    createNodeAuth: (auth, snapshots) => createNodeAuth(auth, { snapshots }),
    createHonoAuth: (auth, snapshots) => createHonoAuth(auth, { snapshots }),
    createPagesAuth: (auth, snapshots) => createPagesAuth(auth, { signInPath: "/sign-in", snapshots }),
    createAuthProxy: (_, snapshots) =>
      createAuthProxy({
        publicPaths: [],
        signInPath: "/sign-in",
        snapshots,
        authorize: () => true,
        forbiddenPath: "/",
      }),
  }

  test.each(Object.entries(takers))("for %s()", async (_, take) => {
    const { auth } = await setUp()
    for (const snapshots of wrong)
      expect(() => take(auth, snapshots as never)).toThrow(
        expect.objectContaining({
          code: "invalid_option",
          message: expect.stringMatching(
            /^snapshots: (object|null|"snapshots") is not an instance; use what createSnapshots\(\) from nightlatch\/stateless returned$/,
          ) as string,
        }),
      )
  })

  test("nor do snapshots of another auth's members fit", async () => {
    const { auth } = await setUp()
    const shop = createSnapshots({ secrets, claims: ({ user }: { session: SessionFields; user: Cart }) => user.cart })
    void (() => {
      // @ts-expect-error this auth's users have no cart
      createWebAuth(auth, { snapshots: shop })
      // @ts-expect-error nor here
      createPagesAuth(auth, { signInPath: "/sign-in", snapshots: shop })
    })
  })
})

describe("a proxy with snapshots", () => {
  test.each(["snapshots", "authorize", "forbiddenPath"])("needs all three options, so not without %s", (missing) => {
    const checks = {
      snapshots: createSnapshots({ secrets, claims: () => ({}) }),
      authorize: () => true,
      forbiddenPath: "/forbidden",
    }
    expect(() =>
      createAuthProxy({ publicPaths: [], signInPath: "/sign-in", ...checks, [missing]: undefined } as never),
    ).toThrow("createAuthProxy(): of snapshots, authorize and forbiddenPath one is missing; pass all three or none")
  })

  test("sends a member away from pages that are not theirs, and from no others", async () => {
    const { proxyTo, token, snapshot } = await withProxy("member")
    expect(await proxyTo("/admin", token, snapshot)).toBe("/forbidden")
    expect(await proxyTo("/%61dmin/users", token, snapshot)).toBe("/forbidden")
    expect(await proxyTo("/profile", token, snapshot)).toBe("goes on")
    expect(await proxyTo("/forbidden", token, snapshot)).toBe("goes on")
    expect(await proxyTo("/sign-in", token, snapshot)).toBe("goes on")
  })

  test("sends a member away from what looks like a file too, and nobody whose snapshot is missing", async () => {
    const { proxyTo, token, snapshot } = await withProxy("member")
    expect(await proxyTo("/admin/x.y", token, snapshot)).toBe("/forbidden")
    expect(await proxyTo("/logo.png", token, snapshot)).toBe("goes on")
    expect(await proxyTo("/admin/x.y", token)).toBe("goes on")
    expect(await proxyTo("/admin/x.y", "")).toBe("goes on")
  })

  test("lets a member go on whose snapshot allows it", async () => {
    const { proxyTo, token, snapshot } = await withProxy("admin")
    expect(await proxyTo("/admin", token, snapshot)).toBe("goes on")
  })

  test("sends nobody away from a public page, so that a mistaken authorize() cannot run in circles", async () => {
    const { proxyTo, token, snapshot } = await withProxy("nobody")
    for (const path of ["/", "/forbidden", "/sign-in"]) expect(await proxyTo(path, token, snapshot)).toBe("goes on")
    expect(await proxyTo("/profile", token, snapshot)).toBe("/forbidden")
  })

  test("takes no snapshot, an old one, another session's or nonsense for none, and lets through", async () => {
    const { proxyTo, token, snapshot, now, auth } = await withProxy("member")
    const other = await auth.createSession("user-2")
    expect(await proxyTo("/admin", token)).toBe("goes on")
    expect(await proxyTo("/admin", token, "nonsense")).toBe("goes on")
    expect(await proxyTo("/admin", other.token, snapshot)).toBe("goes on")
    now.advance(60 * second)
    expect(await proxyTo("/admin", token, snapshot)).toBe("goes on")
  })

  test("sends a visitor without a session to sign in, whatever snapshot they have", async () => {
    const { proxyTo, snapshot } = await withProxy("admin")
    expect(await proxyTo("/admin", "", snapshot)).toBe("/sign-in")
    expect(await proxyTo("/", "", snapshot)).toBe("goes on")
  })

  async function withProxy(role: string) {
    const { auth, now } = await setUp()
    const snapshots = createSnapshots({ secrets, now, claims: () => ({ role }) })
    const { session, token } = await auth.createSession("user-1")
    const proxy = createAuthProxy({
      publicPaths: ["/"],
      signInPath: "/sign-in",
      snapshots,
      authorize: ({ claims }, path) =>
        claims.role !== "nobody" && (!path.startsWith("/admin") || claims.role === "admin"),
      forbiddenPath: "/forbidden",
    })
    const snapshot = await snapshots.sealSnapshot(session, { role })
    const proxyTo = async (path: string, token: string, snapshot?: string) =>
      outcome(await proxy(get(token, snapshot && `session-snapshot=${snapshot}`, path)))
    return { proxyTo, token, snapshot, now, auth }
  }
})

describe("a proxy with a stateless auth", () => {
  test("lets a session go on that is live, and sets no cookie until it is due", async () => {
    const { proxy, token, now } = await withAuth()
    expect(await proxy(get(token, "", "/profile"))).toBeUndefined()
    now.advance(14 * day)
    expect(await proxy(get(token, "", "/profile"))).toBeUndefined()
  })

  test("seals a session again that is due, and keeps the answer from shared caches", async () => {
    const { proxy, token, now, auth } = await withAuth()
    now.advance(16 * day)
    const response = await proxy(get(token, "", "/"))
    expect(response?.headers.get("x-middleware-next")).toBe("1")
    expect(response?.headers.get("Cache-Control")).toBe("private, no-store")
    const [cookie = ""] = response?.headers.getSetCookie() ?? []
    expect(cookie).toBe(auth.createSessionCookie(valueOf(cookie)).serialize())
    now.advance(29 * day)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "expired" })
    expect(await auth.validateSession(valueOf(cookie))).toMatchObject({ user: { id: "user-1" } })
  })

  test("seals one again that ends with the browser as one that does", async () => {
    const { proxy, token, now, auth } = await withAuth()
    const { value } = auth.createSessionCookie(token, { persistent: false })
    now.advance(16 * day)
    const [cookie = ""] = (await proxy(get(value, "", "/")))?.headers.getSetCookie() ?? []
    expect(cookie).toMatch(/~; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(await auth.validateSession(valueOf(cookie))).toMatchObject({ user: { id: "user-1" } })
  })

  test("seals a session again that an old secret has sealed", async () => {
    const { token, now, auth } = await withAuth()
    const rotated = createStatelessAuth({ secrets: [new Uint8Array(32).map((_, n) => n + 1), ...secrets], now })
    const proxy = createAuthProxy({ auth: rotated, publicPaths: [], signInPath: "/sign-in" })
    const [cookie = ""] = (await proxy(get(token, "", "/profile")))?.headers.getSetCookie() ?? []
    expect(await rotated.validateSession(valueOf(cookie))).not.toHaveProperty("token")
    expect(await auth.validateSession(valueOf(cookie))).toMatchObject({ session: null })
  })

  test("sends an ended or forged session to sign in, once", async () => {
    const { proxy, token, now } = await withAuth()
    expect(outcome(await proxy(get(`${token.slice(0, -4)}AAAA`, "", "/profile")))).toBe("/sign-in")
    now.advance(30 * day)
    expect(outcome(await proxy(get(token, "", "/profile")))).toBe("/sign-in")
    expect(outcome(await proxy(get(token, "", "/sign-in")))).toBe("goes on")
    expect(outcome(await proxy(get(token, "", "/")))).toBe("goes on")
  })

  test("deletes the cookie of an ended session as it sends a visit away, but not in the background", async () => {
    const { auth, proxy, token, now } = await withAuth()
    now.advance(30 * day)
    const cookiesFor = async (mode?: string) => {
      const request = get(token, "", "/profile")
      if (mode) request.headers.set("Sec-Fetch-Mode", mode)
      return (await proxy(request))?.headers.getSetCookie()
    }
    const blank = auth.createBlankSessionCookie().serialize()
    expect([await cookiesFor(), await cookiesFor("navigate"), await cookiesFor("cors")]).toEqual([[blank], [blank], []])
    expect((await proxy(get("", "", "/profile")))?.headers.getSetCookie()).toEqual([])
  })

  test("leaves a POST alone, which may end the session", async () => {
    const { proxy, token, now } = await withAuth()
    now.advance(16 * day)
    expect(await proxy(post(token))).toBeUndefined()
  })

  test("guards as it does without one, by the auth's own trusted origins", async () => {
    const now = manualClock()
    const auth = createStatelessAuth({ secrets, now, trustedOrigins: ["https://admin.example"] })
    const proxy = createAuthProxy({ auth, publicPaths: [], signInPath: "/sign-in" })
    expect((await proxy(post("", "https://evil.example")))?.status).toBe(403)
    expect(await proxy(post("", "https://admin.example"))).toBeUndefined()
  })

  async function withAuth() {
    const now = manualClock()
    const auth = createStatelessAuth({ secrets, now })
    const { token } = await auth.createSession("user-1")
    const proxy = createAuthProxy({ auth, publicPaths: ["/"], signInPath: "/sign-in" })
    return { auth, token, now, proxy }
  }
})

type OwnAuth = Awaited<ReturnType<typeof setUp>>["auth"]
type Cart = { id: string; cart: object }

async function open() {
  let name: string | undefined
  const { auth, now } = await setUp()
  const snapshots = createSnapshots({
    secrets,
    now,
    claims: ({ user }: Member<typeof auth>) => ({ name: name ?? user.username }),
  })
  const web = createWebAuth(auth, { snapshots })
  return { auth, now, snapshots, web, rename: (other: string) => void (name = other) }
}

async function signedIn() {
  const opened = await open()
  const { session, token } = await opened.auth.createSession("user-1")
  async function visit(token: string, snapshot = ""): Promise<string[]> {
    const authRequest = opened.web.handleRequest(get(token, snapshot.split(";")[0]))
    await authRequest.validate()
    return authRequest.applyTo(new Response()).headers.getSetCookie()
  }
  return { ...opened, session, token, visit }
}

function get(token: string, more = "", path = "/"): Request {
  const cookies = [token && `__Host-session=${token}`, more].filter(Boolean)
  return new Request(`${origin}${path}`, { headers: cookies.length > 0 ? { Cookie: cookies.join("; ") } : {} })
}

function post(token = "", from = origin, more = ""): Request {
  const request = get(token, more)
  return new Request(request, { method: "POST", headers: { ...Object.fromEntries(request.headers), Origin: from } })
}

function outcome(response: Response | undefined): string {
  return response?.headers.has("Location") ? new URL(response.headers.get("Location")!).pathname : "goes on"
}

function valueOf(cookie: string): string {
  return /^[^=]+=([^;]*)/.exec(cookie)?.[1] ?? ""
}
