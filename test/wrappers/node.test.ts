import http2 from "node:http2"
import { ServerResponse } from "node:http"
import type { IncomingMessage, RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { connect } from "node:net"
import { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"

import { isAuthError } from "../../src/index.ts"
import { createNodeAuth } from "../../src/node.ts"
import { day, setUp, strangerToken } from "../core/auth-fixture.ts"
import { listen } from "./node-server.ts"

// A server on plain http, as in development: nothing else here depends on it.
const cookieName = "session"
const blank = `${cookieName}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; SameSite=Lax`

const rejections: unknown[] = []
const remember = (error: unknown) => void rejections.push(error)
const opened: { close(): Promise<unknown> }[] = []
beforeEach(() => {
  rejections.length = 0
  process.on("unhandledRejection", remember)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map((server) => server.close()))
  await new Promise(setImmediate)
  process.off("unhandledRejection", remember)
  expect(rejections).toEqual([])
})

describe("handler()", () => {
  test("serves a session from sign-in to sign-out over a real server", async () => {
    const { node, auth } = await setUpNode()
    const server = await serve(
      node.handler(async (req, res, { validate, signIn, signOut, rotate }) => {
        if (req.url === "/in") await signIn("user-1", { label: "phone" })
        if (req.url === "/rotate") await rotate()
        if (req.url === "/out") await signOut()
        res.end(JSON.stringify(await validate()))
      }),
    )
    const own = { Origin: server.origin }
    expect((await server.send()).body).toBe("null")

    const signedIn = await server.send({ method: "POST", path: "/in", headers: own })
    const token = tokenIn(signedIn.cookies)
    expect(signedIn.cookies).toEqual([auth.createSessionCookie(token).serialize()])
    expect(JSON.parse(signedIn.body)).toMatchObject({ session: { label: "phone" }, user: { username: "ada" } })
    expect(JSON.parse((await server.send({ headers: cookie(token) })).body).user.id).toBe("user-1")

    const rotated = await server.send({ method: "POST", path: "/rotate", headers: { ...own, ...cookie(token) } })
    const next = tokenIn(rotated.cookies)
    expect(next).not.toBe(token)
    expect((await server.send({ headers: cookie(token) })).body).toBe("null")

    const out = await server.send({ method: "POST", path: "/out", headers: { ...own, ...cookie(next) } })
    expect([out.cookies, out.body]).toEqual([[blank], "null"])
    expect((await server.send({ headers: cookie(next) })).body).toBe("null")
  })

  test("[COO-9] a response that depends on the session is private, also where something was set before", async () => {
    const { server, token } = await serveSession(async (_req, res, { validate }) => {
      res.setHeader("Cache-Control", "public, max-age=60").setHeader("Vary", ["Accept-Encoding", "Origin"])
      await validate()
      res.end()
    })
    for (const headers of [cookie(token), {}, cookie("x")]) {
      const answer = await server.send({ headers })
      expect(answer.headers["cache-control"]).toBe("private, no-store")
      expect(answer.headers.vary?.split(/, ?|,/)).toEqual(["Accept-Encoding", "Origin", "Cookie"])
    }
  })

  const late: [string, (res: ServerResponse) => unknown][] = [
    ["setHeader", (res) => res.setHeader("Cache-Control", "public").setHeader("Set-Cookie", ["a=1", "b=2"])],
    [
      "writeHead with an object",
      (res) => res.writeHead(200, { "cache-control": "public", "Set-Cookie": ["a=1", "b=2"] }),
    ],
    [
      "writeHead with a reason",
      (res) => res.writeHead(200, "Fine", { "Cache-Control": "public", "Set-Cookie": ["a=1", "b=2"] }),
    ],
    [
      "writeHead with a list",
      (res) => res.writeHead(200, ["Cache-Control", "public", "Set-Cookie", "a=1", "Set-Cookie", "b=2"]),
    ],
  ]

  test.each(late)("[COO-8][COO-9] has the last word where the handler writes headers later by %s", async (_, write) => {
    const { server, auth } = await serveSession(async (_req, res, { signIn }) => {
      const created = await signIn("user-1")
      write(res)
      res.end(created?.token)
    })
    const { cookies, headers, body } = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect(cookies).toEqual(["a=1", "b=2", auth.createSessionCookie(body).serialize()])
    expect([headers["cache-control"], headers.vary]).toEqual(["private, no-store", "Cookie"])
  })

  test.each(["signIn", "rotate", "setSession"] as const)(
    "says headers_sent where the headers go out during %s()",
    async (method) => {
      const { node, auth } = await setUpNode()
      const { token } = await auth.createSession("user-1")
      const log = vi.spyOn(console, "error").mockImplementation(() => {})
      const codes: unknown[] = []
      const server = await serve(async (req, res) => {
        const request = node.handleRequest(req, res)
        const going = {
          signIn: () => request.signIn("user-1"),
          rotate: () => request.rotate(),
          setSession: () => request.setSession(strangerToken),
        }[method]()
        res.flushHeaders()
        codes.push(await codeOf(() => going))
      })
      // The client gets the head of a 500, and then the end of the connection.
      await expect(
        server.send({ method: "POST", headers: { Origin: server.origin, ...cookie(token) } }),
      ).rejects.toThrow()
      expect(codes).toEqual(["headers_sent"])
      expect(log.mock.calls).toEqual([[expect.objectContaining({ code: "headers_sent" })]])
    },
  )

  const spellings: [string, (res: ServerResponse) => unknown][] = [
    ["a list", (res) => res.writeHead(200, ["Set-Cookie", "a=1", "set-cookie", "b=2", "X-One", "1"])],
    [
      "a list with a list in it",
      (res) => res.writeHead(200, ["Set-Cookie", ["a=1", "b=2"], "X-One", "1"] as unknown as string[]),
    ],
    [
      "pairs",
      (res) =>
        res.writeHead(200, [
          ["Set-Cookie", "a=1"],
          ["SET-COOKIE", "b=2"],
          ["X-One", "1"],
        ] as never),
    ],
    ["an object", (res) => res.writeHead(200, { "Set-Cookie": ["a=1"], "set-cookie": "b=2", "X-One": 1 })],
  ]

  test.each(spellings)("[COO-8] takes names that differ in case for one header, in %s", async (_, write) => {
    const { server } = await serveSession(async (_req, res, { signIn }) => {
      await signIn("user-1")
      write(res)
      res.end()
    })
    const { cookies, headers } = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect(cookies).toEqual(["a=1", "b=2", expect.stringContaining(`${cookieName}=`)])
    expect(headers["x-one"]).toBe("1")
  })

  test("[COO-8] leaves lists of headers that the application made once as they were", async () => {
    const [list, cookies] = [["Set-Cookie", "a=1"], ["b=2"]]
    const { server } = await serveSession(async (req, res, { signIn }) => {
      await signIn("user-1")
      if (req.url === "/list") res.writeHead(200, list)
      else res.setHeader("Set-Cookie", cookies)
      res.end()
    })
    for (const path of ["/list", "/cookies"]) {
      const answer = await server.send({ method: "POST", path, headers: { Origin: server.origin } })
      expect(answer.cookies).toHaveLength(2)
    }
    expect([list, cookies]).toEqual([["Set-Cookie", "a=1"], ["b=2"]])
  })

  test("the latest of two readers of one request decides about the cookie", async () => {
    const { node } = await setUpNode()
    const server = await serve(async (req, res) => {
      await node.handleRequest(req, res).signIn("user-1")
      await node.handleRequest(req, res).signOut()
      res.end()
    })
    const { cookies } = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect(cookies).toEqual([blank])
  })

  test("leaves a response alone that does not depend on the session", async () => {
    const { server, token } = await serveSession((_req, res) => {
      res.setHeader("Cache-Control", "public, max-age=60").end("x")
    })
    const { headers } = await server.send({ headers: cookie(token) })
    expect([headers["cache-control"], headers.vary, headers["set-cookie"]]).toEqual([
      "public, max-age=60",
      undefined,
      undefined,
    ])
  })

  const dated = "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/"
  const present: [string, string | number | string[], string[]][] = [
    ["text", dated, [dated]],
    ["an array", [dated, "b=x, y", "session2=c"], [dated, "b=x, y", "session2=c"]],
    ["a number", 5, ["5"]],
    ["an empty array", [], []],
    ["an array with ours", [dated, "session=stale; Path=/"], [dated]],
  ]

  test.each(present)("[COO-8][P8] keeps other cookies to the byte where the header is %s", async (_, value, kept) => {
    const { server, auth } = await serveSession(async (_req, res, { signIn }) => {
      res.setHeader("Set-Cookie", value)
      const created = await signIn("user-1")
      res.end(created?.token)
    })
    const { cookies, body } = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect(cookies).toEqual([...kept, auth.createSessionCookie(body).serialize()])
  })

  test("[COO-8] sets one cookie however often it changes, and keeps what is appended later", async () => {
    const { server, token } = await serveSession(async (_req, res, { signIn, rotate, signOut }) => {
      await rotate()
      await signIn("user-2")
      await signOut()
      res.appendHeader("Set-Cookie", "later=1").end()
    })
    const headers = { Origin: server.origin, ...cookie(token) }
    expect((await server.send({ method: "POST", headers })).cookies).toEqual([blank, "later=1"])
  })

  test("throws headers_sent for a change that comes too late, and changes nothing", async () => {
    const errors: unknown[] = []
    const { server, auth, token } = await serveSession(async (_req, res, authRequest) => {
      res.write("begun")
      const changes = [authRequest.signIn("user-2"), authRequest.signOut(), authRequest.rotate()]
      for (const change of [...changes, authRequest.setSession(strangerToken)])
        await change.catch((e) => errors.push(e))
      res.end()
    })
    const headers = { Origin: server.origin, ...cookie(token) }
    expect((await server.send({ method: "POST", headers })).body).toBe("begun")
    expect(errors).toHaveLength(4)
    for (const error of errors) expect(error).toMatchObject({ name: "AuthError", code: "headers_sent" })
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(await auth.getUserSessions("user-2")).toEqual([])
  })

  test("[COO-9] throws headers_sent for the first reading of the session, which came too late to make it private", async () => {
    const { server, token } = await serveSession(async (_req, res, { validate, validateBearerToken }) => {
      res.setHeader("Cache-Control", "public, max-age=600").write("<html>")
      res.end([await codeOf(validate), await codeOf(validateBearerToken)].join())
    })
    expect((await server.send({ headers: cookie(token) })).body).toBe("<html>headers_sent,headers_sent")
  })

  test("validates again after the headers were sent, also where the cookie should be sent again", async () => {
    const { server, token, now } = await serveSession(
      async (_req, res, { validate }) => {
        const validating = validate()
        res.write("x")
        await validating
        res.end((await validate())?.user.id)
      },
      { session: { absoluteTimeout: false } },
    )
    now.advance(15 * day)
    expect(await server.send({ headers: cookie(token) })).toMatchObject({ status: 200, body: "xuser-1", cookies: [] })
  })

  test("early hints do not send the headers", async () => {
    const { server } = await serveSession(async (_req, res, { signIn }) => {
      res.writeEarlyHints({ link: "</style.css>; rel=preload" })
      await signIn("user-1")
      res.end()
    })
    const { cookies } = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect(cookies).toHaveLength(1)
  })

  test("[P9] sends the cookie again where the session may outlive it", async () => {
    const { server, auth, token, now } = await serveSession(echo, { session: { absoluteTimeout: false } })
    now.advance(15 * day)
    const headers = cookie(token)
    expect((await server.send({ headers })).cookies).toEqual([auth.createSessionCookie(token).serialize()])
    expect((await server.send({ headers })).cookies).toEqual([])
  })

  test("[COO-6] two Cookie headers with different sessions sign nobody in", async () => {
    const { server, auth, token } = await serveSession(echo)
    const other = await auth.createSession("user-2")
    const twice = (one: string, two: string) =>
      server.sendRaw(`GET / HTTP/1.1\nHost: x\nConnection: close\nCookie: session=${one}\nCookie: session=${two}`)
    expect(await twice(token, other.token)).toContain("nobody")
    expect(await twice(other.token, token)).toContain("nobody")
    expect(await twice(token, token)).toContain("user-1")
  })

  test("[P10] keeps the bearer token apart from the cookie", async () => {
    const { server, auth, token } = await serveSession(async (_req, res, { validate, validateBearerToken }) => {
      res.end([(await validateBearerToken())?.user.id, (await validate())?.user.id].join())
    })
    const bearer = await auth.createSession("user-2")
    const headers = { ...cookie(token), Authorization: `Bearer ${bearer.token}` }
    expect((await server.send({ headers })).body).toBe("user-2,user-1")
    const crossSite = { ...headers, Origin: "https://evil.example" }
    expect((await server.send({ method: "POST", headers: crossSite })).status).toBe(403)
  })
})

describe("an unsafe cross-origin request", () => {
  const refused: Record<string, string>[] = [
    { Origin: "https://evil.example" },
    { Origin: "null" },
    { Origin: "" },
    { Origin: "http://%" },
    { "Sec-Fetch-Site": "cross-site" },
    { "Sec-Fetch-Site": "same-site" },
    { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" },
    {},
  ]

  test.each(refused)("[CSR-3][P4] with %j is a 403, never a 500, and reaches nothing", async (headers) => {
    const { server, token, calls } = await serveSession(() => {
      throw new Error("reached")
    })
    calls.length = 0
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await server.send({ method, headers: { ...cookie(token), ...headers } })
      expect(answer).toMatchObject({ status: 403, cookies: [] })
    }
    expect(calls).toEqual([])
  })

  test.each([
    ["own origin", (origin: string) => `Origin: ${origin}`, 200],
    ["own origin over TLS before a proxy", (origin: string) => `Origin: ${origin.replace("http", "https")}`, 200],
    ["Sec-Fetch-Site", () => "Sec-Fetch-Site: same-origin", 200],
    ["Sec-Fetch-Site twice", () => "Sec-Fetch-Site: same-origin\nSec-Fetch-Site: cross-site", 403],
    ["Sec-Fetch-Site twice the same", () => "Sec-Fetch-Site: same-origin\nSec-Fetch-Site: same-origin", 403],
    ["two origins", (origin: string) => `Origin: ${origin}\nOrigin: https://evil.example`, 403],
    ["a method in an override", () => "X-HTTP-Method-Override: GET", 403],
  ])("[CSR-2] %s: %s", async (_, header, status) => {
    const { server, token } = await serveSession(echo)
    const head = `POST / HTTP/1.1\nHost: 127.0.0.1:${server.port}\nConnection: close\nContent-Length: 0`
    const answer = await server.sendRaw(`${head}\nCookie: session=${token}\n${header(server.origin)}`)
    expect(answer).toContain(`HTTP/1.1 ${status}`)
  })

  test.each(["http://undefined", "https://undefined", "http://", "http://null"])(
    "[CSR-3] without a Host, the origin %s is not our own",
    async (origin) => {
      const { server, token } = await serveSession(echo)
      const answer = await server.sendRaw(`POST / HTTP/1.0\nCookie: session=${token}\nOrigin: ${origin}`)
      expect(answer).toContain("403")
    },
  )

  test("own scheme is https where the connection is encrypted", async () => {
    const { node } = await setUpNode()
    const server = await serve((req, res) => {
      Object.assign(req.socket, { encrypted: true })
      res.end(String(node.handleRequest(req, res).crossOrigin))
    })
    const verdict = async (origin: string) => (await server.send({ method: "POST", headers: { Origin: origin } })).body
    expect(await verdict(server.origin)).toBe("true")
    expect(await verdict(server.origin.replace("http", "https"))).toBe("false")
  })

  test("a safe one passes", async () => {
    const { server, token } = await serveSession(echo)
    const headers = { ...cookie(token), Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" }
    expect((await server.send({ headers })).body).toBe("user-1")
  })

  test("over HTTP/2 is compared with :authority", async () => {
    const { origin, post } = await serveHttp2(echo)
    expect((await post(origin)).body).toBe("user-1")
    expect((await post("https://evil.example")).body).toContain("refused")
  })
})

describe("over HTTP/2", () => {
  const ways: [string, (res: ServerResponse) => unknown][] = [
    ["end()", (res) => res.end()],
    ["write()", (res) => (res.write("x"), res.end())],
    ["writeHead()", (res) => res.writeHead(200, { "Set-Cookie": "a=1" }).end()],
    ["flushHeaders()", (res) => (res.flushHeaders(), res.end())],
  ]

  test.each(ways)("[COO-8] the session's cookie goes out by %s", async (_, send) => {
    const { origin, post } = await serveHttp2(async (_req, res, { signIn }) => {
      await signIn("user-2")
      send(res)
    })
    const { status, headers } = await post(origin)
    expect(status).toBe(200)
    expect(headers["set-cookie"]?.at(-1)).toMatch(/^session=[a-z2-7]{32};/)
    expect(headers["cache-control"]).toBe("private, no-store")
  })

  test.each(ways)("a forgotten await is a 500 by %s", async (_, send) => {
    vi.spyOn(console, "error").mockImplementation(() => {})
    const { origin, post } = await serveHttp2((_req, res, { signIn }) => {
      void signIn("user-2")
      send(res)
    })
    expect((await post(origin)).status).toBe(500)
    expect(console.error).toHaveBeenCalledWith(expect.objectContaining({ code: "headers_sent" }))
  })
})

describe("a response that goes out while the session is still being written", () => {
  const writes: [string, (session: Parameters<Handle>[2]) => Promise<unknown>][] = [
    ["signIn", ({ signIn }) => signIn("user-1")],
    ["setSession", ({ setSession }) => setSession(strangerToken)],
    ["rotate", ({ rotate }) => rotate()],
    ["signOut", ({ signOut }) => signOut()],
  ]
  const forgotten = { code: "headers_sent", message: expect.stringContaining("Did you forget await?") }

  const ways: [string, (res: ServerResponse) => unknown][] = [
    ["end()", (res) => res.end("done")],
    ["writeHead() and end()", (res) => res.writeHead(303, { Location: "/" }).end()],
    ["a callback", (res) => setImmediate(() => res.end("done"))],
    ["a stream", (res) => Readable.from(["do", "ne"]).pipe(res)],
  ]

  test.each(writes)("is a 500 and an error that asks for the await of %s()", async (_, write) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {})
    const { server, token } = await serveSession((_req, res, session) => {
      void write(session)
      res.end("done")
    })
    const answer = await server.send({ method: "POST", headers: { Origin: server.origin, ...cookie(token) } })
    expect(answer).toMatchObject({ status: 500, body: "Error", cookies: [] })
    expect(log.mock.calls).toEqual([[expect.objectContaining(forgotten)]])
  })

  test.each(ways)("is one whichever way it goes out: %s", async (_, send) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {})
    const { server } = await serveSession(
      (_req, res, { signIn }) => {
        void signIn("user-1")
        send(res)
      },
      { adapter: (memory) => ({ insertSession: (session) => sleep(50).then(() => memory.insertSession(session)) }) },
    )
    const { status, cookies } = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect([status, cookies]).toEqual([500, []])
    expect(log.mock.calls).toEqual([[expect.objectContaining(forgotten)]])
  })

  test.each(["handler()", "middleware()"])("reaches next, which can answer in its place: %s", async (name) => {
    const { node } = await setUpNode()
    const route = async (res: ServerResponse, session: Parameters<Handle>[2] | undefined) => {
      void session?.signIn("user-1")
      res.setHeader("X-Own", "kept").end("done")
    }
    const errorPage = (res: ServerResponse) => (error?: unknown) => {
      res.statusCode = 500
      res.end(isAuthError(error) ? error.code : "")
    }
    const handler = node.handler((_req, res, session) => route(res, session))
    const middleware = node.middleware()
    const server = await serve((req: IncomingMessage & { auth?: Parameters<Handle>[2] }, res) => {
      if (name === "handler()") return void handler(req, res, errorPage(res))
      middleware(req, res, (error) => void (error ? errorPage(res)(error) : route(res, req.auth)))
    })
    const answer = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect(answer).toMatchObject({ status: 500, body: "headers_sent", cookies: [] })
  })

  test.each(ways)("does not end the process where the request was opened by hand: %s", async (_, send) => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {})
    const { node } = await setUpNode({
      adapter: (memory) => ({ insertSession: (session) => sleep(50).then(() => memory.insertSession(session)) }),
    })
    const server = await serve((req, res) => {
      void node.handleRequest(req, res).signIn("user-1")
      send(res)
    })
    const answer = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect(answer).toMatchObject({ status: 500, cookies: [] })
    expect(log.mock.calls).toEqual([[expect.objectContaining(forgotten)]])
  })

  test("does not end the process where next answers after all has been sent", async () => {
    const { node } = await setUpNode()
    const errors: unknown[] = []
    const handler = node.handler((_req, res, { signIn }) => {
      void signIn("user-1")
      res.writeHead(200).end("done")
    })
    const server = await serve((req, res) => {
      void handler(req, res, (error) => {
        errors.push(error)
        res.end("an error page")
      })
    })
    const answer = await server.send({ method: "POST", headers: { Origin: server.origin } })
    expect(answer).toMatchObject({ status: 500, cookies: [] })
    await sleep(20)
    expect(errors).toEqual([expect.objectContaining(forgotten)])
  })
})

