import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import type { Page } from "playwright-core"
import { expect, test } from "vitest"
import { createSnapshots } from "../../../src/stateless/create-snapshots.ts"
import {
  arrive,
  ask,
  cookieNamed,
  describeInBrowser,
  descriptionOf,
  hasFocus,
  makeSecret,
  password,
  rawForm,
  replaceCookie,
  secret,
  signIn,
  signUp,
  submit,
  submitFrom,
  tabTo,
  watchNavigations,
} from "./example-browser.ts"
import { lintApp } from "./next-app.ts"

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/605"

describeInBrowser("examples/next-app", ({ built, origin, page, openBrowser, photograph, createDatabase }) => {
  test("renders every page for its visitor, and passes the project's linter", async () => {
    const rendered = built().buildOutput.match(/^[┌├└] \S+ \/.*$/gm) ?? []
    expect(rendered.length).toBeGreaterThan(8)
    expect(rendered.filter((line) => !/ƒ|icon\.svg/.test(line))).toEqual([])
    expect(await lintApp(built().folder)).toBe("")
  })

  test("shows what is wrong next to the fields, keeps the input, and signs up", async () => {
    const [username, secret] = [page().getByLabel("Username"), page().getByLabel("Password")]
    await page().goto("/sign-up")
    await page().getByLabel("Remember me").check()
    await submit(page(), { Username: "a b", Password: "short" }, "Create account")
    await page().getByText("Use 3 to 31 letters, digits, _ or -.").waitFor()
    expect(await descriptionOf(username)).toBe("Use 3 to 31 letters, digits, _ or -.")
    expect(await descriptionOf(secret)).toBe("Use at least 8 characters.")
    expect(await username.getAttribute("aria-invalid")).toBe("true")
    expect(await username.inputValue()).toBe("a b")
    expect(await secret.inputValue()).toBe("")
    expect(await page().getByLabel("Remember me").isChecked()).toBe(true)
    await expect.poll(() => hasFocus(username)).toBe(true)

    await submit(page(), { Username: "Grace", Password: "short" }, "Create account")
    await expect.poll(() => hasFocus(secret)).toBe(true)
    expect(await username.getAttribute("aria-invalid")).toBeNull()

    await submit(page(), { Password: password }, "Create account")
    await arrive(page(), "/profile", "Profile")
  })

  test("says that a username is taken, however it is written", async () => {
    await signUp(page(), "Bob")
    const other = await openBrowser()
    await other.goto("/sign-up")
    await submit(other, { Username: "BOB", Password: password }, "Create account")
    await other.getByText("This username is already taken.").waitFor()
    expect(await descriptionOf(other.getByLabel("Username"))).toBe("This username is already taken.")
    expect(await other.context().cookies()).toEqual([])
  })

  test("knows the visitor on every page, after a reload and in a second tab", async () => {
    await signUp(page(), "Grace")
    for (const [path, heading] of memberPages("Grace")) {
      await page().goto(path)
      await page().reload()
      await arrive(page(), path, heading)
      expect(await header(page())).toContain("Grace")
      expect(await page().title()).toContain("Nightlatch example")
    }
    const tab = await page().context().newPage()
    await tab.goto("/profile")
    await arrive(tab, "/profile", "Profile")
  })

  test("redirects signed-out visitors to the sign-in page, and signed-in users away from it", async () => {
    for (const path of ["/profile", "/devices", "/admin"]) {
      await page().goto(path)
      await arrive(page(), "/sign-in", "Sign in")
    }
    await signUp(page(), "Ada")
    for (const path of ["/sign-in", "/sign-up"]) {
      await page().goto(path)
      await arrive(page(), "/profile", "Profile")
    }
  })

  test("a session that has ended leads to the sign-in page, and not in circles", async () => {
    await signUp(page(), "Ada")
    await replaceCookie(page(), "__Host-session", "a".repeat(32))
    for (const path of ["/profile", "/devices", "/admin"]) {
      await page().goto(path)
      await arrive(page(), "/sign-in", "Sign in")
    }
    await signIn(page(), "ada")
  })

  test("says the same for an unknown user and a wrong password", async () => {
    await signUp(page(), "Ada")
    const other = await openBrowser()
    const answers = []
    for (const username of ["Ada", "nobody"]) {
      await other.goto("/sign-in")
      await submit(other, { Username: username, Password: "wrong horse battery" }, "Sign in")
      await other.getByText("Wrong username or password.").waitFor()
      answers.push((await other.locator("main").innerText()).replace(username, ""))
      expect(await other.getByLabel("Username").inputValue()).toBe(username)
      await expect.poll(() => hasFocus(other.getByLabel("Password"))).toBe(true)
    }
    expect(answers[0]).toBe(answers[1])
  })

  test("the header follows signing in and out without a reload", async () => {
    await page().goto("/")
    await page().evaluate("globalThis.isSameDocument = true")
    await page().getByRole("navigation").getByRole("link", { name: "Create account" }).click()
    await arrive(page(), "/sign-up", "Create account")
    await submit(page(), { Username: "Ida", Password: password }, "Create account")
    await arrive(page(), "/profile", "Profile")
    expect(await header(page())).toContain("Ida")
    await page().getByRole("link", { name: "nightlatch" }).click()
    await arrive(page(), "/", "Hello, Ida")
    await page().getByRole("button", { name: "Sign out" }).click()
    await page().getByRole("heading", { name: "A door of your own" }).waitFor()
    expect(await header(page())).toBe("Sign in Create account")
    await page().getByRole("navigation").getByRole("link", { name: "Sign in" }).click()
    await arrive(page(), "/sign-in", "Sign in")
    await submit(page(), { Username: "ida", Password: password }, "Sign in")
    await arrive(page(), "/profile", "Profile")
    expect(await header(page())).toContain("Ida")
    expect(await page().evaluate("globalThis.isSameDocument")).toBe(true)
  })

  test("after signing out, Back shows no private page", async () => {
    await signUp(page(), "Emmy")
    await page().getByRole("link", { name: "Devices" }).click()
    await arrive(page(), "/devices", "Devices")
    await page().getByRole("button", { name: "Sign out", exact: true }).click()
    await arrive(page(), "/", "A door of your own")
    await page().goBack()
    await arrive(page(), "/sign-in", "Sign in")
    expect(await page().content()).not.toContain("Emmy")
    await page().goBack()
    await arrive(page(), "/sign-in", "Sign in")
    expect(await page().content()).not.toContain("Emmy")
  })

  test("Back after a form asks nobody to send it again", async () => {
    await page().goto("/")
    await signUp(page(), "Mary")
    await page().goBack()
    await arrive(page(), "/", "Hello, Mary")
  })

  test("forgets the visitor with the browser unless asked to remember", async () => {
    await signUp(page(), "Ada")
    expect((await sessionCookie(page())).expires).toBe(-1)
    await page().getByRole("button", { name: "Sign out" }).click()
    await arrive(page(), "/", "A door of your own")
    await page().goto("/sign-in")
    await page().getByLabel("Remember me").check()
    await submit(page(), { Username: "Ada", Password: password }, "Sign in")
    await arrive(page(), "/profile", "Profile")
    const { expires, httpOnly, secure, sameSite } = await sessionCookie(page())
    expect({ httpOnly, secure, sameSite }).toEqual({ httpOnly: true, secure: true, sameSite: "Lax" })
    expect(expires).toBeGreaterThan(Date.now() / 1000 + 80 * 86_400)
  })

  test("signs a second device out from the first, which lands on the sign-in page", async () => {
    await signUp(page(), "Ida")
    const phone = await openBrowser({ userAgent: iPhone })
    await signIn(phone, "ida")
    await page().goto("/devices")
    await page().getByRole("button", { name: "Sign out Safari on iPhone" }).click()
    await expect.poll(() => page().getByRole("listitem").count()).toBe(1)
    expect(await page().getByRole("listitem").innerText()).toContain("This device")
    await phone.reload()
    await arrive(phone, "/sign-in", "Sign in")
  })

  test("signs out everywhere else, and everywhere", async () => {
    await signUp(page(), "Ida")
    const phone = await openBrowser({ userAgent: iPhone })
    await signIn(phone, "ida")
    await page().goto("/devices")
    await page().getByRole("button", { name: "Sign out everywhere else" }).click()
    await expect.poll(() => page().getByRole("listitem").count()).toBe(1)
    await phone.getByRole("link", { name: "Devices" }).click()
    await arrive(phone, "/sign-in", "Sign in")
    await expect.poll(() => header(phone)).toBe("Sign in Create account")

    await signIn(phone, "ida")
    await page().getByRole("button", { name: "Sign out everywhere" }).click()
    await arrive(page(), "/", "A door of your own")
    await phone.reload()
    await arrive(phone, "/sign-in", "Sign in")
  })

  test("shows the members to the first who signed up, and to nobody else", async () => {
    await signUp(page(), "Root")
    const other = await openBrowser()
    await signUp(other, "Eve")
    expect(await header(other)).not.toContain("Members")
    await other.goto("/admin")
    await arrive(other, "/forbidden", "Not for you")
    expect(await other.content()).not.toContain("Root")

    await page().getByRole("link", { name: "Members" }).click()
    await arrive(page(), "/admin", "Members")
    await page().getByRole("button", { name: "Sign out Eve everywhere" }).click()
    await page().getByText("Member, signed in on 0 devices").waitFor()
    await other.goto("/profile")
    await arrive(other, "/sign-in", "Sign in")
  })

  test("runs an admin's action for admins only", async () => {
    await signUp(page(), "Root")
    const other = await openBrowser({ javaScriptEnabled: false })
    await signUp(other, "Eve")
    const third = await openBrowser()
    await signUp(third, "Third")
    const form = await rawForm(page(), "/admin", "Sign out Third everywhere")
    expect(await submitFrom(other, origin(), form)).toBe(303)
    await arrive(other, "/forbidden", "Not for you")
    await third.reload()
    await arrive(third, "/profile", "Profile")
    expect(await submitFrom(page(), origin(), form)).toBe(303)
    await third.reload()
    await arrive(third, "/sign-in", "Sign in")
  })

  test("a form can end no session of another user", async () => {
    await signUp(page(), "Ida")
    await signIn(await openBrowser({ userAgent: iPhone }), "ida")
    const form = await rawForm(page(), "/devices", "Sign out Safari on iPhone")
    const other = await openBrowser({ javaScriptEnabled: false })
    await signUp(other, "Eve")
    expect(await submitFrom(other, origin(), form)).toBe(303)
    await page().goto("/devices")
    expect(await page().getByRole("listitem").count()).toBe(2)
  })

  test("route handlers answer 401, 403 and 200", async () => {
    await page().goto("/")
    expect((await ask(page(), "/api/me"))[0]).toBe(401)
    expect((await ask(page(), "/api/admin/users"))[0]).toBe(401)
    await signUp(page(), "Root")
    const other = await openBrowser()
    await signUp(other, "Eve")
    expect(await ask(other, "/api/me")).toEqual([200, `{"username":"Eve","role":"member"}`])
    expect((await ask(other, "/api/admin/users"))[0]).toBe(403)
    expect(await ask(page(), "/api/admin/users")).toEqual([200, expect.stringContaining(`"username":"Eve"`)])
  })

  test("can be used with the keyboard alone", async () => {
    await signUp(page(), "Ada")
    const other = await openBrowser()
    await other.goto("/")
    await tabTo(other.getByRole("navigation").getByRole("link", { name: "Sign in" }))
    await other.keyboard.press("Enter")
    await arrive(other, "/sign-in", "Sign in")
    await tabTo(other.getByLabel("Username"))
    await other.keyboard.type("ada")
    await tabTo(other.getByLabel("Password"))
    await other.keyboard.type(password)
    await tabTo(other.getByLabel("Remember me"))
    await other.keyboard.press("Space")
    await other.keyboard.press("Enter")
    await arrive(other, "/profile", "Profile")
    await tabTo(other.getByRole("button", { name: "Sign out" }))
    await other.keyboard.press("Enter")
    await arrive(other, "/", "A door of your own")
  })

  test("works without JavaScript, the header too", async () => {
    const plain = await openBrowser({ javaScriptEnabled: false })
    await plain.goto("/sign-up")
    await plain.getByLabel("Remember me").check()
    await submit(plain, { Username: "a b", Password: "short" }, "Create account")
    expect(await descriptionOf(plain.getByLabel("Username"))).toBe("Use 3 to 31 letters, digits, _ or -.")
    expect(await plain.getByLabel("Username").inputValue()).toBe("a b")
    expect(await plain.getByLabel("Remember me").isChecked()).toBe(true)
    expect(await plain.getByLabel("Username").getAttribute("autofocus")).not.toBeNull()
    await submit(plain, { Username: "Plain", Password: password }, "Create account")
    await arrive(plain, "/profile", "Profile")
    expect(await header(plain)).toContain("Plain")

    await signIn(await openBrowser({ userAgent: iPhone }), "plain")
    await plain.goto("/devices")
    await plain.getByRole("button", { name: "Sign out Safari on iPhone" }).click()
    await arrive(plain, "/devices", "Devices")
    expect(await plain.getByRole("listitem").count()).toBe(1)

    await plain.getByRole("button", { name: "Sign out", exact: true }).click()
    await arrive(plain, "/", "A door of your own")
    expect(await header(plain)).toBe("Sign in Create account")
    await plain.goBack()
    await arrive(plain, "/sign-in", "Sign in")
    await submit(plain, { Username: "plain", Password: "wrong horse battery" }, "Sign in")
    await plain.getByText("Wrong username or password.").waitFor()
    await submit(plain, { Password: password }, "Sign in")
    // Back at the page that Back led to.
    await arrive(plain, "/devices", "Devices")
  })

  test("a form on another site changes nothing", async () => {
    await signUp(page(), "Hedy")
    const form = await rawForm(page(), "/profile", "Sign out")
    const { port } = new URL(origin())
    for (const site of [`http://127.0.0.1:${port}`, "http://localhost:8099"]) {
      expect(await submitFrom(page(), site, form), site).toBe(403)
      await page().goto("/profile")
      await arrive(page(), "/profile", "Profile")
    }
    expect(await submitFrom(page(), origin(), form)).toBe(303)
    await arrive(page(), "/", "A door of your own")
  })

  test("cannot be framed, and names no software", async () => {
    const headers = (await page().goto("/"))?.headers() ?? {}
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'")
    expect(headers["referrer-policy"]).toBe("same-origin")
    expect(headers["x-content-type-options"]).toBe("nosniff")
    expect(headers).not.toHaveProperty("x-powered-by")
  })

  test("an outage of the database is an error, and signs nobody out", async () => {
    const { db, start } = await createDatabase()
    const visitor = await openBrowser({ baseURL: (await start()).origin })
    await signUp(visitor, "Ada")
    const { request } = visitor.context()
    const statuses = async () => [
      (await request.get("/profile", { maxRedirects: 0 })).status(),
      (await request.get("/api/me")).status(),
    ]
    db.exec("ALTER TABLE session RENAME TO lost")
    expect(await statuses()).toEqual([500, 500])
    db.exec("ALTER TABLE lost RENAME TO session")
    expect(await statuses()).toEqual([200, 200])
  })

  test("the proxy sends members away from the admins' page by their snapshot, with no database", async () => {
    const { db, start } = await createDatabase()
    const { origin } = await start()
    const [root, other] = [await openBrowser({ baseURL: origin }), await openBrowser({ baseURL: origin })]
    await signUp(root, "Root")
    await signUp(other, "Eve")
    expect(await claimsOf(root)).toEqual({ role: "admin" })
    expect(await claimsOf(other)).toEqual({ role: "member" })

    db.exec("ALTER TABLE session RENAME TO lost")
    const answer = async (visitor: Page, path: string) => {
      const response = await visitor.context().request.get(path, { maxRedirects: 0 })
      return [response.status(), response.headers().location]
    }
    for (const path of ["/admin", "/admin/x", "/%61dmin"])
      expect(await answer(other, path), path).toEqual([307, "/forbidden"])
    expect(await answer(other, "/profile")).toEqual([500, undefined])
    expect(await answer(root, "/admin")).toEqual([500, undefined])
    await replaceCookie(other, snapshotName, (await cookieNamed(root, snapshotName)).value)
    expect(await answer(other, "/admin")).toEqual([500, undefined])
    await other.context().clearCookies({ name: snapshotName })
    expect(await answer(other, "/admin")).toEqual([500, undefined])
  })

  test("a session that was revoked leads to the sign-in page once, while cookie and snapshot are alive", async () => {
    const { db, start } = await createDatabase()
    const visitor = await openBrowser({ baseURL: (await start()).origin })
    await signUp(visitor, "Root")
    db.exec("DELETE FROM session")
    for (const path of ["/profile", "/admin", "/devices"]) {
      expect(await claimsOf(visitor)).toEqual({ role: "admin" })
      const navigations = watchNavigations(visitor)
      await visitor.goto(path)
      await arrive(visitor, "/sign-in", "Sign in")
      await visitor.waitForLoadState("networkidle")
      expect(navigations).toEqual([path, "/sign-in"])
    }
    await signIn(visitor, "root")
  })

  test("an admin who was demoted is let in by nothing that protects data, though the snapshot says admin", async () => {
    const { db, start } = await createDatabase()
    const { origin } = await start()
    const visitor = await openBrowser({ baseURL: origin })
    const eve = await openBrowser({ baseURL: origin })
    await signUp(visitor, "Root")
    await signUp(eve, "Eve")
    const form = await rawForm(visitor, "/admin", "Sign out Eve everywhere")
    const snapshot = (await cookieNamed(visitor, snapshotName)).value
    demote(db, "Root")

    const navigations = watchNavigations(visitor)
    await visitor.goto("/admin")
    await arrive(visitor, "/forbidden", "Not for you")
    expect(navigations).toEqual(["/admin", "/forbidden"])
    expect(await claimsOf(visitor)).toEqual({ role: "admin" })
    expect((await ask(visitor, "/api/admin/users"))[0]).toBe(403)
    await visitor.context().addCookies([{ ...(await cookieNamed(visitor, snapshotName)), value: snapshot }])
    expect(await claimsOf(visitor)).toEqual({ role: "admin" })
    expect(await submitFrom(visitor, origin, form)).toBe(303)
    await arrive(visitor, "/forbidden", "Not for you")
    await eve.reload()
    await arrive(eve, "/profile", "Profile")
    // The action was refused, and told the browser what is true now.
    expect(await claimsOf(visitor)).toEqual({ role: "member" })
  })

  test("its first run makes its own secret, and without one it says what to do", async () => {
    const { start } = await createDatabase()
    const app = await start({ SESSION_SECRET: "" })
    expect((await fetch(app.origin)).status).toBe(500)
    expect(app.output()).toContain("Set SESSION_SECRET. Make one with `openssl rand -base64 32`.")
    await makeSecret(built())
    const file = join(built().folder, ".env.local")
    const text = await readFile(file, "utf8")
    expect(text).toMatch(/^SESSION_SECRET=[\w+/]{43}=\n$/)
    expect((await stat(file)).mode & 0o077).toBe(0)
    await makeSecret(built())
    expect(await readFile(file, "utf8")).toBe(text)
  })

  test("fits a phone, in light and dark", async () => {
    await signUp(page(), "Ada")
    await signUp(await openBrowser(), "Grace")
    const tourist = await openBrowser()
    await tour(tourist, (label) => photograph(tourist, label))
  })

  async function tour(tourist: Page, photo: (label: string) => Promise<void>): Promise<void> {
    for (const path of ["/", "/sign-in", "/sign-up"]) {
      await tourist.goto(path)
      await photo(label(path))
    }
    await submit(tourist, { Username: "a b", Password: "short" }, "Create account")
    await tourist.getByText("Use at least 8 characters.").waitFor()
    await photo("sign-up-errors")
    await tourist.goto("/sign-in")
    await submit(tourist, { Username: "nobody", Password: password }, "Sign in")
    await tourist.getByText("Wrong username or password.").waitFor()
    await photo("sign-in-error")
    await signIn(tourist, "Ada")
    for (const path of ["/", "/profile", "/devices", "/admin", "/forbidden", "/nowhere"]) {
      await tourist.goto(path)
      await photo(`member-${label(path)}`)
    }
  }
})

function label(path: string): string {
  return path.slice(1) || "home"
}

function memberPages(username: string): [path: string, heading: string][] {
  return [
    ["/", `Hello, ${username}`],
    ["/profile", "Profile"],
    ["/devices", "Devices"],
    ["/admin", "Members"],
  ]
}

async function header(page: Page): Promise<string> {
  const text = await page.getByRole("navigation").innerText()
  return text.replaceAll(/\s+/g, " ")
}

function sessionCookie(page: Page) {
  return cookieNamed(page, "__Host-session")
}

const snapshotName = "session-snapshot"

/** What the snapshot of a browser says to the proxy. */
async function claimsOf(page: Page): Promise<object | undefined> {
  const [snapshot, session] = [await cookieNamed(page, snapshotName), await sessionCookie(page)]
  const { openSnapshot } = createSnapshots({ secrets: [secret], claims: () => ({}) })
  return (await openSnapshot(snapshot.value, { sessionToken: session.value }))?.claims
}

function demote(db: DatabaseSync, username: string): void {
  const { changes } = db.prepare("UPDATE user SET role = 'member' WHERE username = ?").run(username)
  expect(changes).toBe(1)
}
