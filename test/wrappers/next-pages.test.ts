import type { IncomingMessage, ServerResponse } from "node:http"
import { setTimeout } from "node:timers/promises"
import type { GetServerSidePropsContext, NextApiRequest, NextApiResponse } from "next"
import { afterEach, describe, expect, test, vi } from "vitest"
import { isAuthError } from "../../src/index.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { setUp, strangerToken } from "../core/auth-fixture.ts"
import { listen } from "./node-server.ts"
import { unhandledBy } from "./unhandled.ts"

const name = "session"
const paths = { signInPath: "/sign-in" }
const opened: { close(): Promise<unknown> }[] = []

afterEach(() => Promise.all(opened.splice(0).map((server) => server.close())))

describe("apiRoute()", () => {
  test("answers 401, 403 and 200, and keeps each answer from caches [COO-9]", async () => {
    const { pages, send, member } = await setUpPages()
    const route = pages.apiRoute((_req, res, { user }) => res.end(user.username), {
      authorize: async ({ user }) => user.username === "ada",
    })
    const ada = await member("user-1")
    const grace = await member("user-2")
    expect(await send(route)).toMatchObject({ status: 401, body: "Sign in first" })
    expect(await send(route, grace)).toMatchObject({ status: 403, body: "Forbidden" })
    const allowed = await send(route, ada)
    expect(allowed).toMatchObject({ status: 200, body: "ada" })
    expect(allowed.headers).toMatchObject({ "cache-control": "private, no-store", vary: "Cookie" })
  })

  test.each([undefined, "yes", 1, {}])("refuses everyone if authorize() returns %o", async (answer) => {
    const { pages, send, member } = await setUpPages()
    const route = pages.apiRoute((_req, res) => res.end("in"), { authorize: () => answer as boolean })
    expect((await send(route, await member("user-1"))).status).toBe(403)
  })

  test("answers as RFC 9470 says to a member who must prove again who they are", async () => {
    const { pages, send, member } = await setUpPages()
    const route = pages.apiRoute((_req, res) => res.end("in"), { authorize: () => "confirm" })
    const { status, body, headers } = await send(route, await member("user-1"))
    expect([status, body]).toEqual([401, "insufficient_user_authentication"])
    expect(headers).toMatchObject({
      "www-authenticate": 'Bearer error="insufficient_user_authentication"',
      "cache-control": "private, no-store",
    })
    expect(await send(route)).toMatchObject({ status: 401, body: "Sign in first" })
    expect((await send(route)).headers["www-authenticate"]).toBeUndefined()
  })

  test("lets signed-out visitors in where it is public, and keeps the guard [NXT-2]", async () => {
    const { pages, send, member, events } = await setUpPages()
    let runs = 0
    const route = pages.apiRoute(
      (_req, res, visitor) => {
        runs++
        res.end(visitor?.user.username ?? "nobody")
      },
      { public: true },
    )
    expect((await send(route)).body).toBe("nobody")
    const refused = await send(route, { ...(await member("user-1")), Origin: "https://evil.example" }, "POST")
    expect(refused).toMatchObject({ status: 403, body: expect.stringContaining("Cross-origin request refused") })
    expect([runs, events.at(-1)?.type]).toEqual([1, "cross_origin"])
  })

  test("lets a POST of another site in where that is allowed, signed out", async () => {
    const { pages, send, member } = await setUpPages()
    const route = pages.apiRoute(
      async (req, res, visitor) => {
        await pages.signIn(req, res, "user-2")
        res.end(visitor?.user.username ?? "nobody")
      },
      { public: true, allowCrossOrigin: true },
    )
    const headers = { ...(await member("user-1")), Origin: "https://appleid.apple.com" }
    const { body, cookies } = await send(route, headers, "POST")
    expect([body, cookies]).toEqual(["nobody", [expect.stringContaining(`${name}=`)]])
    expect((await send(route, await member("user-1"), "GET")).body).toBe("ada")
  })

  test.each(["a route", "a bare route"])(
    "reports a sign-in that %s forgot to await, and its failure ends no process",
    async (kind) => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {})
      const unhandled = await unhandledBy(async () => {
        const { pages, send } = await setUpPages({ isSlow: true })
        const route: Route = async (req, res) => {
          void pages.signIn(req, res, "user-1")
          res.end("in")
        }
        const { status } = await send(kind === "a route" ? pages.apiRoute(route, { public: true }) : route)
        expect(status).toBe(500)
      })
      expect(unhandled).toEqual([])
      expect(log.mock.calls).toEqual([[expect.objectContaining({ code: "headers_sent" })]])
      log.mockRestore()
    },
  )

  test("rejects when the store fails, and sends nobody to sign in", async () => {
    const { pages, send, member } = await setUpPages({ isBroken: true })
    const headers = await member("user-1")
    const route = pages.apiRoute((_req, res) => res.end("in"))
    expect((await send(route, headers)).body).toBe("store_failed")
  })
})