describe("what a handler throws", () => {
  const failing: [string, () => unknown, number][] = [
    ["the store's failure", () => Promise.reject(new Error("connect ECONNREFUSED 10.1.2.3:5432")), 503],
    ["a synchronous failure of the store", () => raise(new Error("connect ECONNREFUSED 10.1.2.3:5432")), 503],
  ]

  test.each(failing)(
    "[F1][LOG-3] %s is a 503 that keeps the cookie and says nothing",
    async (_, findSession, status) => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {})
      const { server, token } = await serveSession(echo, {
        adapter: () => ({ findSession: findSession as () => Promise<null> }),
      })
      const answer = await server.send({ headers: cookie(token) })
      expect(answer).toMatchObject({ status, cookies: [] })
      expect(answer.body).not.toMatch(/ECONN|10\.1\.2\.3|store|Error:/i)
      expect(log).toHaveBeenCalledWith(expect.objectContaining({ code: "store_failed" }))
      expect(String(log.mock.calls.flat().map(String))).not.toContain(token)
    },
  )

  test("its own error is a 500 that says nothing", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {})
    for (const handle of [() => raise(new Error("secret detail")), async () => raise(new Error("secret detail"))]) {
      const { server } = await serveSession(handle)
      const answer = await server.send()
      expect(answer.status).toBe(500)
      expect(answer.body).not.toContain("secret")
    }
  })

  test("is answered whole, whatever the handler had promised of its own body", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {})
    const { server } = await serveSession((_req, res) => {
      res
        .setHeader("Content-Length", 1000)
        .setHeader("Content-Encoding", "gzip")
        .setHeader("Content-Range", "bytes 0-1/2")
      throw new Error("own")
    })
    const { status, headers, body } = await server.send()
    expect([status, body]).toEqual([500, "Error"])
    expect([headers["content-encoding"], headers["content-range"]]).toEqual([undefined, undefined])
  })

  test("cuts the connection where the response has begun", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {})
    const { server } = await serveSession((_req, res) => {
      res.write("begun")
      throw new Error("late")
    })
    await expect(server.send()).rejects.toThrow()
    await expect(server.send()).rejects.toThrow()
  })

  test("goes to next where there is one, and nothing is answered", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {})
    const { node } = await setUpNode()
    const error = new Error("own")
    const listener = node.handler(() => raise(error))
    const server = await serve((req, res) => void listener(req, res, (passed) => res.end(String(passed === error))))
    expect((await server.send()).body).toBe("true")
    expect(log).not.toHaveBeenCalled()
  })

  test("[F1] serves again as soon as the store is back", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {})
    let isDown = true
    const { server, token } = await serveSession(echo, {
      adapter: (memory) => ({
        findSession: (id) => (isDown ? Promise.reject(new Error("down")) : memory.findSession(id)),
      }),
    })
    expect((await server.send({ headers: cookie(token) })).status).toBe(503)
    isDown = false
    expect((await server.send({ headers: cookie(token) })).body).toBe("user-1")
  })
})

