import { inspect } from "node:util"
import { afterEach, describe, expect, test } from "vitest"
import type { AuthError } from "../../src/index.ts"
import { day, setUp as setUpAuth } from "../core/auth-fixture.ts"
import type { AnyAuth } from "./auths.ts"
import { authKinds } from "./auths.ts"
import { browserAt, openWeb, wrappers } from "./sites.ts"
import type { Site, Visit } from "./sites.ts"

const misspelt = { persistant: false } as { persistent?: boolean }

const opened: Site[] = []
afterEach(async () => {
  for (const site of opened.splice(0)) await site.close()
})

for (const kind of authKinds) {
  describe.each(wrappers)(`$name over ${kind.name}`, ({ open }) => {
    test("keeps a visitor signed in from sign-in to sign-out", async () => {
      const { browser } = await setUp()
      expect((await browser.visit(({ validate }) => validate())).result).toBeNull()
      await browser.visit(({ signIn }) => signIn("user-1"), "POST")
      expect(await browser.username()).toBe("ada")
      await browser.visit(({ signOut }) => signOut(), "POST")
      expect(browser.jar.names()).toEqual([])
      expect(await browser.username()).toBeNull()
    })

    test("forgets what it has remembered when the visitor changes in mid request", async () => {
      const { browser } = await setUp()
      const { result } = await browser.visit(async ({ validate, signIn, signOut }) => {
        const names = [(await validate())?.user.username]
        await signIn("user-1")
        names.push((await validate())?.user.username)
        await signIn("user-2")
        names.push((await validate())?.user.username)
        await signOut()
        return [...names, (await validate())?.user.username]
      }, "POST")
      expect(result).toEqual([undefined, "ada", "grace", undefined])
      expect(browser.jar.names()).toEqual([])
    })

    test("ends the session that was presented when another is signed in, and where it can at once", async () => {
      const { browser, auth, token } = await signedIn("user-1")
      await browser.visit(({ signIn }) => signIn("user-2"), "POST")
      expect(await browser.username()).toBe("grace")
      expect((await auth.validateSession(token)).session === null).toBe(kind.revokes)
    })

    test("gives the session a new token, of which the old one is dead where it can be", async () => {
      const { browser, auth, token } = await signedIn("user-1")
      const { result } = await browser.visit(({ rotate }) => rotate(), "POST")
      expect(result?.token).not.toBe(token)
      expect(await browser.username()).toBe("ada")
      expect((await auth.validateSession(token)).session === null).toBe(kind.revokes)
    })

    test("a session that was signed out is dead for who has kept its token, where it can be", async () => {
      const { browser, auth, token } = await signedIn("user-1")
      await browser.visit(({ signOut }) => signOut(), "POST")
      expect((await auth.validateSession(token)).session === null).toBe(kind.revokes)
    })

    test("does nothing for another site, which finds nobody signed in", async () => {
      const { site, auth, token } = await signedIn("user-1")
      const cookie = `${auth.sessionCookieName}=${token}`
      const foreign = { method: "POST", cookie, origin: "https://evil.example" }
      const visiting = site.visit(async ({ validate, signIn, rotate, signOut }) => {
        const seen = [await validate(), await signIn("user-2"), await rotate()]
        await signOut()
        return seen
      }, foreign)
      const { result, cookies } = await visiting.catch(refused([null, null, null]))
      expect(result).toEqual([null, null, null])
      expect(cookies).toEqual([])
      expect(await auth.validateSession(token)).toMatchObject({ user: { username: "ada" } })
    })

    test("[LOG-1] what a log shows of its events can be kept: the request, which has the cookie, is left out", async () => {
      const { browser, site, auth, now, events, token } = await signedIn("user-1")
      now.advance(20 * day)
      await browser.visit(({ validate }) => validate())
      const cookie = `${auth.sessionCookieName}=${token}`
      const foreign = { method: "POST", cookie, origin: "https://evil.example" }
      await site.visit(({ validate }) => validate(), foreign).catch(refused(null))
      const types = ["session_created", "session_extended", "cross_origin"]
      expect(events.map(({ type }) => type)).toEqual(types)
      for (const event of events) expect(event.request).toBeTypeOf("object")
      const copies = events.map((event) => ({ ...event }))
      const logs = [events, copies, structuredClone(events)].flatMap((each) => [
        inspect(each, { depth: 12, maxStringLength: null }),
        JSON.stringify(each),
      ])
      for (const log of logs) {
        for (const type of types) expect(log).toContain(type)
        expect(log).not.toContain(token)
        expect(log).not.toContain("request")
      }
    })

    test("[CSR-1] is silent to a WebSocket that another site opens, and knows who opens one from its own", async () => {
      const { site, auth, token } = await signedIn("user-1")
      const cookie = `${auth.sessionCookieName}=${token}`
      const shakeHands = async (origin: string) => {
        const handshake = { cookie, origin, upgrade: "websocket" }
        const { result } = await site.visit(({ validate }) => validate(), handshake).catch(refused(null))
        return result?.user.username ?? null
      }
      expect(await shakeHands("https://evil.example")).toBeNull()
      expect(await shakeHands("null")).toBeNull()
      expect(await shakeHands(site.origin)).toBe("ada")
    })

    test("keeps an active visitor signed in beyond the idle timeout, and nobody beyond the absolute one", async () => {
      const { browser, now } = await signedIn("user-1")
      for (let days = 0; days < 84; days += 14) {
        now.advance(14 * day)
        expect(await browser.username(), `after ${days + 14} days`).toBe("ada")
      }
      now.advance(6 * day - 1)
      expect(await browser.username()).toBe("ada")
      now.advance(1)
      expect(await browser.username()).toBeNull()
    })

    test("signs an idle visitor out", async () => {
      const { browser, now } = await signedIn("user-1")
      now.advance(30 * day)
      expect(await browser.username()).toBeNull()
    })

    test("[R15] lets two browsers be two people, whose requests cross", async () => {
      const { site, auth } = await setUp()
      const [ada, grace] = await Promise.all(["user-1", "user-2"].map((id) => auth.createSession(id)))
      const tokens = [ada!.token, grace!.token]
      const visits = Array.from({ length: 50 }, (_, n) =>
        site.visit(async ({ validate }) => (await validate())?.user.username, {
          cookie: `${auth.sessionCookieName}=${tokens[n % 2]}`,
        }),
      )
      const names = (await Promise.all(visits)).map(({ result }) => result)
      expect(names).toEqual(names.map((_, n) => (n % 2 === 0 ? "ada" : "grace")))
    })

    test("writes a cookie that lasts, or one that ends with the browser", async () => {
      const { browser, auth } = await setUp()
      const kept = await browser.visit(({ signIn }) => signIn("user-1"), "POST")
      expect(kept.cookies).toEqual([auth.createSessionCookie(kept.result?.token ?? "").serialize()])
      const brief = await browser.visit(({ signIn }) => signIn("user-1", { persistent: false }), "POST")
      expect(brief.cookies).toEqual([
        auth.createSessionCookie(brief.result?.token ?? "", { persistent: false }).serialize(),
      ])
      browser.jar.restart()
      expect(browser.jar.names()).toEqual([])
    })

    const briefSignIns: [string, (visit: Visit, auth: AnyAuth) => Promise<unknown>][] = [
      ["signIn()", ({ signIn }) => signIn("user-1", { persistent: false })],
      [
        "setSession()",
        async ({ setSession }, auth) => setSession((await auth.createSession("user-1")).token, { persistent: false }),
      ],
    ]

    test.each(briefSignIns)(
      "“remember me” left unticked by %s stays so through rotation and renewal",
      async (_, signIn) => {
        const { browser, auth, now } = await setUp()
        const sent = [await browser.visit((visit) => signIn(visit, auth), "POST")]
        sent.push(await browser.visit(({ rotate }) => rotate(), "POST"))
        for (let days = 0; days < 80; days += 16) {
          now.advance(16 * day)
          sent.push(await browser.visit(({ validate }) => validate()))
        }
        sent.push(await browser.visit(async ({ validate, rotate }) => [await validate(), await rotate()], "POST"))
        const cookies = sent.flatMap(({ cookies }) => cookies)
        expect(cookies.length).toBeGreaterThanOrEqual(3)
        for (const cookie of cookies) expect(cookie).not.toContain("Max-Age")
        expect(await browser.username()).toBe("ada")
        browser.jar.restart()
        expect(browser.jar.names()).toEqual([])
      },
    )

    test("“remember me” can be ticked later, and unticked", async () => {
      const { browser } = await setUp()
      await browser.visit(({ signIn }) => signIn("user-1", { persistent: false }), "POST")
      const [ticked = ""] = (await browser.visit(({ rotate }) => rotate({ persistent: true }), "POST")).cookies
      expect(ticked).toContain("; Max-Age=7776000;")
      await browser.visit(({ rotate }) => rotate(), "POST")
      browser.jar.restart()
      expect(await browser.username()).toBe("ada")
      await browser.visit(({ rotate }) => rotate({ persistent: false }), "POST")
      expect(await browser.username()).toBe("ada")
      browser.jar.restart()
      expect(await browser.username()).toBeNull()
    })

    test("the token that signIn() and rotate() return is the one in the cookie", async () => {
      const { site, browser, auth } = await setUp()
      for (const persistent of [true, false]) {
        const { result: created } = await browser.visit(({ signIn }) => signIn("user-1", { persistent }), "POST")
        const { result: rotated } = await browser.visit(({ rotate }) => rotate(), "POST")
        const cookie = `${auth.sessionCookieName}=${rotated?.token}`
        expect(browser.jar.header(site.origin)).toBe(cookie)
        expect(created?.token).not.toBe(rotated?.token)
        expect(await auth.validateSession(rotated?.token)).toMatchObject({ user: { username: "ada" } })
      }
    })

    test("the presented session itself, stored again, is kept, whichever way it is to be kept", async () => {
      const { browser, auth, token } = await signedIn("user-1")
      for (const persistent of [false, true, false]) {
        await browser.visit(({ setSession }) => setSession(token, { persistent }), "POST")
        expect(await browser.username()).toBe("ada")
        expect(await auth.validateSession(token)).toMatchObject({ user: { username: "ada" } })
      }
    })

    const mistakes: [string, (visit: Visit) => Promise<unknown>, RegExp][] = [
      ["rotate() with a misspelt option", ({ rotate }) => rotate(misspelt), /^rotate\(\): .*"persistent"\?$/],
      ["signIn() with one", ({ signIn }) => signIn("user-2", misspelt), /^signIn\(\): .*"persistent"\?$/],
      ["setSession() with one", ({ setSession }) => setSession(null, misspelt), /^setSession\(\): .*"persistent"\?$/],
      ["setSession() with what no cookie holds", ({ setSession }) => setSession("bad token;"), /^token: /],
    ]

    test.each(mistakes)("%s throws before anything is written", async (_, mistake, message) => {
      const { browser, auth, events, token } = await signedIn("user-1")
      events.length = 0
      const { result, cookies } = await browser.visit(
        (visit) => mistake(visit).catch((error: unknown) => error as AuthError),
        "POST",
      )
      expect(result).toMatchObject({ code: "invalid_option", message: expect.stringMatching(message) as string })
      expect(cookies).toEqual([])
      expect(events).toEqual([])
      expect(await auth.validateSession(token)).toMatchObject({ user: { username: "ada" } })
    })

    test("keeps shared caches away", async () => {
      const { browser } = await signedIn("user-1")
      const { headers } = await browser.visit(({ validate }) => validate())
      expect(headers).toEqual({ cacheControl: "private, no-store", vary: "Cookie" })
    })

    test.each(["", "x", "a".repeat(32), "A".repeat(60), "é", "%00", "a".repeat(9000)])(
      "takes %j in the cookie for nobody",
      async (value) => {
        const { site, auth } = await setUp()
        const cookie = `${auth.sessionCookieName}=${encodeURI(value)}`
        expect((await site.visit(({ validate }) => validate(), { cookie })).result).toBeNull()
      },
    )

    async function setUp() {
      const { auth, now, events } = await kind.open()
      const site = await open(auth)
      opened.push(site)
      return { auth, now, events, site, browser: browserAt(site, now) }
    }

    async function signedIn(userId: string) {
      const opened = await setUp()
      const { result } = await opened.browser.visit(({ signIn }) => signIn(userId), "POST")
      return { ...opened, token: result?.token ?? "" }
    }
  })
}

