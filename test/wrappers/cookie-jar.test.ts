import { describe, expect, test } from "vitest"

import type { CookieOptions } from "../../src/index.ts"
import { createWebAuth } from "../../src/web.ts"
import { day, setUp } from "../core/auth-fixture.ts"
import { createCookieJar } from "./cookie-jar.ts"

const configurations: [CookieOptions, string][] = [
  [{}, "https://app.example.com/"],
  [{}, "https://app.example.com/deep/down/page"],
  [{ sameSite: "strict" }, "https://app.example.com/"],
  [{ sameSite: "none" }, "https://app.example.com/"],
  [{ sameSite: "none", partitioned: true }, "https://app.example.com/"],
  [{ secure: false }, "http://localhost:3000/login"],
  [{ secure: false, name: "id", path: "/app" }, "http://localhost:3000/app/login"],
  [{ path: "/app" }, "https://app.example.com/app/login"],
  [{ path: "/app/" }, "https://app.example.com/app/login"],
  [{ domain: "example.com" }, "https://app.example.com/"],
  [{ domain: "example.com", path: "/app" }, "https://app.example.com/app"],
  [{ domain: "app.example.com", name: "__Secure-id" }, "https://app.example.com/"],
  [{ name: "__Host-id" }, "https://app.example.com/x"],
]

describe("in a browser's cookie jar", () => {
  test.each(configurations)("[COO-5] sign-in fills and sign-out empties it: %j at %s", async (cookie, url) => {
    for (const persistent of [true, false]) {
      const { browse, jar } = await setUpBrowser(cookie, url)
      jar.receive(url, ["theme=dark; Path=/"])
      await browse("POST", ({ signIn }) => signIn("user-1", undefined, { persistent }))
      expect(jar.names()).toHaveLength(2)
      expect((await browse("GET", ({ validate }) => validate()))?.user.id).toBe("user-1")
      await browse("POST", ({ rotate }) => rotate({ persistent }))
      expect(jar.names()).toHaveLength(2)
      expect((await browse("GET", ({ validate }) => validate()))?.user.id).toBe("user-1")
      await browse("POST", ({ signOut }) => signOut())
      expect(jar.names()).toEqual(["theme"])
    }
  })

  test("a session of a user who left “remember me” unticked ends with the browser, another does not", async () => {
    for (const persistent of [true, false]) {
      const { browse, jar } = await setUpBrowser()
      await browse("POST", ({ signIn }) => signIn("user-1", undefined, { persistent }))
      jar.restart()
      expect((await browse("GET", ({ validate }) => validate()))?.user.id).toBe(persistent ? "user-1" : undefined)
    }
  })

  test("[EXP-3] the cookie outlives the idle timeout: a user is signed in on every visit until the absolute one", async () => {
    const { browse, now } = await setUpBrowser()
    await browse("POST", ({ signIn }) => signIn("user-1"))
    for (let visit = 1; visit <= 3; visit++) {
      now.advance(29 * day)
      // A render that cannot set cookies: the response never reaches the jar.
      expect((await browse("GET", ({ validate }) => validate(), { isReadOnly: true }))?.user.id).toBe("user-1")
    }
    now.advance(3 * day)
    expect(await browse("GET", ({ validate }) => validate())).toBeNull()
  })

  test("[EXP-1] a cookie that a client keeps for longer is of no use", async () => {
    const { browse, jar, auth, now } = await setUpBrowser()
    const created = await browse("POST", ({ signIn }) => signIn("user-1"))
    const header = auth.createSessionCookie(String(created?.token)).serialize()
    jar.receive("https://app.example.com/", [header.replace(/Max-Age=\d+/, "Max-Age=34560000")])
    now.advance(30 * day)
    expect(jar.header("https://app.example.com/")).toContain(created?.token)
    expect(await browse("GET", ({ validate }) => validate())).toBeNull()
  })

  test("[P9] without an absolute timeout, monthly visits keep a user signed in for years", async () => {
    const { browse, now } = await setUpBrowser({}, undefined, { absoluteTimeout: false })
    await browse("POST", ({ signIn }) => signIn("user-1"))
    for (let visit = 0; visit < 40; visit++) {
      now.advance(29 * day)
      expect((await browse("GET", ({ validate }) => validate()))?.user.id).toBe("user-1")
    }
  })

  test("[COO-1] an insecure page of the same host gets no cookie, and cannot plant one under our name", async () => {
    const { browse, jar } = await setUpBrowser()
    jar.receive("http://app.example.com/", ["__Host-session=planted; Path=/", "__Host-session=p; Path=/; Secure"])
    jar.receive("https://evil.example.com/", ["__Host-session=planted; Path=/; Secure; Domain=example.com"])
    expect(jar.names()).toEqual([])
    await browse("POST", ({ signIn }) => signIn("user-1"))
    expect(jar.header("http://app.example.com/")).toBeNull()
    expect(jar.header("https://evil.example.com/")).toBeNull()
  })

  test("[COO-6] a cookie tossed from a sibling domain signs nobody in as somebody else", async () => {
    const { browse, jar, auth } = await setUpBrowser({ domain: "example.com" })
    const attacker = await auth.createSession("user-2")
    await browse("POST", ({ signIn }) => signIn("user-1"))
    jar.receive("https://evil.example.com/", [`session=${attacker.token}; Path=/account; Domain=example.com`])
    expect(jar.header("https://app.example.com/account")).toMatch(/^session=.*; session=/)
    expect(await browse("GET", ({ validate }) => validate(), { path: "account" })).toBeNull()
    expect((await browse("GET", ({ validate }) => validate()))?.user.id).toBe("user-1")
  })
})

async function setUpBrowser(cookie: CookieOptions = {}, url = "https://app.example.com/", session = {}) {
  const { auth, now } = await setUp({ cookie, session })
  const { handleRequest } = createWebAuth(auth)
  const jar = createCookieJar(now)
  type AuthRequest = ReturnType<typeof handleRequest>

  async function browse<Result>(
    method: string,
    act: (authRequest: AuthRequest) => Promise<Result>,
    { isReadOnly = false, path = "" } = {},
  ): Promise<Result> {
    const target = url + path
    const headers = new Headers({ Origin: new URL(url).origin })
    const sent = jar.header(target)
    if (sent) headers.set("Cookie", sent)
    const authRequest = handleRequest(new Request(target, { method, headers }))
    const result = await act(authRequest)
    const response = authRequest.applyTo(new Response())
    if (!isReadOnly) jar.receive(target, response.headers.getSetCookie())
    return result
  }

  return { auth, now, jar, browse }
}
