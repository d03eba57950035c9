import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, test } from "vitest"

import type { MiddlewareRequestContext } from "../../../../src/lucia/v2/request-context.ts"
import { readContext, transformRequestContext } from "../../../../src/lucia/v2/request-context.ts"
import { lucia, web } from "../../../../src/lucia-v2/middleware.ts"
import { openAuth } from "./open-auth.ts"

const setCookie = () => {}

describe("lucia()", () => {
  test.each<[string, (sessionId: string) => MiddlewareRequestContext]>([
    [
      "a Request",
      (id) => ({
        request: new Request("https://example.com", { headers: { Cookie: `auth_session=${id}` } }),
        setCookie,
      }),
    ],
    [
      "the three headers as an object",
      (id) => ({
        request: { method: "GET", headers: { origin: null, cookie: `auth_session=${id}`, authorization: null } },
        setCookie,
      }),
    ],
    [
      "the cookie beside the request",
      (id) => ({ request: { method: "GET", headers: new Headers() }, sessionCookie: id, setCookie }),
    ],
    [
      "the cookie in the request",
      (id) => ({ request: { method: "GET", headers: new Headers(), storedSessionCookie: id }, setCookie }),
    ],
    [
      "a promise for the cookie",
      (id) => ({
        request: { method: "GET", headers: new Headers() },
        sessionCookie: Promise.resolve(id),
        setCookie,
      }),
    ],
  ])("takes %s", async (_, contextOf) => {
    const { auth, createSession } = await openAuth(lucia())
    const { sessionId } = await createSession()
    expect(await auth.handleRequest(contextOf(sessionId)).validate()).toMatchObject({ sessionId })
  })
})

describe("setCookie() of an application's own", () => {
  async function signOut(setCookie: () => unknown) {
    const { auth, createSession } = await openAuth(lucia())
    const { sessionId } = await createSession()
    const request = { method: "GET", headers: new Headers() }
    // In JavaScript it may return anything.
    const context = { request, sessionCookie: sessionId, setCookie: setCookie as () => void }
    return auth.handleRequest(context).setSession(null)
  }

  test("is waited for where it is a promise, and nothing else of it is handed on", async () => {
    expect(await signOut(() => ["x"].push("y"))).toBeUndefined()
    await expect(signOut(() => Promise.reject(new Error("sent already")))).rejects.toThrow("sent already")
  })

  test("ends no process when it fails and nobody waits, as nobody did with Lucia", async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on("unhandledRejection", note)
    const { auth } = await openAuth(lucia())
    const request = { method: "GET", headers: new Headers() }
    const setCookie = () => Promise.reject(new Error("sent already"))
    void auth.handleRequest({ request, sessionCookie: "x", setCookie }).setSession(null)
    await sleep(5)
    process.off("unhandledRejection", note)
    expect(unhandled).toEqual([])
  })
})

test("a context without promises is read at once, one with a promise later", async () => {
  const request = { method: "GET", headers: new Headers() }
  const read = (context: MiddlewareRequestContext) =>
    readContext(transformRequestContext(context), ({ method }, cookie) => [method, cookie])
  expect(read({ request, sessionCookie: "x", setCookie })).toEqual(["GET", "x"])
  expect(read({ request, setCookie })).toEqual(["GET", undefined])
  for (const context of [
    { request: Promise.resolve(request), sessionCookie: "x", setCookie },
    { request, sessionCookie: Promise.resolve("x"), setCookie },
  ]) {
    const reading = read(context)
    expect(reading).toBeInstanceOf(Promise)
    expect(await reading).toEqual(["GET", "x"])
  }
})

describe("web()", () => {
  test("applyTo() adds the session's cookie to a copy in place of an earlier one, and leaves the others as they are", async () => {
    const { auth, createSession } = await openAuth(web())
    const session = await createSession()
    const authRequest = auth.handleRequest(new Request("https://example.com"))
    void authRequest.setSession(await createSession())
    void authRequest.setSession(session)
    const theme = "theme=dark; Expires=Wed, 21 Oct 2099 07:28:00 GMT"
    const response = new Response()
    response.headers.append("Set-Cookie", theme)
    response.headers.append("Set-Cookie", "auth_session=old")
    const applied = authRequest.applyTo(response)
    expect(response.headers.getSetCookie()).toEqual([theme, "auth_session=old"])
    expect(applied.headers.getSetCookie()).toEqual([theme, auth.createSessionCookie(session).serialize()])
    expect(applied.headers.get("Vary")).toBe("Cookie")
  })

  test("applyTo() copies a response whose headers are immutable", async () => {
    const { auth, createSession } = await openAuth(web())
    const authRequest = auth.handleRequest(new Request("https://example.com"))
    void authRequest.setSession(await createSession())
    const applied = authRequest.applyTo(Response.redirect("https://example.com/home"))
    expect(applied.status).toBe(302)
    expect(applied.headers.get("Location")).toBe("https://example.com/home")
    expect(applied.headers.getSetCookie()).toHaveLength(1)
  })
})
