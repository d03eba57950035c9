import { Hono } from "hono"
import type { Context } from "hono"
import { bodyLimit } from "hono/body-limit"
import { cors } from "hono/cors"
import { createMiddleware } from "hono/factory"
import { HTTPException } from "hono/http-exception"
import { stream, streamSSE } from "hono/streaming"
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest"
import { createHonoAuth } from "../../src/hono.ts"
import type { HonoAuthEnv } from "../../src/hono.ts"
import { isAuthError } from "../../src/index.ts"
import { createWebAuth } from "../../src/web.ts"
import { setUp } from "../core/auth-fixture.ts"
import { listen } from "./node-server.ts"

const origin = "https://app.example"
const cookieName = "__Host-session"

const rejections: unknown[] = []
const remember = (error: unknown) => void rejections.push(error)
beforeEach(() => void process.on("unhandledRejection", remember))
afterEach(async () => {
  await new Promise(setImmediate)
  process.off("unhandledRejection", remember)
  expect(rejections.splice(0)).toEqual([])
})

describe("createHonoAuth()", () => {
  test("serves a session from sign-in to sign-out", async () => {
    const { app, send } = await setUpHono()
    app.post("/in", async (c) => c.json(await c.var.auth.signIn("user-1", { label: "phone" })))
    app.get("/me", async (c) => c.json((await c.var.auth.validate())?.user ?? null))
    app.post("/out", async (c) => (await c.var.auth.signOut(), c.redirect("/")))
    const { headers } = await send("POST", "/in")
    const [cookie = ""] = headers.getSetCookie()
    const token = cookie.slice(0, cookie.indexOf(";"))
    expect(await (await send("GET", "/me", token)).json()).toEqual({ id: "user-1", username: "ada" })
    const out = await send("POST", "/out", token)
    expect(out.headers.getSetCookie()).toEqual([expect.stringContaining("Max-Age=0")])
    expect(await (await send("GET", "/me", token)).json()).toBeNull()
  })

  test("types the session at c.var.auth, for every way to make an application", async () => {
    const { auth } = await setUp()
    const honoAuth = createHonoAuth(auth)
    type Session = NonNullable<Awaited<ReturnType<HonoAuthEnv<typeof auth>["Variables"]["auth"]["validate"]>>>
    expectTypeOf<Session["user"]["username"]>().toEqualTypeOf<string>()
    new Hono().use(honoAuth).get("/", async (c) => {
      expectTypeOf(await c.var.auth.validate()).toEqualTypeOf<Session | null>()
      expectTypeOf(c.get("auth")).toEqualTypeOf(c.var.auth)
      return c.text("")
    })
    const app = new Hono<HonoAuthEnv<typeof auth>>()
    app.use(honoAuth)
    app.get("/", async (c) => {
      expectTypeOf(await c.var.auth.validate()).toEqualTypeOf<Session | null>()
      // @ts-expect-error -- ids of this auth are text
      await c.var.auth.signIn(1)
      return c.text("")
    })
    app.get("/", honoAuth, async (c) => c.json((await c.var.auth.validate())?.session.label))
    const membersOnly = createMiddleware<HonoAuthEnv<typeof auth> & { Variables: { member: Session } }>(
      async (c, next) => {
        const member = await c.var.auth.validate()
        if (!member) return c.redirect("/sign-in")
        c.set("member", member)
        return next()
      },
    )
    new Hono()
      .use(honoAuth)
      .use(membersOnly)
      .get("/", (c) => {
        expectTypeOf(c.var.member.session.label).toEqualTypeOf<string | undefined>()
        return c.text(c.var.auth.crossOrigin ? "" : c.var.member.user.username)
      })
  })

  type Answer = (c: Context<HonoAuthEnv<Fixture["auth"]>>) => Response | Promise<Response>

  const answers: [string, number, Answer][] = [
    ["text", 200, (c) => c.text("x")],
    ["a redirect", 303, (c) => c.redirect("/", 303)],
    ["an immutable redirect", 307, () => Response.redirect(`${origin}/`, 307)],
    ["a response of fetch", 200, () => fetch("data:text/plain,hello")],
    ["no content", 204, (c) => c.body(null, 204)],
    ["a stream", 200, (c) => stream(c, async (out) => void (await out.write("x")))],
    ["not found", 404, (c) => c.notFound()],
    ["an HTTPException", 401, () => raise(new HTTPException(401, { message: "x" }))],
    ["an HTTPException of a response", 418, () => raise(new HTTPException(418, { res: new Response("tea") }))],
    ["an error", 500, () => raise(new Error("own"))],
    [
      "headers set before",
      200,
      (c) => (c.header("Cache-Control", "public"), c.header("Set-Cookie", "a=1"), c.text("")),
    ],
  ]

  test.each(answers)("[COO-8][COO-9] sets cookie and cache headers on %s", async (_, status, answer) => {
    const { app, send } = await setUpHono()
    app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text("sorry", 500)))
    app.post("/", async (c) => {
      await c.var.auth.signIn("user-1")
      return answer(c)
    })
    const response = await send("POST", "/")
    expect(response.status).toBe(status)
    const ours = response.headers.getSetCookie().filter((cookie) => cookie.startsWith(cookieName))
    expect(ours).toHaveLength(1)
    expect(response.headers.get("Cache-Control")).toBe("private, no-store")
    expect(response.headers.get("Vary")).toBe("Cookie")
  })

  test("[COO-8] keeps what a proxied response and other middleware have set", async () => {
    const upstream = await listen((_req, res) => {
      res.setHeader("Set-Cookie", "cart=1").setHeader("Cache-Control", "public, max-age=600").end("x")
    })
    const { app, send } = await setUpHono((app) => void app.use(cors(), bodyLimit({ maxSize: 9 })))
    app.post("/", async (c) => {
      await c.var.auth.signIn("user-1")
      c.header("X-Own", "kept")
      return fetch(upstream.origin)
    })
    const { headers } = await send("POST", "/")
    await upstream.close()
    expect(headers.getSetCookie()).toEqual(["cart=1", expect.stringContaining(`${cookieName}=`)])
    expect(headers.get("Cache-Control")).toBe("private, no-store")
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*")
  })

  test("[COO-8] leaves what the application made as it was", async () => {
    const { app, send } = await setUpHono()
    const home = new Response(null, { status: 303, headers: { Location: "/" } })
    app.post("/", async (c) => (await c.var.auth.signIn("user-1"), home))
    app.get("/", () => home)
    expect((await send("POST", "/")).headers.getSetCookie()).toHaveLength(1)
    expect([...home.headers.keys()]).toEqual(["location"])
    expect((await send("GET", "/")).headers.getSetCookie()).toEqual([])
  })

  test("leaves a response alone that does not depend on the session", async () => {
    const { app, send } = await setUpHono()
    app.get("/", (c) => c.text("x", 200, { "Cache-Control": "public, max-age=60" }))
    expect((await send("GET", "/")).headers.get("Cache-Control")).toBe("public, max-age=60")
  })

  test("applies itself to a Response that is thrown, and throws that on", async () => {
    const { app, send } = await setUpHono()
    app.post("/", async (c) => {
      await c.var.auth.signIn("user-1")
      return raise(new Response(null, { status: 302 }))
    })
    const thrown = (await Promise.resolve(send("POST", "/")).catch((error: unknown) => error)) as Response
    expect([thrown.status, thrown.headers.getSetCookie().length]).toEqual([302, 1])
  })

  test("asks for a forgotten await, in app.onError", async () => {
    const { app, send } = await setUpHono()
    app.onError((error, c) => c.text(isAuthError(error) ? `${error.code}: ${error.message}` : "", 500))
    app.post("/", (c) => (void c.var.auth.signIn("user-1"), c.text("done")))
    const response = await send("POST", "/")
    expect([response.status, response.headers.getSetCookie()]).toEqual([500, []])
    expect(await response.text()).toMatch(/^headers_sent: .*Did you forget await\?/)
  })

  test("a stream may ask again for the session that was asked for before it began, and no stream may sign in", async () => {
    const { app, auth, send } = await setUpHono()
    const codes: unknown[] = []
    app.get("/", async (c) => {
      await c.var.auth.validate()
      return streamSSE(c, async (events) => {
        await events.sleep(5)
        await c.var.auth.signIn("user-2").catch((error: unknown) => codes.push(isAuthError(error) && error.code))
        await events.writeSSE({ data: (await c.var.auth.validate())?.user.id ?? "nobody" })
      })
    })
    const { token } = await auth.createSession("user-1")
    const response = await send("GET", "/", `${cookieName}=${token}`)
    expect(await response.text()).toContain("data: user-1")
    expect(codes).toEqual(["headers_sent"])
  })

  test("[CSR-3] answers an unsafe cross-origin request with 403, and reaches no handler", async () => {
    const { app, send } = await setUpHono()
    let isReached = false
    app.post("/", (c) => ((isReached = true), c.text("")))
    const response = await send("POST", "/", "", "https://evil.example")
    expect([response.status, isReached]).toEqual([403, false])
    expect(await response.text()).toContain("Cross-origin request refused")
  })

  test("lets one in where allowCrossOrigin says so, signed out, in whatever part of the application it stands", async () => {
    const { auth } = await setUp()
    const app = new Hono<HonoAuthEnv<typeof auth>>()
    app.use("/callback/*", createHonoAuth(auth, { allowCrossOrigin: true }))
    app.use(createHonoAuth(auth))
    const callback = new Hono<HonoAuthEnv<typeof auth>>().post("/apple", async (c) => {
      const before = await c.var.auth.validate()
      await c.var.auth.signIn("user-2")
      return c.json([before, (await c.var.auth.validate())?.user.id])
    })
    app.route("/callback", callback)
    const { token } = await auth.createSession("user-1")
    const request = { method: "POST", headers: { Origin: "https://apple.example", Cookie: `${cookieName}=${token}` } }
    const response = await app.request(`${origin}/callback/apple`, request)
    expect(await response.json()).toEqual([null, "user-2"])
    expect(response.headers.getSetCookie()).toHaveLength(1)
    expect((await auth.validateSession(token)).user?.id).toBe("user-1")
    expect((await app.request(`${origin}/other`, request)).status).toBe(403)
  })

  test("gives a request one session, also where it stands twice", async () => {
    const { auth, calls } = await setUp()
    const honoAuth = createHonoAuth(auth)
    const app = new Hono<HonoAuthEnv<typeof auth>>().use(honoAuth, createHonoAuth(auth), honoAuth)
    app.get("/", async (c) => c.json((await c.var.auth.validate())?.user.id))
    const { token } = await auth.createSession("user-1")
    calls.length = 0
    await app.request(`${origin}/`, { headers: { Cookie: `${cookieName}=${token}` } })
    expect(calls).toEqual(["findSession"])
  })

  test("names an option that does not exist", async () => {
    const { auth } = await setUp()
    // @ts-expect-error -- the option's name is misspelt
    expect(() => createHonoAuth(auth, { allowCrossOrigins: true })).toThrow('did you mean "allowCrossOrigin"?')
  })
})

