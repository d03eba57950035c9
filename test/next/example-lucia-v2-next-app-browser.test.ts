import { expect, test } from "vitest"
import type { Page } from "playwright-core"
import { describeInBrowser, looks, password, tabTo } from "./example-browser.ts"
import { alert, fillIn, luciaV2Flow, openTutorial, signIn, signOut, signUp } from "./lucia-v2-flow.ts"
import { lintApp } from "./next-app.ts"

describeInBrowser("examples/lucia-v2-next-app", (visit) => {
  test("renders every page for its visitor, and passes the project's linter", async () => {
    const { buildOutput, folder } = visit.built()
    const made = [...buildOutput.matchAll(/^[├└┌] ○ (\S+)/gm)].map(([, path]) => path)
    expect(made).toEqual(["/_not-found", "/icon.svg"])
    expect(await lintApp(folder)).toBe("")
  })

  luciaV2Flow(visit)

  test("sends its forms without JavaScript too", async () => {
    const { app } = await openTutorial(visit)
    const plain = await visit.openBrowser({ baseURL: app.origin, javaScriptEnabled: false })
    for (const [path, button] of [
      ["/signup", "Sign up"],
      ["/login", "Sign in"],
    ] as const) {
      await plain.goto(path)
      await plain.getByLabel("Username").fill("Grace")
      await plain.getByLabel("Password").fill(password)
      await plain.getByRole("button", { name: button }).click()
      await plain.getByText("Username: Grace", { exact: true }).waitFor()
      await plain.getByRole("button", { name: "Sign out" }).click()
      await plain.waitForURL("/login")
    }
  })

  test("can be used with the keyboard alone", async () => {
    const { page } = await openTutorial(visit)
    await signUp(page, "Grace")
    await signOut(page)
    await tabTo(page.getByLabel("Username"))
    await page.keyboard.type("grace")
    await tabTo(page.getByLabel("Password"))
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")
    await page.getByText("Username: Grace", { exact: true }).waitFor()
    await tabTo(page.getByRole("button", { name: "Sign out" }))
    await page.keyboard.press("Enter")
    await page.waitForURL("/login")
  })

  test("fits a phone, in light and dark", async () => {
    const { app, page } = await openTutorial(visit)
    await signUp(page, "tourist")
    for (const [name, options] of Object.entries(looks)) {
      const tourist = await visit.openBrowser({ baseURL: app.origin, ...options })
      await tour(tourist, (label) => visit.photograph(tourist, `${name}-${label}`))
    }
  }, 120_000)
})

async function tour(tourist: Page, photo: (label: string) => Promise<void>): Promise<void> {
  await tourist.goto("/signup")
  await photo("sign-up")
  await fillIn(tourist, "abc", "short", "Sign up")
  await alert(tourist, "Invalid username")
  await photo("sign-up-error")
  await tourist.goto("/login")
  await photo("sign-in")
  await fillIn(tourist, "nobody", password, "Sign in")
  await alert(tourist, "Incorrect username or password")
  await photo("sign-in-error")
  await signIn(tourist, "tourist")
  await photo("profile")
}