describe("middleware()", () => {
  test("puts the session at req.auth and goes on", async () => {
    const { node, auth } = await setUpNode()
    const middleware = node.middleware()
    const server = await serve((req: IncomingMessage & { auth?: ReturnType<typeof node.handleRequest> }, res) => {
      middleware(req, res, async () => res.end((await req.auth?.validate())?.user.id ?? "nobody"))
    })
    const { token } = await auth.createSession("user-2")
    expect((await server.send({ headers: cookie(token) })).body).toBe("user-2")
    expect((await server.send()).body).toBe("nobody")
  })

  test("[CSR-3] answers an unsafe cross-origin request with 403 and does not go on", async () => {
    const { node } = await setUpNode()
    const middleware = node.middleware()
    const next = vi.fn()
    const server = await serve((req, res) => middleware(req, res, next))
    const answer = await server.send({ method: "POST", headers: { Origin: "https://evil.example" } })
    expect(answer.status).toBe(403)
    expect(answer.body).toMatch(
      /^Cross-origin request refused\. .*trustedOrigins\. A script .* must also send .*Origin/,
    )
    expect(next).not.toHaveBeenCalled()
  })
})

describe("allowCrossOrigin", () => {
  const foreign = { method: "POST", headers: { Origin: "https://pay.example" } }

  test("lets a foreign request into one handler", async () => {
    const { node } = await setUpNode()
    const open = node.handler(async (_req, res, { signIn }) => res.end((await signIn("user-1"))?.token), {
      allowCrossOrigin: true,
    })
    const closed = node.handler((_req, res) => res.end("reached"))
    const server = await serve((req, res) => void (req.url === "/pay" ? open : closed)(req, res))
    expect(await server.send({ ...foreign, path: "/pay" })).toMatchObject({
      status: 200,
      cookies: [expect.any(String)],
    })
    expect((await server.send(foreign)).status).toBe(403)
  })

  test("of the first middleware that a request meets decides", async () => {
    const { node } = await setUpNode()
    const [open, closed] = [node.middleware({ allowCrossOrigin: true }), node.middleware()]
    const server = await serve((req: IncomingMessage & { auth?: ReturnType<typeof node.handleRequest> }, res) => {
      const guarded = () => closed(req, res, async () => res.end((await req.auth?.signIn("user-1"))?.session.userId))
      if (req.url === "/pay") open(req, res, guarded)
      else guarded()
    })
    expect(await server.send({ ...foreign, path: "/pay" })).toMatchObject({
      body: "user-1",
      cookies: [expect.any(String)],
    })
    expect((await server.send(foreign)).status).toBe(403)
  })

  test("is not what a misspelt option does", async () => {
    const { node } = await setUpNode()
    // @ts-expect-error -- the option's name is misspelt
    expect(() => node.middleware({ allowCrossOrigins: true })).toThrow('did you mean "allowCrossOrigin"?')
    // @ts-expect-error -- the option's name is misspelt
    expect(() => node.handler(() => {}, { allowCrossOrigins: true })).toThrow('did you mean "allowCrossOrigin"?')
  })
})