describe("serverSideProps()", () => {
  test("redirects who is signed out, and tells a member who may not see it that there is no page", async () => {
    const { pages, props, member } = await setUpPages()
    const page = pages.serverSideProps(async () => ({ props: { a: 1 } }), {
      authorize: ({ user }) => user.id === "user-1",
    })
    expect(await props(page)).toEqual({ redirect: { destination: "/sign-in", permanent: false } })
    expect(await props(page, await member("user-2"))).toEqual({ notFound: true })
    expect(await props(page, await member("user-1"))).toEqual({ props: { a: 1 } })
  })

  test("redirects to forbiddenPath where there is one", async () => {
    const { auth, props, member } = await setUpPages()
    const { serverSideProps } = createPagesAuth(auth, { ...paths, forbiddenPath: "/forbidden" })
    const page = serverSideProps(async () => ({ props: {} }), { authorize: () => false })
    expect(await props(page, await member("user-1"))).toEqual({
      redirect: { destination: "/forbidden", permanent: false },
    })
  })

  test.each([
    ["/account?tab=2", "/confirm?next=%2Faccount%3Ftab%3D2"],
    ["/a&b=c#d", "/confirm?next=%2Fa%26b%3Dc%23d"],
    ["//evil.example/account", "/confirm"],
    ["/\\evil.example", "/confirm"],
    ["/.//evil.example", "/confirm"],
    ["https://evil.example/", "/confirm"],
    [`/${"a".repeat(2000)}`, "/confirm"],
    ["", "/confirm"],
  ])("redirects from %j to confirmPath, and says where to return if that is on the site", async (from, destination) => {
    const { auth, props, member } = await setUpPages()
    const { serverSideProps } = createPagesAuth(auth, { ...paths, confirmPath: "/confirm" })
    const page = serverSideProps(async () => ({ props: {} }), { authorize: () => "confirm" })
    const seen = await props(page, await member("user-1"), "GET", from)
    expect(seen).toEqual({ redirect: { destination, permanent: false } })
    expect(await props(page, {}, "GET", from)).toEqual({ redirect: { destination: "/sign-in", permanent: false } })
  })

  test("keeps what confirmPath asks for itself", async () => {
    const { auth, props, member } = await setUpPages()
    const { serverSideProps } = createPagesAuth(auth, { ...paths, confirmPath: "/confirm?for=danger" })
    const page = serverSideProps(async () => ({ props: {} }), { authorize: () => "confirm" })
    const destination = "/confirm?for=danger&next=%2Faccount"
    const seen = await props(page, await member("user-1"), "GET", "/account")
    expect(seen).toEqual({ redirect: { destination, permanent: false } })
  })

  test("throws if authorize() says “confirm” and there is no confirmPath", async () => {
    const { pages, send, member } = await setUpPages()
    const page = pages.serverSideProps(async () => ({ props: {} }), { authorize: () => "confirm" })
    const route: Route = async (req, res) => {
      await page({ req, res, resolvedUrl: "/" })
      res.end("in")
    }
    expect((await send(route, await member("user-1"))).body).toBe("invalid_option")
  })

  test("puts nothing into the props itself", async () => {
    const { pages, props, member } = await setUpPages()
    const page = pages.serverSideProps(
      async (_context, visitor) => ({ props: { name: visitor?.user.username ?? null } }),
      {
        public: true,
      },
    )
    expect(await props(page)).toEqual({ props: { name: null } })
    expect(await props(page, await member("user-1"))).toEqual({ props: { name: "ada" } })
  })

  test("throws if a sign-in is still under way, and does not if it is awaited", async () => {
    const { pages, props } = await setUpPages()
    const { signIn, serverSideProps } = pages
    const awaited = serverSideProps(async ({ req, res }) => ({ props: { in: !!(await signIn(req, res, "user-1")) } }), {
      public: true,
    })
    const signingIn: Promise<unknown>[] = []
    const forgotten = serverSideProps(
      async ({ req, res }) => {
        signingIn.push(signIn(req, res, "user-1"))
        return { props: {} }
      },
      { public: true },
    )
    expect(await props(awaited)).toEqual({ props: { in: true } })
    const outcome = props(async (context) => {
      const error = await forgotten(context).catch(String)
      await Promise.all(signingIn)
      return error
    })
    expect(await outcome).toContain("Did you forget await?")
  })

  test("hears of no failure of a sign-in that it has reported as forgotten", async () => {
    const unhandled = await unhandledBy(async () => {
      const { pages, props } = await setUpPages({ isSlow: true })
      const forgotten = pages.serverSideProps(
        async ({ req, res }) => {
          void pages.signIn(req, res, "user-1")
          return { props: {} }
        },
        { public: true },
      )
      const outcome = props(async (context) => {
        const error = await forgotten(context).catch(String)
        await setTimeout(40)
        return error
      })
      expect(await outcome).toContain("Did you forget await?")
    })
    expect(unhandled).toEqual([])
  })

  test("asked by validateRequest() outside the wrapper, nobody is signed in who comes by a form of another site", async () => {
    const { pages, props, member } = await setUpPages()
    const page = async ({ req, res }: GetServerSidePropsContext) => ({
      props: { name: (await pages.validateRequest(req, res))?.user.username ?? null },
    })
    const headers = await member("user-1")
    expect(await props(page, headers)).toEqual({ props: { name: "ada" } })
    expect(await props(page, { ...headers, Origin: "https://evil.example" }, "POST")).toEqual({ props: { name: null } })
  })

  test("counts who comes by a form of another site as signed out", async () => {
    const { pages, props, member } = await setUpPages()
    const page = pages.serverSideProps(async () => ({ props: {} }))
    const headers = { ...(await member("user-1")), Origin: "https://evil.example" }
    expect(await props(page, headers, "POST")).toEqual({ redirect: { destination: "/sign-in", permanent: false } })
  })
})

