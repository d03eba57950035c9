import { readFile } from "node:fs/promises"
import { Secret, TOTP } from "otpauth"
import type { LaunchOptions, Page } from "playwright-core"
import { expect } from "vitest"
import { arrive, describeInBrowser, freePort, newSecret, password, submit } from "./example-browser.ts"
import type { ExampleVisit } from "./example-browser.ts"
import { buildAppOnce } from "./next-app.ts"

const secret = newSecret()

/** Runs tests of `examples/accounts` in Chromium. All files share one build. */
export function describeAccounts(tests: (visit: ExampleVisit) => void, launchOptions?: LaunchOptions): void {
  // A developer's own secret stays out.
  const build = () => buildAppOnce("examples/accounts", { files: { ".env.local": null } })
  const variables = async (port: number) => ({
    AUTH_SECRET: secret,
    MAILBOX: "page",
    PROVIDER: "local",
    PROVIDER_PORT: String(await freePort()),
    SITE_URL: `http://localhost:${port}`,
  })
  describeInBrowser("examples/accounts", tests, build, variables, launchOptions)
}

export interface Mail {
  subject: string
  text: string
}

/** Reads the mailbox in a separate tab until there is mail. */
export async function mailsTo(page: Page, address: string, subject?: string): Promise<Mail[]> {
  const tab = await page.context().newPage()
  const own = async () => {
    await tab.goto("/mailbox")
    const mails = await tab.locator("article").evaluateAll((all) =>
      all.map((each) => ({
        subject: each.querySelector("strong")?.textContent ?? "",
        to: each.querySelector("small")?.textContent ?? "",
        text: each.querySelector("p")?.textContent ?? "",
      })),
    )
    return mails.filter((mail) => mail.to.includes(`To ${address},`) && mail.subject === (subject ?? mail.subject))
  }
  let mails = await own()
  for (let n = 0; n < 100 && mails.length === 0; n++) {
    await tab.waitForTimeout(50)
    mails = await own()
  }
  await tab.close()
  return mails
}

/** The newest mail with this subject, once it is there: mail goes out after the response. */
export async function mailFor(page: Page, address: string, subject: string): Promise<Mail> {
  const [newest] = await mailsTo(page, address, subject)
  if (!newest) throw new Error(`There is no mail "${subject}" to ${address}.`)
  return newest
}

export async function codeFor(page: Page, address: string, subject = "Your code to sign up"): Promise<string> {
  const { text } = await mailFor(page, address, subject)
  return /\d{8}/.exec(text)?.[0] ?? ""
}

export async function linkFor(page: Page, address: string, subject: string): Promise<string> {
  const { text } = await mailFor(page, address, subject)
  return pathIn(text)
}

/** The application does not know at which port a test has started it. */
export function pathIn(text: string): string {
  const { pathname, search } = new URL(/https?:\/\/\S+/.exec(text)?.[0] ?? "")
  return pathname + search
}

export async function signUp(page: Page, address: string): Promise<void> {
  await page.goto("/sign-up")
  await submit(page, { "E-mail address": address }, "Send code")
  await arrive(page, "/sign-up/code", "Confirm your address")
  const code = await codeFor(page, address)
  await submit(page, { Code: code, "New password": password }, "Create account")
  await arrive(page, "/account", "Account")
}

export async function signInByPassword(page: Page, address: string, secret = password): Promise<void> {
  await page.goto("/sign-in")
  await submit(page, { "E-mail address": address, Password: secret }, "Sign in")
}

/** Waits until the page of recent activity shows entries, which are stored a moment after they happen. */
export async function seeActivity(page: Page, ...entries: string[]): Promise<void> {
  const shown = async () => {
    await page.goto("/activity")
    return (await page.getByRole("listitem").allInnerTexts()).join("\n")
  }
  for (const entry of entries) await expect.poll(shown).toContain(entry)
}

/** Moves all proofs of the database ten minutes into the past. */
export function passTenMinutes(db: {
  exec(sql: string): void
  prepare(sql: string): { all(): unknown[]; run(...values: string[]): unknown }
}): void {
  const rows = db.prepare("SELECT id, methods FROM session").all() as { id: string; methods: string }[]
  for (const { id, methods } of rows) {
    const earlier = methods.replace(/@(\d+)/g, (_, time: string) => `@${Number(time) - 600_001}`)
    db.prepare("UPDATE session SET methods = ?, authenticated_at = authenticated_at - 600001 WHERE id = ?").run(
      earlier,
      id,
    )
  }
}

/** The label of the field for a code of an authenticator app. */
export const codeField = "Code from your app"

/** The identity that the toy provider reports. */
export interface Login {
  name?: string
  email?: string
  isVerified?: boolean
}

/** Shows the QR code of a new app, and returns its key. */
export async function startSetUp(page: Page): Promise<string> {
  await page.goto("/account/two-step")
  await page.getByRole("button", { name: "Set up an app" }).click()
  await arrive(page, "/account/two-step/set-up", "Set up an authenticator app")
  await page.getByRole("img", { name: "QR code for your authenticator app" }).waitFor()
  return secretOn(page)
}

/** Reads the key of the app that is being set up. */
export async function secretOn(page: Page): Promise<string> {
  return (await page.locator("code.secret").innerText()).replaceAll(/\s/g, "")
}

/** Turns two-step verification on, with an app whose key it returns. */
export async function setUpApp(page: Page): Promise<string> {
  const secret = await startSetUp(page)
  await submit(page, { [codeField]: codeOf(secret) }, "Turn it on")
  await arrive(page, "/account/two-step/codes?done=on", "Recovery codes")
  return secret
}

/** The code that an app shows now. */
export function codeOf(secret: string): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate()
}

/** Lets the codes be used that were used a short time ago. */
export function passMinutes(db: { exec(sql: string): void }): void {
  db.exec("UPDATE user_totp SET used_step = used_step - 5")
}

/** Chooses the toy provider on the sign-in page. */
export async function goToProvider(page: Page): Promise<void> {
  await page.goto("/sign-in")
  await page.getByRole("button", { name: "Sign in with Example ID" }).click()
  await page.getByRole("heading", { name: "Example ID" }).waitFor()
}

/** Answers at the toy provider. */
export async function continueAs(
  page: Page,
  { name = "Ada", email = "ada@example.com", isVerified = true }: Login,
): Promise<void> {
  await page.getByLabel("Name").fill(name)
  await page.getByLabel("E-mail address").fill(email)
  await page.getByLabel("Say that the address is verified").setChecked(isVerified)
  await page.getByRole("button", { name: "Continue" }).click()
}

/** Presses "Download your data" on the account's page, and reads the file. */
export async function downloadData(page: Page): Promise<unknown> {
  const started = page.waitForEvent("download")
  await page.getByRole("link", { name: "Download your data" }).click()
  return JSON.parse(await readFile(await (await started).path(), "utf8"))
}