describe.each(wrappers)("$name with a cookie that has replaced others", ({ open }) => {
  async function openSite() {
    const kind = await setUpAuth({
      cookie: { name: "sid", domain: "app.example", replaces: [{ name: "auth_session" }] },
    })
    const site = await open(kind.auth)
    opened.push(site)
    return { ...kind, site }
  }

  test("[COO-6] two values under its name are reported, and are nobody", async () => {
    const { site, auth, events } = await openSite()
    const [one, other] = [await auth.createSession("user-1"), await auth.createSession("user-1")]
    events.length = 0
    const cookie = `sid=${one.token}; sid=${other.token}`
    expect((await site.visit(({ validate }) => validate(), { cookie })).result).toBeNull()
    expect(events.map(({ type }) => type)).toEqual(["cookie_conflict"])
    expect(events[0]?.request).toBeTypeOf("object")
    expect(
      (await site.visit(({ validate }) => validate(), { cookie: `sid=${one.token}; sid=${one.token}` })).result,
    ).not.toBeNull()
  })

  test("[COO-5] expires those at sign-in, at each change, and at sign-out", async () => {
    const { site, auth } = await openSite()
    const visits: ((visit: Visit) => Promise<unknown>)[] = [
      ({ signIn }) => signIn("user-1"),
      ({ rotate }) => rotate(),
      async ({ signIn, rotate }) => [await signIn("user-2"), await rotate()],
      ({ signOut }) => signOut(),
    ]
    for (const visit of visits) {
      const { token } = await auth.createSession("user-1")
      const { cookies } = await site.visit(visit, { method: "POST", cookie: `sid=${token}` })
      const expired = cookies.filter((header) => header.includes("Max-Age=0") && !header.includes("Domain="))
      expect(expired.map((header) => header.split("=", 1)[0]).toSorted()).toEqual(["auth_session", "sid"])
      expect(cookies.filter((header) => header.includes("Domain=app.example"))).toHaveLength(1)
      expect(cookies).toHaveLength(3)
    }
  })
})