test("a WebSocket handshake is let in by handleRequest() for a page of this site alone", async () => {
  const { node, auth } = await setUpNode()
  const { token } = await auth.createSession("user-1")
  const server = await listen(() => {})
  opened.push(server)
  server.onUpgrade(async (req, socket) => {
    const signedIn = await node.handleRequest(req, new ServerResponse(req)).validate()
    socket.end(`HTTP/1.1 ${signedIn ? 101 : 401} ${signedIn?.user.id ?? "nobody"}\r\nConnection: close\r\n\r\n`)
  })
  const shakeHands = async (origin: string) => {
    const head = `GET / HTTP/1.1\nHost: 127.0.0.1:${server.port}\nConnection: Upgrade\nUpgrade: websocket\nOrigin: ${origin}`
    return (await server.sendRaw(`${head}\nCookie: session=${token}`)).split("\r\n")[0]
  }
  expect(await shakeHands(server.origin)).toBe("HTTP/1.1 101 user-1")
  expect(await shakeHands("https://evil.example")).toBe("HTTP/1.1 401 nobody")
})

describe("a client that goes away", () => {
  test("[F17] in mid sign-in harms nobody: one session that nobody knows, and the server serves on", async () => {
    let finished = () => {}
    const isFinished = new Promise<void>((done) => (finished = done))
    const { server, auth } = await serveSession(async (req, res, { signIn, validate }) => {
      if (req.method === "GET") return void res.end((await validate())?.user.id ?? "nobody")
      await new Promise((done) => req.socket.once("close", done))
      await signIn("user-2")
      res.end()
      finished()
    })
    const socket = connect(server.port, "127.0.0.1")
    const head = `POST / HTTP/1.1\r\nHost: x\r\nOrigin: https://x\r\nContent-Length: 0\r\n\r\n`
    socket.write(head)
    await sleep(50)
    socket.destroy()
    await isFinished
    expect(await auth.getUserSessions("user-2")).toHaveLength(1)
    expect((await server.send()).body).toBe("nobody")
  })
})

