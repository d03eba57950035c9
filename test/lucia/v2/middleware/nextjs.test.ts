import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, describe, expect, test, vi } from "vitest"

import type { NextCookies, NextPagesContext, NextRequest } from "../../../../src/lucia-v2/middleware.ts"
import { nextjs, nextjs_future } from "../../../../src/lucia-v2/middleware.ts"
import type { Middleware } from "../../../../src/lucia/v2/request-context.ts"
import { openAuth } from "./open-auth.ts"

const ambient = vi.hoisted(() => ({ headers: (): unknown => new Headers() }))
vi.mock("next/headers.js", () => ({ headers: () => ambient.headers() }))
afterEach(() => (ambient.headers = () => new Headers()))

const versions = [
  { version: "14", wrap: <Value>(value: Value): Value | Promise<Value> => value },
  { version: "15 and later", wrap: <Value>(value: Value): Value | Promise<Value> => Promise.resolve(value) },
]

test("a Route Handler that waits for setSession() signs in however late cookies() is, as in development", async () => {
  const { auth, createSession } = await openAuth(nextjs())
  const jar = openJar()
  const session = await createSession()
  const cookies = () => new Promise<NextCookies>((resolve) => setTimeout(resolve, 5, jar.writable))
  await auth.handleRequest({ request: requestOf("POST", ""), cookies }).setSession(session)
  expect(jar.sent).toEqual([auth.createSessionCookie(session).serialize()])
})

