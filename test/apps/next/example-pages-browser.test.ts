import { expect, test } from "vitest"
import type { Page } from "playwright-core"
import {
  arrive,
  describeInBrowser,
  descriptionOf,
  hasFocus,
  password,
  signIn,
  signUp,
  submit,
  submitFrom,
  tabTo,
} from "./example-browser.ts"
import { lintApp } from "./next-app.ts"

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/605"

describeInBrowser("examples/next-pages", ({ built, origin, page, openBrowser, photograph }) => {
  test("renders every page for its visitor but those for errors, and passes the project's linter", async () => {
    const made = [...built().buildOutput.matchAll(/^[├└┌] ○ (\S+)/gm)].map(([, path]) => path)
    expect(made).toEqual(["/404", "/500"])
    expect(await lintApp(built().folder)).toBe("")
  })

  test("shows what is wrong next to the fields, keeps the input but no password, and signs up", async () => {
    const [username, secret] = [page().getByLabel("Username"), page().getByLabel("Password")]
    await page().goto("/sign-up")
    await submit(page(), { Username: "a b", Password: "short" }, "Create account")
    await page().getByText("Use at least 8 characters.").waitFor()
    expect(await descriptionOf(username)).toBe("Use 3 to 31 letters, digits, _ or -.")
    expect(await descriptionOf(secret)).toBe("Use at least 8 characters.")
    expect(await username.getAttribute("aria-invalid")).toBe("true")
    expect(await username.inputValue()).toBe("a b")
    expect(await secret.inputValue()).toBe("")
    expect(await hasFocus(username)).toBe(true)

    await submit(page(), { Username: "Grace", Password: "short" }, "Create account")
    await expect.poll(() => hasFocus(secret)).toBe(true)
    expect(await username.getAttribute("aria-invalid")).toBeNull()
    await submit(page(), { Password: password }, "Create account")
    await arrive(page(), "/profile", "Profile")
  })

  test("gives a name to one user only, however it is written", async () => {
    await signUp(page(), "Bob")
    const other = await openBrowser()
    await other.goto("/sign-up")
    await submit(other, { Username: "BOB", Password: password }, "Create account")
    await other.getByText("This username is already taken.").waitFor()
    expect(await descriptionOf(other.getByLabel("Username"))).toBe("This username is already taken.")
    expect(await other.context().cookies()).toEqual([])
  })

  test("says the same to an unknown user and a wrong password, and knows another spelling", async () => {
    await signUp(page(), "Rosa")
    const other = await openBrowser()
    await other.goto("/sign-in")
    for (const username of ["rosa", "nobody"]) {
      await submit(other, { Username: username, Password: "wrong horse" }, "Sign in")
      await other.getByText("Wrong username or password.").waitFor()
      expect(await other.getByLabel("Password").inputValue()).toBe("")
    }
    await signIn(other, "ROSA")
  })

  test("knows the visitor on every page, after a reload and in a second tab", async () => {
    await signUp(page(), "Grace")
    for (const [path, heading] of memberPages("Grace")) {
      await page().goto(path)
      await page().reload()
      await arrive(page(), path, heading)
      expect(await header(page())).toContain("Grace")
      expect(await page().title()).toBe(`${heading} · Nightlatch example`)
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
    await signUp(page(), "Joan")
    for (const path of ["/sign-in", "/sign-up"]) {
      await page().goto(path)
      await arrive(page(), "/profile", "Profile")
    }
  })

  test("a session that has ended leads to the sign-in page, and not in circles", async () => {
    await signUp(page(), "Ada")
    await page()
      .context()
      .addCookies([{ ...(await sessionCookie(page())), value: "a".repeat(32) }])
    await page().goto("/profile")
    await arrive(page(), "/sign-in", "Sign in")
    await signIn(page(), "ada")
  })

  test("the header follows signing in and out without loading the page again", async () => {
    await page().goto("/")
    await page().evaluate("globalThis.isSameDocument = true")
    await page().getByRole("navigation").getByRole("link", { name: "Create account" }).click()
    await arrive(page(), "/sign-up", "Create account")
    await submit(page(), { Username: "Ida", Password: password }, "Create account")
    await arrive(page(), "/profile", "Profile")
    expect(await header(page())).toBe("Ida Devices Users Sign out")
    await signOut(page())
    expect(await header(page())).toBe("Sign in Create account")
    expect(await page().evaluate("globalThis.isSameDocument")).toBe(true)
  })

  test("a link to a private page asks again who is signed in", async () => {
    await signUp(page(), "Lise")
    const tab = await page().context().newPage()
    await tab.goto("/")
    await signOut(tab)
    await page().getByRole("link", { name: "Devices" }).click()
    await arrive(page(), "/sign-in", "Sign in")
    expect(await page().content()).not.toContain("Lise")
  })

  test("after signing out, Back shows no private page", async () => {
    await signUp(page(), "Emmy")
    await page().getByRole("link", { name: "Devices" }).click()
    await arrive(page(), "/devices", "Devices")
    await signOut(page())
    await page().goBack()
    await arrive(page(), "/sign-in", "Sign in")
    expect(await page().content()).not.toContain("Emmy")
  })

  test("after signing out, Back shows no private page that the browser had loaded whole", async () => {
    await signUp(page(), "Anita")
    await page().goto("/devices")
    const tab = await page().context().newPage()
    await tab.goto("/")
    await signOut(tab)
    await page().goto("/sign-up")
    await page().goBack()
    await arrive(page(), "/sign-in", "Sign in")
    expect(await page().content()).not.toContain("Anita")
  })

  test("a page that Back could not show while signed out is there again after signing in", async () => {
    await signUp(page(), "Maria")
    await page().getByRole("link", { name: "Devices" }).click()
    await arrive(page(), "/devices", "Devices")
    await signOut(page())
    await page().goBack()
    await arrive(page(), "/sign-in", "Sign in")
    await submit(page(), { Username: "Maria", Password: password }, "Sign in")
    await arrive(page(), "/devices", "Devices")
    await page().getByRole("link", { name: "Devices" }).click()
    await arrive(page(), "/devices", "Devices")
  })

  test("signs a second device out from the first, which lands on the sign-in page", async () => {
    await signUp(page(), "Ida")
    const phone = await openBrowser({ userAgent: iPhone })
    await signIn(phone, "ida")
    await page().goto("/devices")
    await page().getByRole("button", { name: "Sign out Safari on iPhone" }).click()
    await expect.poll(() => page().getByRole("listitem").count()).toBe(1)
    await phone.reload()
    await arrive(phone, "/sign-in", "Sign in")
  })

  test("signs out everywhere else", async () => {
    await signUp(page(), "Ida")
    const others = [await openBrowser(), await openBrowser()]
    for (const other of others) await signIn(other, "ida")
    await page().goto("/devices")
    await page().getByRole("button", { name: "Sign out everywhere else", exact: true }).click()
    await expect.poll(() => page().getByRole("listitem").count()).toBe(1)
    expect(await page().getByRole("listitem").innerText()).toContain("This device")
    for (const other of others) {
      await other.reload()
      await arrive(other, "/sign-in", "Sign in")
    }
  })

  test("signs out everywhere, here too", async () => {
    await signUp(page(), "Ida")
    const other = await openBrowser()
    await signIn(other, "ida")
    await page().goto("/devices")
    await page().getByRole("button", { name: "Sign out everywhere", exact: true }).click()
    await page().waitForURL("/")
    // The address comes before the page.
    await page().locator("header").getByRole("link", { name: "Sign in", exact: true }).waitFor()
    for (const each of [page(), other]) {
      await each.goto("/profile")
      await arrive(each, "/sign-in", "Sign in")
    }
  })

  test("a form can end no session of another user", async () => {
    await signUp(page(), "Ida")
    await signIn(await openBrowser({ userAgent: iPhone }), "ida")
    await page().goto("/devices")
    const id = await page().getByRole("button", { name: "Sign out Safari on iPhone" }).getAttribute("value")
    const other = await openBrowser()
    await signUp(other, "Eve")
    expect(await submitFrom(other, origin(), form("/api/devices", { session: id ?? "" }))).toBe(303)
    await page().reload()
    expect(await page().getByRole("listitem").count()).toBe(2)
  })

  test("forgets the visitor with the browser unless asked to remember", async () => {
    await signUp(page(), "Ada")
    expect((await sessionCookie(page())).expires).toBe(-1)
    await page().context().clearCookies()
    await page().goto("/sign-in")
    await page().getByLabel("Remember me").check()
    await submit(page(), { Username: "Ada", Password: password }, "Sign in")
    await arrive(page(), "/profile", "Profile")
    const { expires, httpOnly, secure, sameSite } = await sessionCookie(page())
    expect({ httpOnly, secure, sameSite }).toEqual({ httpOnly: true, secure: true, sameSite: "Lax" })
    expect(expires).toBeGreaterThan(Date.now() / 1000 + 80 * 86_400)
  })

  test("shows the users to the first who signed up, and to nobody else that there is such a page", async () => {
    await signUp(page(), "Root")
    const other = await openBrowser()
    await signUp(other, "Eve")
    expect(await header(other)).toBe("Eve Devices Sign out")
    const response = await other.goto("/admin")
    expect(response?.status()).toBe(404)
    await arrive(other, "/admin", "Not found")
    expect(await other.content()).not.toContain("Root")

    await page().getByRole("link", { name: "Users" }).click()
    await arrive(page(), "/admin", "Users")
    const rows = await page().getByRole("listitem").allInnerTexts()
    expect(rows).toEqual([expect.stringMatching(/^Eve\n\w+$/), expect.stringMatching(/^Root\n\w+\nAdmin$/)])
  })

  test("API routes answer 401 to signed-out visitors, 403 to users without the role, and 405 to other methods", async () => {
    await page().goto("/")
    expect(await statuses(page())).toEqual({ me: 401, users: 401, devices: 401, wrongMethods: [405, 405] })
    await signUp(page(), "Root")
    expect(await statuses(page())).toEqual({ me: 200, users: 200, devices: 200, wrongMethods: [405, 405] })
    const other = await openBrowser()
    await signUp(other, "Eve")
    expect(await statuses(other)).toEqual({ me: 200, users: 403, devices: 200, wrongMethods: [405, 405] })
    expect((await fetch(`${origin()}/api/sign-in`)).headers.get("Allow")).toBe("POST")
  })

  test("API routes take nothing but text in a field", async () => {
    const odd = [
      null,
      1,
      "text",
      [1, 2],
      {},
      { username: ["Ada"], password: Array(9).fill("x") },
      { password: 12345678 },
    ]
    for (const body of odd) {
      for (const path of ["/api/sign-up", "/api/sign-in"]) {
        const response = await post(path, JSON.stringify(body))
        expect(response.status).toBe(422)
        const { errors } = (await response.json()) as { errors: object }
        expect(Object.keys(errors)).toEqual(["username", "password"])
      }
    }
  })

  test("API routes take no more than a form can hold", async () => {
    const credentials = (length: number) => JSON.stringify({ username: "x".repeat(length), password })
    expect((await post("/api/sign-in", credentials(10_000))).status).toBe(401)
    expect((await post("/api/sign-in", credentials(20_000))).status).toBe(413)
    expect((await post("/api/sign-up", "{")).status).toBe(400)
  })

  test("says so when a form gets no answer that it knows, and takes it again", async () => {
    await page().goto("/sign-in")
    await submit(page(), { Username: "x".repeat(20_000), Password: password }, "Sign in")
    await page().getByText("That did not work. Try again.").waitFor()
    await submit(page(), { Username: "Ada", Password: password }, "Sign in")
    await page().getByText("Wrong username or password.").waitFor()
  })

  test("works without JavaScript", async () => {
    const plain = await openBrowser({ javaScriptEnabled: false })
    await plain.goto("/sign-up")
    await submit(plain, { Username: "a b", Password: "short" }, "Create account")
    await plain.waitForURL("**/sign-up?*")
    expect(await descriptionOf(plain.getByLabel("Username"))).toBe("Use 3 to 31 letters, digits, _ or -.")
    expect(await descriptionOf(plain.getByLabel("Password"))).toBe("Use at least 8 characters.")
    expect(await plain.getByLabel("Username").getAttribute("autofocus")).not.toBeNull()
    await signUp(plain, "Plain")

    await signIn(await openBrowser({ userAgent: iPhone }), "plain")
    await plain.goto("/devices")
    await plain.getByRole("button", { name: "Sign out Safari on iPhone" }).click()
    await expect.poll(() => plain.getByRole("listitem").count()).toBe(1)
    expect(new URL(plain.url()).pathname).toBe("/devices")

    await signOut(plain)
    await plain.goBack()
    await arrive(plain, "/sign-in", "Sign in")
    await submit(plain, { Username: "plain", Password: "wrong horse" }, "Sign in")
    await plain.getByText("Wrong username or password.").waitFor()
    await submit(plain, { Username: "plain", Password: password }, "Sign in")
    await arrive(plain, "/devices", "Devices")
  })

  test("shows of an address no words but its own", async () => {
    await page().goto("/sign-in?form=Call+0800&username=constructor&password=password_missing&password=x")
    await arrive(page(), "**/sign-in?*", "Sign in")
    expect(await page().locator("[aria-invalid], main [role=alert]").count()).toBe(0)
  })

  test("can be used with the keyboard alone", async () => {
    await signUp(page(), "Kay")
    const other = await openBrowser()
    await other.goto("/")
    await tabTo(other.getByRole("navigation").getByRole("link", { name: "Sign in" }))
    await other.keyboard.press("Enter")
    await arrive(other, "/sign-in", "Sign in")
    await tabTo(other.getByLabel("Username"))
    await other.keyboard.type("kay")
    await tabTo(other.getByLabel("Password"))
    await other.keyboard.type(password)
    await other.keyboard.press("Enter")
    await arrive(other, "/profile", "Profile")
    await tabTo(other.getByRole("button", { name: "Sign out" }))
    await other.keyboard.press("Enter")
    await arrive(other, "/", "A door of your own")
  })

  test("a form on another site changes nothing", async () => {
    await signUp(page(), "Hedy")
    await signIn(await openBrowser(), "Hedy")
    const site = origin().replace("localhost", "127.0.0.1")
    for (const path of ["/api/sign-out", "/api/devices", "/api/sign-in", "/api/sign-up"]) {
      const fields = { session: "others", username: "Eve", password }
      expect(await submitFrom(page(), site, form(origin() + path, fields)), path).toBe(403)
      await page().waitForURL(path)
    }
    await page().goto("/devices")
    await arrive(page(), "/devices", "Devices")
    expect(await page().getByRole("listitem").count()).toBe(2)
  })

  test("cannot be framed, and names no software", async () => {
    const headers = (await page().goto("/"))?.headers() ?? {}
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'")
    expect(headers["referrer-policy"]).toBe("same-origin")
    expect(headers["x-content-type-options"]).toBe("nosniff")
    expect(headers).not.toHaveProperty("x-powered-by")
  })

  test("fits a phone, in light and dark", async () => {
    await signUp(page(), "tourist")
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
    await signIn(tourist, "tourist")
    for (const path of ["/", "/profile", "/devices", "/admin", "/nowhere"]) {
      await tourist.goto(path)
      await photo(`member-${label(path)}`)
    }
  }

  function post(path: string, body: string): Promise<Response> {
    const headers = { "Content-Type": "application/json", Origin: origin() }
    return fetch(origin() + path, { method: "POST", headers, body })
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
    ["/admin", "Users"],
  ]
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out", exact: true }).click()
  await arrive(page, "/", "A door of your own")
}

async function header(page: Page): Promise<string> {
  const text = await page.getByRole("navigation").innerText()
  return text.replaceAll(/\s+/g, " ")
}

async function sessionCookie(page: Page) {
  const cookie = (await page.context().cookies()).find(({ name }) => name === "__Host-session")
  if (!cookie) throw new Error("There is no session cookie.")
  return cookie
}

/** Asks the API from within a page, with its cookies. */
function statuses(page: Page): Promise<unknown> {
  return page.evaluate(async () => {
    const ask = async (path: string, init?: RequestInit) => (await fetch(path, init)).status
    const form = { method: "POST", headers: { "Content-Type": "application/json" }, body: `{"session":"x"}` }
    return {
      me: await ask("/api/me"),
      users: await ask("/api/admin/users"),
      devices: await ask("/api/devices", form),
      wrongMethods: [await ask("/api/devices"), await ask("/api/me", form)],
    }
  })
}

function form(action: string, fields: Record<string, string>): string {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
  return `<form method="post" action="${action}">${inputs.join("")}</form>`
}
