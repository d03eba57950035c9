import { readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { expect, test } from "vitest"
import {
  arrive,
  ask,
  cookieNamed,
  describeInBrowser,
  descriptionOf,
  hasFocus,
  makeSecret,
  newSecret,
  password,
  rawForm,
  replaceCookie,
  submit,
  submitFrom,
  tabTo,
  watchNavigations,
} from "./example-browser.ts"
import { lintApp } from "./next-app.ts"
import type { RunningApp } from "../running-app.ts"

describeInBrowser("examples/next-stateless", ({ built, origin, page, openBrowser, photograph, createDatabase }) => {
  test("renders every page for its visitor, and passes the project's linter", async () => {
    const rendered = built().buildOutput.match(/^[┌├└] \S+ \/.*$/gm) ?? []
    expect(rendered.length).toBeGreaterThan(8)
    expect(rendered.filter((line) => !/ƒ|icon\.svg/.test(line))).toEqual([])
    expect(await lintApp(built().folder)).toBe("")
  })

  test("shows what is wrong next to the fields, keeps the input, and signs up", async () => {
    const [name, email, secret] = ["Name", "Email", "Password"].map((label) => page().getByLabel(label))
    if (!name || !email || !secret) throw new Error("The form has three fields.")
    await page().goto("/sign-up")
    await submit(page(), { Name: " G ", Email: "grace", Password: "short" }, "Create account")
    await page().getByText("Enter an email address.").waitFor()
    expect(await descriptionOf(name)).toBe("Use at least 2 characters.")
    expect(await descriptionOf(email)).toBe("Enter an email address.")
    expect(await descriptionOf(secret)).toBe("Use at least 8 characters.")
    expect(await email.getAttribute("aria-invalid")).toBe("true")
    expect([await name.inputValue(), await email.inputValue(), await secret.inputValue()]).toEqual([" G ", "grace", ""])
    await expect.poll(() => hasFocus(name)).toBe(true)

    await submit(page(), { Name: "Grace", Email: "grace@example.com", Password: "short" }, "Create account")
    await expect.poll(() => hasFocus(secret)).toBe(true)
    expect(await email.getAttribute("aria-invalid")).toBeNull()
    expect(await page().context().cookies()).toEqual([])

    await submit(page(), { Password: password }, "Create account")
    await arrive(page(), "/dashboard", "Dashboard")
    expect(await page().locator("dd").allInnerTexts()).toEqual(
      expect.arrayContaining(["Grace", "grace@example.com", "Admin"]),
    )
  })

  test("says that an address has an account, however it is written", async () => {
    await signUp(page(), "Bob")
    const other = await openBrowser()
    await other.goto("/sign-up")
    await submit(other, { Name: "Bob", Email: "BOB@Example.com", Password: password }, "Create account")
    await other.getByText("This address already has an account.").waitFor()
    expect(await other.context().cookies()).toEqual([])
  })

  test("takes a password as it was typed, spaces and all", async () => {
    await page().goto("/sign-up")
    const spacious = ` ${password} `
    await submit(page(), { Name: "Ada", Email: "ada@example.com", Password: spacious }, "Create account")
    await arrive(page(), "/dashboard", "Dashboard")
    const other = await openBrowser()
    await other.goto("/sign-in")
    await submit(other, { Email: "ada@example.com", Password: password }, "Sign in")
    await other.getByText("Wrong email address or password.").waitFor()
    await submit(other, { Email: "ADA@example.com", Password: spacious }, "Sign in")
    await arrive(other, "/dashboard", "Dashboard")
  })

  test("says the same for an unknown address and a wrong password", async () => {
    await signUp(page(), "Ada")
    const other = await openBrowser()
    const answers = []
    for (const email of ["ada@example.com", "nobody@example.com"]) {
      await other.goto("/sign-in")
      await submit(other, { Email: email, Password: "wrong horse battery" }, "Sign in")
      await other.getByText("Wrong email address or password.").waitFor()
      answers.push(await other.locator("main").innerText())
      expect(await other.getByLabel("Email").inputValue()).toBe(email)
      await expect.poll(() => hasFocus(other.getByLabel("Password"))).toBe(true)
    }
    expect(answers[0]).toBe(answers[1])
    expect(await other.context().cookies()).toEqual([])
  })

  test("redirects signed-out visitors to the sign-in page, and signed-in users away from it", async () => {
    for (const path of ["/dashboard", "/admin", "/dashboard/x"]) {
      await page().goto(path)
      await arrive(page(), "/sign-in", "Sign in")
    }
    await signUp(page(), "Ada")
    for (const path of ["/sign-in", "/sign-up"]) {
      await page().goto(path)
      await arrive(page(), "/dashboard", "Dashboard")
    }
  })

  test("the cookie is sealed: it says nothing, and a changed one is nobody's", async () => {
    await signUp(page(), "Ada")
    const { value, httpOnly, secure, sameSite, expires } = await cookieNamed(page(), sessionName)
    expect({ httpOnly, secure, sameSite }).toEqual({ httpOnly: true, secure: true, sameSite: "Lax" })
    expect(expires).toBeGreaterThan(Date.now() / 1000 + 29 * 86_400)
    for (const encoding of ["base64url", "latin1"] as const)
      expect(Buffer.from(value, encoding).toString("latin1")).not.toMatch(/Ada|admin/)
    const middle = Math.floor(value.length / 2)
    const changed = value.slice(0, middle) + (value[middle] === "A" ? "B" : "A") + value.slice(middle + 1)
    await replaceCookie(page(), sessionName, changed)
    await page().goto("/dashboard")
    await arrive(page(), "/sign-in", "Sign in")
  })

  test("the header follows signing in and out without a reload", async () => {
    await page().goto("/")
    await page().evaluate("globalThis.isSameDocument = true")
    await page().getByRole("navigation").getByRole("link", { name: "Create account" }).click()
    await arrive(page(), "/sign-up", "Create account")
    await submit(page(), { Name: "Ida", Email: "ida@example.com", Password: password }, "Create account")
    await arrive(page(), "/dashboard", "Dashboard")
    expect(await header(page())).toContain("Ida")
    await page().getByRole("button", { name: "Sign out", exact: true }).click()
    await arrive(page(), "/", "The key is the session")
    expect(await header(page())).toBe("Sign in Create account")
    expect(await page().evaluate("globalThis.isSameDocument")).toBe(true)
  })

  test("signing out ends the session for every copy of its cookie, and Back shows no private page", async () => {
    await signUp(page(), "Emmy")
    const thief = await openBrowser()
    await thief.context().addCookies([await cookieNamed(page(), sessionName)])
    await thief.goto("/dashboard")
    await arrive(thief, "/dashboard", "Dashboard")
    await page().getByRole("button", { name: "Sign out", exact: true }).click()
    await arrive(page(), "/", "The key is the session")
    expect(await page().context().cookies()).toEqual([])
    await thief.reload()
    await arrive(thief, "/sign-in", "Sign in")
    expect((await ask(thief, "/api/me"))[0]).toBe(401)
    await page().goBack()
    await arrive(page(), "/sign-in", "Sign in")
    expect(await page().content()).not.toContain("emmy@example.com")
  })

  test("signing out everywhere ends the other browsers' sessions at once, and nobody else's", async () => {
    await signUp(page(), "Ada")
    const [second, third, eve] = [await openBrowser(), await openBrowser(), await openBrowser()]
    await signIn(second, "Ada")
    await signIn(third, "Ada")
    await signUp(eve, "Eve")
    await page().getByRole("button", { name: "Sign out everywhere" }).click()
    await arrive(page(), "/", "The key is the session")
    expect((await ask(third, "/api/me"))[0]).toBe(401)
    const navigations = watchNavigations(second)
    await second.reload()
    await arrive(second, "/sign-in", "Sign in")
    expect(navigations).toEqual(["/dashboard", "/sign-in"])
    await eve.reload()
    await arrive(eve, "/dashboard", "Dashboard")
    await signIn(second, "Ada")
  })

  test("shows the members to the first who signed up, and to nobody else", async () => {
    await signUp(page(), "Root")
    const other = await openBrowser()
    await signUp(other, "Eve")
    expect(await header(other)).not.toContain("Members")
    const navigations = watchNavigations(other)
    await other.goto("/admin")
    await arrive(other, "/forbidden", "Not for you")
    expect(navigations).toEqual(["/admin", "/forbidden"])
    expect(await other.content()).not.toContain("root@example.com")
    await page().getByRole("link", { name: "Members" }).click()
    await arrive(page(), "/admin", "Members")
    expect(await page().getByRole("listitem").allInnerTexts()).toEqual([
      expect.stringContaining("eve@example.com, Member"),
      expect.stringContaining("root@example.com, Admin"),
    ])
  })

  test("another role takes effect at once, and ends the sessions that hold the old one", async () => {
    await signUp(page(), "Root")
    const other = await openBrowser()
    await signUp(other, "Eve")
    await page().goto("/admin")
    await page().getByRole("button", { name: "Make Eve admin" }).click()
    await page().getByRole("button", { name: "Make Eve member" }).waitFor()
    await other.reload()
    await arrive(other, "/sign-in", "Sign in")
    await signIn(other, "Eve")
    await other.getByRole("link", { name: "Members" }).click()
    await arrive(other, "/admin", "Members")
    await other.getByRole("button", { name: "Make Root member" }).click()
    await other.getByRole("button", { name: "Make Root admin" }).waitFor()
    await page().reload()
    await arrive(page(), "/sign-in", "Sign in")
  })

  test("an admin who was demoted in the database is let in by nothing that protects data", async () => {
    const { db, start } = await createDatabase()
    const app = await start()
    const [root, eve] = [await openBrowser({ baseURL: app.origin }), await openBrowser({ baseURL: app.origin })]
    await signUp(root, "Root")
    await signUp(eve, "Eve")
    const eveId = db.prepare("SELECT id FROM user WHERE name = 'Eve'").get()?.id
    const form = await rawForm(root, "/admin", "Make Eve admin")
    expect(await ask(root, `/api/users/${String(eveId)}`)).toEqual([200, `{"name":"Eve","email":"eve@example.com"}`])
    expect(db.prepare("UPDATE user SET role = 'member' WHERE name = 'Root'").run().changes).toBe(1)

    await root.goto("/")
    // The session remembers the sign-in, which decides what is shown only.
    expect(await header(root)).toContain("Members")
    expect(await ask(root, "/api/me")).toEqual([200, `{"name":"Root","role":"admin"}`])
    await root.goto("/admin")
    await arrive(root, "/forbidden", "Not for you")
    expect((await ask(root, "/api/admin/users"))[0]).toBe(403)
    expect(await ask(root, `/api/users/${String(eveId)}`)).toEqual([200, `{"name":"Eve"}`])
    expect(await submitFrom(root, app.origin, form)).toBe(303)
    await arrive(root, "/forbidden", "Not for you")
    expect(db.prepare("SELECT role FROM user WHERE name = 'Eve'").get()?.role).toBe("member")
    await root.goto("/dashboard")
    expect(await root.locator("dd").allInnerTexts()).toContain("Member")
  })

  test("the session of a user who was deleted opens nothing, and does not run in circles", async () => {
    const { db, start } = await createDatabase()
    const visitor = await openBrowser({ baseURL: (await start()).origin })
    await signUp(visitor, "Root")
    db.exec("DELETE FROM user_key; DELETE FROM user")
    for (const [path, heading, end] of [
      ["/dashboard", "Sign in", "/sign-in"],
      ["/admin", "Not for you", "/forbidden"],
    ] as const) {
      const navigations = watchNavigations(visitor)
      await visitor.goto(path)
      await arrive(visitor, end, heading)
      await visitor.waitForLoadState("networkidle")
      expect(navigations).toEqual([path, end])
    }
    expect((await ask(visitor, "/api/admin/users"))[0]).toBe(403)
    await signUp(visitor, "Root")
  })

  test("route handlers answer 401, 403 and 200, and show an email address to its owner only", async () => {
    await page().goto("/")
    expect((await ask(page(), "/api/me"))[0]).toBe(401)
    expect((await ask(page(), "/api/admin/users"))[0]).toBe(401)
    await signUp(page(), "Root")
    const other = await openBrowser()
    await signUp(other, "Eve")
    expect(await ask(other, "/api/me")).toEqual([200, `{"name":"Eve","role":"member"}`])
    expect((await ask(other, "/api/admin/users"))[0]).toBe(403)
    const [, text] = await ask(page(), "/api/admin/users")
    const members = JSON.parse(text) as { id: string; name: string }[]
    const idOf = (name: string) => members.find((each) => each.name === name)?.id
    expect(await ask(other, `/api/users/${idOf("Root")}`)).toEqual([200, `{"name":"Root"}`])
    expect(await ask(other, `/api/users/${idOf("Eve")}`)).toEqual([200, `{"name":"Eve","email":"eve@example.com"}`])
    expect((await ask(other, "/api/users/nobody"))[0]).toBe(404)
  })

  test("a form on another site changes nothing", async () => {
    await signUp(page(), "Hedy")
    const form = await rawForm(page(), "/dashboard", "Sign out everywhere")
    const { port } = new URL(origin())
    for (const site of [`http://127.0.0.1:${port}`, "http://localhost:8099"]) {
      expect(await submitFrom(page(), site, form), site).toBe(403)
      await page().goto("/dashboard")
      await arrive(page(), "/dashboard", "Dashboard")
    }
    expect(await submitFrom(page(), origin(), form)).toBe(303)
    await arrive(page(), "/", "The key is the session")
  })

  test("cannot be framed, and names no software", async () => {
    const headers = (await page().goto("/"))?.headers() ?? {}
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'")
    expect(headers["referrer-policy"]).toBe("same-origin")
    expect(headers["x-content-type-options"]).toBe("nosniff")
    expect(headers).not.toHaveProperty("x-powered-by")
  })

  test("can be used with the keyboard alone", async () => {
    await signUp(page(), "Ada")
    const other = await openBrowser()
    await other.goto("/")
    await tabTo(other.getByRole("navigation").getByRole("link", { name: "Sign in" }))
    await other.keyboard.press("Enter")
    await arrive(other, "/sign-in", "Sign in")
    await tabTo(other.getByLabel("Email"))
    await other.keyboard.type("ada@example.com")
    await tabTo(other.getByLabel("Password"))
    await other.keyboard.type(password)
    await other.keyboard.press("Enter")
    await arrive(other, "/dashboard", "Dashboard")
    await tabTo(other.getByRole("button", { name: "Sign out everywhere" }))
    await other.keyboard.press("Enter")
    await arrive(other, "/", "The key is the session")
  })

  test("works without JavaScript, the header too", async () => {
    const plain = await openBrowser({ javaScriptEnabled: false })
    await plain.goto("/sign-up")
    await submit(plain, { Name: "Plain", Email: "plain", Password: "short" }, "Create account")
    expect(await descriptionOf(plain.getByLabel("Email"))).toBe("Enter an email address.")
    expect(await plain.getByLabel("Name").inputValue()).toBe("Plain")
    expect(await plain.getByLabel("Email").getAttribute("autofocus")).not.toBeNull()
    await submit(plain, { Email: "plain@example.com", Password: password }, "Create account")
    await arrive(plain, "/dashboard", "Dashboard")
    expect(await header(plain)).toContain("Plain")
    await plain.getByRole("button", { name: "Sign out", exact: true }).click()
    await arrive(plain, "/", "The key is the session")
    expect(await header(plain)).toBe("Sign in Create account")
    await plain.goto("/sign-in")
    await submit(plain, { Email: "plain@example.com", Password: "wrong horse battery" }, "Sign in")
    await plain.getByText("Wrong email address or password.").waitFor()
    await submit(plain, { Password: password }, "Sign in")
    await arrive(plain, "/dashboard", "Dashboard")
  })

  test("a new secret signs out only users who did not return while the old one was still accepted", async () => {
    const { start } = await createDatabase()
    const [k1, k2] = [newSecret(), newSecret()]
    const [present, absent] = [await openBrowser(), await openBrowser()]

    let app = await start({ SESSION_SECRET: k1 })
    await signUp(present, "Ada", app.origin)
    await signIn(absent, "Ada", app.origin)
    const before = (await cookieNamed(present, sessionName)).value
    expect(await landing(present, app.origin)).toBe("/dashboard")
    expect((await cookieNamed(present, sessionName)).value).toBe(before)
    await stop(app, present, absent)

    app = await start({ SESSION_SECRET: k2, SESSION_SECRET_OLD: k1 })
    expect(await landing(present, app.origin)).toBe("/dashboard")
    const renewed = (await cookieNamed(present, sessionName)).value
    expect(renewed).not.toBe(before)
    expect(await landing(present, app.origin)).toBe("/dashboard")
    expect((await cookieNamed(present, sessionName)).value).toBe(renewed)
    await stop(app, present, absent)

    app = await start({ SESSION_SECRET: k2 })
    expect(await landing(present, app.origin)).toBe("/dashboard")
    expect(await landing(absent, app.origin)).toBe("/sign-in")
    await signIn(absent, "Ada", app.origin)
  })

  test("sessions that were ended stay ended when the server starts again", async () => {
    const { start } = await createDatabase()
    const thief = await openBrowser()
    let app = await start()
    await signUp(thief, "Ada", app.origin)
    const copy = await cookieNamed(thief, sessionName)
    await thief.getByRole("button", { name: "Sign out everywhere" }).click()
    await arrive(thief, `${app.origin}/`, "The key is the session")
    await stop(app, thief)
    app = await start()
    await thief.context().addCookies([copy])
    expect(await landing(thief, app.origin)).toBe("/sign-in")
  })

  test.each([
    ["", "Set SESSION_SECRET. Make one with `openssl rand -base64 32`."],
    ["short", "secrets[0]: too short, with 5 bytes of at least 32"],
    ["a".repeat(44), "secrets[0]: one repeated character"],
  ])("with the secret %j every page is an error, and the log says what to do", async (bad, sentence) => {
    const { start } = await createDatabase()
    const app = await start({ SESSION_SECRET: bad })
    for (const path of ["/", "/sign-in", "/dashboard", "/api/me"]) {
      const response = await fetch(app.origin + path, { redirect: "manual" })
      expect([path, response.status, response.headers.getSetCookie()]).toEqual([path, 500, []])
    }
    expect(app.output()).toContain(sentence)
  })

  test("its first run makes its own secret, and the next one keeps it", async () => {
    const file = join(built().folder, ".env.local")
    await makeSecret(built())
    const text = await readFile(file, "utf8")
    expect(text).toMatch(/^SESSION_SECRET=[\w+/]{43}=\n$/)
    expect((await stat(file)).mode & 0o077).toBe(0)
    await makeSecret(built())
    expect(await readFile(file, "utf8")).toBe(text)
    const app = await built().start({ DATABASE: ":memory:" })
    const visitor = await openBrowser()
    await signUp(visitor, "Ada", app.origin)
    expect(await landing(visitor, app.origin)).toBe("/dashboard")
    await visitor.context().close()
    await app.stop()
    await rm(file)
  })

  test("fits a phone, in light and dark", async () => {
    await signUp(page(), "Ada")
    await signUp(await openBrowser(), "Grace".padEnd(50, "e"))
    const tourist = await openBrowser()
    await tour(tourist, (label) => photograph(tourist, label))
  })

  async function tour(tourist: Page, photo: (label: string) => Promise<void>): Promise<void> {
    for (const path of ["/", "/sign-in", "/sign-up"]) {
      await tourist.goto(path)
      await photo(path.slice(1) || "home")
    }
    await submit(tourist, { Name: "A", Email: "ada", Password: "short" }, "Create account")
    await tourist.getByText("Use at least 8 characters.").waitFor()
    await photo("sign-up-errors")
    await tourist.goto("/sign-in")
    await submit(tourist, { Email: "nobody@example.com", Password: password }, "Sign in")
    await tourist.getByText("Wrong email address or password.").waitFor()
    await photo("sign-in-error")
    await signIn(tourist, "Ada")
    for (const path of ["/", "/dashboard", "/admin", "/forbidden", "/nowhere"]) {
      await tourist.goto(path)
      await photo(`member-${path.slice(1) || "home"}`)
    }
  }
})

const sessionName = "__Host-session"

/** Creates an account and arrives at the dashboard. */
async function signUp(page: Page, name: string, origin = ""): Promise<void> {
  await page.goto(`${origin}/sign-up`)
  await submit(page, { Name: name, Email: addressOf(name), Password: password }, "Create account")
  await arrive(page, `${origin}/dashboard`, "Dashboard")
}

/** Signs in and arrives at the dashboard. */
async function signIn(page: Page, name: string, origin = ""): Promise<void> {
  await page.goto(`${origin}/sign-in`)
  await submit(page, { Email: addressOf(name), Password: password }, "Sign in")
  await arrive(page, `${origin}/dashboard`, "Dashboard")
}

function addressOf(name: string): string {
  return `${name.toLowerCase()}@example.com`
}

/** Where a visitor lands who goes to the dashboard. */
async function landing(page: Page, origin: string): Promise<string> {
  await page.goto(`${origin}/dashboard`)
  return new URL(page.url()).pathname
}

/** Stops an application whose pages are open: they must not miss it. */
async function stop(app: RunningApp, ...pages: Page[]): Promise<void> {
  for (const page of pages) {
    await page.waitForLoadState("networkidle")
    await page.goto("about:blank")
  }
  await app.stop()
}

async function header(page: Page): Promise<string> {
  const text = await page.getByRole("navigation").innerText()
  return text.replaceAll(/\s+/g, " ")
}