describe.each(versions)("nextjs() with cookies() of Next.js $version", ({ wrap }) => {
  test("a Route Handler signs in, without awaiting anything", async () => {
    const { auth, createSession } = await openAuth(nextjs())
    const jar = openJar()
    const session = await createSession()
    async function POST(request: NextRequest) {
      void auth.handleRequest({ request, cookies: () => wrap(jar.writable) }).setSession(session)
      return new Response()
    }
    await POST(requestOf("POST", ""))
    expect(jar.sent).toEqual([auth.createSessionCookie(session).serialize()])
  })

  test("a Route Handler reads the session, and signs out", async () => {
    const { auth, createSession } = await openAuth(nextjs())
    const { sessionId } = await createSession()
    const jar = openJar(`auth_session=${sessionId}`)
    const request = requestOf("POST", `auth_session=${sessionId}`, { Origin: "https://example.com" })
    const authRequest = auth.handleRequest({ request, cookies: () => wrap(jar.writable) })
    expect(await authRequest.validate()).toMatchObject({ sessionId })
    void authRequest.setSession(null)
    await settled()
    expect(jar.sent).toEqual([expect.stringContaining("auth_session=; Path=/; Expires=Thu, 01 Jan 1970")])
    expect(await authRequest.validate()).toBe(null)
  })

  test("a Route Handler gives another site's POST no session", async () => {
    const { auth, createSession } = await openAuth(nextjs())
    const cookie = `auth_session=${(await createSession()).sessionId}`
    for (const origin of ["https://evil.example", "null"]) {
      const request = requestOf("POST", cookie, { Origin: origin })
      expect(await auth.handleRequest({ request, cookies: () => wrap(openJar(cookie).writable) }).validate()).toBe(null)
    }
  })

  test("a Route Handler's own site is the one that the browser asked for, not the one that Next.js listens on", async () => {
    const { auth, createSession } = await openAuth(nextjs())
    const cookie = `auth_session=${(await createSession()).sessionId}`
    const post = (origin: string) => {
      const request = requestOf("POST", cookie, { Origin: origin, Host: "www.example.com" })
      return auth.handleRequest({ request, cookies: () => wrap(openJar(cookie).writable) }).validate()
    }
    expect(await post("https://www.example.com")).not.toBe(null)
    expect(await post("https://example.com")).toBe(null)
  })

  test("a render reads the session, whatever the headers say, and sets nothing", async () => {
    const { auth, createSession } = await openAuth(nextjs())
    const session = await createSession()
    const jar = openJar(`auth_session=${session.sessionId}`)
    ambient.headers = () => wrap(new Headers({ Cookie: `auth_session=${session.sessionId}` }))
    const authRequest = auth.handleRequest({ request: null, cookies: () => wrap(jar.readOnly) })
    expect(await authRequest.validate()).toMatchObject({ sessionId: session.sessionId })
    void authRequest.setSession(null)
    await settled()
    expect(jar.sent).toEqual([])
  })

  test("a render with a dead cookie is nobody's, and sets nothing", async () => {
    const { auth } = await openAuth(nextjs())
    const jar = openJar("auth_session=dead")
    expect(await auth.handleRequest({ request: null, cookies: () => wrap(jar.readOnly) }).validate()).toBe(null)
    expect(jar.sent).toEqual([])
  })

  test("a render reads no session from two different cookies", async () => {
    const { auth, createSession } = await openAuth(nextjs())
    const cookie = `auth_session=tossed; auth_session=${(await createSession()).sessionId}`
    ambient.headers = () => wrap(new Headers({ Cookie: cookie }))
    const cookies = () => wrap(openJar(cookie).readOnly)
    expect(await auth.handleRequest({ request: null, cookies }).validate()).toBe(null)
  })

  test.each([
    ["of the own site", { Origin: "https://example.com", Host: "example.com" }, true],
    ["that the browser calls same-origin", { "Sec-Fetch-Site": "same-origin" }, true],
    ["of another site", { Origin: "https://evil.example", Host: "example.com" }, false],
    ["that the browser calls cross-site", { "Sec-Fetch-Site": "cross-site" }, false],
    ["of an opaque origin", { Origin: "null", Host: "example.com" }, false],
    ["that names no origin", { Host: "example.com" }, false],
  ])("[P7] a Server Action with request: null %s", async (_, headers, isSignedIn) => {
    const { auth, createSession } = await openAuth(nextjs())
    const { sessionId } = await createSession()
    const cookie = `auth_session=${sessionId}`
    ambient.headers = () => wrap(new Headers({ ...headers, Cookie: cookie }))
    const authRequest = auth.handleRequest({ request: null, cookies: () => wrap(openJar(cookie).writable) })
    expect((await authRequest.validate())?.sessionId).toBe(isSignedIn ? sessionId : undefined)
  })

  test("what the action has set counts, though the browser sent something else", async () => {
    const { auth, createSession } = await openAuth(nextjs())
    const [before, after] = [await createSession(), await createSession()]
    const jar = openJar(`auth_session=${before.sessionId}`)
    ambient.headers = () =>
      wrap(new Headers({ "Sec-Fetch-Site": "same-origin", Cookie: `auth_session=${before.sessionId}` }))
    const cookies = () => wrap(jar.writable)
    void auth.handleRequest({ request: null, cookies }).setSession(after)
    await settled()
    expect(await auth.handleRequest({ request: null, cookies }).validate()).toMatchObject({
      sessionId: after.sessionId,
    })
    void auth.handleRequest({ request: null, cookies }).setSession(null)
    await settled()
    expect(await auth.handleRequest({ request: null, cookies }).validate()).toBe(null)
  })

  test("nextjs_future() takes the method and next/headers", async () => {
    const { auth, createSession } = await openAuth(nextjs_future())
    const { sessionId } = await createSession()
    const cookie = `auth_session=${sessionId}`
    const jar = openJar(cookie)
    const handle = (method: string, headers: Record<string, string>) =>
      auth.handleRequest(method, {
        cookies: () => wrap(jar.writable),
        headers: () => wrap(new Headers({ ...headers, Host: "example.com", Cookie: cookie })),
      })
    expect(await handle("POST", { Origin: "https://example.com" }).validate()).toMatchObject({ sessionId })
    expect(await handle("POST", { Origin: "https://evil.example" }).validate()).toBe(null)
    expect(await handle("GET", {}).validate()).toMatchObject({ sessionId })
    void handle("POST", { Origin: "https://example.com" }).setSession(null)
    await settled()
    expect(jar.sent).toHaveLength(1)
  })
})

test("with a request and Next.js 14 the session is known at once: setSession(null) of nobody sets nothing", async () => {
  const { auth } = await openAuth(nextjs())
  const jar = openJar()
  void auth.handleRequest({ request: requestOf("POST", ""), cookies: () => jar.writable }).setSession(null)
  await settled()
  expect(jar.sent).toEqual([])
})

