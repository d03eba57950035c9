import { chromium } from "playwright-core"
import type { Browser, BrowserContext, Locator, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { chromiumPath, hasChromium } from "../../machine.ts"
import { startExample } from "./example-server.ts"
import type { ExampleServer } from "./example-server.ts"

const isLeftOut = !hasChromium("the example in a browser")
const screenshots = ".screenshots"
const password = "correct horse battery"

describe.skipIf(isLeftOut)("the example in a browser", () => {
  let example: ExampleServer
  let browser: Browser
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath })
  })

  afterAll(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    example = await startExample()
    ;({ context, page } = await openBrowser())
  })

  afterEach(async () => {
    await Promise.all(browser.contexts().map((each) => each.close()))
    await example.stop()
  })

  test("shows what is wrong, then signs up, and knows the visitor on every page, reload and tab", async () => {
    await fillIn("/sign-up", { Username: "a b", Password: "short" }, "Create account")
    expect(await page.getByLabel("Username").getAttribute("aria-invalid")).toBe("true")
    expect(await page.getByLabel("Username").inputValue()).toBe("a b")
    expect(await page.getByLabel("Password").inputValue()).toBe("")
    expect(await focused()).toBe("username")
    expect(await accessibleDescription("Password")).toContain("Use at least 8 characters.")

    await fill({ Username: "Grace", Password: password }, "Create account")
    expect(path()).toBe("/profile")
    for (const address of ["/", "/profile", "/devices", "/password"]) {
      await page.goto(example.origin + address)
      await page.reload()
      expect(await page.locator("nav").innerText()).toContain("Grace")
    }
    const tab = await context.newPage()
    await tab.goto(example.origin)
    expect(await tab.locator("h1").innerText()).toBe("Hello, Grace")
  })

  test("works without JavaScript, and puts none on the page", async () => {
    const { page: plain } = await openBrowser({ javaScriptEnabled: false })
    await plain.goto(`${example.origin}/devices`)
    await press(plain.getByRole("link", { name: "Create account" }).last())
    await fill({ Username: "Plain", Password: password }, "Create account", plain)
    expect(new URL(plain.url()).pathname).toBe("/devices")
    await press(plain.getByRole("button", { name: "Sign out" }))
    expect(new URL(plain.url()).pathname).toBe("/")
    expect(await plain.locator("script").count()).toBe(0)
  })

  test("says what has happened after signing up, out and in, and moves the focus to an error", async () => {
    await signUp("Joan")
    expect(await page.getByRole("status").innerText()).toBe("Your account is ready, and you are signed in.")
    await press(page.getByRole("button", { name: "Sign out" }))
    expect(await page.getByRole("status").innerText()).toBe("You are signed out.")

    await fillIn("/sign-in", { Username: "Joan", Password: "wrong horse battery" }, "Sign in")
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Wrong username or password.")
    await fill({ Username: "Joan", Password: password }, "Sign in")
    expect(await page.getByRole("status").innerText()).toBe("You are signed in.")
  })

  test("signs a second device out from the first", async () => {
    await signUp("Ida")
    const { page: phone } = await openBrowser({
      userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/605",
    })
    await submit(phone, "/profile", { Username: "ida", Password: password }, "Sign in")
    expect(await phone.locator("h1").innerText()).toBe("Profile")

    await page.goto(`${example.origin}/devices`)
    const row = page.getByRole("listitem").filter({ hasText: "Safari on iPhone" })
    await press(row.getByRole("button", { name: "Sign out Safari on iPhone", exact: true }))
    expect(await page.getByRole("listitem").count()).toBe(1)
    await phone.reload()
    expect(new URL(phone.url()).pathname).toBe("/sign-in")
  })

  test("after signing out, Back shows no private page", async () => {
    await signUp("Emmy")
    await page.goto(`${example.origin}/devices`)
    await press(page.getByRole("button", { name: "Sign out" }).first())
    expect(path()).toBe("/")
    await page.goBack()
    expect(path()).toBe("/sign-in")
    expect(await page.content()).not.toContain("Emmy")
  })

  test("Back after a form asks nobody to send it again", async () => {
    await signUp("Mary")
    await page.goBack()
    expect(path()).toBe("/profile")
  })

  test("a form on another site changes nothing", async () => {
    await signUp("Hedy")
    const evil = example.origin.replace("localhost", "127.0.0.1")
    await page.route(`${evil}/trap`, (route) =>
      route.fulfill({
        contentType: "text/html",
        body: `<form method="post" action="${example.origin}/sign-out"><button>Win</button></form>`,
      }),
    )
    await page.goto(`${evil}/trap`)
    const [response] = await Promise.all([
      page.waitForResponse(`${example.origin}/sign-out`),
      page.getByRole("button").click(),
    ])
    expect(response.status()).toBe(403)
    await page.goto(`${example.origin}/profile`)
    expect(path()).toBe("/profile")
  })

  test("complains about nothing in the console, and fits a phone, in light and dark", async () => {
    const complaints: string[] = []
    for (const [name, options] of Object.entries(looks)) {
      const look = await openBrowser(options)
      look.page.on("console", (message) => complaints.push(message.text()))
      look.page.on("pageerror", (error) => complaints.push(error.message))
      await tour(look.page, name)
    }
    const unexpected = complaints.filter((text) => !/status of (401|404|422)/.test(text))
    expect(unexpected).toEqual([])
  }, 120_000)

  async function tour(tourist: Page, name: string): Promise<void> {
    const visit = async (address: string) => {
      await tourist.goto(example.origin + address)
      await photograph(tourist, `${name}${address.replace(/\W+/g, "-")}`)
    }
    for (const address of ["/", "/sign-in", "/sign-up", "/nowhere"]) await visit(address)
    await submit(tourist, "/sign-up", { Username: "a b", Password: "short" }, "Create account")
    await photograph(tourist, `${name}-sign-up-errors`)
    await submit(tourist, "/sign-in", { Username: "nobody", Password: password }, "Sign in")
    await photograph(tourist, `${name}-sign-in-error`)
    await submit(tourist, "/sign-up", { Username: `tourist-${name}`, Password: password }, "Create account")
    const { page: other } = await openBrowser({ userAgent: "Mozilla/5.0 (Windows NT 10.0) Firefox/150.0" })
    await submit(other, "/sign-in", { Username: `tourist-${name}`, Password: password }, "Sign in")
    for (const address of ["/", "/profile", "/devices", "/password", "/password?changed"]) {
      await tourist.goto(example.origin + address)
      await photograph(tourist, `${name}-member${address.replace(/\W+/g, "-")}`)
    }
  }

  async function photograph(subject: Page, name: string): Promise<void> {
    await subject.screenshot({ path: `${screenshots}/${name.replace(/-$/, "-home")}.png`, fullPage: true })
    const overflow = await subject.evaluate("document.documentElement.scrollWidth - innerWidth")
    expect(overflow, `${name} is too wide by`).toBeLessThanOrEqual(0)
  }

  async function openBrowser(options?: Parameters<Browser["newContext"]>[0]) {
    const opened = await browser.newContext(options)
    return { context: opened, page: await opened.newPage() }
  }

  function signUp(username: string): Promise<void> {
    return fillIn("/sign-up", { Username: username, Password: password }, "Create account")
  }

  function fillIn(address: string, fields: Record<string, string>, button: string): Promise<void> {
    return submit(page, address, fields, button)
  }

  async function submit(on: Page, address: string, fields: Record<string, string>, button: string): Promise<void> {
    await on.goto(example.origin + address)
    await fill(fields, button, on)
  }

  async function fill(fields: Record<string, string>, button: string, on = page): Promise<void> {
    for (const [label, value] of Object.entries(fields)) await on.getByLabel(label).fill(value)
    await press(on.getByRole("button", { name: button }))
  }

  async function press(button: Locator): Promise<void> {
    const loaded = button.page().waitForEvent("load")
    await button.click()
    await loaded
  }

  function path(): string {
    return new URL(page.url()).pathname
  }

  function focused(): Promise<unknown> {
    return page.evaluate("document.activeElement.id")
  }

  async function accessibleDescription(label: string): Promise<string> {
    const ids = (await page.getByLabel(label).getAttribute("aria-describedby"))?.split(" ") ?? []
    const texts = await Promise.all(ids.map((id) => page.locator(`#${id}`).innerText()))
    return texts.join(" ")
  }
})

const looks = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { colorScheme: "light", viewport: { width: 320, height: 640 } },
  "phone-dark": { colorScheme: "dark", viewport: { width: 390, height: 844 } },
} as const
