import { describe, expect, test } from "vitest"

import { createNodeAuth } from "../../src/node.ts"
import { createWebAuth } from "../../src/web.ts"
import { day, minute, setUp } from "../core/auth-fixture.ts"
import { createCookieJar } from "./cookie-jar.ts"
import { listen } from "./node-server.ts"
import { createSharedCache } from "./shared-cache.ts"

const origin = "https://app.example"

describe("[COO-9] behind a shared cache", () => {
  test("no visitor ever gets another's page or cookie, over sign-in, pages, 304s, renewals and sign-out", async () => {
    const { visitor, cache, now, ownerOf } = await setUpSite()
    const [ada, grace, stranger] = [visitor("user-1"), visitor("user-2"), visitor("nobody")]
    for (const { browse } of [ada, grace]) expect((await browse("/page")).body).toBe("page of nobody")
    await ada.browse("/sign-in", "POST")
    await grace.browse("/sign-in", "POST")
    const renewed: (string | undefined)[] = []
    for (const pause of [0, 1, 2 * minute, 15 * day, 0, 14 * day, 15 * day]) {
      now.advance(pause)
      for (const { browse, userId } of [ada, grace, stranger, grace, ada]) {
        const { body, cookies } = await browse("/page")
        expect(body).toBe(`page of ${userId}`)
        const { status, cookies: others } = await browse("/page", "GET", { "If-None-Match": '"1"' })
        expect(status).toBe(304)
        for (const cookie of [...cookies, ...others]) {
          renewed.push(userId)
          expect(await ownerOf(cookie)).toBe(userId)
        }
      }
    }
    expect(new Set(renewed)).toEqual(new Set(["user-1", "user-2"]))
    await ada.browse("/sign-out", "POST")
    expect((await ada.browse("/page")).body).toBe("page of nobody")
    expect((await grace.browse("/page")).body).toBe("page of user-2")
    expect(cache.size()).toBe(0)
  })

  test("a page that does not depend on the session is still shared", async () => {
    const { visitor, cache } = await setUpSite()
    const [ada, grace] = [visitor("user-1"), visitor("user-2")]
    await ada.browse("/sign-in", "POST")
    for (const { browse } of [ada, grace, ada]) expect((await browse("/about")).body).toBe("about us")
    expect(cache.hits()).toBe(2)
  })

  test("the cache would mix them up, were it not told", async () => {
    const { visitor } = await setUpSite({ isCareless: true })
    const [ada, grace] = [visitor("user-1"), visitor("user-2")]
    await ada.browse("/sign-in", "POST")
    await grace.browse("/sign-in", "POST")
    await ada.browse("/page")
    expect((await grace.browse("/page")).body).toBe("page of user-1")
  })

  test("the Node wrapper says the same to the cache", async () => {
    const { auth, now } = await setUp({ session: { absoluteTimeout: false } })
    const node = createNodeAuth(auth)
    const server = await listen(
      node.handler(async (_req, res, { validate }) => {
        res.setHeader("Cache-Control", "public, max-age=600").setHeader("ETag", '"1"')
        res.end(`page of ${(await validate())?.user.id ?? "nobody"}`)
      }),
    )
    const cache = createSharedCache(async (request) => {
      const answer = await server.send({ headers: Object.fromEntries(request.headers) })
      const headers = new Headers({ "Cache-Control": answer.headers["cache-control"] ?? "" })
      headers.set("Vary", answer.headers.vary ?? "")
      for (const cookie of answer.cookies) headers.append("Set-Cookie", cookie)
      return new Response(answer.body, { headers })
    }, now)
    const tokens = [(await auth.createSession("user-1")).token, (await auth.createSession("user-2")).token]
    for (const pause of [0, 15 * day]) {
      now.advance(pause)
      for (const [i, token] of [...tokens, ...tokens].entries()) {
        const response = await cache.fetch(
          new Request(`${origin}/`, { headers: { Cookie: `__Host-session=${token}` } }),
        )
        expect(await response.text()).toBe(`page of user-${(i % 2) + 1}`)
        expect(response.headers.getSetCookie().join()).not.toContain(tokens[(i + 1) % 2])
      }
    }
    expect([cache.hits(), cache.size()]).toEqual([0, 0])
    await server.close()
  })
})

async function setUpSite({ isCareless = false } = {}) {
  const { auth, now } = await setUp({ session: { absoluteTimeout: false } })
  const { handler } = createWebAuth(auth)

  const site = handler(async (request, { validate, signIn, signOut }) => {
    const url = new URL(request.url)
    const headers = { "Cache-Control": "public, max-age=60", ETag: '"1"' }
    if (url.pathname === "/about") return new Response("about us", { headers })
    if (url.pathname === "/sign-in") await signIn(url.searchParams.get("as") ?? "")
    if (url.pathname === "/sign-out") await signOut()
    const signedIn = await validate()
    // The same entity tag for everybody: the worst that an application can do.
    if (request.headers.get("If-None-Match") === '"1"') return new Response(null, { status: 304, headers })
    return new Response(`page of ${signedIn?.user.id ?? "nobody"}`, { headers })
  })

  async function careless(request: Request): Promise<Response> {
    const response = await site(request)
    const headers = new Headers(response.headers)
    headers.set("Cache-Control", "public, max-age=60")
    headers.delete("Vary")
    return new Response(response.body, { headers, status: response.status })
  }

  const cache = createSharedCache(isCareless ? careless : site, now)

  function visitor(userId: string) {
    const jar = createCookieJar(now)
    return {
      userId,
      browse: (path: string, method?: string, headers?: object) => visit(jar, userId, path, method, headers),
    }
  }

  async function visit(
    jar: ReturnType<typeof createCookieJar>,
    userId: string,
    path: string,
    method = "GET",
    more = {},
  ) {
    const url = `${origin}${path}`
    const cookie = jar.header(url)
    const headers = { Origin: origin, ...more, ...(cookie !== null && { Cookie: cookie }) }
    const target = method === "GET" ? url : `${url}?as=${userId}`
    const response = await cache.fetch(new Request(target, { method, headers }))
    const cookies = response.headers.getSetCookie()
    jar.receive(url, cookies)
    return { status: response.status, body: await response.text(), cookies }
  }

  async function ownerOf(header: string): Promise<string | undefined> {
    const token = auth.readSessionCookie(header.split(";")[0])
    return (await auth.validateSession(token)).user?.id
  }

  return { visitor, cache, now, ownerOf }
}
