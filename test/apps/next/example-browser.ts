import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { basename, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { promisify } from "node:util"
import { chromium } from "playwright-core"
import type { Browser, BrowserContextOptions, Cookie, LaunchOptions, Locator, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest"
import { chromiumPath, hasChromium } from "../../machine.ts"
import { temporaryFolder } from "../../package/tarball.ts"
import { buildApp } from "./next-app.ts"
import type { BuiltApp } from "./next-app.ts"
import type { RunningApp } from "../running-app.ts"

/** An example with an empty database, and browsers to visit it. Each test gets its own. */
export interface ExampleVisit {
  built(): BuiltApp
  /** Like `http://localhost:3000`. */
  origin(): string
  /** The first visitor's page. */
  page(): Page
  /** Opens another browser, which shares no cookie with the first. */
  openBrowser(options?: BrowserContextOptions): Promise<Page>
  /** Takes pictures of the whole page in each look. Fails if it is wider than the window in one. */
  photograph(page: Page, name: string): Promise<void>
  /** Makes an empty database in a file, which survives the application. */
  createDatabase(): Promise<DatabaseFile>
}

/** A database that tests and an application share. */
export interface DatabaseFile {
  db: DatabaseSync
  /** Serves the example with this database and these variables. It is stopped when the test is done. */
  start(env?: Record<string, string>): Promise<RunningApp>
}

/** A password that is long enough. */
export const password = "correct horse battery"

/** The secret of the examples that need one. */
export const secret = newSecret()

const desktop = { width: 1280, height: 720 }

/** How a page may be looked at. The last one is that of a new page. */
const looks = {
  "phone-dark": { colorScheme: "dark", viewport: { width: 390, height: 844 } },
  phone: { colorScheme: "light", viewport: { width: 320, height: 640 } },
  dark: { colorScheme: "dark", viewport: desktop },
  light: { colorScheme: "light", viewport: desktop },
} as const

/** The options that start an example. A function receives the free port of the example. */
export type Variables = Record<string, string> | ((port: number) => Promise<Record<string, string>>)

async function variablesOf(variables: Variables): Promise<Record<string, string>> {
  if (typeof variables !== "function") return variables
  const port = await freePort()
  return { PORT: String(port), ...(await variables(port)) }
}

/** Finds a port that nothing listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Builds an example and runs tests of it in Chromium. A test fails if its pages complain in the console. */
export function describeInBrowser(
  example: string,
  tests: (visit: ExampleVisit) => void,
  // A developer's own secret stays out.
  build = () => buildApp(example, { files: { ".env.local": null } }),
  // What the example needs in addition to a database and a secret.
  variables: Variables = {},
  launchOptions: LaunchOptions = {},
): void {
  const isLeftOut = !hasChromium(`${basename(example)} in a browser`)

  describe.skipIf(isLeftOut)(`${example} in a browser`, () => {
    let built: BuiltApp
    let running: RunningApp
    let browser: Browser
    let page: Page
    let complaints: string[]
    let cleanUps: (() => unknown)[]

    beforeAll(async () => {
      built = await build()
      browser = await chromium.launch({ executablePath: chromiumPath, ...launchOptions })
    })

    afterAll(async () => {
      await browser?.close()
      await built?.remove()
    })

    beforeEach(async () => {
      complaints = []
      cleanUps = []
      running = await built.start({ DATABASE: ":memory:", SESSION_SECRET: secret, ...(await variablesOf(variables)) })
      page = await openBrowser()
    })

    afterEach(async () => {
      await Promise.all(browser.contexts().map((each) => each.close()))
      await running.stop()
      for (const cleanUp of cleanUps.reverse()) await cleanUp()
      expect(complaints).toEqual([])
      expect(running.output()).not.toContain("⨯")
    })

    async function openBrowser(options?: BrowserContextOptions): Promise<Page> {
      const context = await browser.newContext({ baseURL: running.origin, ...options })
      context.setDefaultTimeout(30_000)
      context.on("console", (message) => {
        if (/error|warning/.test(message.type()) && !isRefusal(message.text())) complaints.push(message.text())
      })
      context.on("weberror", (error) => complaints.push(String(error.error())))
      return context.newPage()
    }

    async function photograph(subject: Page, name: string): Promise<void> {
      for (const [look, { colorScheme, viewport }] of Object.entries(looks)) {
        await subject.emulateMedia({ colorScheme })
        await subject.setViewportSize(viewport)
        await subject.screenshot({ path: `.screenshots/${basename(example)}/${look}-${name}.png`, fullPage: true })
        const overflow = await subject.evaluate("document.documentElement.scrollWidth - innerWidth")
        expect(overflow, `${look}-${name} is too wide by`).toBeLessThanOrEqual(0)
      }
    }

    async function createDatabase(): Promise<DatabaseFile> {
      const folder = await temporaryFolder()
      cleanUps.push(folder.remove)
      const path = join(folder.path, "example.db")
      const db = new DatabaseSync(path, { timeout: 20_000 })
      cleanUps.push(() => db.close())
      const own = { DATABASE: path, SESSION_SECRET: secret }
      return { db, start: async (env) => startBeside({ ...own, ...(await variablesOf(variables)), ...env }) }
    }

    async function startBeside(env: Record<string, string>): Promise<RunningApp> {
      const app = await built.start(env)
      let isRunning = true
      const stop = async () => {
        if (isRunning) await app.stop()
        isRunning = false
      }
      cleanUps.push(stop)
      return { ...app, stop }
    }

    const own = { built: () => built, origin: () => running.origin, page: () => page }
    tests({ ...own, openBrowser, photograph, createDatabase })
  })
}

// Chromium reports answers that refuse something, which is what they are for.
function isRefusal(message: string): boolean {
  return /status of 4\d\d/.test(message)
}

/** Makes a secret. */
export function newSecret(): string {
  return randomBytes(32).toString("base64")
}

/** Writes the secret of a first run into `.env.local`, as `npm run dev` does. */
export async function makeSecret({ folder }: BuiltApp): Promise<void> {
  await promisify(execFile)(process.execPath, ["make-secret.mjs"], { cwd: folder })
}

/** Lists the paths that a page's window goes to from now on, also those that send it elsewhere. */
export function watchNavigations(page: Page): string[] {
  const paths: string[] = []
  page.on("request", (request) => {
    if (request.isNavigationRequest()) paths.push(new URL(request.url()).pathname)
  })
  return paths
}

/** A form of a page as it is without JavaScript, made to be sent from anywhere. */
export async function rawForm(page: Page, path: string, button: string): Promise<string> {
  await page.goto(path)
  const form = page.locator("form").filter({ has: page.getByRole("button", { name: button, exact: true }) })
  const inputs = await form.locator("input").evaluateAll((all) => all.map((each) => each.outerHTML).join(""))
  return `<form method="post" enctype="multipart/form-data" action="${page.url()}">${inputs}</form>`
}

/** A cookie of the browser. Throws if there is none of this name. */
export async function cookieNamed(page: Page, name: string): Promise<Cookie> {
  const cookie = (await page.context().cookies()).find((each) => each.name === name)
  if (!cookie) throw new Error(`There is no cookie ${name}.`)
  return cookie
}

/** Gives the browser a cookie that it has with another value. */
export async function replaceCookie(page: Page, name: string, value: string): Promise<void> {
  await page.context().addCookies([{ ...(await cookieNamed(page, name)), value }])
}

/** Fetches from inside a page. Resolves to the status and the text. */
export function ask(page: Page, path: string): Promise<[status: number, text: string]> {
  return page.evaluate(async (path) => {
    const response = await fetch(path)
    return [response.status, await response.text()]
  }, path)
}

/** Waits until a page is there: its address and its heading. */
export async function arrive(page: Page, path: string, heading: string): Promise<void> {
  // The proxy adds to the sign-in page's address where the visitor wanted to go.
  await page.waitForURL(path === "/sign-in" ? /\/sign-in(\?next=%2F[^&]*)?$/ : path)
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor()
}

/** Fills fields in, by their labels, and presses a button. */
export async function submit(page: Page, fields: Record<string, string>, button: string): Promise<void> {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value)
  await page.getByRole("button", { name: button, exact: true }).click()
}

/** Creates an account. The page is the profile then. */
export async function signUp(page: Page, username: string): Promise<void> {
  await page.goto("/sign-up")
  await submit(page, { Username: username, Password: password }, "Create account")
  await arrive(page, "/profile", "Profile")
}

/** Signs in. The page is the profile then. */
export async function signIn(page: Page, username: string): Promise<void> {
  await page.goto("/sign-in")
  await submit(page, { Username: username, Password: password }, "Sign in")
  await arrive(page, "/profile", "Profile")
}

/** What a screen reader says about a field besides its label. */
export async function descriptionOf(field: Locator): Promise<string> {
  const ids = (await field.getAttribute("aria-describedby"))?.split(" ") ?? []
  const texts = await Promise.all(ids.map((id) => field.page().locator(`#${id}`).innerText()))
  return texts.join(" ")
}

/** Whether the keyboard's focus is on an element. */
export function hasFocus(element: Locator): Promise<boolean> {
  return element.evaluate((each) => each === document.activeElement)
}

/** Presses Tab until an element has the focus. */
export async function tabTo(element: Locator): Promise<void> {
  await element.waitFor()
  for (let presses = 0; presses < 30; presses++) {
    if (await hasFocus(element)) return
    await element.page().keyboard.press("Tab")
  }
  throw new Error(`The keyboard does not reach ${String(element)}.`)
}

/** Submits a form from a page of another site and resolves to the status of the answer. */
export async function submitFrom(page: Page, site: string, form: string): Promise<number> {
  const address = `${site}/trap`
  await page.route(address, (route) => route.fulfill({ contentType: "text/html", body: form }))
  await page.goto(address)
  const answer = page.waitForResponse((response) => response.request().method() === "POST")
  const loaded = page.waitForEvent("load")
  await page.locator("form").evaluate((each: HTMLFormElement) => each.submit())
  await loaded
  return (await answer).status()
}
