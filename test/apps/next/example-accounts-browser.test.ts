import { readFile } from "node:fs/promises"
import type { Page } from "playwright-core"
import { expect, test } from "vitest"
import {
  codeFor,
  describeAccounts,
  downloadData,
  linkFor,
  mailFor,
  mailsTo,
  passTenMinutes,
  pathIn,
  seeActivity,
  signInByPassword,
  signUp,
} from "./example-accounts.ts"
import { arrive, cookieNamed, descriptionOf, password, submit } from "./example-browser.ts"
import { lintApp } from "./next-app.ts"

const iPhone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/605"
const newPassword = "a different horse battery"

describeAccounts(({ built, origin, page, openBrowser, photograph, createDatabase }) => {
  test("renders every page for its visitor, and passes the project's linter", async () => {
    const rendered = built().buildOutput.match(/^[┌├└] \S+ \/.*$/gm) ?? []
    expect(rendered.length).toBeGreaterThan(15)
    expect(await lintApp(built().folder)).toBe("")
  })

  test("signs up with a confirmed address: no account is there before the code was entered", async () => {
    await page().goto("/sign-up")
    await submit(page(), { "E-mail address": "Ada@Example.com" }, "Send code")
    await arrive(page(), "/sign-up/code", "Confirm your address")
    const code = await codeFor(page(), "Ada@example.com".toLowerCase())
    const other = await openBrowser()
    await signInByPassword(other, "ada@example.com")
    await other.getByText("Wrong e-mail address or password.").waitFor()

    await page().goto("/sign-up/code")
    await submit(page(), { Code: wrong(code), "New password": password }, "Create account")
    await page().getByText("This code is wrong or too old.").waitFor()
    await submit(page(), { Code: code, "New password": "password1" }, "Create account")
    await page().getByText("Too many people use this password.").waitFor()
    // Neither the wrong code nor the weak password has used the code up. Spaces do not matter.
    await submit(page(), { Code: `${code.slice(0, 4)} ${code.slice(4)}`, "New password": password }, "Create account")
    await arrive(page(), "/account", "Account")
    expect(await page().locator("main").innerText()).toContain("ada@example.com")
  })

  test("tells nobody at sign-up or at forgotten passwords who has an account", async () => {
    await signUp(page(), "ada@example.com")
    const other = await openBrowser()
    const answers: string[] = []
    for (const email of ["ada@example.com", "nobody@example.com"]) {
      await other.goto("/sign-up")
      await submit(other, { "E-mail address": email }, "Send code")
      await arrive(other, "/sign-up/code", "Confirm your address")
      answers.push(await other.locator("main").innerText())
      await other.goto("/forgot-password")
      await submit(other, { "E-mail address": email }, "Send link")
      await arrive(other, "/forgot-password/sent", "Check your email")
      answers.push(await other.locator("main").innerText())
      await other.goto("/sign-in/email")
      await submit(other, { "E-mail address": email }, "Send e-mail")
      await arrive(other, "/sign-in/code", "Check your email")
      answers.push(await other.locator("main").innerText())
    }
    expect(answers.slice(0, 3)).toEqual(answers.slice(3))
    await mailFor(other, "ada@example.com", "You already have an account")
    expect((await mailsTo(other, "nobody@example.com")).map(({ subject }) => subject)).toEqual(["Your code to sign up"])
  })

  test("a reset link that scanners have opened ten times still works, and once", async () => {
    await signUp(page(), "ada@example.com")
    const owner = await openBrowser({ userAgent: iPhone })
    await owner.goto("/forgot-password")
    await submit(owner, { "E-mail address": "ada@example.com" }, "Send link")
    await arrive(owner, "/forgot-password/sent", "Check your email")
    const link = await linkFor(owner, "ada@example.com", "Reset your password")
    for (let n = 0; n < 5; n++) {
      expect((await fetch(origin() + link)).status).toBe(200)
      expect((await fetch(origin() + link, { method: "HEAD" })).status).toBe(200)
    }

    await owner.goto(link)
    await submit(owner, { "New password": "short" }, "Set password and sign in")
    await owner.getByText("Use at least 8 characters.").waitFor()
    await submit(owner, { "New password": newPassword }, "Set password and sign in")
    await arrive(owner, "/account", "Account")

    await owner.goto(link)
    await owner.getByRole("heading", { name: "This link no longer works" }).waitFor()
    await owner.getByRole("link", { name: "Send another one" }).click()
    await arrive(owner, "/forgot-password", "Reset your password")

    // The change has ended the session of the other browser.
    await page().goto("/account")
    await arrive(page(), "/sign-in", "Sign in")
    await signInByPassword(page(), "ada@example.com", newPassword)
    await arrive(page(), "/account", "Account")
  })

  test("signs nobody in by a reset link whose password found no place", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await signUp(own, "ada@example.com")
    const other = await openBrowser({ baseURL: new URL(own.url()).origin })
    await other.goto("/forgot-password")
    await submit(other, { "E-mail address": "ada@example.com" }, "Send link")
    await arrive(other, "/forgot-password/sent", "Check your email")
    await other.goto(await linkFor(other, "ada@example.com", "Reset your password"))
    db.exec("DELETE FROM user_key")
    await submit(other, { "New password": newPassword }, "Set password and sign in")
    await other.getByText("This link is already used or too old.").waitFor()
    expect(db.prepare("SELECT count(*) AS rows FROM session").get()).toEqual({ rows: 1 })
  })

  test("of two tabs with one reset link, one sets the password and the other is told kindly", async () => {
    await signUp(page(), "ada@example.com")
    await page().goto("/forgot-password")
    await submit(page(), { "E-mail address": "ada@example.com" }, "Send link")
    await arrive(page(), "/forgot-password/sent", "Check your email")
    const link = await linkFor(page(), "ada@example.com", "Reset your password")
    const [first, second] = [await openBrowser(), await openBrowser()]
    await first.goto(link)
    await second.goto(link)
    await submit(first, { "New password": newPassword }, "Set password and sign in")
    await arrive(first, "/account", "Account")
    await submit(second, { "New password": "yet another horse battery" }, "Set password and sign in")
    await second.getByRole("alert").getByText("This link is already used").waitFor()
  })

  test("signs in by the link or the code of one mail", async () => {
    await signUp(page(), "ada@example.com")
    const phone = await openBrowser({ userAgent: iPhone })
    await phone.goto("/sign-in/email")
    await submit(phone, { "E-mail address": "ada@example.com" }, "Send e-mail")
    await arrive(phone, "/sign-in/code", "Check your email")
    const { text } = await mailFor(phone, "ada@example.com", "Sign in")
    await phone.goto("/sign-in/code")
    await submit(phone, { Code: /\d{8}/.exec(text)?.[0] ?? "" }, "Sign in")
    await arrive(phone, "/account", "Account")

    const tablet = await openBrowser()
    await tablet.goto(pathIn(text))
    await tablet.getByRole("button", { name: "Sign in on this device" }).click()
    await arrive(tablet, "/account", "Account")
    await tablet.goto(pathIn(text))
    await tablet.getByRole("heading", { name: "This link no longer works" }).waitFor()
  })

  test("a code is good in the browser that asked for it, and nowhere else", async () => {
    await signUp(page(), "ada@example.com")
    const owner = await openBrowser()
    await owner.goto("/sign-in/email")
    await submit(owner, { "E-mail address": "ada@example.com" }, "Send e-mail")
    await arrive(owner, "/sign-in/code", "Check your email")
    const { text } = await mailFor(owner, "ada@example.com", "Sign in")
    const thief = await openBrowser()
    await thief.goto("/sign-in/code")
    await submit(thief, { Code: /\d{8}/.exec(text)?.[0] ?? "" }, "Sign in")
    await thief.getByText("This code is wrong or too old.").waitFor()
  })

  test("an attacker who burns the account's budget does not keep its owner out", async () => {
    await signUp(page(), "ada@example.com")
    await page().getByRole("button", { name: "Sign out" }).click()
    await arrive(page(), "/", "Everything an account needs")
    const attacker = await openBrowser()
    await attacker.goto("/sign-in")
    for (let n = 0; n < 11; n++) {
      await guess(attacker, `wrong horse ${n}`)
      await attacker
        .getByRole("alert")
        .getByText(n < 10 ? "Wrong e-mail" : "Too many attempts")
        .waitFor()
    }
    await guess(attacker, password)
    await attacker.getByText("Too many attempts. Try again in").waitFor()
    await signInByPassword(page(), "ada@example.com")
    await arrive(page(), "/account", "Account")
  })

  test("a stranger who burns the month's guesses at an account does not keep its owner out", async () => {
    const { db, start } = await createDatabase()
    const app = await start()
    const own = await openBrowser({ baseURL: app.origin })
    await signUp(own, "ada@example.com")
    await own.getByRole("button", { name: "Sign out" }).click()
    await arrive(own, "/", "Everything an account needs")
    const stranger = await openBrowser({ baseURL: app.origin })
    await signInByPassword(stranger, "ada@example.com", "wrong horse battery")
    await stranger.getByText("Wrong e-mail address or password.").waitFor()
    burnMonth(db)
    await signInByPassword(stranger, "ada@example.com")
    await stranger.getByText(/Try again in \d{3} minutes/).waitFor()
    await signInByPassword(own, "ada@example.com")
    await arrive(own, "/account", "Account")
    // It gives the stranger nothing back.
    await signInByPassword(stranger, "ada@example.com")
    await stranger.getByText(/Try again in \d{3} minutes/).waitFor()
  })

  test("a stranger who asks for mails again and again does not stop those of the owner", async () => {
    await signUp(page(), "ada@example.com")
    await page().getByRole("button", { name: "Sign out" }).click()
    await arrive(page(), "/", "Everything an account needs")
    const stranger = await openBrowser()
    for (let n = 0; n < 5; n++) {
      await stranger.goto(n % 2 === 0 ? "/sign-in/email" : "/forgot-password")
      await submit(stranger, { "E-mail address": "ada@example.com" }, n % 2 === 0 ? "Send e-mail" : "Send link")
      await stranger.waitForURL(n % 2 === 0 ? "**/sign-in/code" : "**/forgot-password/sent")
    }
    // One mail comes back after 12 minutes: nobody who is new to the account waits longer than that.
    for (const [path, button] of [
      ["/sign-in/email", "Send e-mail"],
      ["/forgot-password", "Send link"],
    ] as const) {
      await stranger.goto(path)
      await submit(stranger, { "E-mail address": "ada@example.com" }, button)
      await stranger.getByText(/Try again in (1[12] minutes|\d+ seconds)\./).waitFor()
    }

    // The owner's browser has a budget of its own.
    await page().goto("/forgot-password")
    await submit(page(), { "E-mail address": "ada@example.com" }, "Send link")
    await arrive(page(), "/forgot-password/sent", "Check your email")
    await page().goto("/sign-in/email")
    await submit(page(), { "E-mail address": "ada@example.com" }, "Send e-mail")
    await arrive(page(), "/sign-in/code", "Check your email")
    // Three of the stranger's, and one of the owner's, which alone fits this browser.
    await expect.poll(async () => (await mailsTo(page(), "ada@example.com", "Sign in")).length).toBe(4)
    await submit(page(), { Code: await codeFor(page(), "ada@example.com", "Sign in") }, "Sign in")
    await arrive(page(), "/account", "Account")
  })

  test("many accounts together do not flood the mailbox of a stranger", async () => {
    for (let n = 0; n < 2; n++) {
      const each = await openBrowser()
      await signUp(each, `eve${n}@example.com`)
      for (let mail = 0; mail < 3; mail++) {
        await each.goto("/account/email")
        await submit(each, { "New e-mail address": "ada@example.com" }, "Send link")
        const isOver = n === 1 && mail === 2
        await each.getByText(isOver ? "Try again in" : "We have sent a link to the new address.").waitFor()
      }
    }
  })

  test("changes the address when the new one confirms it, and tells both", async () => {
    await signUp(page(), "ada@example.com")
    await page().goto("/account/email")
    await submit(page(), { "New e-mail address": "ada@example.org" }, "Send link")
    await page().getByText("We have sent a link to the new address.").waitFor()
    await mailFor(page(), "ada@example.com", "Your address is about to change")
    const link = await linkFor(page(), "ada@example.org", "Confirm your new address")
    const phone = await openBrowser()
    await phone.goto(link)
    await phone.getByRole("button", { name: "Use this address" }).click()
    await arrive(phone, "/account/email/done", "Address changed")
    for (const address of ["ada@example.com", "ada@example.org"])
      await mailFor(phone, address, "Your address was changed")
    await signInByPassword(phone, "ada@example.com")
    await phone.getByText("Wrong e-mail address or password.").waitFor()
    await signInByPassword(phone, "ada@example.org")
    await arrive(phone, "/account", "Account")
  })

  test("asks again before something dangerous once ten minutes have passed, and goes on where the user was", async () => {
    const { db, start } = await createDatabase()
    const app = await start()
    const own = await openBrowser({ baseURL: app.origin })
    await signUp(own, "ada@example.com")
    await own.goto("/account/delete")
    await arrive(own, "/account/delete", "Delete account")
    passTenMinutes(db)
    await own.goto("/account/delete")
    await own.waitForURL(/\/confirm\?next=/)
    await submit(own, { Password: "wrong horse battery" }, "Confirm")
    await own.getByText("This is not your password.").waitFor()
    await submit(own, { Password: password }, "Confirm")
    await arrive(own, "/account/delete", "Delete account")

    passTenMinutes(db)
    // A page that was open meanwhile: the action asks as the page did.
    await own.getByRole("button", { name: "Delete my account" }).click()
    await own.waitForURL(/\/confirm/)
    await own.getByRole("button", { name: "Send me a code" }).click()
    await own.waitForURL(/\/confirm\/code/)
    const back = own.url()
    const code = await codeFor(own, "ada@example.com", "Your code")
    await own.goto(back)
    await submit(own, { Code: code }, "Confirm")
    await own.waitForURL(/\/account/)
    await own.goto("/account/delete")
    await own.getByRole("button", { name: "Delete my account" }).click()
    await arrive(own, "/", "Everything an account needs")
    for (const table of ["user", "session", "user_key", "auth_token"]) {
      expect(db.prepare(`SELECT count(*) AS rows FROM ${table}`).get(), table).toEqual({ rows: 0 })
    }
  })

  test("gives out a user's data, and asks again first once ten minutes have passed", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await signUp(own, "ada@example.com")
    expect(await downloadData(own)).toMatchObject({ email: "ada@example.com", devices: [{ isBound: false }] })
    passTenMinutes(db)
    await own.getByRole("link", { name: "Download your data" }).click()
    await own.waitForURL(/\/confirm\?next=/)
    await submit(own, { Password: password }, "Confirm")
    await own.getByText("You can download your data now.").waitFor()
    expect(await downloadData(own)).toMatchObject({ email: "ada@example.com" })
  })

  test("changing the password signs the other devices out and leaves this one", async () => {
    await signUp(page(), "ada@example.com")
    const phone = await openBrowser({ userAgent: iPhone })
    await signInByPassword(phone, "ada@example.com")
    await arrive(phone, "/account", "Account")
    await page().goto("/account/password")
    await submit(page(), { "New password": newPassword }, "Change password")
    await page().getByText("Your password was changed.").waitFor()
    await phone.reload()
    await arrive(phone, "/sign-in", "Sign in")
  })

  test("lists devices and recent activity, and mails a notice of a new device", async () => {
    await signUp(page(), "ada@example.com")
    const phone = await openBrowser({ userAgent: iPhone })
    await signInByPassword(phone, "ada@example.com")
    await arrive(phone, "/account", "Account")
    const notice = await mailFor(phone, "ada@example.com", "A new device signed in")
    expect(notice.text).toContain("Safari on iPhone")
    await page().goto("/devices")
    await page().getByRole("button", { name: "Sign out Safari on iPhone" }).click()
    await expect.poll(() => page().getByRole("listitem").count()).toBe(1)
    await phone.reload()
    await arrive(phone, "/sign-in", "Sign in")
    await seeActivity(page(), "Account created", "Signed in", "Signed out a device")
  })

  test("works without JavaScript", async () => {
    const plain = await openBrowser({ javaScriptEnabled: false })
    await signUp(plain, "ada@example.com")
    await plain.goto("/account/password")
    await submit(plain, { "New password": newPassword }, "Change password")
    await plain.getByText("Your password was changed.").waitFor()
  })

  test("keeps no token, code, handle or password in its database", async () => {
    const { db, start } = await createDatabase()
    const app = await start()
    const own = await openBrowser({ baseURL: app.origin })
    await signUp(own, "ada@example.com")
    await own.goto("/sign-in/email")
    const other = await openBrowser({ baseURL: app.origin })
    await other.goto("/sign-in/email")
    await submit(other, { "E-mail address": "ada@example.com" }, "Send e-mail")
    await arrive(other, "/sign-in/code", "Check your email")
    const { text } = await mailFor(other, "ada@example.com", "Sign in")
    const secrets = [
      password,
      /\d{8}/.exec(text)?.[0] ?? "none",
      /token=(\w+)/.exec(text)?.[1] ?? "none",
      (await cookieNamed(other, "__Host-sign-in")).value,
      (await cookieNamed(own, "__Host-session")).value,
      (await cookieNamed(own, "__Host-browser")).value,
    ]
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    const file = await readFile(String(db.prepare("PRAGMA database_list").get()?.file), "latin1")
    for (const secret of secrets) expect(file.includes(secret)).toBe(false)
  })

  test("its pages fit a phone, in light and dark", async () => {
    for (const path of ["/", "/sign-up", "/sign-in", "/sign-in/email", "/forgot-password"]) {
      await page().goto(path)
      await photograph(page(), path === "/" ? "home" : path.slice(1).replaceAll("/", "-"))
    }
    await signUp(page(), "ada@example.com")
    const paths = ["/account", "/account/password", "/account/email", "/account/delete", "/devices", "/activity"]
    for (const path of [...paths, "/confirm", "/mailbox", "/nothing"]) {
      await page().goto(path)
      await photograph(page(), path === "/" ? "home" : path.slice(1).replaceAll("/", "-"))
    }
  })

  test("its fields are described, and the keyboard lands on what is wrong", async () => {
    await page().goto("/sign-in")
    await submit(page(), { "E-mail address": "not an address", Password: password }, "Sign in")
    const field = page().getByLabel("E-mail address")
    await page().getByText("Enter an e-mail address").waitFor()
    expect(await descriptionOf(field)).toContain("Enter an e-mail address")
    await expect.poll(() => field.evaluate((each) => each === document.activeElement)).toBe(true)
  })
})

function wrong(code: string): string {
  return code.replace(/^\d/, (digit) => String((Number(digit) + 1) % 10))
}

/** Tries a password, and waits until the form takes the next one. */
async function guess(page: Page, secret: string): Promise<void> {
  await submit(page, { "E-mail address": "ada@example.com", Password: secret }, "Sign in")
  await expect.poll(() => page.getByLabel("Password").inputValue()).toBe("")
}

/** Uses up the budgets of a month that somebody has taken from: they are full again later than others. */
function burnMonth(db: { prepare(sql: string): { run(...values: number[]): unknown } }): void {
  const hour = 3_600_000
  const update = db.prepare("UPDATE auth_attempt SET until = ? WHERE until > ?")
  update.run(Date.now() + 720 * hour, Date.now() + 2 * hour)
}