test("[P11] a failure of cookies() reaches whoever reads the session, and does not end the process", async () => {
  const { auth, createSession } = await openAuth(nextjs())
  const unhandled = vi.fn()
  process.on("unhandledRejection", unhandled)
  try {
    const cookies = () => Promise.reject(new Error("prerendering"))
    await expect(auth.handleRequest({ request: null, cookies }).validate()).rejects.toThrow("prerendering")
    void auth.handleRequest({ request: null, cookies }).setSession(await createSession())
    auth.handleRequest({ request: requestOf("GET", ""), cookies })
    await settled()
    expect(unhandled).not.toHaveBeenCalled()
  } finally {
    process.off("unhandledRejection", unhandled)
  }
})

const middlewares: [string, () => Middleware<[NextPagesContext] | [NextRequest]>][] = [
  ["nextjs()", nextjs],
  ["nextjs_future()", nextjs_future],
]

describe.each(middlewares)("%s", (_, middleware) => {
  test("in proxy.ts a NextRequest is read, and applyTo() sets what was set", async () => {
    const { auth, createSession } = await openAuth(middleware())
    const { sessionId } = await createSession()
    const request = requestOf("GET", `auth_session=${sessionId}`)
    const authRequest = auth.handleRequest(request)
    expect(await authRequest.validate()).toMatchObject({ sessionId })
    void authRequest.setSession(null)
    const response = authRequest.applyTo(new Response(null, { headers: { "x-middleware-next": "1" } }))
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^auth_session=; /)])
    expect(response.headers.get("x-middleware-next")).toBe("1")
  })

  test("[P8] in the Pages Router the other cookies of the response stay as they are", async () => {
    const { auth, createSession } = await openAuth(middleware())
    const session = await createSession()
    const theme = "theme=dark; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT"
    const answer = await serveOnce((req, res) => {
      res.setHeader("Set-Cookie", [theme, "auth_session=old; Path=/"])
      void auth.handleRequest({ req, res }).setSession(session)
      res.end()
    })
    expect(answer.headers.getSetCookie()).toEqual([theme, auth.createSessionCookie(session).serialize()])
  })

  test("in the Pages Router without a response the session is read, and nothing is set", async () => {
    const { auth, createSession } = await openAuth(middleware())
    const { sessionId } = await createSession()
    const answer = await serveOnce(
      async (req, res) => {
        const authRequest = auth.handleRequest({ req })
        const session = await authRequest.validate()
        void authRequest.setSession(null)
        res.end(session?.sessionId)
      },
      { Cookie: `auth_session=${sessionId}` },
    )
    expect(await answer.text()).toBe(sessionId)
    expect(answer.headers.getSetCookie()).toEqual([])
  })
})

/** A jar as Next.js makes it: the last of several values counts, and a render gets one function that throws for all that would write. */
function openJar(header = "") {
  const values = new Map(header.split("; ").map((pair) => pair.split("=", 2) as [string, string]))
  const written = new Map<string, string>()
  const get = (name: string) => (values.has(name) ? { value: values.get(name)! } : undefined)
  const refuse = () => {
    throw new Error("Cookies can only be modified in a Server Action or Route Handler.")
  }
  const writable: NextCookies = {
    get,
    set(name, value, { path, expires, sameSite }) {
      values.set(name, value)
      expect(sameSite).toBe("lax")
      written.set(name, `${name}=${value}; Path=${path}; Expires=${expires?.toUTCString()}; HttpOnly; SameSite=Lax`)
    },
    delete: () => refuse(),
  }
  const readOnly: NextCookies = { get, set: refuse, delete: refuse }
  return {
    writable,
    readOnly,
    get sent() {
      return [...written.values()]
    },
  }
}

function requestOf(method: string, cookie: string, headers: Record<string, string> = {}): NextRequest {
  const request = new Request("https://example.com/", { method, headers: { ...headers, Cookie: cookie } })
  return Object.assign(request, { cookies: openJar(cookie).readOnly })
}

function settled() {
  return new Promise((resolve) => setImmediate(resolve))
}

async function serveOnce(
  listener: (req: IncomingMessage, res: ServerResponse) => unknown,
  headers: Record<string, string> = {},
) {
  const server = createServer((req, res) => void listener(req, res))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { headers })
  } finally {
    server.close()
  }
}
