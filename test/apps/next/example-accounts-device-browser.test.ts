import type { IncomingMessage } from "node:http"
import type { BrowserContextOptions, Cookie, Page } from "playwright-core"
import { expect, test } from "vitest"
import { argumentsOf } from "../../device/chromium/browser.ts"
import { makeCertificate } from "../../device/chromium/certificate.ts"
import {
  codeField,
  codeOf,
  continueAs,
  describeAccounts,
  downloadData,
  goToProvider,
  passMinutes,
  seeActivity,
  setUpApp,
  signInByPassword,
  signUp,
} from "./example-accounts.ts"
import { arrive, cookieNamed, submit } from "./example-browser.ts"
import type { ExampleVisit } from "./example-browser.ts"
import { startTlsProxy } from "./tls-proxy.ts"

const certificate = makeCertificate(["localhost"])

describeAccounts(
  (visit) => {
    const { photograph } = visit

    test("binds the session at the first page after a sign-up, and says so", async () => {
      const { openBrowser } = await startOverTls(visit)
      const own = await openBrowser()
      await signUp(own, "ada@example.com")
      expect(await cookieNamed(own, "__Host-bound-device-offer")).toMatchObject({ secure: true, httpOnly: true })
      await own.goto("/devices")
      await bound(own)
      expect(await cookie(own, "__Host-bound-device-offer")).toBeUndefined()
      await own.goto("/devices")
      await own.getByText("Bound to its machine").waitFor()
      await seeActivity(own, "Session bound to its machine")
    })

    test("binds the session without another page, though a script of Next.js fetches what follows a sign-in", async () => {
      const { openBrowser, answered } = await startOverTls(visit)
      const own = await openBrowser()
      await signUp(own, "ada@example.com")
      await bound(own)
      expect(answered.filter(isPageOrProof)).not.toContain("GET /account 200")
      await own.getByRole("link", { name: "Devices" }).click()
      await own.getByText("Bound to its machine").waitFor()
    })

    test("renews the proof before a page, a link of the application and a Server Action", async () => {
      const { openBrowser, answered } = await startOverTls(visit)
      const own = await openBrowser()
      await signUpBound(own)
      await forgetProof(own)
      answered.length = 0
      await own.goto("/account")
      await arrive(own, "/account", "Account")
      // A challenge, the proof, and then the page that has waited for both.
      expect(answered.filter(isPageOrProof)).toEqual([
        "POST /auth/device 403",
        "POST /auth/device 200",
        "GET /account 200",
      ])
      const first = await bound(own)

      await forgetProof(own)
      answered.length = 0
      await own.getByRole("link", { name: "Devices" }).click()
      await arrive(own, "/devices", "Devices")
      expect(answered.filter(isPageOrProof)).toEqual(["POST /auth/device 200"])
      // The link is followed by a script of Next.js.
      expect(answered).toContainEqual(expect.stringMatching(/^GET \/devices\?_rsc=\S+ 200$/))
      expect((await bound(own)).value).not.toBe(first.value)

      await own.goto("/account/password")
      await forgetProof(own)
      answered.length = 0
      await submit(own, { "New password": "a different horse battery" }, "Change password")
      await own.getByText("Your password was changed.").waitFor()
      expect(answered.filter(isPageOrProof)).toEqual(["POST /auth/device 200", "POST /account/password 200"])
      await own.goto("/devices")
      await own.getByText("Bound to its machine").waitFor()
    })

    test("refuses a copied cookie with enforce, and the owner stays signed in", async () => {
      const { openBrowser, restart } = await startOverTls(visit)
      const own = await openBrowser()
      await signUpBound(own)
      // For ten seconds, what was sent before the proof came is let in.
      await restart({ NODE_OPTIONS: twoMinutesLater })
      const thief = await openBrowser()
      await copySession(own, thief)
      await thief.goto("/account")
      await arrive(thief, "/sign-in", "Sign in")
      await seeActivity(own, "Session refused on another machine")
    })

    test("lets a copied cookie in with observe", async () => {
      const { openBrowser, restart } = await startOverTls(visit, { mode: "observe" })
      const own = await openBrowser()
      await signUpBound(own)
      await restart({ NODE_OPTIONS: twoMinutesLater })
      const thief = await openBrowser()
      await copySession(own, thief)
      await thief.goto("/devices")
      await arrive(thief, "/devices", "Devices")
      await thief.getByText("Bound to its machine").waitFor()
      // It was bound before the thief came.
      await seeActivity(own, "Session bound to its machine")
      expect(await own.getByText("Session refused").count()).toBe(0)
    })

    test("binds each session to a key of its own, also after a second step", async () => {
      const { db, openBrowser } = await startOverTls(visit)
      const own = await openBrowser()
      const first = await signUpBound(own)
      const secret = await setUpApp(own)
      await signOut(own)
      await signInByPassword(own, "ada@example.com")
      await own.getByRole("heading", { name: "One more step" }).waitFor()
      passMinutes(db)
      await submit(own, { [codeField]: codeOf(secret) }, "Sign in")
      await arrive(own, "/account", "Account")
      await own.goto("/devices")
      await expect.poll(async () => (await proofs(own)).some(({ name }) => name !== first.name)).toBe(true)
      await own.goto("/devices")
      await own.getByText("Bound to its machine").waitFor()
      const keys = db.prepare("SELECT device_key AS key FROM session").all()
      expect(keys).toEqual([{ key: expect.any(String) as string }])
    })

    test("binds a session that a provider has signed in, by the picture of the page that it leads to", async () => {
      const { answered, openBrowser } = await startOverTls(visit)
      const own = await openBrowser()
      await goToProvider(own)
      await continueAs(own, {})
      await own.getByRole("button", { name: "Create account" }).click()
      await arrive(own, "/account", "Account")
      await signOut(own)
      await goToProvider(own)
      answered.length = 0
      await continueAs(own, {})
      await arrive(own, "/account", "Account")
      // The provider's page has started this visit, and registering for it would bring no cookies.
      await expect.poll(() => answered).toContain("registration 200")
      const order = answered.filter((answer) => /^(registration|\w+ (\/account|\/auth\/device)) 200$/.test(answer))
      expect(order).toEqual(["GET /account 200", "GET /auth/device 200", "registration 200"])
      await own.goto("/devices")
      await own.getByText("Bound to its machine").waitFor()
    })

    test("gives out a user's data after a new proof, and asks nobody anything", async () => {
      const { openBrowser, answered, restart } = await startOverTls(visit)
      const own = await openBrowser()
      await signUpBound(own)
      await restart({ NODE_OPTIONS: twoMinutesLater })
      await own.goto("/account")
      answered.length = 0
      expect(await downloadData(own)).toMatchObject({ email: "ada@example.com", devices: [{ isBound: true }] })
      expect(answered.filter(isPageOrProof)).toEqual([
        "GET /account/data 307",
        "POST /auth/device 403",
        "POST /auth/device 200",
        "GET /account/data 200",
      ])
    })

    test("adds the column to a database of an earlier version, whose sessions stay", async () => {
      const { db, start } = await visit.createDatabase()
      const earlier = await start()
      const own = await visit.openBrowser({ baseURL: earlier.origin })
      await signUp(own, "ada@example.com")
      // What Next.js still fetches in advance would fail.
      await own.goto("about:blank")
      await earlier.stop()
      db.exec("ALTER TABLE session DROP COLUMN device_key")
      const { origin } = await start()
      await own.goto(`${origin}/devices`)
      await own.getByText("This device").waitFor()
      expect(db.prepare("SELECT device_key AS key FROM session").all()).toEqual([{ key: null }])
    })

    test("its pages fit a phone, in light and dark", async () => {
      const { openBrowser } = await startOverTls(visit)
      const own = await openBrowser()
      await signUpBound(own)
      for (const path of ["/devices", "/activity", "/account", "/account?done=data"]) {
        await own.goto(path)
        await photograph(own, `device${path.replaceAll(/[/?=]/g, "-")}`)
      }
    })
  },
  { args: argumentsOf({ certificate }) },
)

