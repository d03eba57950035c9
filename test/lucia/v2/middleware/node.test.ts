import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import { connect, createServer as createHttp2Server } from "node:http2"
import type { AddressInfo } from "node:net"
import { expect, test } from "vitest"

import { express, fastify, h3, node } from "../../../../src/lucia-v2/middleware.ts"
import type { LuciaRequest } from "../../../../src/lucia/v2/request-context.ts"
import { openAuth } from "./open-auth.ts"

const theme = "theme=dark; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT"

test.each([
  ["none", undefined, []],
  ["one as text", theme, [theme]],
  ["a list", [theme, "a=b"], [theme, "a=b"]],
  ["a number", 7, ["7"]],
  ["one of the session's", [`auth_session=old; Path=/`, theme], [theme]],
  ["one of which the name begins like the session's", ["auth_session_id=1"], ["auth_session_id=1"]],
] as const)("node() joins cookies that are there: %s", async (_, before, others) => {
  const { auth, createSession } = await openAuth(node())
  const session = await createSession()
  const answer = await serveOnce((req, res) => {
    if (before !== undefined) res.setHeader("Set-Cookie", before)
    void auth.handleRequest(req, res).setSession(session)
    res.end()
  })
  expect(answer.headers.getSetCookie()).toEqual([...others, auth.createSessionCookie(session).serialize()])
})

test("validate() after the response is on its way still tells the session, and whose cookie is dead", async () => {
  const { auth, createSession } = await openAuth(node())
  const { sessionId } = await createSession()
  for (const [cookie, expected] of [
    [sessionId, sessionId],
    ["dead", "nobody"],
  ] as const) {
    const answer = await serveOnce(
      async (req, res) => {
        res.flushHeaders()
        res.end((await auth.handleRequest(req, res).validate())?.sessionId ?? "nobody")
      },
      { Cookie: `auth_session=${cookie}` },
    )
    expect(await answer.text()).toBe(expected)
  }
})

test("setSession() after the response is on its way throws what Node.js throws", async () => {
  const { auth, createSession } = await openAuth(node())
  const session = await createSession()
  const answer = await serveOnce((req, res) => {
    res.flushHeaders()
    try {
      void auth.handleRequest(req, res).setSession(session)
    } catch (error) {
      res.end((error as { code: string }).code)
    }
  })
  expect(await answer.text()).toBe("ERR_HTTP_HEADERS_SENT")
})

test("HTTP/2 names the host in a pseudo-header", async () => {
  const { auth, createSession } = await openAuth(node())
  const { sessionId } = await createSession()
  const server = createHttp2Server((req, res) => {
    void auth
      .handleRequest(req, res)
      .validate()
      .then((session) => res.end(session?.sessionId ?? "nobody"))
  })
  const url = await listen(server)
  const client = connect(url)
  const post = async (origin: string) => {
    const stream = client.request({ ":method": "POST", origin, cookie: `auth_session=${sessionId}` })
    stream.end()
    let text = ""
    for await (const chunk of stream) text += String(chunk)
    return text
  }
  expect(await post(url)).toBe(sessionId)
  expect(await post("https://evil.example")).toBe("nobody")
  client.close()
  server.close()
})

test("in production a page on http is not of the own site, though its host is", async () => {
  const { auth, createSession } = await openAuth(node(), "PROD")
  const { sessionId } = await createSession()
  const post = (socket: object, origin: string) => {
    const headers = { host: "example.com", origin, cookie: `auth_session=${sessionId}` }
    return auth
      .handleRequest({ method: "POST", headers, socket }, { getHeader: () => undefined, setHeader() {} })
      .validate()
  }
  // Behind a proxy that speaks https the socket does not.
  for (const socket of [{ encrypted: true }, {}]) {
    expect(await post(socket, "https://example.com")).toMatchObject({ sessionId })
    expect(await post(socket, "http://example.com")).toBe(null)
  }
})

test("express() writes what res.cookie() would, with the path / where the configuration has none", async () => {
  const setCookies: unknown[] = []
  const res = { getHeader: () => undefined, setHeader: (_: string, values: unknown) => void setCookies.push(values) }
  const attributes = { httpOnly: true, expires: new Date(0) }
  const context = express()({
    args: [{ method: "GET", headers: {} }, res],
    env: "DEV",
    sessionCookieName: "auth_session",
  })
  const cookie = { name: "auth_session", value: "x", attributes, serialize: () => "unused" }
  void context.setCookie(cookie)
  void context.setCookie({ ...cookie, attributes: { ...attributes, path: "/app" } })
  expect(setCookies).toEqual([
    ["auth_session=x; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"],
    ["auth_session=x; Path=/app; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"],
  ])
})

test("h3() and fastify() read a header that was sent several times", () => {
  const req = { method: "GET", headers: { "x-one": ["a", "b"] } }
  const res = { getHeader: () => undefined, setHeader() {} }
  const reply = { getHeader: () => undefined, removeHeader() {}, header() {} }
  const rest = { env: "DEV", sessionCookieName: "auth_session" } as const
  const contexts = [h3()({ args: [{ node: { req, res } }], ...rest }), fastify()({ args: [req, reply], ...rest })]
  for (const { request } of contexts) expect(request).toMatchObject({ method: "GET", scheme: "http" })
  for (const { request } of contexts) {
    expect((request as LuciaRequest).headers.get("X-One")).toBe("a, b")
    expect((request as LuciaRequest).headers.get("X-Two")).toBe(null)
  }
})

async function serveOnce(
  listener: (req: IncomingMessage, res: ServerResponse) => unknown,
  headers: Record<string, string> = {},
) {
  const server = createServer((req, res) => void listener(req, res))
  const url = await listen(server)
  try {
    return await fetch(url, { headers })
  } finally {
    server.close()
  }
}

async function listen(server: { listen(port: number, host: string, done: () => void): unknown; address(): unknown }) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
