import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { cookieName, useFixture } from "./running-fixture.ts"
import { getRaw } from "./visitor.ts"
import type { Visitor } from "./visitor.ts"

const actions = [
  "signInAndStay",
  "signOutAndStay",
  "rotateAndStay",
  "work",
  "workWithoutSession",
  "administer",
  "startFlow",
  "elevateAndStay",
  "deleteAccount",
]
const rawActions = ["rawSignIn", "rawSignOut", "rawSetSession", "rawRotate"]
const foreign: Record<string, string>[] = [
  { Origin: "https://evil.example" },
  { Origin: "null" },
  { Origin: "https://evil@localhost" },
  { Origin: "http://" },
  { Origin: "%" },
  { "Sec-Fetch-Site": "cross-site" },
  { "Sec-Fetch-Site": "same-site" },
  { "Sec-Fetch-Site": "x" },
]

describe("attacks on Next.js 16", () => {
  const { app, origin, visitor, member, control } = useFixture("16")

  describe.each(foreign)("a POST with %o [CSR-3] [NXT-2]", (headers) => {
    test("is refused by the proxy, whatever it is for", async () => {
      const ada = await member("ada")
      await control()
      for (const path of ["/api/me", "/api/sign-out", "/api/callback/bob", "/api/old/me", "/api/old/sign-out"]) {
        const { status, setCookie } = await ada.post(path, "", headers)
        expect([path, status, setCookie]).toEqual([path, 403, []])
      }
      for (const action of [...actions, ...rawActions]) {
        const { status, setCookie } = await ada.submit("/form", action, { username: "bob" }, headers)
        expect([action, status, setCookie]).toEqual([action, 403, []])
      }
      expect(await control()).toMatchObject({ writes: 0, done: [] })
    })

    test("is refused without the proxy by route handlers and API routes", async () => {
      const ada = await member("ada")
      await control()
      for (const path of ["/bare/api/me", "/bare/api/sign-out", "/bare/api/callback/bob", "/api/bare/me"]) {
        const { status, setCookie } = await ada.post(path, "", headers)
        expect([path, status, setCookie]).toEqual([path, 403, []])
      }
      const { events, writes } = await control()
      expect([events, writes]).toEqual([Array(4).fill("cross_origin"), 0])
    })

    test("runs no action to any effect without the proxy", async () => {
      const ada = await member("ada")
      await control()
      for (const action of [...actions, ...rawActions]) {
        const { setCookie } = await ada.submit("/bare/form", action, { username: "bob" }, headers)
        expect([action, setCookie]).toEqual([action, []])
      }
      expect(await control()).toMatchObject({ writes: 0, done: [] })
      expect((await ada.get("/profile")).body).toContain("Profile of ada-name")
    })
  })

  // What a browser sends along: a form of another site, a fetch of one, and a POST that only its body gives away.
  describe.each<Record<string, string>>([
    { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" },
    { Origin: "https://evil.example" },
    { Origin: "null", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors" },
    { "Sec-Fetch-Site": "cross-site" },
    {},
  ])("a POST with %o finds nobody signed in [P7]", (headers) => {
    test.each(readers)("where %s reads the session", async (path, asMember, asNobody) => {
      const ada = await member("ada")
      expect(shown((await ada.get(path)).body)).toContain(asMember)
      const bodies = ["", new URLSearchParams({ username: "bob" }).toString()]
      for (const body of bodies) {
        const { body: answer, location } = await post(origin() + path, ada, body, headers)
        expect(shown(answer)).not.toContain(asMember)
        expect(location ?? shown(answer)).toContain(asNobody)
      }
    })
  })

  test.each(["cross-site", "same-origin"])(
    "a visit by GET that is %s finds the member, however it is made",
    async (site) => {
      const ada = await member("ada")
      const visits: Record<string, string>[] = [
        { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" },
        { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" },
        { "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty", "Sec-Purpose": "prefetch" },
        { "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty" },
      ]
      for (const [path, asMember] of readers) {
        for (const visit of visits) {
          const { body } = await ada.get(path, { ...visit, "Sec-Fetch-Site": site })
          expect([path, visit, shown(body)]).toEqual([path, visit, expect.stringContaining(asMember)])
        }
      }
    },
  )

  test("a POST of another site that is meant to come signs in, and finds nobody signed in", async () => {
    const ada = await member("ada")
    const headers = { Origin: "https://appleid.apple.com", "Sec-Fetch-Site": "cross-site" }
    const { status, body, setCookie } = await ada.post("/api/returned", "", headers)
    expect([status, body]).toEqual([200, "before: nobody,nobody, after: bob-name"])
    expect(setCookie).toEqual([expect.stringContaining(`${cookieName}=`)])
    expect((await ada.get("/profile")).body).toContain("Profile of bob-name")
  })

  test("a bare action that is called by another site reads nobody [P7]", async () => {
    const ada = await member("ada")
    await control()
    await ada.submit("/bare/form", "rawRead", {}, { "Sec-Fetch-Site": "cross-site" })
    await ada.submit("/bare/form", "rawRead")
    expect((await control()).done).toEqual(["nobody read", "ada read"])
  })

  test("[P7][NXT-2] an action called by its id from another site has no effect", async () => {
    const ada = await member("ada")
    const { body } = await ada.get("/bare/form")
    const [, id = ""] = /id="work"[^>]*><input type="hidden" name="\$ACTION_ID_(\w+)"/.exec(body) ?? []
    const call = { "Next-Action": id, "Content-Type": "text/plain;charset=UTF-8" }
    await control()
    await ada.post("/bare/form", "[]", { ...call, "Sec-Fetch-Site": "cross-site" })
    expect((await control()).done).toEqual([])
    await ada.post("/bare/form", "[]", call)
    expect((await control()).done).toEqual(["ada worked"])
  })

  test("an action that is refused as cross-origin reports it where our code runs", async () => {
    const ada = await member("ada")
    await control()
    const { location } = await ada.submit("/bare/form", "work", {}, { "Sec-Fetch-Site": "cross-site" })
    expect([location, (await control()).events]).toEqual(["/sign-in", ["cross_origin"]])
  })

  test("a visit from another site may sign in at a route handler, as an OAuth callback does", async () => {
    const navigation = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" }
    for (const path of ["/api/callback/ada", "/bare/api/callback/ada"]) {
      expect((await visitor().get(path, navigation)).setCookie.join()).toContain(`${cookieName}=`)
      const { status, setCookie } = await visitor().post(path, "", { ...navigation, Origin: "https://evil.example" })
      expect([status, setCookie]).toEqual([403, []])
    }
  })

  test("[NXT-1] no path and no header shows a member's page to nobody", async () => {
    const id = await readFile(join(app().folder, ".next/BUILD_ID"), "utf8")
    const names = ["middleware", "src/middleware", "proxy", "src/proxy", "pages/_middleware"]
    const subrequests = names.flatMap((name) => [name, Array(5).fill(name).join(":")])
    for (const path of pathsTo(id)) {
      const plain: Record<string, string> = {}
      const bypasses = subrequests.map((value): Record<string, string> => ({ "x-middleware-subrequest": value }))
      const prefetch = { RSC: "1", "Next-Router-Prefetch": "1", "Next-Router-Segment-Prefetch": "/_tree" }
      for (const headers of [plain, { RSC: "1" }, prefetch, ...bypasses]) {
        const { body } = await getRaw(origin(), path, headers)
        expect([path, headers, bodyOfMember.exec(body)?.[0]]).toEqual([path, headers, undefined])
      }
    }
  })

  test("[NXT-1] those paths show the page to a member, where Next.js knows them", async () => {
    const ada = await member("ada")
    const Cookie = `${cookieName}=${ada.cookies.get(cookieName)}`
    const answers = await Promise.all(
      ["/admin", "/bare/admin", "/old/profile"].map((path) => getRaw(origin(), path, { Cookie })),
    )
    for (const { body } of answers) expect(body).toMatch(bodyOfMember)
  })

  test("the proxy redirects to this host, whatever the Host header says", async () => {
    for (const Host of ["evil.example", "evil.example:80", "localhost@evil.example"]) {
      const { location } = await getRaw(origin(), "/profile", { Host, "X-Forwarded-Host": "evil.example" })
      expect([Host, location]).toEqual([
        Host,
        expect.stringMatching(/^(\/|http:\/\/localhost:\d+\/)sign-in\?next=%2Fprofile$/),
      ])
    }
    for (const path of ["//evil.example/profile", "/\\evil.example", "/%2fevil.example", "/.//evil.example"]) {
      const { location } = await getRaw(origin(), path)
      expect(new URL(location ?? "/", origin()).origin).toBe(origin())
    }
  })

  test("an ended session whose cookie is still there comes to sign-in by one redirect", async () => {
    const ada = await member("ada")
    const token = ada.cookies.get(cookieName)!
    await ada.post("/api/sign-out")
    ada.cookies.set(cookieName, token)
    for (const path of ["/profile", "/old/profile", "/bare/profile"]) {
      expect((await ada.get(path)).location).toBe("/sign-in")
    }
    expect((await ada.get("/sign-in")).status).toBe(200)
    expect((await visitor().get("/profile")).location).toMatch(/\/sign-in\?next=%2Fprofile$/)
  })
})

type Reader = [path: string, asMember: string, asNobody: string]

/** Everywhere that a session is read outside the wrappers that know the method. */
const readers: Reader[] = [
  ["/bare/form", "layout:ada-name", "layout:nobody"],
  ["/bare/profile", "Profile of ada-name", "/sign-in"],
  ["/bare/api/session", "handler:ada-name", "handler:nobody"],
  ["/bare/old/asked", "props:ada-name", "props:nobody"],
]

/** The body without the marks that React puts between texts. */
function shown(body: string): string {
  return body.replaceAll("<!-- -->", "")
}

/** Sends a form with a visitor's session, and no `Origin` unless it is given. */
async function post(address: string, { cookies }: Visitor, body: string, headers: Record<string, string>) {
  const sent = { ...headers, Cookie: `${cookieName}=${cookies.get(cookieName)}`, "Content-Type": form }
  const answer = await fetch(address, { method: "POST", body, headers: sent, redirect: "manual" })
  return { body: await answer.text(), location: answer.headers.get("Location") }
}

const form = "application/x-www-form-urlencoded"
const bodyOfMember = /Administration by|rofile of \w|\w+-name/

function pathsTo(buildId: string): string[] {
  const pages = ["/admin", "/profile", "/bare/admin", "/bare/profile", "/old/profile", "/bare/old/profile"]
  const spellings = pages.flatMap((page) => [
    page,
    `${page}/`,
    `/${page}`,
    `${page}.rsc`,
    `${page}.segments/_tree.segment.rsc`,
    `${page}.segments/_full.segment.rsc`,
    `${page}.segment.rsc`,
    `${page}.json`,
    `/_next/data/${buildId}${page}.json`,
    `/_next/data/x${page}.json`,
    `/_next/static/..${page}`,
    `/_next/static/%2e%2e/%2e%2e${page}`,
    `/sign-in/..${page}`,
    `/sign-in/%2e%2e${page}`,
    `/.${page}`,
    `${page.slice(0, 1)}%${page.charCodeAt(1).toString(16)}${page.slice(2)}`,
    page.replaceAll("/", "\\"),
    `${page}%00`,
    `${page}?__nextLocale=x&_rsc=1`,
    page.toUpperCase(),
  ])
  return spellings.map((path) => (path.startsWith("/") ? path : `/${path}`))
}