test("[COO-8][COO-9] c.res = applyTo(c.res) of a middleware written by hand loses nothing, and changes nothing", async () => {
  const { auth } = await setUp()
  const headers = { "Set-Cookie": "cart=1", "Cache-Control": "public", Vary: "Accept", "X-Own": "kept" }
  const shared = new Response(null, { headers })
  const { handleRequest } = createWebAuth(auth)
  const app = new Hono<{ Variables: { auth: ReturnType<typeof handleRequest> } }>()
  app.use(async (c, next) => {
    const authRequest = handleRequest(c.req.raw)
    c.set("auth", authRequest)
    await next()
    c.res = authRequest.applyTo(c.res)
  })
  app.post("/fetched", async (c) => (await c.var.auth.signIn("user-1"), fetch(upstream.origin)))
  app.post("/shared", async (c) => (await c.var.auth.signIn("user-1"), shared))
  const upstream = await listen((_req, res) => res.writeHead(200, headers).end("x"))
  for (const path of ["/fetched", "/shared"]) {
    const response = await app.request(`${origin}${path}`, { method: "POST", headers: { Origin: origin } })
    expect(response.headers.getSetCookie()).toEqual(["cart=1", expect.stringContaining(`${cookieName}=`)])
    expect(response.headers.get("Cache-Control")).toBe("private, no-store")
    expect(response.headers.get("Vary")).toBe("Accept, Cookie")
    expect(response.headers.get("X-Own")).toBe("kept")
  }
  await upstream.close()
  expect([...shared.headers.entries()]).toEqual([...new Headers(headers)])
})

async function setUpHono(before?: (app: Hono<HonoAuthEnv<Fixture["auth"]>>) => void) {
  const fixture = await setUp()
  const app = new Hono<HonoAuthEnv<typeof fixture.auth>>()
  before?.(app)
  app.use(createHonoAuth(fixture.auth))
  const send = (method: string, path: string, cookie = "", from = origin) =>
    app.request(`${origin}${path}`, {
      method,
      headers: { ...(cookie && { Cookie: cookie }), ...(method !== "GET" && { Origin: from }) },
    })
  return { ...fixture, app, send }
}

type Fixture = Awaited<ReturnType<typeof setUp>>

// Frameworks throw what is no error.
function raise(thrown: unknown): never {
  throw thrown
}
