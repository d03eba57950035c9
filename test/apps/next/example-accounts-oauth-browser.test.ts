import type { Page } from "playwright-core"
import { expect, test } from "vitest"
import {
  codeField,
  codeFor,
  codeOf,
  continueAs,
  describeAccounts,
  goToProvider,
  mailFor,
  passTenMinutes,
  signUp,
} from "./example-accounts.ts"
import { arrive, submit } from "./example-browser.ts"

describeAccounts(({ page, openBrowser, photograph, createDatabase }) => {
  test("signs up through a provider that has proved the address, and in from then on", async () => {
    await goToProvider(page())
    await continueAs(page(), {})
    await arrive(page(), "/oauth/sign-up", "Create account")
    expect(await page().getByLabel("E-mail address").inputValue()).toBe("ada@example.com")
    await page().getByRole("button", { name: "Create account" }).click()
    await arrive(page(), "/account", "Account")
    await page().getByText("ada@example.com").first().waitFor()
    // There is no password to confirm by.
    await page().goto("/confirm")
    await page().getByRole("heading", { name: "By e-mail", exact: true }).waitFor()
    expect(await page().getByLabel("Password").count()).toBe(0)
    await page().getByRole("button", { name: "Confirm with Example ID" }).waitFor()
    await signOut(page())
    const phone = await openBrowser()
    await goToProvider(phone)
    await continueAs(phone, {})
    await arrive(phone, "/account", "Account")
    await mailFor(phone, "ada@example.com", "A new device signed in")
  })

  test("has an address confirmed by a code if the provider has not proved it", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await goToProvider(own)
    await continueAs(own, { isVerified: false })
    await arrive(own, "/oauth/sign-up", "Create account")
    await own.getByRole("button", { name: "Create account" }).click()
    await arrive(own, "/oauth/sign-up/code", "Confirm your address")
    expect(db.prepare("SELECT count(*) AS rows FROM user").get()).toEqual({ rows: 0 })
    await submit(own, { Code: await codeFor(own, "ada@example.com") }, "Create account")
    await arrive(own, "/account", "Account")
  })

  test("has another address confirmed than the one that the provider has proved", async () => {
    await goToProvider(page())
    await continueAs(page(), {})
    await arrive(page(), "/oauth/sign-up", "Create account")
    await submit(page(), { "E-mail address": "ada@example.org" }, "Create account")
    await arrive(page(), "/oauth/sign-up/code", "Confirm your address")
    await submit(page(), { Code: await codeFor(page(), "ada@example.org") }, "Create account")
    await arrive(page(), "/account", "Account")
    await page().getByText("ada@example.org").first().waitFor()
  })

  test("says that an address is taken, and links once the owner has signed in", async () => {
    await signUp(page(), "ada@example.com")
    await signOut(page())
    await goToProvider(page())
    await continueAs(page(), {})
    await arrive(page(), "/oauth/taken", "This address is taken")
    await page().getByRole("main").getByRole("link", { name: "Sign in" }).click()
    await submit(page(), { "E-mail address": "ada@example.com", Password: "correct horse battery" }, "Sign in")
    await arrive(page(), "/account/providers", "Other ways to sign in")
    await link(page())
    await mailFor(page(), "ada@example.com", "A way to sign in was added")
    await signOut(page())
    await goToProvider(page())
    await continueAs(page(), {})
    await arrive(page(), "/account", "Account")
    await unlink(page())
    await mailFor(page(), "ada@example.com", "A way to sign in was removed")
    await signOut(page())
    await goToProvider(page())
    await continueAs(page(), {})
    await arrive(page(), "/oauth/taken", "This address is taken")
  })

  test("tells nobody whose address is taken if the provider has not proved it", async () => {
    await signUp(page(), "ada@example.com")
    const stranger = await openBrowser()
    await goToProvider(stranger)
    await continueAs(stranger, { name: "Eve", isVerified: false })
    await arrive(stranger, "/oauth/sign-up", "Create account")
    await stranger.getByRole("button", { name: "Create account" }).click()
    await arrive(stranger, "/oauth/sign-up/code", "Confirm your address")
    await mailFor(page(), "ada@example.com", "You already have an account")
  })

  test("does not link what signs in somebody else", async () => {
    await goToProvider(page())
    await continueAs(page(), {})
    await page().getByRole("button", { name: "Create account" }).click()
    await arrive(page(), "/account", "Account")
    const eve = await openBrowser()
    await signUp(eve, "eve@example.com")
    await eve.goto("/account/providers")
    await eve.getByRole("button", { name: "Add Example ID" }).click()
    await continueAs(eve, {})
    await eve.getByText("That account belongs to another user here.").waitFor()
    await eve.goto("/account/providers")
    await eve.getByRole("button", { name: "Add Example ID" }).waitFor()
  })

  test("asks for a fresh proof before it links, which the provider can give later", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await signUp(own, "ada@example.com")
    await own.goto("/account/providers")
    await link(own)
    passTenMinutes(db)
    await own.goto("/account/providers")
    await own.waitForURL(/\/confirm\?next=/)
    await own.getByRole("button", { name: "Confirm with Example ID" }).click()
    await continueAs(own, {})
    await arrive(own, "/account/providers", "Other ways to sign in")
    passTenMinutes(db)
    await own.goto("/account/email")
    await own.getByRole("button", { name: "Confirm with Example ID" }).click()
    // Somebody else at the provider confirms nothing.
    await continueAs(own, { name: "Eve", email: "eve@example.com" })
    await own.getByRole("heading", { name: "That did not work" }).waitFor()
  })

  test("says kindly that the visitor has cancelled", async () => {
    await goToProvider(page())
    await page().getByRole("button", { name: "Cancel" }).click()
    await page().getByText("You cancelled at the provider.").waitFor()
    await page().getByRole("main").getByRole("link", { name: "Sign in" }).click()
    await arrive(page(), "/sign-in", "Sign in")
  })

  test("says kindly that it took too long", async () => {
    const { start } = await createDatabase()
    const app = await start()
    const own = await openBrowser({ baseURL: app.origin })
    const asked = own.waitForRequest(/\/auth\?/)
    await goToProvider(own)
    const state = new URL((await asked).url()).searchParams.get("state") ?? ""
    await app.stop()
    const later = "data:text/javascript,const%20now=Date.now;Date.now=()=>now()+660000"
    const { port } = new URL(app.origin)
    await start({ PORT: port, SITE_URL: app.origin, NODE_OPTIONS: `--import=${later}` })
    await own.goto(`/oauth/example-id/callback?state=${state}&code=late`)
    await own.getByText("It took more than ten minutes.").waitFor()
  })

  test("works in two tabs at once, and after the back button", async () => {
    const other = await page().context().newPage()
    await goToProvider(page())
    await goToProvider(other)
    await continueAs(page(), {})
    await arrive(page(), "/oauth/sign-up", "Create account")
    await continueAs(other, {})
    await arrive(other, "/oauth/sign-up", "Create account")
    await other.getByRole("button", { name: "Create account" }).click()
    await arrive(other, "/account", "Account")
    await page().getByRole("button", { name: "Create account" }).click()
    await page().getByText("Too much time has passed.").waitFor()

    await other.goBack()
    await other.getByRole("heading", { name: "This sign-in has ended" }).waitFor()
    await other.goto("/account")
    await arrive(other, "/account", "Account")
  })

  test("a callback that comes again says that it was finished already", async () => {
    let callback = ""
    page().on("request", (request) => {
      if (request.url().includes("/callback")) callback = request.url()
    })
    await goToProvider(page())
    await continueAs(page(), {})
    await arrive(page(), "/oauth/sign-up", "Create account")
    for (const visitor of [page(), await openBrowser()]) {
      await visitor.goto(callback)
      await visitor.getByText("This was finished already").waitFor()
    }
    expect((await page().request.get("/oauth/nobody/callback")).status()).toBe(404)
  })

  test("asks for the second step after the provider, too", async () => {
    await goToProvider(page())
    await continueAs(page(), {})
    await page().getByRole("button", { name: "Create account" }).click()
    await arrive(page(), "/account", "Account")
    await page().goto("/account/two-step")
    await page().getByRole("button", { name: "Set up an app" }).click()
    const secret = (await page().locator("code.secret").innerText()).replaceAll(/\s/g, "")
    await submit(page(), { [codeField]: codeOf(secret) }, "Turn it on")
    await arrive(page(), "/account/two-step/codes?done=on", "Recovery codes")
    const phone = await openBrowser()
    await goToProvider(phone)
    await continueAs(phone, {})
    await phone.getByRole("heading", { name: "One more step" }).waitFor()
    await phone.goto("/account")
    await phone.waitForURL(/\/sign-in/)
  })

  test("works without JavaScript", async () => {
    const plain = await openBrowser({ javaScriptEnabled: false })
    await goToProvider(plain)
    await continueAs(plain, {})
    await arrive(plain, "/oauth/sign-up", "Create account")
    await plain.getByRole("button", { name: "Create account" }).click()
    await arrive(plain, "/account", "Account")
  })

  test("its pages fit a phone, in light and dark", async () => {
    const own = await openBrowser()
    await own.goto("/sign-in")
    await photograph(own, "oauth-sign-in")
    await goToProvider(own)
    await photograph(own, "oauth-provider")
    await continueAs(own, {})
    await arrive(own, "/oauth/sign-up", "Create account")
    await photograph(own, "oauth-sign-up")
    await own.getByRole("button", { name: "Create account" }).click()
    await arrive(own, "/account", "Account")
    for (const path of [
      "/account/providers",
      "/confirm",
      "/oauth/problem?reason=key_taken",
      "/oauth/taken",
      "/account",
    ]) {
      await own.goto(path)
      await photograph(own, `oauth${path.replaceAll(/[/?=]/g, "-")}`)
    }
  })
})

async function link(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Add Example ID" }).click()
  await continueAs(page, {})
  await page.waitForURL("/account?done=linked")
}

async function unlink(page: Page): Promise<void> {
  await page.goto("/account/providers")
  await page.getByRole("button", { name: "Remove Example ID" }).click()
  await page.waitForURL("/account?done=unlinked")
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click()
  await arrive(page, "/", "Everything an account needs")
}
