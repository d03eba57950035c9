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

/** The tutorial's application with a separate database, and a visitor. */
export interface TutorialVisit {
  app: RunningApp
  database: DatabaseFile
  page: Page
}

/** A row of the tutorial's table. Times are in milliseconds. */
interface SessionRow {
  id: string
  user_id: string
  active_expires: number
  idle_expires: number
}

const day = 86_400_000

/**
 * Tests the tutorial "Sign in with username and password in Next.js App Router" of Lucia v2 in a browser, inside
 * `describeInBrowser`.
 *
 * The application's database is the file that `DATABASE` names, with the tables of Lucia's guide, and its `node_modules`
 * has `lucia`, `@lucia-auth/adapter-sqlite` and `better-sqlite3`.
 */
export function luciaV2Flow(visit: ExampleVisit): void {
  test("signs up, and keeps of the session only a hash", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const { value, httpOnly, secure, sameSite, path } = await cookieNamed(page, "auth_session")
    expect({ httpOnly, secure, sameSite, path }).toEqual({ httpOnly: true, secure: true, sameSite: "Lax", path: "/" })
    expect(value).toMatch(/^[a-z0-9]{40}$/)
    const [row, ...others] = sessionsOf(database.db)
    expect(others).toEqual([])
    expect(row!.id).toBe(sha256(value))
    expect(row!.idle_expires - row!.active_expires).toBe(14 * day)
    expect(keysOf(database.db)).toEqual(["username:grace"])
    expect(JSON.stringify(database.db.prepare("SELECT * FROM user_key").all())).toMatch(/s2:[a-z0-9]{16}:[0-9a-f]{128}/)
  })

  test("shows what is wrong, and takes the form again", async () => {
    const { database, page } = await openTutorial(visit)
    await page.goto("/signup")
    await fillIn(page, "abc", password, "Sign up")
    await alert(page, "Invalid username")
    await fillIn(page, "grace", "short", "Sign up")
    await alert(page, "Invalid password")
    expect(await page.getByLabel("Username").inputValue()).toBe("grace")
    expect(await page.context().cookies()).toEqual([])
    await fillIn(page, "grace", password, "Sign up")
    await arriveAtProfile(page, "grace")
    expect(sessionsOf(database.db)).toHaveLength(1)
  })

  test("gives a username to one user only, however it is written", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const other = await visit.openBrowser({ baseURL: app.origin })
    for (const username of ["Grace", "GRACE", "grace"]) {
      await other.goto("/signup")
      await fillIn(other, username, "another password", "Sign up")
      await alert(other, "Username already taken")
    }
    expect(await other.context().cookies()).toEqual([])
    expect(countUsers(database.db)).toBe(1)
    expect(keysOf(database.db)).toEqual(["username:grace"])
  })

  test("says the same to a wrong password and an unknown user, and knows another spelling", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const other = await visit.openBrowser({ baseURL: app.origin })
    await other.goto("/login")
    for (const [username, guess] of [
      ["Grace", "wrong horse"],
      ["nobody", password],
    ] as const) {
      await fillIn(other, username, guess, "Sign in")
      await alert(other, "Incorrect username or password")
    }
    expect(await other.context().cookies()).toEqual([])
    await fillIn(other, "GRACE", password, "Sign in")
    await arriveAtProfile(other, "Grace")
    expect(sessionsOf(database.db)).toHaveLength(2)
  })

  test("redirects signed-out visitors to the sign-in page, and signed-in users away from it", async () => {
    const { page } = await openTutorial(visit)
    await page.goto("/")
    await arrive(page, "/login", "Sign in")
    await page.getByRole("link", { name: "Create an account" }).click()
    await arrive(page, "/signup", "Sign up")
    await signUp(page, "Grace")
    for (const path of ["/login", "/signup"]) {
      await page.goto(path)
      await arriveAtProfile(page, "Grace")
    }
  })

  test("signs out: the cookie and the row are gone, and the value that it had signs nobody in", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const { value } = await cookieNamed(page, "auth_session")
    await page.goto("/?again")
    await signOut(page)
    expect(await page.context().cookies()).toEqual([])
    expect(sessionsOf(database.db)).toEqual([])

    await page.goBack()
    await arrive(page, "/login", "Sign in")
    expect(await page.content()).not.toContain("Grace")
    await signIn(page, "Grace")
    await replaceCookie(page, "auth_session", value)
    await page.goto("/")
    await arrive(page, "/login", "Sign in")
  })

  test("signing out where the session has ended elsewhere says that it did not work", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    database.db.exec("DELETE FROM user_session")
    await press(page, "Sign out")
    await alert(page, "That did not work. Reload the page and try again.")
    await page.reload()
    await arrive(page, "/login", "Sign in")
  })

  test("what a thief reads in the table signs nobody in", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const [row] = sessionsOf(database.db)
    await replaceCookie(page, "auth_session", row!.id)
    await page.goto("/")
    await arrive(page, "/login", "Sign in")
    expect(sessionsOf(database.db)).toEqual([row])
  })

  test("a session survives a restart of the server, and a close of the browser", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const { expires } = await cookieNamed(page, "auth_session")
    expect(expires * 1000).toBeGreaterThan(Date.now() + 364 * day)
    // A page that still loads something would complain of the server's end.
    await page.goto("about:blank")
    await app.stop()
    const restarted = await start(database)
    await page.goto(restarted.origin)
    await arrive(page, `${restarted.origin}/`, "Profile")
  })

  test("an idle session is renewed under its id, and a dead one has ended", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const { value } = await cookieNamed(page, "auth_session")
    const now = Date.now()
    setPeriods(database.db, now - 1000, now + day)
    await page.goto("/")
    await arriveAtProfile(page, "Grace")
    const [row] = sessionsOf(database.db)
    expect(row!.id).toBe(sha256(value))
    expect(row!.active_expires).toBeGreaterThanOrEqual(now + day)
    expect(row!.idle_expires).toBe(row!.active_expires + 14 * day)
    expect((await cookieNamed(page, "auth_session")).value).toBe(value)

    setPeriods(database.db, now - day, now - 1000)
    await page.goto("/")
    await arrive(page, "/login", "Sign in")
  })

  test("an active session is only read", async () => {
    const { database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const before = sessionsOf(database.db)
    await page.goto("/")
    await arriveAtProfile(page, "Grace")
    expect(sessionsOf(database.db)).toEqual(before)
  })

  test("a user and a cookie that Lucia v2 made are good as they are, and the row becomes a hash", async () => {
    const { app, database, page } = await openTutorial(visit)
    // The first visit makes the tables.
    await page.goto("/login")
    const old = await openOldLucia(visit.built(), database)
    const key = { providerId: "username", providerUserId: "grace", password }
    const { userId } = await old.createUser({ key, attributes: { username: "Grace" } })
    const { sessionId } = await old.createSession({ userId, attributes: {} })
    const { name, value } = old.createSessionCookie({ sessionId, idlePeriodExpiresAt: new Date() })
    const [row] = sessionsOf(database.db)
    expect(row).toMatchObject({ id: value, user_id: userId })

    await page.context().addCookies([{ name, value, url: app.origin, httpOnly: true, secure: true, sameSite: "Lax" }])
    await page.goto("/")
    await arriveAtProfile(page, "Grace")
    await page.getByText(`User id: ${userId}`).waitFor()
    expect((await cookieNamed(page, name)).value).toBe(value)
    expect(sessionsOf(database.db)).toEqual([{ ...row, id: sha256(value) }])

    await page.reload()
    await arriveAtProfile(page, "Grace")
    await signOut(page)
    expect(sessionsOf(database.db)).toEqual([])
    await signIn(page, "grace")
    await arriveAtProfile(page, "Grace")
  })

  test("an idle session that Lucia v2 made is renewed as a hash, and a dead one has ended", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const [own] = sessionsOf(database.db)
    const now = Date.now()
    const [idle, dead] = ["a".repeat(40), "b".repeat(40)] as const
    insertSession(database.db, { ...own!, id: idle, active_expires: now - 1000, idle_expires: now + day })
    insertSession(database.db, { ...own!, id: dead, active_expires: now - day, idle_expires: now - 1000 })
    for (const [value, path] of [
      [idle, "/"],
      [dead, "/login"],
    ] as const) {
      const other = await visit.openBrowser({ baseURL: app.origin })
      await other.context().addCookies([{ name: "auth_session", value, url: app.origin }])
      await other.goto("/")
      await other.waitForURL(path)
    }
    const renewed = sessionsOf(database.db).find(({ id }) => id === sha256(idle))
    expect(renewed!.idle_expires).toBeGreaterThanOrEqual(now + 15 * day)
    const ids = sessionsOf(database.db).map(({ id }) => id)
    expect(ids).not.toContain(idle)
    expect(ids).not.toContain(sha256(dead))
  })

  test("a cookie of another's making, which no decoder reads, harms nobody", async () => {
    const { app, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const { value } = await cookieNamed(page, "auth_session")
    const headers = { Cookie: `other=%E0%A4%A; auth_session=${value}` }
    const response = await fetch(app.origin, { headers })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain("Grace")
  })

  test("no form of another site does anything, nor one of no origin", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    const before = [countUsers(database.db), sessionsOf(database.db)]
    for (const site of ["http://evil.example", "http://localhost:9", app.origin.replace("localhost", "127.0.0.1")]) {
      expect(await submitFrom(page, site, form(app, "/api/signup", "mallory"))).toBe(403)
      expect(await submitFrom(page, site, form(app, "/api/login", "grace"))).toBe(403)
      expect(await submitFrom(page, site, form(app, "/api/logout"))).toBe(401)
    }
    const { value } = await cookieNamed(page, "auth_session")
    for (const headers of [{}, { Origin: "null" }, { Origin: "https://evil.example" }] as Record<string, string>[]) {
      const init = { method: "POST", headers: { Cookie: `auth_session=${value}`, ...headers } }
      const statuses = []
      for (const path of ["/api/signup", "/api/login", "/api/logout"])
        statuses.push((await fetch(app.origin + path, init)).status)
      expect(statuses).toEqual([403, 403, 401])
    }
    expect([countUsers(database.db), sessionsOf(database.db)]).toEqual(before)

    // The same forms, sent by the site itself: it is the origin that was refused.
    expect(await submitFrom(page, app.origin, form(app, "/api/logout"))).toBe(302)
    expect(await submitFrom(page, app.origin, form(app, "/api/login", "grace"))).toBe(302)
    expect(await submitFrom(page, app.origin, form(app, "/api/signup", "hedy"))).toBe(302)
    expect(countUsers(database.db)).toBe(2)
    expect(sessionsOf(database.db)).toHaveLength(2)
  })

  test("what is not a form, or holds no text, is answered as what it is", async () => {
    const { app } = await openTutorial(visit)
    const file = new FormData()
    file.append("username", new Blob(["grace"]), "name.txt")
    const bodies = [undefined, "{", "username=grace", new URLSearchParams({ username: "grace" }), file]
    for (const path of ["/api/signup", "/api/login"]) {
      for (const [at, body] of bodies.entries()) {
        const init = { method: "POST", headers: { Origin: app.origin }, ...(body && { body }) }
        const response = await fetch(app.origin + path, init)
        expect(response.status, `${path} ${at}`).toBe(400)
        expect(await response.json()).toEqual({ error: expect.stringMatching(/^Invalid (username|password)$/) })
      }
      expect((await fetch(app.origin + path)).status).toBe(405)
    }
  })

  test("a failing database is an error, and not a wrong password", async () => {
    const { app, database, page } = await openTutorial(visit)
    await signUp(page, "Grace")
    database.db.exec("ALTER TABLE user_session RENAME TO lost")
    const body = new URLSearchParams({ username: "Grace", password })
    const response = await fetch(`${app.origin}/api/login`, { method: "POST", headers: { Origin: app.origin }, body })
    expect([response.status, await response.json()]).toEqual([500, { error: "An unknown error occurred" }])
    expect(response.headers.getSetCookie()).toEqual([])
    expect(app.output()).toContain("user_session")
    expect(app.output()).not.toContain(password)
    expect(app.output()).not.toContain((await cookieNamed(page, "auth_session")).value)
  })
}

