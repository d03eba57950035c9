import { describe, expect, test } from "vitest"
import { variants } from "./fixture-app.ts"
import { cookieName, useFixture } from "./running-fixture.ts"

const flowName = "__Host-pending"
// What Next.js and a handler write differently, and what looks escaped.
const value = "a+b/c=d:%41~"
const attributes = ["Path=/", "Max-Age=600", "Secure", "HttpOnly", "SameSite=lax"]

describe.each(variants)("flows in Next.js %s", (variant) => {
  const { origin, visitor, member, control } = useFixture(variant)
  const isCached = variant === "16 with Cache Components"

  test.each(["startFlow", "rawStartFlow"])(
    "the action %s keeps a value, and the render after it knows",
    async (form) => {
      const browser = visitor()
      await control()
      const { body, setCookie } = await browser.submit("/form", form, { username: value })
      expect(setCookie.map((header) => header.split("=", 1)[0])).toEqual([flowName])
      const [, ...written] = (setCookie[0] ?? "").split("; ")
      expect(written.filter((each) => !each.startsWith("Expires=")).toSorted()).toEqual(attributes.toSorted())
      expect(body).toContain(`pending:${value}`)
      expect((await control()).done).toEqual([form === "startFlow" ? `POST: ${value}` : `pending: ${value}`])
      expect((await browser.get("/form")).body).toContain(`pending:${value}`)
      expect(JSON.parse((await browser.get("/api/flow")).body)).toMatchObject({ pending: value, names: ["pending"] })
    },
  )

  test("an action deletes it, and the render after it knows", async () => {
    const browser = visitor()
    await browser.submit("/form", "startFlow", { username: value })
    expect((await browser.submit("/form", "endFlow")).body).toContain("pending:nothing")
    expect([...browser.cookies.keys()]).toEqual([])
    expect((await browser.get("/form")).body).toContain("pending:nothing")
  })

  test("an action that starts another one in its place shows that one", async () => {
    const browser = visitor()
    await browser.submit("/form", "startFlow", { username: "first" })
    expect((await browser.submit("/form", "startFlow", { username: "second" })).body).toContain("pending:second")
  })

  test.each(["/api/flow", "/bare/api/flow"])(
    "the handler %s keeps a value, and pages and actions read it",
    async (path) => {
      const browser = visitor()
      const set = await browser.post(path, value)
      expect(set.body.replace("POST: ", "")).toBe(value)
      expect((await browser.get("/form")).body).toContain(`pending:${value}`)
      expect(JSON.parse((await browser.get("/api/old/flow")).body)).toMatchObject({ before: value })
      await browser.post(path)
      expect([...browser.cookies.keys()]).toEqual([])
    },
  )

  test("a handler knows its request, and keeps caches away", async () => {
    const ada = await member("ada")
    const { body, headers } = await ada.get("/api/flow")
    const request = { method: "GET", crossOrigin: false, user: "ada", pending: null, names: [] }
    expect(JSON.parse(body)).toEqual(request)
    expect(headers.get("Cache-Control")).toBe("private, no-store")
  })

  test("another site's request reads and sets none", async () => {
    const browser = visitor()
    await browser.post("/api/flow", "own")
    const foreign = { Origin: "https://evil.example" }
    const { status, setCookie } = await browser.post("/api/flow", "planted", foreign)
    expect([status, setCookie]).toEqual([403, []])
    // No proxy stands in front of this one, and no wrapper around it.
    expect((await browser.post("/bare/api/flow", "planted", foreign)).body).toBe("POST: nothing")
    expect((await browser.get("/form")).body).toContain("pending:own")
  })

  test.each([
    ["two values", `${flowName}=1; ${flowName}=2`],
    ["a broken escape", `${flowName}=%zz`],
    ["a null character", `${flowName}=%00`],
    ["a name without its prefix", "pending=1"],
  ])("a page takes %s for nothing", async (_, Cookie) => {
    expect((await visitor().get("/form", { Cookie })).body).toContain("pending:nothing")
  })

  test.each(["setFlow", "elevate"])("%s() in a render throws, and the page says so", async (method) => {
    const { body, setCookie } = await (await member("ada")).get(`/rendered/${method}`)
    expect(body).toContain(`${method}:headers_sent`)
    expect(setCookie).toEqual([])
  })

  test("the Pages Router shares flows, and elevates", async () => {
    const browser = await member("ada")
    const before = browser.cookies.get(cookieName)
    const { body, setCookie } = await browser.post("/api/old/flow?value=old")
    expect(JSON.parse(body)).toEqual({ before: null, after: "old", isElevated: true })
    expect(setCookie).toHaveLength(2)
    expect(browser.cookies.get(cookieName)).not.toBe(before)
    expect((await browser.get("/form")).body).toContain("pending:old")
    expect((await browser.get("/profile")).body).toContain("Profile of ada-name")
  })

  test("elevate() in an action gives the session a new token, or leaves it", async () => {
    const browser = await member("ada")
    const token = () => browser.cookies.get(cookieName)
    const before = token()
    await control()
    await browser.submit("/form", "elevateAndStay", { username: "bob" })
    expect(token()).toBe(before)
    const { body } = await browser.submit("/form", "elevateAndStay", { username: "ada" })
    expect(token()).not.toBe(before)
    expect(body).toContain("layout:ada-name")
    expect((await control()).done).toEqual(["elevated: false", "elevated: true"])
  })

  test("whoever must confirm who they are is answered 401 by handlers and API routes (RFC 9470)", async () => {
    const browser = await member("ada")
    for (const path of ["/api/danger", "/api/old/danger"]) {
      const { status, body, headers } = await browser.get(path)
      expect([path, status, body]).toEqual([path, 401, "insufficient_user_authentication"])
      expect(headers.get("WWW-Authenticate")).toBe('Bearer error="insufficient_user_authentication"')
      expect(headers.get("Cache-Control")).toBe("private, no-store")
    }
  })

  test("an action leads them to the page that asks, which is told where they came from", async () => {
    const browser = await member("ada")
    const confirm = "/confirm?for=danger"
    await control()
    const referers: [string, string][] = [
      [`${origin()}/form?tab=2`, `${confirm}&next=%2Fform%3Ftab%3D2`],
      ["https://evil.example/form", confirm],
      [`${origin()}//evil.example/form`, confirm],
      ["about:blank", confirm],
      ["", confirm],
    ]
    for (const [Referer, location] of referers)
      expect((await browser.submit("/form", "deleteAccount", {}, { Referer })).location).toBe(location)
    expect((await control()).done).toEqual([])
  })

  test("getServerSideProps leads them there with its own path", async () => {
    const browser = await member("ada")
    expect((await browser.get("/old/danger?a=1&b=2")).location).toBe("/confirm?next=%2Fold%2Fdanger%3Fa%3D1%26b%3D2")
    expect((await browser.get("/old/danger?a=//evil.example")).location).toMatch(/^\/confirm\?next=%2Fold%2Fdanger%3F/)
  })

  test("a page shows nothing to them, and leads them there with the path it names", async () => {
    const { body, location } = await (await member("ada")).get("/danger")
    expect(body).not.toContain("Danger for")
    if (!isCached) expect(location).toBe("/confirm?for=danger&next=%2Fdanger%3Freally%3Dyes")
  })
})
