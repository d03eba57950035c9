import { setTimeout as sleep } from "node:timers/promises"
import { runInNewContext } from "node:vm"

import { afterEach, beforeEach, describe, expect, test } from "vitest"

import { createWebAuth } from "../../src/web.ts"
import { day, hour, setUp, strangerToken } from "../core/auth-fixture.ts"

const origin = "https://app.example"
const cookieName = "__Host-session"
const blank = `${cookieName}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=Lax`

const rejections: unknown[] = []
const remember = (error: unknown) => void rejections.push(error)
beforeEach(() => {
  rejections.length = 0
  process.on("unhandledRejection", remember)
})
afterEach(async () => {
  await new Promise(setImmediate)
  process.off("unhandledRejection", remember)
  expect(rejections).toEqual([])
})

describe("validate()", () => {
  test("returns who is signed in, in one store read however often it is called", async () => {
    const { signedIn, calls } = await signedInAs("user-1")
    const { validate } = signedIn(get)
    calls.length = 0
    const results = await Promise.all(Array.from({ length: 10 }, validate))
    results.push(await validate())
    for (const result of results) expect(result?.user).toEqual({ id: "user-1", username: "ada" })
    expect(results[0]).toMatchObject({ session: { userId: "user-1", label: "phone", fresh: false } })
    expect(calls).toEqual(["findSession"])
  })

  test("is null without a cookie, and asks the store nothing", async () => {
    const { web, calls } = await setUpWeb()
    expect(await web.handleRequest(get()).validate()).toBeNull()
    expect(await web.handleRequest(get("x")).validate()).toBeNull()
    expect(await web.handleRequest(get("", { Cookie: "session=x; other=y" })).validate()).toBeNull()
    expect(calls).toEqual([])
  })

  test("is null for a session that is unknown, expired or ended", async () => {
    const { web, auth, now } = await setUpWeb()
    const ended = await auth.createSession("user-1")
    await auth.invalidateSession(ended.session.id)
    const expired = await auth.createSession("user-1")
    now.advance(30 * day)
    for (const token of [strangerToken, ended.token, expired.token]) {
      expect(await web.handleRequest(get(token)).validate()).toBeNull()
    }
  })

  test("[F1] throws when the store fails, sets no cookie, and asks again the next time", async () => {
    let isDown = true
    const { web, auth } = await setUpWeb({
      adapter: (memory) => ({
        findSession: (id) => (isDown ? Promise.reject(new Error("down")) : memory.findSession(id)),
      }),
    })
    const { token } = await auth.createSession("user-1")
    const authRequest = web.handleRequest(get(token))
    await expect(authRequest.validate()).rejects.toMatchObject({ code: "store_failed" })
    expect(authRequest.applyTo(new Response()).headers.getSetCookie()).toEqual([])
    isDown = false
    expect((await authRequest.validate())?.user.id).toBe("user-1")
  })

  test("[TOK-4] takes no token from anywhere but the cookie", async () => {
    const { web, auth, calls } = await setUpWeb()
    const { token } = await auth.createSession("user-1")
    calls.length = 0
    const body = new URLSearchParams({ session: token, [cookieName]: token })
    const request = new Request(`${origin}/?session=${token}&${cookieName}=${token}#${token}`, {
      method: "POST",
      headers: { Origin: origin, "X-Session": token, Authorization: `Bearer ${token}` },
      body,
    })
    expect(await web.handleRequest(request).validate()).toBeNull()
    expect(calls).toEqual([])
  })

  test("[COO-6] two different session cookies sign nobody in, in either order", async () => {
    const { web, auth } = await setUpWeb()
    const victim = await auth.createSession("user-1")
    const attacker = await auth.createSession("user-2")
    for (const [one, two] of [
      [victim, attacker],
      [attacker, victim],
    ] as const) {
      const cookie = `${cookieName}=${one.token}; ${cookieName}=${two.token}`
      expect(await web.handleRequest(get("", { Cookie: cookie })).validate()).toBeNull()
    }
    const twice = `${cookieName}=${victim.token}; ${cookieName}=${victim.token}`
    expect((await web.handleRequest(get("", { Cookie: twice })).validate())?.user.id).toBe("user-1")
  })

  test("[INP-4] finds the session among 200 cookies of an attacker on the parent domain", async () => {
    const { web, auth } = await setUpWeb()
    const { token } = await auth.createSession("user-1")
    const bombs = Array.from({ length: 200 }, (_, i) => `session${i}=${"x".repeat(30)}`).join("; ")
    const cookie = `${bombs}; session=x; __Secure-session=y; ${cookieName}=${token}; ${bombs}`
    expect((await web.handleRequest(get("", { Cookie: cookie })).validate())?.user.id).toBe("user-1")
  })

  test("[R15] 400 requests of two users that interleave are never mixed up", async () => {
    const { web, auth } = await setUpWeb({
      adapter: (memory) => ({
        async findSession(id) {
          await sleep(Math.random() * 5)
          return memory.findSession(id)
        },
      }),
    })
    const tokens = [(await auth.createSession("user-1")).token, (await auth.createSession("user-2")).token]
    const serve = web.handler(async (_, { validate }) => Response.json(await validate()))
    const responses = Array.from({ length: 400 }, async (_, i) => {
      const response = await serve(get(tokens[i % 2]))
      return (await response.json()).user.id
    })
    expect(await Promise.all(responses)).toEqual(Array.from({ length: 400 }, (_, i) => `user-${(i % 2) + 1}`))
  })
})