test("[TOK-4] takes no token from the URL", async () => {
  const { server, token, calls } = await serveSession(echo)
  calls.length = 0
  expect((await server.send({ path: `/?session=${token}&token=${token}` })).body).toBe("nobody")
  expect(calls).toEqual([])
})

test("[R15] 200 requests of two users at once are never mixed up", async () => {
  const { server, auth, token } = await serveSession(echo, {
    adapter: (memory) => ({
      async findSession(id) {
        await sleep(Math.random() * 5)
        return memory.findSession(id)
      },
    }),
  })
  const tokens = [token, (await auth.createSession("user-2")).token]
  const answers = Array.from({ length: 200 }, (_, i) => server.send({ headers: cookie(String(tokens[i % 2])) }))
  const bodies = (await Promise.all(answers)).map(({ body }) => body)
  expect(bodies).toEqual(Array.from({ length: 200 }, (_, i) => `user-${(i % 2) + 1}`))
})

type Handle = Parameters<Awaited<ReturnType<typeof setUpNode>>["node"]["handler"]>[0]

async function echo(_req: unknown, res: ServerResponse, { validate }: Parameters<Handle>[2]) {
  res.end((await validate())?.user.id ?? "nobody")
}

async function setUpNode(options?: Parameters<typeof setUp>[0]) {
  const fixture = await setUp({ cookie: { secure: false }, ...options })
  return { ...fixture, node: createNodeAuth(fixture.auth) }
}

