import { chromium } from "playwright-core"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { chromiumPath, hasChromium } from "../../machine.ts"
import type { RunningApp } from "../running-app.ts"

const password = "correct horse battery"

/** Tests of the same pages as `testSignInFlow()`, by a browser that runs their JavaScript. Fails if a page complains in the console. */
export function testBrowserFlow(app: () => RunningApp): void {
  describe.skipIf(!hasChromium("getting-started pages in a browser"))("in a browser", () => {
    let browser: Browser
    let page: Page
    const complaints: string[] = []

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: chromiumPath })
      page = await browser.newPage()
      page.on("pageerror", (error) => complaints.push(String(error)))
      page.on("console", (message) => {
        // The browser itself reports the status of a refused form.
        if (message.type() === "error" && !/status of 4(01|22)|favicon/.test(message.text() + message.location().url))
          complaints.push(message.text())
      })
    })
    afterAll(() => browser?.close())

    test("signs up, survives a reload, signs out, and signs in again", async () => {
      await page.goto(`${app().origin}/sign-up`, { waitUntil: "networkidle" })
      await submit({ username: "Grace", password })
      await page.waitForURL("**/profile")
      await page.reload({ waitUntil: "networkidle" })
      // The address may change before the page does.
      await page.getByRole("heading", { name: "Grace" }).waitFor()

      await page.getByRole("button", { name: /sign out/i }).click()
      await page.waitForURL(/\/(sign-in)?$/)
      await page.goto(`${app().origin}/profile`, { waitUntil: "networkidle" })
      expect(new URL(page.url()).pathname).toBe("/sign-in")

      await submit({ username: "Grace", password: "wrong horse" })
      await page.getByText("Incorrect username or password").waitFor()
      await submit({ username: "grace", password })
      await page.waitForURL("**/profile")
      await page.getByRole("heading", { name: "Grace" }).waitFor()
      expect(complaints).toEqual([])
    })

    async function submit(fields: { username: string; password: string }): Promise<void> {
      await page.getByLabel("Username").fill(fields.username)
      await page.getByLabel("Password").fill(fields.password)
      await page.locator("form button").last().click()
    }
  })
}
