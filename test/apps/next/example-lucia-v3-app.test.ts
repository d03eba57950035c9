import type { Locator } from "playwright-core"
import { expect, test } from "vitest"
import { arrive, cookieNamed, describeInBrowser, password, submit } from "./example-browser.ts"
import { fillIn, luciaV3Flow, openTutorial, photographAll, signUp, tutorialPaths } from "./lucia-v3-flow.ts"
import { lintApp } from "./next-app.ts"

const paths = tutorialPaths

describeInBrowser("examples/lucia-v3-next-app", (visit) => {
  luciaV3Flow(visit, paths)

  test("renders every page for its visitor, and passes the project's linter", async () => {
    const made = [...visit.built().buildOutput.matchAll(/^[├└┌] ([○ƒ]) (\/\w*)$/gm)].map(
      ([, kind, path]) => kind! + path,
    )
    expect(made).toEqual(["ƒ/", "ƒ/login", "ƒ/signup"])
    expect(await lintApp(visit.built().folder)).toBe("")
  })

  test("the cookie outlives the session's deadline, which the page may extend and the cookie cannot follow", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const { expires } = await cookieNamed(page, "auth_session")
    expect(expires).toBeGreaterThan(Date.now() / 1000 + 399 * 86_400)
    database.db.prepare("UPDATE session SET expires_at = ?").run(Math.floor(Date.now() / 1000) + 86_400)
    await page.goto("/")
    await arrive(page, "/", "Hi, ada!")
    expect((await cookieNamed(page, "auth_session")).expires).toBe(expires)
  })

  test("keeps what was typed when the answer is an error", async () => {
    const { page } = await openTutorial(visit)
    await page.goto("/login")
    await fillIn(page, "nobody")
    await page.getByText("Incorrect username or password").waitFor()
    expect(await page.getByLabel("Username").inputValue()).toBe("nobody")
    expect(await page.getByLabel("Password").inputValue()).toBe(password)
  })

  test("answers an error to whatever else a form can hold", async () => {
    const { app } = await openTutorial(visit)
    const page = await visit.openBrowser({ baseURL: app.origin, javaScriptEnabled: false })
    for (const path of ["/signup", "/login"]) {
      await page.goto(path)
      await chooseFile(page.getByLabel("Username"))
      await submit(page, { Password: password }, "Continue")
      await page.getByText("Invalid username", { exact: true }).waitFor()
      await page.goto(path)
      await chooseFile(page.getByLabel("Password"))
      await submit(page, { Username: "ada" }, "Continue")
      await page.getByText("Invalid password", { exact: true }).waitFor()
    }
  })

  test("works without JavaScript", async () => {
    const { app } = await openTutorial(visit)
    const plain = await visit.openBrowser({ baseURL: app.origin, javaScriptEnabled: false })
    await plain.goto("/signup")
    await submit(plain, { Username: "ada", Password: "short" }, "Continue")
    await plain.getByText("Invalid password", { exact: true }).waitFor()
    await submit(plain, { Username: "ada", Password: password }, "Continue")
    await arrive(plain, "/", "Hi, ada!")
    await submit(plain, {}, "Sign out")
    await arrive(plain, "/login", "Sign in")
    expect(await plain.context().cookies()).toEqual([])
    await submit(plain, { Username: "ada", Password: password }, "Continue")
    await arrive(plain, "/", "Hi, ada!")
  })

  test("who is signed out already gets to the sign-in page", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    database.db.prepare("DELETE FROM session").run()
    await page.getByRole("button", { name: "Sign out" }).click()
    await arrive(page, "/login", "Sign in")
    expect(await page.context().cookies()).toEqual([])
  })

  test("every page fits a phone, in light and dark", async () => {
    const { page } = await openTutorial(visit)
    await photographAll(visit, page, paths)
  })
})

// A field may hold a file, whatever the page asks for.
async function chooseFile(field: Locator): Promise<void> {
  await field.evaluate((input: HTMLInputElement) => (input.type = "file"))
  await field.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from(password) })
}
