import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { cookieName, useFixture } from "./running-fixture.ts"
import { getRaw } from "./visitor.ts"

const actions = ["signInAndStay", "signOutAndStay", "rotateAndStay", "work", "workWithoutSession", "administer"]
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

  test("an action that is refused as cross-site reports it where our code runs", async () => {
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
      expect([Host, location]).toEqual([Host, expect.stringMatching(/^(\/|http:\/\/localhost:\d+\/)sign-in$/)])
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
    expect((await visitor().get("/profile")).location).toMatch(/\/sign-in$/)
  })
})

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
