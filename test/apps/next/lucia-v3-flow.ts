import { createHash } from "node:crypto"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import type { Page } from "playwright-core"
import { expect, onTestFinished, test } from "vitest"
import { arrive, cookieNamed, password, replaceCookie, submit, submitFrom } from "./example-browser.ts"
import type { DatabaseFile, ExampleVisit } from "./example-browser.ts"
import type { BuiltApp } from "./next-app.ts"
import type { RunningApp } from "../running-app.ts"

/** Where an application has the pages of Lucia's tutorial. */
export interface LuciaV3Paths {
  /** For members only: it greets them, and has the button to sign out. */
  home: string
  signUp: string
  signIn: string
}

/** The paths of the tutorials. */
export const tutorialPaths: LuciaV3Paths = { home: "/", signUp: "/signup", signIn: "/login" }

/** What an application makes of sessions. The default is the drop-in's. */
export interface KeptSessions {
  /** What the cookie of a new session looks like. */
  token?: RegExp
  /** What becomes of the row's id when a cookie of Lucia's is used. */
  movedId?: (cookie: string) => unknown
  /** Whether a page replaces a cookie of Lucia's. Server Components cannot. */
  replacesCookie?: boolean
}

/** An application with a separate database, and a visitor. */
export interface TutorialVisit {
  app: RunningApp
  database: DatabaseFile
  page: Page
}

/** A row of the tutorial's table. */
interface SessionRow {
  id: string
  /** In seconds. */
  expires_at: number
  user_id: string
}

const month = 30 * 86_400

/**
 * Tests the tutorial "Username and password" of Lucia v3 in a browser, inside `describeInBrowser`.
 *
 * The application's database is the file that `DATABASE` names, with the tutorial's tables, and its `node_modules` has
 * `lucia`, `@lucia-auth/adapter-sqlite` and `better-sqlite3`.
 */