/** Starts the application over an empty database, and opens a browser. Its server must report no error. */
export async function openTutorial(visit: ExampleVisit): Promise<TutorialVisit> {
  const database = await visit.createDatabase()
  const app = await start(database)
  return { app, database, page: await visit.openBrowser({ baseURL: app.origin }) }
}

/** Creates an account. The page is the profile then. */
export async function signUp(page: Page, username: string): Promise<void> {
  await page.goto("/signup")
  await fillIn(page, username, password, "Sign up")
  await arriveAtProfile(page, username)
}

/** Signs in. The page is the profile then. */
export async function signIn(page: Page, username: string): Promise<void> {
  await page.goto("/login")
  await fillIn(page, username, password, "Sign in")
  await arrive(page, "/", "Profile")
}

/** Signs out from the profile. The page is the one to sign in then. */
export async function signOut(page: Page): Promise<void> {
  await press(page, "Sign out")
  await arrive(page, "/login", "Sign in")
}

/** Sends the form of the page that is open. */
export async function fillIn(page: Page, username: string, secret: string, button: string): Promise<void> {
  await waitForScripts(page)
  await submit(page, { Username: username, Password: secret }, button)
}

/** Waits for the form's message. */
export async function alert(page: Page, text: string): Promise<void> {
  await page.locator("main").getByRole("alert").getByText(text, { exact: true }).waitFor()
}