test.each(authKinds.filter(({ name }) => name !== "a database"))(
  "over $name a token that was sealed again, set by hand, does not end its own session",
  async (kind) => {
    const { auth, now } = await kind.open()
    const { token } = await auth.createSession("user-1")
    now.advance(20 * day)
    const result = await auth.validateSession(token)
    const renewed = "reason" in result ? undefined : result.token
    const { visit } = await openWeb(auth)
    await visit(({ setSession }) => setSession(renewed ?? ""), {
      method: "POST",
      cookie: `${auth.sessionCookieName}=${token}`,
    })
    expect(renewed).toBeTypeOf("string")
    expect(await auth.validateSession(renewed)).toMatchObject({ user: { username: "ada" } })
  },
)

/** Stands in for a visit that never came to its handler, because the wrapper's guard refused it. */
function refused<Result>(result: Result) {
  return (error: Error) => {
    expect(error.message).toBe("The request was not served: 403")
    return { result, cookies: [] }
  }
}

// The Pages Router has the option for a whole API route.
const allowing = wrappers.filter(({ name }) => name !== "createPagesAuth()")

test.each(allowing)("[CSR-8] $name with allowCrossOrigin lets a foreign request in, signed out", async ({ open }) => {
  for (const kind of authKinds) {
    const { auth, events } = await kind.open()
    const site = await open(auth, { allowCrossOrigin: true })
    opened.push(site)
    const { token } = await auth.createSession("user-1")
    const cookie = `${auth.sessionCookieName}=${token}`
    const foreign = { method: "POST", cookie, origin: "https://appleid.apple.com" }
    const { result, cookies } = await site.visit(async ({ validate, rotate, signIn }) => {
      const before = [await validate(), await rotate()]
      const created = await signIn("user-2")
      return { before, created, after: (await validate())?.user.username }
    }, foreign)
    expect(result).toMatchObject({ before: [null, null], after: "grace" })
    expect(cookies).toEqual([auth.createSessionCookie(result.created?.token ?? "").serialize()])
    expect(await auth.validateSession(token)).toMatchObject({ user: { username: "ada" } })
    expect(events.map(({ type }) => type)).not.toContain("cross_origin")
    const own = await site.visit(async ({ validate }) => (await validate())?.user.username, {
      ...foreign,
      origin: site.origin,
    })
    expect(own.result).toBe("ada")
  }
})
