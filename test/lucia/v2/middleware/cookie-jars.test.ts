import { describe, expect, test } from "vitest"

import type { CookieAttributes } from "../../../../src/lucia/v2/cookie.ts"
import { serializeCookie } from "../../../../src/lucia/v2/cookie.ts"
import type { Middleware } from "../../../../src/lucia/v2/request-context.ts"
import { astro, qwik, sveltekit } from "../../../../src/lucia-v2/middleware.ts"
import { openAuth } from "./open-auth.ts"

type Jar = ReturnType<typeof openJar>

// As get_cookies() of @sveltejs/kit 3.2.0, AstroCookies of astro 7.3.5 and Cookie of @builder.io/qwik-city 1.20.1 behave:
// what was set in this request counts before what was sent, of which the first or the last; and one value a name is sent.
const frameworks: [string, Middleware, takes: "first" | "last", event: (request: Request, jar: Jar) => object][] = [
  [
    "sveltekit()",
    sveltekit(),
    "first",
    (request, { get, set }) => ({
      request,
      cookies: {
        get,
        set: (name: string, value: string, options: CookieAttributes) => {
          // SvelteKit throws without one, and resolves it against the page's.
          expect(options.path).toBe("/")
          set(name, value, options)
        },
      },
    }),
  ],
  [
    "astro()",
    astro(),
    "first",
    (request, { get, set }) => ({
      request,
      cookies: { get: (name: string) => (get(name) === undefined ? undefined : { value: get(name) }), set },
    }),
  ],
  [
    "qwik()",
    qwik(),
    "last",
    (request, { get, set }) => ({
      request,
      cookie: { get: (name: string) => (get(name) === undefined ? null : { value: get(name) }), set },
    }),
  ],
]

describe.each(frameworks)("%s", (_, middleware, takes, eventOf) => {
  async function open(cookie = "", init: RequestInit = {}) {
    const { auth, createSession } = await openAuth(middleware)
    const session = await createSession()
    const header = cookie.replaceAll("(id)", session.sessionId)
    const jar = openJar(header, takes)
    const request = new Request("https://example.com/", { ...init, headers: { ...init.headers, Cookie: header } })
    return { auth, session, createSession, jar, handle: () => auth.handleRequest(eventOf(request, jar)) }
  }

  test("signs in through the framework's jar, once", async () => {
    const { auth, session, createSession, jar, handle } = await open()
    const authRequest = handle()
    void authRequest.setSession(await createSession())
    void authRequest.setSession(session)
    expect(jar.sent()).toEqual([auth.createSessionCookie(session).serialize()])
  })

  test("reads the session, and what this request has set before", async () => {
    const { session, createSession, handle } = await open("a=b; auth_session=(id)")
    expect(await handle().validate()).toMatchObject({ sessionId: session.sessionId })
    const other = await createSession()
    void handle().setSession(other)
    expect(await handle().validate()).toMatchObject({ sessionId: other.sessionId })
    void handle().setSession(null)
    expect(await handle().validate()).toBe(null)
  })

  test("reads no session when the application has deleted its cookie, though the browser sent it", async () => {
    const { jar, handle } = await open("a=b; auth_session=(id)")
    jar.delete("auth_session")
    expect(await handle().validate()).toBe(null)
  })

  test("reads no session from two different cookies, and one from two that are equal", async () => {
    for (const cookie of ["auth_session=x; auth_session=(id)", "auth_session=(id); auth_session=x"]) {
      expect(await (await open(cookie)).handle().validate()).toBe(null)
    }
    const { session, handle } = await open("auth_session=(id); auth_session=(id)")
    expect(await handle().validate()).toMatchObject({ sessionId: session.sessionId })
  })

  test("gives another site's POST no session", async () => {
    const post = async (headers: Record<string, string>) =>
      (await open("auth_session=(id)", { method: "POST", headers })).handle().validate()
    expect(await post({ Origin: "https://example.com" })).not.toBe(null)
    expect(await post({ Origin: "https://evil.example" })).toBe(null)
    expect(await post({})).toBe(null)
  })

  test("signs out", async () => {
    const { jar, handle } = await open("auth_session=(id)")
    void handle().setSession(null)
    expect(jar.sent()).toEqual([
      expect.stringMatching(/^auth_session=; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; /),
    ])
  })
})

function openJar(header: string, takes: "first" | "last") {
  const values = new Map<string, string>()
  for (const pair of header.split("; ")) {
    const [name = "", value = ""] = pair.split("=")
    if (takes === "last" || !values.has(name)) values.set(name, value)
  }
  const written = new Map<string, string>()
  return {
    get: (name: string) => values.get(name),
    set(name: string, value: string, attributes: CookieAttributes = {}) {
      values.set(name, value)
      written.set(name, serializeCookie(name, value, attributes))
    },
    delete: (name: string) => values.delete(name),
    sent: () => [...written.values()],
  }
}