export function luciaV3Flow(visit: ExampleVisit, paths: LuciaV3Paths, kept: KeptSessions = {}): void {
  const { token = /^[a-z2-7]{40}$/, movedId = sha256, replacesCookie = false } = kept

  test("signs up, and keeps of the session only a hash", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const { value, httpOnly, secure, sameSite } = await cookieNamed(page, "auth_session")
    expect({ httpOnly, secure, sameSite }).toEqual({ httpOnly: true, secure: true, sameSite: "Lax" })
    expect(value).toMatch(token)
    expect(sessionsOf(database.db).map(({ id }) => id)).toEqual([sha256(value)])
  })

  test("shows what is wrong, and takes the form again", async () => {
    const { database, page } = await openTutorial(visit)
    await page.goto(paths.signUp)
    await fillIn(page, "a b")
    await page.getByText("Invalid username", { exact: true }).waitFor()
    await fillIn(page, "ada", "short")
    await page.getByText("Invalid password", { exact: true }).waitFor()
    expect(await page.context().cookies()).toEqual([])
    await fillIn(page, "ada")
    await arrive(page, paths.home, "Hi, ada!")
    expect(sessionsOf(database.db)).toHaveLength(1)
  })

  test("gives a username to one user only", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const other = await visit.openBrowser({ baseURL: app.origin })
    await other.goto(paths.signUp)
    await fillIn(other, "ada")
    await other.getByText("Username already used", { exact: true }).waitFor()
    expect(await other.context().cookies()).toEqual([])
    expect(countUsers(database.db)).toBe(1)
  })

  test("says the same to a wrong password and an unknown user, and signs in", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const other = await visit.openBrowser({ baseURL: app.origin })
    for (const [username, guess] of [
      ["ada", "wrong horse"],
      ["nobody", password],
    ] as const) {
      await other.goto(paths.signIn)
      await fillIn(other, username, guess)
      await other.getByText("Incorrect username or password", { exact: true }).waitFor()
    }
    expect(await other.context().cookies()).toEqual([])
    await fillIn(other, "ada")
    await arrive(other, paths.home, "Hi, ada!")
    expect(sessionsOf(database.db)).toHaveLength(2)
  })

  test("redirects signed-out visitors to the sign-in page, and signed-in users away from it", async () => {
    const { page } = await openTutorial(visit)
    await page.goto(paths.home)
    await arrive(page, paths.signIn, "Sign in")
    await signUp(page, paths, "ada")
    for (const path of [paths.signIn, paths.signUp]) {
      await page.goto(path)
      await arrive(page, paths.home, "Hi, ada!")
    }
  })

  test("signs out: the cookie and the row are gone, and the value that it had signs nobody in", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const { value } = await cookieNamed(page, "auth_session")
    await signOut(page, paths)
    expect(await page.context().cookies()).toEqual([])
    expect(sessionsOf(database.db)).toEqual([])

    await page.goBack()
    await arrive(page, paths.signIn, "Sign in")
    await signIn(page, paths, "ada")
    await replaceCookie(page, "auth_session", value)
    await page.goto(paths.home)
    await arrive(page, paths.signIn, "Sign in")
  })

  test("what a thief reads in the table signs nobody in", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const [row] = sessionsOf(database.db)
    await replaceCookie(page, "auth_session", row!.id)
    await page.goto(paths.home)
    await arrive(page, paths.signIn, "Sign in")
    expect(sessionsOf(database.db)).toEqual([row])
  })

  test("a session survives a restart of the server", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    await page.goto("about:blank")
    await app.stop()
    const restarted = await start(database)
    await page.goto(restarted.origin + paths.home)
    await arrive(page, restarted.origin + paths.home, "Hi, ada!")
  })

  test("a session past half of its lifetime is extended, and one that is over has ended", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const { value } = await cookieNamed(page, "auth_session")
    setDeadline(database.db, seconds() + month / 3)
    await page.goto(paths.home)
    await arrive(page, paths.home, "Hi, ada!")
    expect(sessionsOf(database.db)[0]!.expires_at).toBeGreaterThan(seconds() + month - 60)
    expect((await cookieNamed(page, "auth_session")).value).toBe(value)

    setDeadline(database.db, seconds() - 1)
    await page.goto(paths.home)
    await arrive(page, paths.signIn, "Sign in")
  })

  test("a cookie that Lucia v3 made signs in as it is, and the row becomes a hash", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const [own] = sessionsOf(database.db)
    const old = await openOldLucia(visit.built(), database)
    const { id, expiresAt } = await old.lucia.createSession(own!.user_id, {})
    const { name, value } = old.lucia.createSessionCookie(id)
    const row = { id, expires_at: Math.floor(expiresAt.getTime() / 1000), user_id: own!.user_id }
    expect(sessionsOf(database.db)).toContainEqual(row)

    const other = await visit.openBrowser({ baseURL: app.origin })
    await other.context().addCookies([{ name, value, url: app.origin, httpOnly: true, secure: true, sameSite: "Lax" }])
    await other.goto(paths.home)
    await arrive(other, paths.home, "Hi, ada!")
    const cookie = await cookieNamed(other, name)
    expect(cookie.value).toEqual(replacesCookie ? expect.stringMatching(token) : id)
    expect(sessionsOf(database.db)).toHaveLength(2)
    expect(sessionsOf(database.db)).toContainEqual({ ...row, id: replacesCookie ? sha256(cookie.value) : movedId(id) })

    await other.reload()
    await arrive(other, paths.home, "Hi, ada!")
    await signOut(other, paths)
    expect(sessionsOf(database.db)).toEqual([own])
  })

  test("a cookie of another's making, which no decoder reads, harms nobody", async () => {
    const { app, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const { value } = await cookieNamed(page, "auth_session")
    const headers = { Cookie: `other=%E0%A4%A; auth_session=${value}` }
    const response = await fetch(app.origin + paths.home, { headers })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain("ada")
  })

  test("no form of another site does anything, nor one without an origin", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, paths, "ada")
    const forms = await collectForms(visit, app, paths, page)
    const before = [countUsers(database.db), sessionsOf(database.db)]
    for (const site of ["http://evil.example", "http://localhost:9"]) {
      const statuses = []
      for (const form of Object.values(forms)) statuses.push(await submitFrom(page, site, form))
      expect(statuses).toEqual([403, 403, 403])
    }
    for (const path of Object.values(paths) as string[]) {
      for (const headers of [{}, { Origin: "null" }] as Record<string, string>[]) {
        expect((await fetch(app.origin + path, { method: "POST", headers })).status).toBe(403)
      }
    }
    expect([countUsers(database.db), sessionsOf(database.db)]).toEqual(before)

    // The same forms, sent by the site itself: it is the origin that was refused.
    expect(await submitFrom(page, app.origin, forms.signUp)).toBeLessThan(400)
    expect(await submitFrom(page, app.origin, forms.signIn)).toBeLessThan(400)
    expect(countUsers(database.db)).toBe(2)
    expect(sessionsOf(database.db)).toHaveLength(3)
    expect(await submitFrom(page, app.origin, forms.signOut)).toBeLessThan(400)
    expect(sessionsOf(database.db)).toHaveLength(2)
  })
}

/** Starts the application over an empty database, and opens a browser. Its server must report no error. */
export async function openTutorial(visit: ExampleVisit): Promise<TutorialVisit> {
  const database = await visit.createDatabase()
  const app = await start(database)
  return { app, database, page: await visit.openBrowser({ baseURL: app.origin }) }
}

/** Creates an account. The page is the greeting then. */
export async function signUp(page: Page, paths: LuciaV3Paths, username: string): Promise<void> {
  await page.goto(paths.signUp)
  await fillIn(page, username)
  await arrive(page, paths.home, `Hi, ${username}!`)
}

