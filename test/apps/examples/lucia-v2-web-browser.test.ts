import { chromium } from "playwright-core"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { chromiumPath, hasChromium } from "../../machine.ts"
import { startExample } from "./example-server.ts"
import type { ExampleServer } from "./example-server.ts"

const isLeftOut = !hasChromium("examples/lucia-v2-web in a browser")
const password = "correct horse battery"

describe.skipIf(isLeftOut)("examples/lucia-v2-web in a browser", () => {
  let example: ExampleServer
  let browser: Browser
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath })
  })

  afterAll(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    complaints = []
    example = await startExample({}, "lucia-v2-web")
    page = await openBrowser()
  })

  afterEach(async () => {
    await Promise.all(browser.contexts().map((each) => each.close()))
    await example.stop()
    expect(complaints).toEqual([])
  })

  test.each([true, false])("signs up, out and in again (scripts: %s)", async (javaScriptEnabled) => {
    const visitor = await openBrowser({ javaScriptEnabled })
    await visitor.goto("/")
    await arrive(visitor, "/login", "Sign in")
    await visitor.getByRole("link", { name: "Create an account" }).click()
    await submit(visitor, "abc", password, "Sign up")
    await visitor.getByRole("alert").getByText("Invalid username", { exact: true }).waitFor()
    await submit(visitor, "Grace", password, "Sign up")
    await arriveAtProfile(visitor, "Grace")
    const [cookie, ...others] = await visitor.context().cookies()
    expect(others).toEqual([])
    expect(cookie).toMatchObject({ name: "auth_session", httpOnly: true, sameSite: "Lax", path: "/", secure: false })

    await visitor.reload()
    await arriveAtProfile(visitor, "Grace")
    for (const path of ["/login", "/signup"]) {
      await visitor.goto(path)
      await arriveAtProfile(visitor, "Grace")
    }
    await visitor.getByRole("button", { name: "Sign out" }).click()
    await arrive(visitor, "/login", "Sign in")
    expect(await visitor.context().cookies()).toEqual([])
    await submit(visitor, "Grace", "wrong horse", "Sign in")
    await visitor.getByRole("alert").getByText("Incorrect username or password", { exact: true }).waitFor()
    await submit(visitor, "GRACE", password, "Sign in")
    await arriveAtProfile(visitor, "Grace")
    expect(await visitor.locator("script").count()).toBe(0)
  })

  test("after signing out, Back shows no profile", async () => {
    await signUp(page, "Grace")
    await page.getByRole("button", { name: "Sign out" }).click()
    await arrive(page, "/login", "Sign in")
    await page.goBack()
    await arrive(page, "/login", "Sign in")
    expect(await page.content()).not.toContain("Grace")
  })

  test("gives a name to one user only, however it is written", async () => {
    await signUp(page, "Grace")
    const other = await openBrowser()
    await other.goto("/signup")
    await submit(other, "GRACE", password, "Sign up")
    await other.getByRole("alert").getByText("Username already taken", { exact: true }).waitFor()
    expect(await other.context().cookies()).toEqual([])
  })

  test("a form on another site changes nothing", async () => {
    await signUp(page, "Grace")
    const site = example.origin.replace("localhost", "127.0.0.1")
    for (const [path, status] of [
      ["/signup", 403],
      ["/login", 403],
      ["/logout", 401],
    ] as const) {
      const inputs = `<input name="username" value="grace"><input name="password" value="${password}">`
      const body = `<form method="post" action="${example.origin}${path}">${inputs}<button>Win</button></form>`
      await page.route(`${site}/trap`, (route) => route.fulfill({ contentType: "text/html", body }))
      await page.goto(`${site}/trap`)
      const answer = page.waitForResponse(example.origin + path)
      await page.getByRole("button").click()
      expect((await answer).status()).toBe(status)
      await page.unroute(`${site}/trap`)
    }
    await page.goto("/")
    await arriveAtProfile(page, "Grace")
  })

  test("can be used with the keyboard alone", async () => {
    await page.goto("/signup")
    await tabTo("Username")
    await page.keyboard.type("Grace")
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")
    await arriveAtProfile(page, "Grace")
  })

  test("fits a phone, in light and dark", async () => {
    await signUp(page, "tourist")
    for (const [name, options] of Object.entries(looks)) {
      const tourist = await openBrowser(options)
      await tourist.goto("/signup")
      await photograph(tourist, `${name}-sign-up`)
      await submit(tourist, "abc", "short", "Sign up")
      await tourist.getByRole("alert").waitFor()
      await photograph(tourist, `${name}-sign-up-error`)
      await tourist.goto("/login")
      await photograph(tourist, `${name}-sign-in`)
      await submit(tourist, "tourist", password, "Sign in")
      await arriveAtProfile(tourist, "tourist")
      await photograph(tourist, `${name}-profile`)
      await tourist.goto("/nowhere")
      await photograph(tourist, `${name}-nowhere`)
    }
  }, 120_000)

  async function openBrowser(options?: BrowserContextOptions): Promise<Page> {
    const context = await browser.newContext({ baseURL: example.origin, ...options })
    context.setDefaultTimeout(10_000)
    context.on("console", (message) => {
      // Chromium reports answers that refuse something, which is what they are for.
      if (!/status of 4\d\d/.test(message.text())) complaints.push(message.text())
    })
    context.on("weberror", (error) => complaints.push(String(error.error())))
    return context.newPage()
  }

  async function tabTo(label: string): Promise<void> {
    const field = page.getByLabel(label)
    for (let presses = 0; presses < 10; presses++) {
      if (await field.evaluate((each) => each === document.activeElement)) return
      await page.keyboard.press("Tab")
    }
    throw new Error(`The keyboard does not reach ${label}.`)
  }
})

async function signUp(page: Page, username: string): Promise<void> {
  await page.goto("/signup")
  await submit(page, username, password, "Sign up")
  await arriveAtProfile(page, username)
}

async function submit(page: Page, username: string, secret: string, button: string): Promise<void> {
  await page.getByLabel("Username").fill(username)
  await page.getByLabel("Password").fill(secret)
  await page.getByRole("button", { name: button }).click()
}

async function arriveAtProfile(page: Page, username: string): Promise<void> {
  await arrive(page, "/", "Profile")
  await page.getByText(`Username: ${username}`, { exact: true }).waitFor()
}

async function arrive(page: Page, path: string, heading: string): Promise<void> {
  await page.waitForURL(path)
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor()
}

async function photograph(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `.screenshots/lucia-v2-web/${name}.png`, fullPage: true })
  const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
  expect(overflow, `${name} is too wide by`).toBeLessThanOrEqual(0)
}

const looks = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { colorScheme: "light", viewport: { width: 320, height: 640 } },
  "phone-dark": { colorScheme: "dark", viewport: { width: 390, height: 844 } },
} as const