// A proof is then too old for a download, and still good for pages.
const twoMinutesLater = `--import=data:text/javascript,${encodeURIComponent(
  "const { now } = Date; Date.now = () => now() + 120_000",
)}`

/** Serves the example over TLS, with an empty database. */
async function startOverTls(visit: ExampleVisit, { mode = "enforce" }: { mode?: "observe" | "enforce" } = {}) {
  const { db, start } = await visit.createDatabase()
  const { origin, answered, forwardTo } = await startTlsProxy(certificate, nameOf)
  const restart = async (env?: Record<string, string>) =>
    forwardTo((await start({ SITE_URL: origin, DEVICE_BINDING: mode, ...env })).origin)
  await restart()
  const openBrowser = (options?: BrowserContextOptions) => visit.openBrowser({ baseURL: origin, ...options })
  return { db, answered, restart, openBrowser }
}

/** Creates an account whose session is bound, and returns the cookie that proves it. */
async function signUpBound(page: Page): Promise<Cookie> {
  await signUp(page, "ada@example.com")
  await page.goto("/devices")
  return bound(page)
}

/** Waits until the browser has the cookie that says that it has proved its key. */
async function bound(page: Page): Promise<Cookie> {
  await expect.poll(async () => (await proofs(page)).length).toBeGreaterThan(0)
  return (await proofs(page))[0]!
}

const proofName = /^__Host-bound-device-[0-9a-f]{8}$/

async function proofs(page: Page): Promise<Cookie[]> {
  return (await page.context().cookies()).filter(({ name }) => proofName.test(name))
}

/** Deletes the proof, as if its ten minutes were over. */
async function forgetProof(page: Page): Promise<void> {
  await page.context().clearCookies({ name: proofName })
}

/** Gives another browser the session's cookie, and no proof. */
async function copySession(from: Page, to: Page): Promise<void> {
  await to.context().addCookies([await cookieNamed(from, "__Host-session")])
}

/** Leaves out what Next.js fetches in advance, icons, and registrations: a browser may make another while one is made. */
function isPageOrProof(answer: string): boolean {
  return !/_rsc=|\/icon|^registration/.test(answer)
}

function nameOf({ method, url, headers }: IncomingMessage): string {
  const isRegistration = url === "/auth/device" && method === "POST" && !("sec-secure-session-id" in headers)
  return isRegistration ? "registration" : `${method} ${url}`
}

async function cookie(page: Page, name: string): Promise<Cookie | undefined> {
  return (await page.context().cookies()).find((each) => each.name === name)
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click()
  await arrive(page, "/", "Everything an account needs")
}