describe("validateBearerToken()", () => {
  test("[P10] is kept apart from the cookie's session, in either order", async () => {
    const { web, auth } = await setUpWeb()
    const cookie = await auth.createSession("user-1")
    const bearer = await auth.createSession("user-2")
    const request = () => get(cookie.token, { Authorization: `Bearer ${bearer.token}` })
    const first = web.handleRequest(request())
    expect((await first.validateBearerToken())?.user.id).toBe("user-2")
    expect((await first.validate())?.user.id).toBe("user-1")
    const second = web.handleRequest(request())
    expect((await second.validate())?.user.id).toBe("user-1")
    expect((await second.validateBearerToken())?.user.id).toBe("user-2")
  })

  test("is not guarded: a client that sends the header meant to", async () => {
    const { web, auth } = await setUpWeb()
    const { token } = await auth.createSession("user-2")
    const headers = { Authorization: `bearer ${token}`, Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" }
    expect((await web.handleRequest(post("", headers)).validateBearerToken())?.user.id).toBe("user-2")
  })

  test("makes one store read, and none without a token", async () => {
    const { web, auth, calls } = await setUpWeb()
    const { token } = await auth.createSession("user-2")
    calls.length = 0
    const { validateBearerToken } = web.handleRequest(get("", { Authorization: `Bearer ${token}` }))
    await Promise.all([validateBearerToken(), validateBearerToken()])
    expect(calls).toEqual(["findSession"])
    for (const value of ["", "Bearer", "Bearer x", `Basic ${token}`]) {
      expect(await web.handleRequest(get(token, { Authorization: value })).validateBearerToken()).toBeNull()
    }
    expect(calls).toEqual(["findSession"])
  })

  test("never sets a cookie, also where it extends the session", async () => {
    const { web, auth, now } = await setUpWeb({ session: { absoluteTimeout: false } })
    const { token } = await auth.createSession("user-2")
    now.advance(15 * day)
    const authRequest = web.handleRequest(get("", { Authorization: `Bearer ${token}` }))
    expect((await authRequest.validateBearerToken())?.session.fresh).toBe(true)
    const { headers } = authRequest.applyTo(new Response())
    expect(headers.getSetCookie()).toEqual([])
    expect(headers.get("Cache-Control")).toBe("private, no-store")
  })
})

describe("signIn()", () => {
  test("creates a session and sets its cookie", async () => {
    const { web, auth } = await setUpWeb()
    const authRequest = web.handleRequest(post())
    const created = await authRequest.signIn("user-1", { label: "phone" })
    expect(created).toMatchObject({ session: { userId: "user-1", label: "phone", fresh: true } })
    expect(cookiesOf(authRequest)).toEqual([auth.createSessionCookie(String(created?.token)).serialize()])
    expect((await auth.validateSession(created?.token)).user?.id).toBe("user-1")
  })

  test("afterwards the request is signed in", async () => {
    const { web } = await setUpWeb()
    const { validate, signIn } = web.handleRequest(post())
    expect(await validate()).toBeNull()
    const created = await signIn("user-2")
    expect(await validate()).toMatchObject({ session: { id: created?.session.id }, user: { id: "user-2" } })
  })

  test("[EXP-5] never promotes a planted token, and ends the session that came with the request", async () => {
    for (const userId of ["user-1", "user-2"]) {
      const { web, auth } = await setUpWeb()
      const planted = await auth.createSession("user-1")
      const created = await web.handleRequest(post(planted.token)).signIn(userId)
      expect(created?.token).not.toBe(planted.token)
      expect(await auth.validateSession(planted.token)).toMatchObject({ reason: "unknown" })
      expect((await auth.validateSession(created?.token)).user?.id).toBe(userId)
    }
  })

  test("[EXP-5] a planted token that was never a session stays none", async () => {
    const { web, auth } = await setUpWeb()
    const created = await web.handleRequest(post(strangerToken)).signIn("user-1")
    expect(created?.token).not.toBe(strangerToken)
    expect(await auth.validateSession(strangerToken)).toMatchObject({ reason: "unknown" })
  })

  test("persistent: false sets a cookie that ends with the browser", async () => {
    const { web } = await setUpWeb()
    const authRequest = web.handleRequest(post())
    const created = await authRequest.signIn("user-1", undefined, { persistent: false })
    const attributes = "Path=/; HttpOnly; Secure; SameSite=Lax"
    expect(cookiesOf(authRequest)).toEqual([`${cookieName}=${created?.token}; ${attributes}`])
  })

  test("throws user_missing, sets no cookie and leaves the old session", async () => {
    const { signedIn, auth, token } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    await expect(authRequest.signIn("nobody")).rejects.toMatchObject({ code: "user_missing" })
    expect(cookiesOf(authRequest)).toEqual([])
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("[F11] sets no cookie when the store cannot take the session", async () => {
    const { web } = await setUpWeb({ adapter: () => ({ insertSession: () => Promise.reject(new Error("full")) }) })
    const authRequest = web.handleRequest(post())
    await expect(authRequest.signIn("user-1")).rejects.toMatchObject({ code: "store_failed" })
    expect(cookiesOf(authRequest)).toEqual([])
  })
})

describe("signOut()", () => {
  test("[EXP-6] ends the session in the store, then in the browser", async () => {
    const { signedIn, auth, token } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    await authRequest.signOut()
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
    expect(await authRequest.validate()).toBeNull()
    expect(cookiesOf(authRequest)).toEqual([blank])
  })

  test("[EXP-6] may be repeated, and works for someone who is not signed in", async () => {
    const { web, signedIn } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    await authRequest.signOut()
    await authRequest.signOut()
    expect(cookiesOf(authRequest)).toEqual([blank])
    for (const token of ["", "x", strangerToken]) {
      const other = web.handleRequest(post(token))
      await other.signOut()
      expect(cookiesOf(other)).toEqual([blank])
    }
  })

  test("[EXP-6] keeps the cookie when the store fails, so that the user can try again", async () => {
    const { web, auth } = await setUpWeb({
      adapter: () => ({ deleteSession: () => Promise.reject(new Error("down")) }),
    })
    const { token } = await auth.createSession("user-1")
    const authRequest = web.handleRequest(post(token))
    await expect(authRequest.signOut()).rejects.toMatchObject({ code: "store_failed" })
    expect(cookiesOf(authRequest)).toEqual([])
  })

  test("ends that session only", async () => {
    const { signedIn, auth } = await signedInAs("user-1")
    const others = [await auth.createSession("user-1"), await auth.createSession("user-2")]
    await signedIn(post).signOut()
    for (const { token } of others) expect((await auth.validateSession(token)).session).not.toBeNull()
  })
})

describe("setSession()", () => {
  test("stores a token made elsewhere and ends the presented session", async () => {
    const { signedIn, auth, token } = await signedInAs("user-1")
    const made = await auth.createSession("user-2")
    const authRequest = signedIn(post)
    expect((await authRequest.validate())?.user.id).toBe("user-1")
    await authRequest.setSession(made.token)
    expect(cookiesOf(authRequest)).toEqual([auth.createSessionCookie(made.token).serialize()])
    expect((await authRequest.validate())?.user.id).toBe("user-2")
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
  })

  test("of the presented token itself keeps the session", async () => {
    const { signedIn, auth, token } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    await authRequest.setSession(token, { persistent: false })
    expect((await authRequest.validate())?.user.id).toBe("user-1")
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(cookiesOf(authRequest)).toEqual([auth.createSessionCookie(token, { persistent: false }).serialize()])
  })

  test("of null signs out", async () => {
    const { signedIn, auth, token } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    await authRequest.setSession(null)
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
    expect(cookiesOf(authRequest)).toEqual([blank])
  })
})

describe("rotate()", () => {
  test("gives the session a new token and cookie", async () => {
    const { signedIn, auth, token } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    const before = await authRequest.validate()
    const rotated = await authRequest.rotate()
    expect(rotated?.session).toMatchObject({ userId: "user-1", createdAt: before?.session.createdAt, fresh: true })
    expect(cookiesOf(authRequest)).toEqual([auth.createSessionCookie(String(rotated?.token)).serialize()])
    expect(await authRequest.validate()).toMatchObject({ session: { id: rotated?.session.id }, user: { id: "user-1" } })
    expect(await auth.validateSession(token)).toMatchObject({ reason: "unknown" })
  })

  test("is null for someone who is not signed in, and sets no cookie", async () => {
    const { web } = await setUpWeb()
    for (const token of ["", "x", strangerToken]) {
      const authRequest = web.handleRequest(post(token))
      expect(await authRequest.rotate()).toBeNull()
      expect(cookiesOf(authRequest)).toEqual([])
    }
  })

  test("is null for a session that ended after it was validated, which is then signed out", async () => {
    const { signedIn, auth } = await signedInAs("user-1")
    const { validate, rotate } = signedIn(post)
    const before = await validate()
    await auth.invalidateSession(String(before?.session.id))
    expect(await rotate()).toBeNull()
    expect(await validate()).toBeNull()
  })

  test("works twice in one request", async () => {
    const { signedIn, auth } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    await authRequest.rotate()
    const last = await authRequest.rotate()
    expect(cookiesOf(authRequest)).toEqual([auth.createSessionCookie(String(last?.token)).serialize()])
    expect(await auth.getUserSessions("user-1")).toHaveLength(1)
  })
})

describe("an unsafe cross-origin request", () => {
  const headers: Record<string, string>[] = [
    { Origin: "https://evil.example" },
    { Origin: "null" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site", Origin: "https://sub.app.example" },
    {},
  ]

  test.each(headers)("[CSR-8][P4] with %j is signed out, and nothing that it does has an effect", async (headers) => {
    const { web, auth, token, calls } = await signedInAs("user-1")
    calls.length = 0
    const request = new Request(`${origin}/`, {
      method: "POST",
      headers: { Cookie: `${cookieName}=${token}`, ...headers },
    })
    const authRequest = web.handleRequest(request)
    expect(authRequest.crossOrigin).toBe(true)
    expect(await authRequest.validate()).toBeNull()
    expect(await authRequest.signIn("user-2")).toBeNull()
    expect(await authRequest.rotate()).toBeNull()
    expect(await authRequest.signOut()).toBeUndefined()
    expect(await authRequest.setSession(strangerToken)).toBeUndefined()
    expect(calls).toEqual([])
    expect(cookiesOf(authRequest)).toEqual([])
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test.each(headers)("[CSR-3] with %j never reaches a handler: it is a 403", async (headers) => {
    const { web, token } = await signedInAs("user-1")
    let isReached = false
    const serve = web.handler(() => ((isReached = true), new Response()))
    const request = new Request(`${origin}/`, {
      method: "DELETE",
      headers: { Cookie: `${cookieName}=${token}`, ...headers },
    })
    const response = await serve(request)
    expect([response.status, isReached]).toEqual([403, false])
    expect(await response.text()).toMatch(
      /^Cross-origin request refused\. Add .* to trustedOrigins\. A script .* must also send .*Origin/,
    )
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test("[CSR-1] a safe one passes: a link from elsewhere finds its reader signed in", async () => {
    const { web, token } = await signedInAs("user-1")
    const request = get(token, { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" })
    const authRequest = web.handleRequest(request)
    expect(authRequest.crossOrigin).toBe(false)
    expect((await authRequest.validate())?.user.id).toBe("user-1")
  })

  test("[CSR-6] passes from a trusted origin", async () => {
    const { web, auth } = await setUpWeb({ trustedOrigins: ["https://trusted.example"] })
    const { token } = await auth.createSession("user-1")
    const headers = { Origin: "https://trusted.example", "Sec-Fetch-Site": "cross-site" }
    expect((await web.handleRequest(post(token, headers)).validate())?.user.id).toBe("user-1")
  })
})

describe("handler()", () => {
  test("hands over request and session, and applies the cookies", async () => {
    const { web, auth } = await setUpWeb()
    const serve = web.handler(async (request, { signIn }) => {
      const created = await signIn(new URL(request.url).pathname.slice(1))
      return Response.json(created?.token, { status: 201, headers: { "X-Own": "kept" } })
    })
    const response = await serve(new Request(`${origin}/user-2`, { method: "POST", headers: { Origin: origin } }))
    expect([response.status, response.headers.get("X-Own")]).toEqual([201, "kept"])
    const token = await response.json()
    expect(response.headers.getSetCookie()).toEqual([auth.createSessionCookie(token).serialize()])
  })

  test("with allowCrossOrigin lets a foreign request in, signed out, and another handler refuses it", async () => {
    const { web, token } = await signedInAs("user-1")
    const serve = web.handler(
      async (_, { validate, signIn }) => {
        const before = await validate()
        await signIn("user-2")
        return Response.json([before, (await validate())?.user.id])
      },
      { allowCrossOrigin: true },
    )
    const foreign = () => post(token, { Origin: "https://appleid.apple.com" })
    expect(await (await serve(foreign())).json()).toEqual([null, "user-2"])
    expect((await web.handler(() => new Response())(foreign())).status).toBe(403)
    // @ts-expect-error -- the option's name is misspelt
    expect(() => web.handler(() => new Response(), { allowCrossOrigins: true })).toThrow("did you mean")
  })

  test("takes a handler that is not async", async () => {
    const { web } = await setUpWeb()
    expect(await (await web.handler(() => new Response("plain"))(get())).text()).toBe("plain")
  })

  test("applies the cookies to a copy of a Response that is thrown, and throws that on", async () => {
    const { web, auth } = await setUpWeb()
    const thrown = new Response(null, { status: 302, headers: { Location: "/" } })
    const serve = web.handler(async (_, { signIn }) => {
      await signIn("user-1")
      return raise(thrown)
    })
    const response = await serve(post()).then(
      () => expect.fail("returned"),
      (error: Response) => error,
    )
    expect([response.status, response.headers.get("Location")]).toEqual([302, "/"])
    expect(response.headers.getSetCookie()).toEqual([expect.stringContaining(`${auth.sessionCookieName}=`)])
    expect(response.headers.get("Cache-Control")).toBe("private, no-store")
    expect([...thrown.headers.keys()]).toEqual(["location"])
  })

  const axiosResponse = { status: 200, headers: new Headers(), data: "x" }

  test("rethrows the error of an HTTP client, which has a status and headers, as it is", async () => {
    const { web, auth } = await setUpWeb()
    const { token } = await auth.createSession("user-1")
    const headers = new Headers({ "Set-Cookie": "theirs=1" })
    const error = Object.assign(new Error("Too many requests"), { status: 429, headers, body: null })
    const serve = web.handler(async (_, { validate }) => {
      await validate()
      throw error
    })
    await expect(serve(get(token))).rejects.toBe(error)
    const answered = web.handler(() => error as unknown as Response)
    await expect(answered(get())).rejects.toMatchObject({ code: "unsupported" })
  })

  test.each([undefined, null, "text", { posts: [] }, [], 200, new Headers(), axiosResponse])(
    "throws unsupported for a handler that returns %j and no Response",
    async (answered) => {
      const { web } = await setUpWeb()
      const serve = web.handler(() => answered as unknown as Response)
      await expect(serve(get())).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringContaining("is not a Response; return one"),
      })
    },
  )

  test("[F1] lets what the store throws through, for the framework to answer", async () => {
    const { web } = await setUpWeb({ adapter: () => ({ findSession: () => Promise.reject(new Error("down")) }) })
    const serve = web.handler(async (_, { validate }) => Response.json(await validate()))
    await expect(serve(get(strangerToken))).rejects.toMatchObject({ code: "store_failed" })
  })
})

describe("applyTo()", () => {
  test("leaves a response alone that does not depend on the session", async () => {
    const { web, token } = await signedInAs("user-1")
    const response = new Response("x", { headers: { "Cache-Control": "public, max-age=60" } })
    expect(web.handleRequest(get(token)).applyTo(response)).toBe(response)
    expect([...response.headers]).toEqual([
      ["cache-control", "public, max-age=60"],
      ["content-type", "text/plain;charset=UTF-8"],
    ])
  })

  const uses: [string, (authRequest: ReturnType<Web["handleRequest"]>) => Promise<unknown>][] = [
    ["read", ({ validate }) => validate()],
    ["was asked for a bearer token", ({ validateBearerToken }) => validateBearerToken()],
    ["signed in", ({ signIn }) => signIn("user-1")],
    ["signed out", ({ signOut }) => signOut()],
    ["rotated", ({ rotate }) => rotate()],
    ["stored a session", ({ setSession }) => setSession(strangerToken)],
  ]

  test.each(uses)("[COO-9] a response that %s is private, whatever it said before", async (_, use) => {
    const { web, token } = await signedInAs("user-1")
    for (const presented of [token, "", "x"]) {
      const authRequest = web.handleRequest(post(presented))
      await use(authRequest)
      const headers = { "Cache-Control": "public, max-age=3600", Vary: "Accept-Encoding" }
      const response = authRequest.applyTo(new Response("x", { headers }))
      expect(response.headers.get("Cache-Control")).toBe("private, no-store")
      expect(response.headers.get("Vary")).toBe("Accept-Encoding, Cookie")
    }
  })

  test.each([
    [null, "Cookie"],
    ["", "Cookie"],
    ["Cookie", "Cookie"],
    ["cookie", "cookie"],
    ["Accept, COOKIE", "Accept, COOKIE"],
    ["*", "*"],
    ["Accept", "Accept, Cookie"],
    ["X-Cookie", "X-Cookie, Cookie"],
  ])("[COO-9] turns Vary %j into %j", async (vary, expected) => {
    const { web } = await setUpWeb()
    const authRequest = web.handleRequest(get())
    await authRequest.validate()
    const response = authRequest.applyTo(new Response("x", vary === null ? {} : { headers: { Vary: vary } }))
    expect(response.headers.get("Vary")).toBe(expected)
  })

  test("[COO-9] also where it only re-sends the cookie of a session that was extended", async () => {
    const { web, auth, now } = await setUpWeb({ session: { absoluteTimeout: false } })
    const { token } = await auth.createSession("user-1")
    now.advance(15 * day)
    const authRequest = web.handleRequest(get(token))
    await authRequest.validate()
    const { headers } = authRequest.applyTo(new Response(null, { status: 304 }))
    expect(headers.getSetCookie()).toEqual([auth.createSessionCookie(token).serialize()])
    expect([headers.get("Cache-Control"), headers.get("Vary")]).toEqual(["private, no-store", "Cookie"])
  })

  test.each(["400d", "1d", "90d"] as const)(
    "[EXP-3] sends no cookie again at an absolute timeout of %s: it lives as long",
    async (absoluteTimeout) => {
      const { web, auth, now } = await setUpWeb({ session: { idleTimeout: "1h", absoluteTimeout } })
      const { token } = await auth.createSession("user-1")
      now.advance(hour / 2)
      const authRequest = web.handleRequest(get(token))
      expect((await authRequest.validate())?.session.fresh).toBe(true)
      expect(cookiesOf(authRequest)).toEqual([])
    },
  )

  test.each([false, "401d"] as const)(
    "[P9] sends the cookie of an extended session again at an absolute timeout of %s",
    async (absoluteTimeout) => {
      const { web, auth, now } = await setUpWeb({ session: { absoluteTimeout } })
      const { token } = await auth.createSession("user-1")
      const visit = async () => {
        const authRequest = web.handleRequest(get(token))
        await authRequest.validate()
        return cookiesOf(authRequest)
      }
      expect(await visit()).toEqual([])
      now.advance(15 * day)
      expect(await visit()).toEqual([auth.createSessionCookie(token).serialize()])
      expect(await visit()).toEqual([])
    },
  )

  test("[P9] sends one again that ends with the browser as one that does", async () => {
    const { web, auth, now } = await setUpWeb({ session: { absoluteTimeout: false } })
    const { token } = await auth.createSession("user-1")
    const cookie = auth.createSessionCookie(token, { persistent: false })
    now.advance(15 * day)
    const authRequest = web.handleRequest(get("", { Cookie: `${cookie.name}=${cookie.value}` }))
    await authRequest.validate()
    expect(cookiesOf(authRequest)).toEqual([cookie.serialize()])
  })

  test("[P9] does not send one again that was on its way when the visitor chose another life for it", async () => {
    const gate = Promise.withResolvers<void>()
    const { web, auth, now } = await setUpWeb({
      session: { absoluteTimeout: false },
      adapter: (memory) => ({ findSession: (id) => gate.promise.then(() => memory.findSession(id)) }),
    })
    const { token } = await auth.createSession("user-1")
    now.advance(15 * day)
    const authRequest = web.handleRequest(post(`${token}~`))
    const validating = authRequest.validate()
    await authRequest.setSession(token)
    gate.resolve()
    expect((await validating)?.session.fresh).toBe(true)
    expect(cookiesOf(authRequest)).toEqual([auth.createSessionCookie(token).serialize()])
  })

  const others = [
    "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/",
    "b=x, y; Path=/",
    "__Host-session2=c; Secure; Path=/",
    "x__Host-session=d",
    "session=e",
    'q="f; g"',
  ]

  test("[COO-8][P8] other cookies stay as they are, to the byte and in order", async () => {
    const { web, auth } = await setUpWeb()
    const authRequest = web.handleRequest(post())
    const created = await authRequest.signIn("user-1")
    const headers = new Headers({ "Content-Type": "text/html" })
    for (const other of others) headers.append("Set-Cookie", other)
    const response = authRequest.applyTo(new Response("x", { headers }))
    const ours = auth.createSessionCookie(String(created?.token)).serialize()
    expect(response.headers.getSetCookie()).toEqual([...others, ours])
  })

  test("[COO-8] one Set-Cookie per name: ours replaces an earlier one, the last change wins", async () => {
    const { signedIn } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    await authRequest.rotate()
    await authRequest.signIn("user-2")
    await authRequest.signOut()
    const response = new Response("x", { headers: { "Set-Cookie": `${cookieName}=stale; Path=/; Secure` } })
    response.headers.append("Set-Cookie", "other=1")
    const once = authRequest.applyTo(response)
    expect(once.headers.getSetCookie()).toEqual(["other=1", blank])
    expect(authRequest.applyTo(once).headers.getSetCookie()).toEqual(["other=1", blank])
    expect(once.headers.get("Vary")).toBe("Cookie")
  })

  test("[COO-8] copies a response whose headers are immutable, with status, body and cookies", async () => {
    const { web, auth } = await setUpWeb()
    const authRequest = web.handleRequest(post())
    const created = await authRequest.signIn("user-1")
    const redirect = Response.redirect(`${origin}/home`, 303)
    const response = authRequest.applyTo(redirect)
    expect(response).not.toBe(redirect)
    expect([response.status, response.headers.get("Location")]).toEqual([303, `${origin}/home`])
    expect(response.headers.getSetCookie()).toEqual([auth.createSessionCookie(String(created?.token)).serialize()])
    expect(redirect.headers.getSetCookie()).toEqual([])
  })

  test("[COO-8] copies what fetch returned, with its body", async () => {
    const { web } = await setUpWeb()
    const authRequest = web.handleRequest(get())
    await authRequest.validate()
    const fetched = await fetch("data:text/plain,hello")
    const response = authRequest.applyTo(fetched)
    expect(await response.text()).toBe("hello")
    expect(response.headers.get("Cache-Control")).toBe("private, no-store")
  })

  test("[COO-8] leaves what the application made as it was: one response may answer many visitors", async () => {
    const { web, auth } = await setUpWeb()
    const home = new Response(null, { status: 303, headers: { Location: "/", "Set-Cookie": "theme=dark" } })
    const before = [...home.headers]
    const signIn = web.handler(async (_, { signIn }) => (await signIn("user-1"), home))
    const own = (await signIn(post())).headers.getSetCookie()
    expect(own).toEqual(["theme=dark", expect.stringContaining(`${auth.sessionCookieName}=`)])
    expect([...home.headers]).toEqual(before)
    expect((await web.handler(() => home)(get())).headers.getSetCookie()).toEqual(["theme=dark"])
    const other = (await signIn(post())).headers.getSetCookie()
    expect(other).toHaveLength(2)
    expect(other[1]).not.toBe(own[1])
  })

  test.each([101, 204, 205, 304])("copies a response without a body: %i", async (status) => {
    const { web } = await setUpWeb()
    const authRequest = web.handleRequest(get())
    await authRequest.validate()
    const response = new Response(null, { status: status === 101 ? 204 : status })
    // Only the platform can make a handshake's response.
    if (status === 101) Object.defineProperty(response, "status", { value: status })
    const applied = authRequest.applyTo(response)
    expect([applied.status, applied === response]).toEqual([status, status === 101])
    expect(response.headers.has("Cache-Control")).toBe(false)
  })

  test("returns a network error unchanged, which carries nothing", async () => {
    const { web } = await setUpWeb()
    const authRequest = web.handleRequest(post())
    await authRequest.signIn("user-1")
    const response = Response.error()
    expect(authRequest.applyTo(response)).toBe(response)
  })

  test("throws unsupported for a body that was sent before, and says what to do", async () => {
    const { web } = await setUpWeb()
    const shared = new Response("hello")
    const serve = web.handler(async (_, { validate }) => (await validate(), shared))
    expect(await (await serve(get())).text()).toBe("hello")
    await expect(serve(get())).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("clone()"),
    })
  })

  test("streams a body through without reading it first, and ends it with the visitor's connection", async () => {
    const { web } = await setUpWeb()
    let pulled = 0
    let cancelled: unknown
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled++
          controller.enqueue(new TextEncoder().encode("x"))
        },
        cancel: (reason) => void (cancelled = reason),
      },
      { highWaterMark: 0 },
    )
    const serve = web.handler(async (_, { validate }) => (await validate(), new Response(source)))
    const reader = (await serve(get())).body!.getReader()
    expect(pulled).toBe(0)
    await reader.read()
    await reader.cancel("gone")
    expect([pulled, cancelled]).toEqual([1, "gone"])
  })

  test("takes a response of another realm or package", async () => {
    const { web } = await setUpWeb()
    const foreign: unknown = runInNewContext(
      "class Other { constructor(h, body) { this.status = 201; this.statusText = ''; this.headers = h; this.body = body } clone() {} }; Other",
    )
    const Other = foreign as new (headers: Headers, body: unknown) => Response
    const answered = new Other(new Headers({ "X-Own": "kept" }), new Response("hello").body)
    const response = await web.handler(async (_, { signIn }) => (await signIn("user-1"), answered))(post())
    expect([response.status, response.headers.get("X-Own"), await response.text()]).toEqual([201, "kept", "hello"])
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })
})

describe("a response that has left", () => {
  test("throws headers_sent for a sign-in, and makes no session", async () => {
    const { web, auth } = await setUpWeb()
    const authRequest = web.handleRequest(post())
    await authRequest.validate()
    authRequest.applyTo(new Response("streamed"))
    const { signIn, setSession, rotate, signOut } = authRequest
    for (const change of [() => signIn("user-1"), () => setSession(strangerToken), rotate, signOut]) {
      await expect(change()).rejects.toMatchObject({ code: "headers_sent" })
    }
    expect(await auth.getUserSessions("user-1")).toEqual([])
  })

  test("throws headers_sent for a change of a session that was read before, and leaves it in the store", async () => {
    const { signedIn, auth, token } = await signedInAs("user-1")
    const authRequest = signedIn(post)
    await authRequest.validate()
    authRequest.applyTo(new Response("streamed"))
    for (const change of [() => authRequest.setSession(strangerToken), authRequest.signOut, authRequest.rotate])
      await expect(change()).rejects.toMatchObject({ code: "headers_sent" })
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("[COO-9] throws headers_sent for the first reading of the session, which came too late to make it private", async () => {
    const { signedIn } = await signedInAs("user-1")
    for (const method of ["validate", "validateBearerToken"] as const) {
      const authRequest = signedIn(get)
      authRequest.applyTo(new Response("public"))
      await expect(authRequest[method]()).rejects.toMatchObject({ code: "headers_sent" })
    }
  })

  test("answers whoever reads again, as a stream does that asked before it began", async () => {
    const { signedIn } = await signedInAs("user-1")
    const authRequest = signedIn(get)
    await authRequest.validate()
    authRequest.applyTo(new Response("event: 1"))
    expect((await authRequest.validate())?.user.id).toBe("user-1")
    expect(await authRequest.validateBearerToken()).toBeNull()
  })

  const writes: [string, (authRequest: ReturnType<Web["handleRequest"]>) => Promise<unknown>][] = [
    ["signIn", ({ signIn }) => signIn("user-1")],
    ["setSession", ({ setSession }) => setSession(strangerToken)],
    ["rotate", ({ rotate }) => rotate()],
    ["signOut", ({ signOut }) => signOut()],
  ]

  test.each(writes)("asks for a forgotten await of %s(), whatever becomes of that", async (_, write) => {
    const { web, token } = await signedInAs("user-1")
    const forgotten = [
      web.handler((_, authRequest) => (void write(authRequest), new Response())),
      web.handler(async (_, authRequest) => {
        void write(authRequest)
        return raise(Response.redirect(origin))
      }),
    ]
    for (const serve of forgotten) {
      const error = await serve(post(token)).catch((error: unknown) => error)
      expect(error).toMatchObject({ code: "headers_sent", message: expect.stringContaining("Did you forget await?") })
    }
  })

  test("hands on what the handler throws, and no write that it has not waited for ends the process", async () => {
    const { web, token } = await signedInAs("user-1")
    const own = new Error("own")
    const serve = web.handler((_, { signOut }) => {
      void signOut()
      throw own
    })
    await expect(serve(post(token))).rejects.toBe(own)
  })
})

test("what createWebAuth() and handleRequest() return may be destructured", async () => {
  const { auth } = await setUp()
  const { handleRequest, handler } = createWebAuth(auth)
  const { signIn, validate, applyTo } = handleRequest(post())
  await signIn("user-1")
  expect((await validate())?.user.id).toBe("user-1")
  expect(applyTo(new Response()).headers.getSetCookie()).toHaveLength(1)
  expect(handler).toBeTypeOf("function")
})

type Web = Awaited<ReturnType<typeof setUpWeb>>["web"]

async function setUpWeb(options?: Parameters<typeof setUp>[0]) {
  const fixture = await setUp(options)
  return { ...fixture, web: createWebAuth(fixture.auth) }
}

async function signedInAs(userId: string) {
  const fixture = await setUpWeb()
  const { token } = await fixture.auth.createSession(userId, { label: "phone" })
  const signedIn = (request: typeof get) => fixture.web.handleRequest(request(token))
  return { ...fixture, token, signedIn }
}

function get(token = "", headers: Record<string, string> = {}): Request {
  return new Request(`${origin}/`, { headers: { ...(token && { Cookie: `${cookieName}=${token}` }), ...headers } })
}

function post(token = "", headers: Record<string, string> = {}): Request {
  return new Request(get(token, { Origin: origin, ...headers }), { method: "POST" })
}

// Frameworks throw what is no error.
function raise(thrown: unknown): never {
  throw thrown
}

function cookiesOf({ applyTo }: { applyTo(response: Response): Response }): string[] {
  return applyTo(new Response()).headers.getSetCookie()
}