/** Signs in. The page is the greeting then. */
export async function signIn(page: Page, paths: LuciaV3Paths, username: string): Promise<void> {
  await page.goto(paths.signIn)
  await fillIn(page, username)
  await arrive(page, paths.home, `Hi, ${username}!`)
}

/** Signs out from the greeting. The page is the one to sign in then. */
export async function signOut(page: Page, paths: LuciaV3Paths): Promise<void> {
  await waitForScripts(page)
  await page.getByRole("button", { name: "Sign out", exact: true }).click()
  await arrive(page, paths.signIn, "Sign in")
}

/** Sends the tutorial's form of the page that is open. */
export async function fillIn(page: Page, username: string, secret = password): Promise<void> {
  await waitForScripts(page)
  await submit(page, { Username: username, Password: secret }, "Continue")
}

/** Takes pictures of every page. */
export async function photographAll({ photograph }: ExampleVisit, page: Page, paths: LuciaV3Paths): Promise<void> {
  await page.goto("/nowhere")
  await photograph(page, "nowhere")
  await page.goto(paths.signIn)
  await photograph(page, "sign-in")
  await fillIn(page, "ada")
  await page.getByText("Incorrect username or password").waitFor()
  await photograph(page, "sign-in-wrong")
  await page.goto(paths.signUp)
  await photograph(page, "sign-up")
  await signUp(page, paths, "a".repeat(31))
  await photograph(page, "home")
}

async function start(database: DatabaseFile): Promise<RunningApp> {
  const app = await database.start()
  onTestFinished(() => expect(app.output()).not.toContain("⨯"))
  return app
}

// Before React has the form, its button sends it as plain HTML.
async function waitForScripts(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const form = document.querySelector("form")
    return form && Object.keys(form).some((key) => key.startsWith("__reactProps"))
  })
}

interface OldLucia {
  lucia: {
    createSession(userId: string, attributes: object): Promise<{ id: string; expiresAt: Date }>
    createSessionCookie(id: string): { name: string; value: string }
  }
}

// The real one, from the packages that the application has.
async function openOldLucia({ folder }: BuiltApp, { db }: DatabaseFile): Promise<OldLucia> {
  const [{ Lucia }, { BetterSqlite3Adapter }, { default: sqlite }] = await Promise.all([
    importFrom(folder, "lucia/dist/index.js"),
    importFrom(folder, "@lucia-auth/adapter-sqlite/dist/index.js"),
    importFrom(folder, "better-sqlite3/lib/index.js"),
  ])
  const database = sqlite(db.location())
  onTestFinished(() => database.close())
  return { lucia: new Lucia(new BetterSqlite3Adapter(database, { user: "user", session: "session" })) }
}

// eslint-disable-next-line typescript/no-explicit-any -- packages that this project does not have
async function importFrom(folder: string, file: string): Promise<any> {
  return import(pathToFileURL(join(folder, "node_modules", file)).href)
}

interface Forms {
  signUp: string
  signIn: string
  signOut: string
}

async function collectForms(visit: ExampleVisit, app: RunningApp, paths: LuciaV3Paths, page: Page): Promise<Forms> {
  const plain = await visit.openBrowser({ baseURL: app.origin, javaScriptEnabled: false })
  const signUp = await formOf(plain, paths.signUp, "eve")
  const signIn = await formOf(plain, paths.signIn, "ada")
  await plain.context().addCookies(await page.context().cookies())
  return { signUp, signIn, signOut: await formOf(plain, paths.home) }
}

// As it is without JavaScript, filled in, to be sent from anywhere.
async function formOf(page: Page, path: string, username?: string): Promise<string> {
  await page.goto(path)
  if (username) {
    await page.getByLabel("Username").fill(username)
    await page.getByLabel("Password").fill(password)
  }
  return page.locator("form").evaluate((form: HTMLFormElement) => {
    for (const input of form.querySelectorAll("input")) input.setAttribute("value", input.value)
    const inputs = [...form.querySelectorAll("input")].map((input) => input.outerHTML).join("")
    return `<form method="post" enctype="${form.enctype}" action="${form.action}">${inputs}</form>`
  })
}

function sessionsOf(db: DatabaseSync): SessionRow[] {
  const rows = db.prepare("SELECT id, expires_at, user_id FROM session ORDER BY rowid").all()
  return rows.map(({ id, expires_at, user_id }) => ({
    id: String(id),
    expires_at: Number(expires_at),
    user_id: String(user_id),
  }))
}

function setDeadline(db: DatabaseSync, deadline: number): void {
  db.prepare("UPDATE session SET expires_at = ?").run(deadline)
}

function countUsers(db: DatabaseSync): number {
  return Number(db.prepare("SELECT count(*) AS count FROM user").get()?.count)
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
