import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { cookieName, useFixture } from "./running-fixture.ts"

const hour = 3_600_000
const day = 24 * hour
const start = Date.UTC(2026, 0, 1)

describe("sessions in Next.js 16", () => {
  const { app, visitor, member, control } = useFixture("16")

  test("60 days of visits to Server Components alone keep the user signed in, with few writes and no cookie", async () => {
    await control({ now: start })
    const ada = await member("ada")
    await control()
    for (let time = 12 * hour; time <= 60 * day; time += 12 * hour) {
      await control({ now: start + time, ...(await keepCounts()) })
      const { body, setCookie } = await ada.get("/profile")
      expect(body).toContain("Profile of ada-name")
      expect(setCookie).toEqual([])
    }
    // Half of the idle timeout is 15 days: four times in 60.
    const { extensions, writes } = await control({ now: null })
    expect(extensions).toBeLessThanOrEqual(4)
    expect(writes).toBe(0)
  })

  test("a gap longer than the idle timeout ends a session, a shorter one does not", async () => {
    await control({ now: start })
    const ada = await member("ada")
    await control({ now: start + 30 * day - 1 })
    expect((await ada.get("/profile")).status).toBe(200)
    await control({ now: start + 60 * day - 1 })
    expect((await ada.get("/profile")).location).toBe("/sign-in")
    await control({ now: null })
  })

  test("the absolute timeout ends a session however much it is used", async () => {
    await control({ now: start })
    const ada = await member("ada")
    for (let time = day; time < 90 * day; time += day) {
      await control({ now: start + time })
      expect((await ada.get("/profile")).status).toBe(200)
    }
    await control({ now: start + 90 * day })
    expect((await ada.get("/profile")).location).toBe("/sign-in")
    await control({ now: null })
  })

  test("[NXT-4] 25 days of visits to Server Components with one action a week keep the user signed in", async () => {
    await control({ now: start })
    const ada = await member("ada")
    for (let days = 1; days <= 25; days++) {
      await control({ now: start + days * day })
      expect((await ada.get("/profile")).body).toContain("Profile of ada-name")
      if (days % 7 === 0) expect((await ada.submit("/form", "work")).setCookie).toEqual([])
      if (days % 7 === 0) expect((await control()).done).toEqual(["ada worked"])
    }
    expect((await ada.get("/profile", { Authorization: "Bearer x" })).body).toContain("Profile of ada-name")
    await control({ now: null })
  })

  test("[NXT-4] a bearer token is no cookie", async () => {
    const ada = await member("ada")
    const Authorization = `Bearer ${ada.cookies.get(cookieName)}`
    expect((await visitor().get("/api/me", { Authorization })).status).toBe(401)
    expect((await visitor().get("/bare/profile", { Authorization })).location).toBe("/sign-in")
  })

  test("[NXT-5][R15] of two users in 500 interleaved requests nobody sees the other, and nothing may be cached", async () => {
    const members = [
      { browser: await member("ada"), own: "ada-name", other: "bob-name" },
      { browser: await member("bob"), own: "bob-name", other: "ada-name" },
    ]
    const paths = ["/profile", "/api/me", "/old/profile", "/deep", "/api/old/me"]
    await control({ delay: 20 })
    const rounds = Array.from({ length: 500 }, (_, index) => [members[index % 2]!, paths[index % 5]!] as const)
    for (let at = 0; at < rounds.length; at += 50) {
      await Promise.all(
        rounds.slice(at, at + 50).map(async ([{ browser, own, other }, path]) => {
          const { body, headers } = await browser.get(path)
          expect(body).toContain(own)
          expect(body).not.toContain(other)
          expect(headers.get("Cache-Control")).toMatch(/\bprivate\b.*\bno-store\b/)
        }),
      )
    }
    await control({ delay: 0 })
  })

  test("[NXT-6] no token, hash or secret reaches the browser but in the cookie", async () => {
    const browser = visitor()
    const account = { username: "dora", password: "correct horse battery" }
    await browser.submit("/sign-in", "sign-up", account)
    const { hash } = await control({ hashOf: "dora" })
    const token = browser.cookies.get(cookieName)
    expect([hash, token]).toEqual([expect.stringMatching(/^\$/), expect.stringMatching(/^[a-z2-7]{32,}$/)])

    const pages = await Promise.all(["/profile", "/form", "/deep", "/old/profile"].map((path) => browser.get(path)))
    const payloads = await Promise.all(["/profile", "/form"].map((path) => browser.get(`${path}?_rsc=1`, { RSC: "1" })))
    const props = await browser.get(`/_next/data/${await buildId()}/old/profile.json`)
    expect(pages[0]?.body).toContain("Profile of dora-name")
    expect(pages[3]?.body).toContain("__NEXT_DATA__")
    expect(props.body).toContain("dora-name")
    const bodies = [...pages, ...payloads, props].map(({ body }) => body)
    for (const text of [...bodies, await staticText()]) {
      for (const canary of [hash!, token!, "secret-column", account.password]) expect(text).not.toContain(canary)
    }
  })

  test("a store that fails is an error, and never signs anybody out", async () => {
    const ada = await member("ada")
    await control({ broken: true })
    for (const path of ["/profile", "/bare/profile", "/api/me", "/old/profile", "/api/old/me"]) {
      const { status, location, setCookie } = await ada.get(path)
      expect([path, status, location, setCookie]).toEqual([path, 500, null, []])
    }
    await control({ broken: false })
    expect((await ada.get("/profile")).body).toContain("Profile of ada-name")
  })

  test("redirect() in a route handler keeps the cookies and stays out of caches [COO-8]", async () => {
    const { status, location, headers, setCookie } = await visitor().get("/api/redirect")
    expect([status, location]).toEqual([307, "/profile?from=redirect"])
    expect(setCookie.map((header) => header.split("=")[0]).toSorted()).toEqual([cookieName, "theme"])
    expect(headers.get("Cache-Control")).toBe("private, no-store")
  })

  test("notFound() in a route handler keeps the cookies and stays out of caches", async () => {
    const { status, headers, setCookie } = await visitor().get("/api/missing")
    expect(status).toBe(404)
    expect(setCookie).toEqual([expect.stringContaining(`${cookieName}=`)])
    expect(headers.get("Cache-Control")).toBe("private, no-store")
  })

  test("[COO-8] the cookies that a handler sets itself stay unchanged, each once", async () => {
    const { setCookie } = await visitor().get("/api/callback/ada")
    expect(setCookie.filter((header) => header.startsWith(cookieName))).toHaveLength(1)
    expect(setCookie).toContain("theme=dark; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/")
    expect(setCookie).toContain("language=de")
  })

  async function keepCounts() {
    const { extensions, writes } = await control()
    return { extensions, writes }
  }

  async function buildId(): Promise<string> {
    return readFile(join(app().folder, ".next/BUILD_ID"), "utf8")
  }

  async function staticText(): Promise<string> {
    const folder = join(app().folder, ".next/static")
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    return (await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8")))).join("\n")
  }
})