async function press(page: Page, button: string): Promise<void> {
  await waitForScripts(page)
  await page.getByRole("button", { name: button, exact: true }).click()
}

async function arriveAtProfile(page: Page, username: string): Promise<void> {
  await arrive(page, "/", "Profile")
  await page.getByText(`Username: ${username}`, { exact: true }).waitFor()
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

function form(app: RunningApp, path: string, username = ""): string {
  return `<form method="post" action="${app.origin}${path}">
    <input name="username" value="${username}"><input name="password" value="${password}"></form>`
}

interface OldLucia {
  createUser(options: { key: object; attributes: object }): Promise<{ userId: string }>
  createSession(options: { userId: string; attributes: object }): Promise<{ sessionId: string }>
  createSessionCookie(session: { sessionId: string; idlePeriodExpiresAt: Date }): { name: string; value: string }
}

// The real one, from the packages that the application has.
async function openOldLucia({ folder }: BuiltApp, { db }: DatabaseFile): Promise<OldLucia> {
  const [{ lucia }, { betterSqlite3 }, { default: sqlite }] = await Promise.all([
    importFrom(folder, "lucia/dist/index.js"),
    importFrom(folder, "@lucia-auth/adapter-sqlite/dist/index.js"),
    importFrom(folder, "better-sqlite3/lib/index.js"),
  ])
  const database = sqlite(db.location())
  onTestFinished(() => database.close())
  const tables = { user: "user", key: "user_key", session: "user_session" }
  return lucia({ adapter: betterSqlite3(database, tables), env: "PROD" })
}

// eslint-disable-next-line typescript/no-explicit-any -- packages that this project does not have
async function importFrom(folder: string, file: string): Promise<any> {
  return import(pathToFileURL(join(folder, "node_modules", file)).href)
}

function sessionsOf(db: DatabaseSync): SessionRow[] {
  const rows = db.prepare("SELECT id, user_id, active_expires, idle_expires FROM user_session ORDER BY rowid").all()
  return rows.map(({ id, user_id, active_expires, idle_expires }) => ({
    id: String(id),
    user_id: String(user_id),
    active_expires: Number(active_expires),
    idle_expires: Number(idle_expires),
  }))
}

function insertSession(db: DatabaseSync, { id, user_id, active_expires, idle_expires }: SessionRow): void {
  db.prepare("INSERT INTO user_session (id, user_id, active_expires, idle_expires) VALUES (?, ?, ?, ?)").run(
    id,
    user_id,
    active_expires,
    idle_expires,
  )
}

function setPeriods(db: DatabaseSync, active: number, idle: number): void {
  db.prepare("UPDATE user_session SET active_expires = ?, idle_expires = ?").run(active, idle)
}

function keysOf(db: DatabaseSync): string[] {
  return db
    .prepare("SELECT id FROM user_key ORDER BY id")
    .all()
    .map(({ id }) => String(id))
}

function countUsers(db: DatabaseSync): number {
  return Number(db.prepare("SELECT count(*) AS count FROM user").get()?.count)
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