describe("validateRequest(), signIn(), setSession(), rotate() and signOut()", () => {
  test("serve a session from sign-in to sign-out", async () => {
    const { pages, send, auth } = await setUpPages()
    const signedIn = await send((req, res) => pages.signIn(req, res, "user-1", { label: "phone" }))
    const Cookie = cookieOf(signedIn.cookies)
    expect(JSON.parse((await send(show(pages), { Cookie })).body)).toMatchObject({ user: { username: "ada" } })

    const rotated = await send((req, res) => pages.rotate(req, res), { Cookie })
    expect((await send(show(pages), { Cookie })).body).toBe("null")
    const next = { Cookie: cookieOf(rotated.cookies) }
    const { token } = await auth.createSession("user-2")
    const replaced = await send((req, res) => pages.setSession(req, res, token, { persistent: false }), next)
    expect(replaced.cookies).toEqual([auth.createSessionCookie(token, { persistent: false }).serialize()])

    const left = await send((req, res) => pages.signOut(req, res), { Cookie: `${name}=${token}` })
    expect(left.cookies).toEqual([auth.createBlankSessionCookie().serialize()])
    expect((await auth.validateSession(token)).session).toBeNull()
  })

  test("read the store once in a request, however often and by whatever they are asked", async () => {
    const { pages, send, member, calls } = await setUpPages()
    const headers = await member("user-1")
    calls.length = 0
    await send(
      pages.apiRoute(async (req, res) => {
        await Promise.all([pages.validateRequest(req, res), pages.validateRequest(req, res)])
        res.end()
      }),
      headers,
    )
    expect(calls).toEqual(["findSession"])
  })

  test.each([
    ["a text", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
    ["a list", ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2; Path=/x"]],
    ["a number", 7],
  ])("[NXT-3] leave cookies that stand there as %s unchanged", async (_, header) => {
    const { pages, send } = await setUpPages()
    const { cookies } = await send(async (req, res) => {
      res.setHeader("Set-Cookie", header)
      await pages.signIn(req, res, "user-1")
    })
    expect(cookies.slice(0, -1)).toEqual([header].flat().map(String))
    expect(cookies.at(-1)).toMatch(/^session=[a-z2-7]{32}; /)
  })

  test("[NXT-3] are an error once the headers are sent", async () => {
    const { pages, send, member } = await setUpPages()
    const codes: unknown[] = []
    await send(
      async (req, res) => {
        res.end()
        for (const late of [pages.signIn(req, res, "user-1"), pages.rotate(req, res), pages.signOut(req, res)]) {
          await late.catch((error: unknown) => codes.push(isAuthError(error) && error.code))
        }
      },
      await member("user-1"),
    )
    expect(codes).toEqual(["headers_sent", "headers_sent", "headers_sent"])
  })

  test("do nothing for a request of another site, which counts as signed out [NXT-2]", async () => {
    const { pages, send, member, auth } = await setUpPages()
    const headers = { ...(await member("user-1")), "Sec-Fetch-Site": "cross-site" }
    const answer = await send(
      async (req, res) => {
        await pages.setSession(req, res, strangerToken)
        await pages.signOut(req, res)
        res.end(JSON.stringify([await pages.signIn(req, res, "user-2"), await pages.rotate(req, res)]))
      },
      headers,
      "POST",
    )
    expect(answer).toMatchObject({ body: "[null,null]", cookies: [] })
    expect((await auth.validateSession(auth.readSessionCookie(headers.Cookie))).session).not.toBeNull()
  })
})

describe("createPagesAuth()", () => {
  test.each(["https://evil.example", "//evil.example", "/\\evil.example", "sign-in", ""])(
    "throws for %o",
    async (path) => {
      const { auth } = await setUp()
      const wrong = expect.objectContaining({ code: "invalid_option" }) as Error
      expect(() => createPagesAuth(auth, { signInPath: path })).toThrow(wrong)
      expect(() => createPagesAuth(auth, { ...paths, forbiddenPath: path })).toThrow(wrong)
    },
  )
})

type Route = (req: NextApiRequest, res: NextApiResponse) => unknown

/** A Pages Router's wrapper over a store in memory, whose API routes and pages are asked by real HTTP. */
async function setUpPages({ isBroken = false, isSlow = false } = {}) {
  const fail = () => Promise.reject(new Error("The database is away."))
  const { auth, events, calls } = await setUp({
    cookie: { secure: false },
    ...(isBroken && { adapter: () => ({ findSession: fail }) }),
    ...(isSlow && { adapter: () => ({ insertSession: () => setTimeout(20).then(fail) }) }),
  })
  const pages = createPagesAuth(auth, paths)
  return { auth, events, calls, pages, send, props, member }

  async function send(route: Route, headers: Record<string, string> = {}, method = "GET") {
    const server = await listen((req, res) => {
      void Promise.resolve(route(req as NextApiRequest, res as NextApiResponse))
        .catch((error: unknown) => res.end(isAuthError(error) ? error.code : String(error)))
        .then(() => res.end())
    })
    opened.push(server)
    return server.send({ method, headers })
  }

  async function props<Result>(
    page: (context: GetServerSidePropsContext) => Promise<Result>,
    headers: Record<string, string> = {},
    method = "GET",
    resolvedUrl = "/",
  ): Promise<unknown> {
    const route: Route = async (req, res) => res.end(JSON.stringify(await page({ req, res, resolvedUrl })))
    const answer = await send(route, headers, method)
    return JSON.parse(answer.body)
  }

  async function member(userId: string): Promise<{ Cookie: string }> {
    const { token } = await auth.createSession(userId)
    return { Cookie: `${name}=${token}` }
  }
}

function show(pages: { validateRequest(req: IncomingMessage, res: ServerResponse): Promise<unknown> }): Route {
  return async (req, res) => res.end(JSON.stringify(await pages.validateRequest(req, res)))
}

function cookieOf(cookies: string[]): string {
  return cookies[0]?.split(";", 1)[0] ?? ""
}