async function serveHttp2(handle: Handle) {
  const { node, auth } = await setUpNode()
  const { token } = await auth.createSession("user-1")
  // Node's HTTP/2 compatibility API has the same methods, but types of its own.
  const listener = node.handler(handle) as unknown as (
    req: http2.Http2ServerRequest,
    res: http2.Http2ServerResponse,
  ) => void
  const server = http2.createServer(listener)
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const { port } = server.address() as AddressInfo
  const client = http2.connect(`http://127.0.0.1:${port}`)
  opened.push({
    async close() {
      client.close()
      await new Promise((done) => server.close(done))
    },
  })
  async function post(origin: string) {
    const stream = client.request({ ":method": "POST", origin, cookie: `session=${token}` })
    stream.end()
    const headers = await new Promise<http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader>((done) => {
      stream.once("response", done)
    })
    return { status: headers[":status"], headers, body: await text(stream).catch(() => "cut") }
  }
  return { origin: `http://127.0.0.1:${port}`, post }
}

async function serveSession(handle: Handle, options?: Parameters<typeof setUp>[0]) {
  const fixture = await setUpNode(options)
  const { token } = await fixture.auth.createSession("user-1")
  return { ...fixture, token, server: await serve(fixture.node.handler(handle)) }
}

async function serve(listener: RequestListener) {
  const server = await listen(listener)
  opened.push(server)
  return server
}

function cookie(token: string) {
  return { Cookie: `${cookieName}=${token}` }
}

function tokenIn(cookies: string[]): string {
  return /^session=([a-z2-7]{32});/.exec(cookies[0] ?? "")?.[1] ?? ""
}

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  const error = await run().catch((reason: unknown) => reason)
  return isAuthError(error) ? error.code : String(error)
}

function raise(error: Error): never {
  throw error
}
