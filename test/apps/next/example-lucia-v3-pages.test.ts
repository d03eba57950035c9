import { expect, test } from "vitest"
import { cookieNamed, describeInBrowser, password } from "./example-browser.ts"
import { fillIn, luciaV3Flow, openTutorial, photographAll, signUp, tutorialPaths } from "./lucia-v3-flow.ts"
import { lintApp } from "./next-app.ts"

const paths = tutorialPaths

describeInBrowser("examples/lucia-v3-next-pages", (visit) => {
  luciaV3Flow(visit, paths)

  test("passes the project's linter", async () => {
    expect(await lintApp(visit.built().folder)).toBe("")
  })

  test("answers 400 to whatever else a form can hold, and says why", async () => {
    const { app } = await openTutorial(visit)
    const six = Array(6).fill("x")
    const odd = [null, 1, "text", [1, 2], {}, { username: six, password }, { username: ["ada"], password: six }]
    for (const path of ["/api/signup", "/api/login"]) {
      for (const body of odd) {
        expect(await post(app.origin, path, body)).toEqual([400, { error: "Invalid username" }])
      }
      for (const secret of [undefined, null, 1234567, six, {}, "short", "x".repeat(256)]) {
        const answer = await post(app.origin, path, { username: "ada", password: secret })
        expect(answer).toEqual([400, { error: "Invalid password" }])
      }
    }
  })

  test("of two who take a name at once one gets it, and the other 400", async () => {
    const { app } = await openTutorial(visit)
    const body = { username: "ada", password }
    const answers = await Promise.all([1, 2].map(() => post(app.origin, "/api/signup", body)))
    expect(answers.toSorted(([a], [b]) => a - b)).toEqual([
      [200, null],
      [400, { error: "Username already used" }],
    ])
  })

  test("answers HEAD as it answers GET, and no API route answers either", async () => {
    const { app } = await openTutorial(visit)
    for (const method of ["GET", "HEAD"]) {
      expect((await fetch(`${app.origin}/login`, { method })).status).toBe(200)
      for (const path of ["signup", "login", "logout"]) {
        expect((await fetch(`${app.origin}/api/${path}`, { method })).status).toBe(404)
      }
    }
  })

  test("a response keeps the cookies that it had when it signs out", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const { value } = await cookieNamed(page, "auth_session")
    // Past half of its lifetime: the session is extended first.
    database.db.prepare("UPDATE session SET expires_at = ?").run(Math.floor(Date.now() / 1000) + 86_400)
    const headers = { Origin: app.origin, Cookie: `auth_session=${value}` }
    const left = await fetch(`${app.origin}/api/logout`, { method: "POST", headers })
    expect(left.headers.getSetCookie()).toEqual([
      `auth_session=${value}; HttpOnly; Max-Age=2592000; Path=/; SameSite=Lax; Secure`,
      "auth_session=; HttpOnly; Max-Age=0; Path=/; SameSite=Lax; Secure",
    ])
    expect((await fetch(`${app.origin}/api/logout`, { method: "POST", headers })).status).toBe(401)
  })

  test("a session that is extended gets its cookie again, and one that is over loses it", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const { value } = await cookieNamed(page, "auth_session")
    database.db.prepare("UPDATE session SET expires_at = ?").run(Math.floor(Date.now() / 1000) + 86_400)
    const headers = { Cookie: `auth_session=${value}` }
    const extended = await fetch(app.origin, { headers })
    expect(extended.headers.getSetCookie()[0]).toContain(`auth_session=${value};`)
    database.db.prepare("DELETE FROM session").run()
    const ended = await fetch(app.origin, { headers, redirect: "manual" })
    expect(ended.headers.getSetCookie()[0]).toContain("auth_session=;")
  })

  test("says so when an answer is none, and when nobody was signed out", async () => {
    const { page } = await openTutorial(visit)
    await page.goto("/signup")
    await page.route("**/api/*", (route) => route.fulfill({ status: 403, body: "" }))
    await fillIn(page, "ada")
    await page.getByText("An unknown error occurred", { exact: true }).waitFor()
    await page.unroute("**/api/*")
    await signUp(page, paths, "ada")
    await page.route("**/api/*", (route) => route.fulfill({ status: 403, body: "" }))
    await page.getByRole("button", { name: "Sign out" }).click()
    await page.getByText("You are still signed in. Try again.").waitFor()
  })

  test("every page fits a phone, in light and dark", async () => {
    const { page } = await openTutorial(visit)
    await photographAll(visit, page, paths)
  })
})

async function post(origin: string, path: string, body: unknown): Promise<[status: number, answer: unknown]> {
  const headers = { "Content-Type": "application/json", Origin: origin }
  const response = await fetch(origin + path, { method: "POST", headers, body: JSON.stringify(body) })
  const text = await response.text()
  return [response.status, text ? JSON.parse(text) : null]
}
