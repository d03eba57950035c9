import type { Page } from "playwright-core"
import { expect, test } from "vitest"
import {
  codeField,
  codeOf,
  describeAccounts,
  linkFor,
  mailFor,
  mailsTo,
  passMinutes,
  passTenMinutes,
  pathIn,
  secretOn,
  seeActivity,
  setUpApp,
  signInByPassword,
  signUp,
  startSetUp,
} from "./example-accounts.ts"
import { arrive, password, submit } from "./example-browser.ts"

describeAccounts(({ page, openBrowser, photograph, createDatabase }) => {
  test("sets up an app, and signs in by password and code from then on", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await signUp(own, "ada@example.com")
    const secret = await startSetUp(own)
    await submit(own, { [codeField]: wrong(codeOf(secret)) }, "Turn it on")
    await own.getByText("This code is wrong").waitFor()
    // The wrong code has not changed the QR code.
    expect(await secretOn(own)).toBe(secret)
    const code = codeOf(secret)
    await submit(own, { [codeField]: code }, "Turn it on")
    await arrive(own, "/account/two-step/codes?done=on", "Recovery codes")
    await mailFor(own, "ada@example.com", "Two-step verification is on")

    const phone = await openBrowser({ baseURL: new URL(own.url()).origin })
    await signInByPassword(phone, "ada@example.com")
    await arrive(phone, "/sign-in/second-step?next=%2Faccount", "One more step")
    // Nobody is signed in yet.
    expect(db.prepare("SELECT count(*) AS rows FROM session").get()).toEqual({ rows: 1 })
    await submit(phone, { [codeField]: code }, "Sign in")
    await phone.getByText("This code is wrong or already used.").waitFor()
    passMinutes(db)
    await submit(phone, { [codeField]: codeOf(secret) }, "Sign in")
    await arrive(phone, "/account", "Account")
    // The way back leads to a sign-in that is over.
    await phone.goto("/sign-in/second-step")
    await phone.getByRole("heading", { name: "This sign-in has ended" }).waitFor()
    await seeActivity(phone, "Two-step verification turned on", "Second step requested", "Second step refused")
  })

  test("asks for the code after a link from a mail and after a reset of the password", async () => {
    const { db, start } = await createDatabase()
    const { origin } = await start()
    const own = await openBrowser({ baseURL: origin })
    await signUp(own, "ada@example.com")
    const secret = await setUpApp(own)
    const phone = await openBrowser({ baseURL: origin })
    await phone.goto("/sign-in/email")
    await submit(phone, { "E-mail address": "ada@example.com" }, "Send e-mail")
    await arrive(phone, "/sign-in/code", "Check your email")
    const { text } = await mailFor(phone, "ada@example.com", "Sign in")
    await phone.goto(pathIn(text))
    await phone.getByText("The account of ada@example.com.").waitFor()
    await phone.getByRole("button", { name: "Sign in on this device" }).click()
    await phone.getByRole("heading", { name: "One more step" }).waitFor()
    passMinutes(db)
    await submit(phone, { [codeField]: codeOf(secret) }, "Sign in")
    await arrive(phone, "/account", "Account")

    const tablet = await openBrowser({ baseURL: origin })
    await tablet.goto("/forgot-password")
    await submit(tablet, { "E-mail address": "ada@example.com" }, "Send link")
    await arrive(tablet, "/forgot-password/sent", "Check your email")
    await tablet.goto(await linkFor(tablet, "ada@example.com", "Reset your password"))
    await submit(tablet, { "New password": "a different horse battery" }, "Set password and sign in")
    await tablet.getByRole("heading", { name: "One more step" }).waitFor()
    await tablet.goto("/account")
    await tablet.waitForURL(/\/sign-in/)
    await tablet.goto("/sign-in/second-step")
    passMinutes(db)
    await submit(tablet, { [codeField]: codeOf(secret) }, "Sign in")
    await arrive(tablet, "/account", "Account")
  })

  test("a recovery code signs in once, and its use is told by mail", async () => {
    await signUp(page(), "ada@example.com")
    await setUpApp(page())
    const codes = await makeCodes(page())
    expect(new Set(codes).size).toBe(10)
    for (const isFirst of [true, false]) {
      const phone = await openBrowser()
      await signInByPassword(phone, "ada@example.com")
      await phone.getByRole("heading", { name: "One more step" }).waitFor()
      await submit(phone, { "Recovery code": codes[0] ?? "" }, "Use recovery code")
      if (isFirst) await arrive(phone, "/account", "Account")
      else await phone.getByText("This code is wrong or already used.").waitFor()
    }
    expect((await mailFor(page(), "ada@example.com", "A recovery code was used")).text).toContain("You have 9 left.")
    await page().goto("/account/two-step")
    await page().getByText("You have 9 left.").waitFor()
    const others = await makeCodes(page())
    expect(others.some((code) => codes.includes(code))).toBe(false)
  })

  test("nobody puts recovery codes by for a second step that is set up later", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    const codes = () => db.prepare("SELECT count(*) AS rows FROM auth_token WHERE purpose = ':recovery'").get()
    await signUp(own, "ada@example.com")
    await own.goto("/account/two-step/codes")
    await own.getByRole("button", { name: "Create recovery codes" }).click()
    await own.getByText("Set up an app or a passkey first.").waitFor()
    expect(codes()).toEqual({ rows: 0 })
    await setUpApp(own)
    await makeCodes(own)
    expect(codes()).toEqual({ rows: 10 })
    await own.goto("/account/two-step/remove")
    await own.getByRole("button", { name: "Turn it off" }).click()
    await own.getByText("Two-step verification is off.").waitFor()
    expect(codes()).toEqual({ rows: 0 })
  })

  test("the owner learns of a recovery code that confirmed something", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await signUp(own, "ada@example.com")
    await setUpApp(own)
    const [code = ""] = await makeCodes(own)
    passTenMinutes(db)
    await own.goto("/account/password")
    await submit(own, { Password: password }, "Confirm")
    await own.getByText("This account has a second step.").waitFor()
    await submit(own, { "Recovery code": code }, "Use recovery code")
    await arrive(own, "/account/password", "Change password")
    expect((await mailFor(own, "ada@example.com", "A recovery code was used")).text).toContain("You have 9 left.")
  })

  test("five wrong codes end a sign-in, and no further code is tried", async () => {
    await signUp(page(), "ada@example.com")
    const secret = await setUpApp(page())
    const phone = await openBrowser()
    await signInByPassword(phone, "ada@example.com")
    await phone.getByRole("heading", { name: "One more step" }).waitFor()
    for (let n = 0; n < 5; n++) {
      await submit(phone, { [codeField]: wrong(codeOf(secret)) }, "Sign in")
      await expect.poll(() => phone.getByLabel(codeField).inputValue()).toBe("")
    }
    await phone.getByText("This sign-in has ended").first().waitFor()
    await signInByPassword(phone, "ada@example.com")
    await phone.getByRole("heading", { name: "One more step" }).waitFor()
  })

  test("turning it off asks for both proofs once ten minutes have passed", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await signUp(own, "ada@example.com")
    const secret = await setUpApp(own)
    await own.goto("/account/two-step/remove")
    await arrive(own, "/account/two-step/remove", "Turn two-step verification off")
    passTenMinutes(db)
    await own.getByRole("button", { name: "Turn it off" }).click()
    await own.waitForURL(/\/confirm/)
    await own.goto("/account/two-step/remove")
    await own.waitForURL(/\/confirm\?next=/)
    await submit(own, { Password: password }, "Confirm")
    await own.getByText("This account has a second step.").waitFor()
    passMinutes(db)
    await submit(own, { [codeField]: codeOf(secret) }, "Confirm")
    await arrive(own, "/account/two-step/remove", "Turn two-step verification off")
    await own.getByRole("button", { name: "Turn it off" }).click()
    await own.getByText("Two-step verification is off.").waitFor()
    await mailFor(own, "ada@example.com", "Two-step verification is off")
    expect(db.prepare("SELECT count(*) AS rows FROM user_totp").get()).toEqual({ rows: 0 })
    const phone = await openBrowser({ baseURL: new URL(own.url()).origin })
    await signInByPassword(phone, "ada@example.com")
    await arrive(phone, "/account", "Account")
  })

  test("a password alone changes nothing in an account with a second step", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await signUp(own, "ada@example.com")
    await setUpApp(own)
    passTenMinutes(db)
    for (const path of ["/account/two-step", "/account/password", "/account/email", "/account/passkeys"]) {
      await own.goto(path)
      await own.waitForURL(/\/confirm\?next=/)
      const isFirst = await own.getByLabel("Password").isVisible()
      if (isFirst) await submit(own, { Password: password }, "Confirm")
      await own.getByText("This account has a second step.").waitFor()
    }
  })

  test("works without JavaScript", async () => {
    const { db, start } = await createDatabase()
    const { origin } = await start()
    const plain = await openBrowser({ javaScriptEnabled: false, baseURL: origin })
    await signUp(plain, "ada@example.com")
    const secret = await setUpApp(plain)
    const codes = await makeCodes(plain)
    expect(codes).toHaveLength(10)
    const other = await openBrowser({ javaScriptEnabled: false, baseURL: origin })
    await signInByPassword(other, "ada@example.com")
    await other.getByRole("heading", { name: "One more step" }).waitFor()
    passMinutes(db)
    await submit(other, { [codeField]: codeOf(secret) }, "Sign in")
    await arrive(other, "/account", "Account")
  })

  test("keeps no key of an app and no recovery code in its database", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await signUp(own, "ada@example.com")
    const secret = await setUpApp(own)
    const codes = await makeCodes(own)
    const rows = JSON.stringify(
      ["user_totp", "auth_token", "auth_event"].map((name) => db.prepare(`SELECT * FROM ${name}`).all()),
    )
    for (const text of [secret, ...codes, ...codes.map((code) => code.replaceAll("-", ""))])
      expect(rows).not.toContain(text)
    expect((await mailsTo(own, "ada@example.com")).some(({ text }) => text.includes(codes[0] ?? ""))).toBe(false)
  })

  test("its pages fit a phone, in light and dark", async () => {
    const own = await openBrowser()
    await signUp(own, "ada@example.com")
    await own.goto("/account/two-step")
    await photograph(own, "two-step-off")
    await startSetUp(own)
    await photograph(own, "two-step-set-up")
    await submit(own, { [codeField]: codeOf(await secretOn(own)) }, "Turn it on")
    await arrive(own, "/account/two-step/codes?done=on", "Recovery codes")
    await photograph(own, "two-step-codes")
    await makeCodes(own)
    await photograph(own, "two-step-codes-made")
    await own.emulateMedia({ media: "print" })
    await photograph(own, "two-step-codes-printed")
    await own.emulateMedia({ media: null })
    for (const path of ["/account/two-step", "/account/two-step/remove", "/account/passkeys", "/confirm", "/account"]) {
      await own.goto(path)
      await photograph(own, `two-step${path.replaceAll("/", "-")}`)
    }
    const other = await openBrowser()
    await signInByPassword(other, "ada@example.com")
    await other.getByRole("heading", { name: "One more step" }).waitFor()
    await photograph(other, "two-step-sign-in")
  })
})

async function makeCodes(page: Page): Promise<string[]> {
  await page.goto("/account/two-step/codes")
  await page.getByRole("button", { name: "Create recovery codes" }).click()
  await page.getByRole("button", { name: "Create new codes" }).waitFor()
  return page.locator("ol.codes code").allInnerTexts()
}

function wrong(code: string): string {
  return code.replace(/^\d/, (digit) => String((Number(digit) + 1) % 10))
}
