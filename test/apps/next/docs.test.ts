import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { appRouterFiles, layoutWithSession, pagesRouterFiles, rolesFiles, withoutInstant } from "./guide.ts"
import { buildApp } from "./next-app.ts"
import type { BuiltApp } from "./next-app.ts"
import type { RunningApp } from "../running-app.ts"

const layout = layoutWithSession(`
export default function Layout({ children }: LayoutProps<"/">) {
  return <html lang="en"><body>{children}</body></html>
}
`)

const account = { username: "Ada", password: "correct horse battery" }

describe("the code of docs/getting-started/nextjs.md", () => {
  const { app, send, cookie, forget } = visit({
    ...withoutInstant({ ...appRouterFiles, ...rolesFiles }),
    "app/layout.tsx": layout,
  })

  test("is a whole application, whose pages are all dynamic", () => {
    expect(app().buildOutput).toMatch(/ƒ \/profile/)
    expect(app().buildOutput).not.toMatch(/○ \/(profile|sign)/)
  })

  test("signs a user up, shows the profile, and signs out", async () => {
    const created = await send("/sign-up", await fillIn("/sign-up", account))
    expect(created.headers.get("Location")).toBe("/profile")
    expect(await (await send("/profile")).text()).toContain("Ada")

    const left = await send("/profile", await fillIn("/profile", {}))
    expect(left.headers.get("Location")).toBe("/sign-in")
    expect(cookie()).toBe("")
    expect((await send("/profile")).headers.get("Location")).toBe("/sign-in?next=%2Fprofile")
  })

  test("signs in with another spelling, and not with a wrong password", async () => {
    const refused = await send("/sign-in", await fillIn("/sign-in", { ...account, password: "wrong horse" }))
    expect(await refused.text()).toContain("Incorrect username or password.")
    const signedIn = await send("/sign-in", await fillIn("/sign-in", { ...account, username: "ADA" }))
    expect(signedIn.headers.get("Location")).toBe("/profile")
  })

  test("keeps members out of what is for admins", async () => {
    expect((await send("/api/users/1")).status).toBe(403)
  })

  test("says that a username is taken, in whatever spelling", async () => {
    forget()
    const again = await send("/sign-up", await fillIn("/sign-up", { ...account, username: "aDA" }))
    expect(await again.text()).toContain("This username is taken.")
    expect(cookie()).toBe("")
  })

  async function fillIn(path: string, fields: Record<string, string>): Promise<RequestInit> {
    const html = await (await send(path)).text()
    return form({ ...hiddenFields(html), ...fields })
  }
})

describe("the code of docs/getting-started/nextjs-pages.md", () => {
  const { send, cookie } = visit(pagesRouterFiles)

  test("signs a user up, shows the profile, and signs out", async () => {
    expect((await send("/api/sign-up", json(account))).status).toBe(201)
    expect(await (await send("/profile")).text()).toContain("Ada")
    expect((await send("/api/sign-out", { method: "POST" })).status).toBe(204)
    expect(cookie()).toBe("")
    expect((await send("/profile")).headers.get("Location")).toBe("/sign-in?next=%2Fprofile")
  })

  test("signs in with the password only, and refuses what is no password at all", async () => {
    expect((await send("/api/sign-in", json({ ...account, password: "wrong horse" }))).status).toBe(401)
    expect((await send("/api/sign-in", json({ username: ["Ada"], password: { a: 1 } }))).status).toBe(401)
    expect((await send("/api/sign-in", json(account))).status).toBe(204)
    expect((await send("/sign-in")).headers.get("Location")).toBe("/profile")
  })

  test("explains that a username is taken and that a password is too short", async () => {
    const refused = [{ ...account, username: "aDA" }, { username: "Grace", password: "horse" }, { username: "" }]
    const answers = await Promise.all(refused.map((each) => send("/api/sign-up", json(each))))
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422])
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([
      { error: "This username is taken." },
      { error: "Use at least 8 characters." },
      { error: "Use 3 to 31 letters, digits, _ or -." },
    ])
  })
})

/** Builds an application for the tests of a block, and visits it with cookies as a browser does. */
function visit(files: Record<string, string>) {
  let built: BuiltApp
  let running: RunningApp
  let cookie = ""

  beforeAll(async () => {
    built = await buildApp("test/apps/next/blank", { files })
    running = await built.start({ DATABASE: join(built.folder, "visited.db") })
  })
  afterAll(async () => {
    await running?.stop()
    await built?.remove()
  })

  return {
    app: () => built,
    cookie: () => cookie,
    forget: () => void (cookie = ""),
    async send(path: string, init: RequestInit = {}): Promise<Response> {
      const headers = new Headers({
        Origin: running.origin,
        Cookie: cookie,
        ...(init.headers as Record<string, string>),
      })
      const response = await fetch(running.origin + path, { redirect: "manual", ...init, headers })
      for (const value of response.headers.getSetCookie()) {
        cookie = /max-age=0/i.test(value) ? "" : (value.split(";", 1)[0] ?? "")
      }
      return response
    },
  }
}

/** The fields by which Next.js knows an action when the browser runs no JavaScript. */
function hiddenFields(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input type="hidden" name="(\$ACTION[^"]*)"(?: value="([^"]*)")?/g)
  return Object.fromEntries([...inputs].map(([, name = "", value = ""]) => [name, value.replaceAll("&quot;", '"')]))
}

function form(fields: Record<string, string>): RequestInit {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  return { method: "POST", body }
}

function json(body: object): RequestInit {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
}
