import type { CDPSession, Page } from "playwright-core"
import { expect, test } from "vitest"
import {
  codeFor,
  describeAccounts,
  mailFor,
  passTenMinutes,
  seeActivity,
  signInByPassword,
  signUp,
} from "./example-accounts.ts"
import { arrive, password, submit } from "./example-browser.ts"

/** A passkey in an authenticator, as Chromium's test interface names it. */
interface Credential {
  credentialId: string
  isResidentCredential: boolean
  rpId?: string
  privateKey: string
  userHandle?: string
  signCount: number
}

interface Authenticator {
  credentials(): Promise<Credential[]>
  /** Gives a copy of a passkey to the authenticator of another browser. */
  add(credential: Credential): Promise<void>
  remove(credential: Credential): Promise<void>
  setUserVerified(isUserVerified: boolean): Promise<void>
  setProperties(properties: object): Promise<void>
}

describeAccounts(({ page, openBrowser, photograph, createDatabase }) => {
  test("adds a passkey, and signs in with it and nothing else", async () => {
    const authenticator = await plugIn(page())
    await signUp(page(), "ada@example.com")
    await addPasskey(page())
    await mailFor(page(), "ada@example.com", "A passkey was added")
    expect(await authenticator.credentials()).toMatchObject([{ isResidentCredential: true }])
    await signOut(page())
    await signInByPasskey(page())
    await arrive(page(), "/account", "Account")
    // A passkey is two proofs in one: it opens what is dangerous.
    await page().goto("/account/passkeys")
    await page().getByText("last used").waitFor()
  })

  test("stays in the browser when the form that adds it comes twice", async () => {
    const authenticator = await plugIn(page())
    await signUp(page(), "ada@example.com")
    await addPasskey(page())
    await confirmed(page(), "/account/passkeys")
    // An authenticator that has one already makes no other.
    const [first] = await authenticator.credentials()
    await authenticator.remove(first!)
    await page().route("/account/passkeys", async (route) => {
      // The first answer is lost, and the browser tries again.
      await route.fetch()
      await route.continue()
    })
    await page().getByRole("button", { name: "Add a passkey" }).click()
    await page().getByText("This passkey could not be added.").waitFor()
    await page().unroute("/account/passkeys")
    expect(await authenticator.credentials()).toHaveLength(1)
    await signOut(page())
    await signInByPasskey(page())
    await arrive(page(), "/account", "Account")
  })

  test("is forgotten by the browser if it could not be added", async () => {
    const authenticator = await plugIn(page())
    await page().goto("/sign-up")
    await submit(page(), { "E-mail address": "ada@example.com" }, "Send code")
    await arrive(page(), "/sign-up/code", "Confirm your address")
    const code = await codeFor(page(), "ada@example.com")
    await page().goto("/sign-up/passkey")
    await submit(page(), { Code: code }, "Confirm address")
    await page().getByText("ada@example.com is confirmed.").waitFor()
    await page()
      .context()
      .clearCookies({ name: /confirmed-address/ })
    await page().getByRole("button", { name: "Create account" }).click()
    await page().getByText("Too much time has passed.").waitFor()
    await expect.poll(async () => (await authenticator.credentials()).length).toBe(0)
  })

  test("is offered among the suggestions of the address's field", async () => {
    await plugIn(page(), { autofill: true })
    await signUp(page(), "ada@example.com")
    await addPasskey(page())
    await signOut(page())
    await page().goto("/sign-in")
    // The authenticator chooses the only suggestion.
    await arrive(page(), "/account", "Account")
  })

  test("is the second step after a password, also for an authenticator that keeps no list", async () => {
    const authenticator = await plugIn(page())
    await signUp(page(), "ada@example.com")
    await addPasskey(page())
    const [credential] = await authenticator.credentials()
    const phone = await openBrowser()
    await (await plugIn(phone, { hasResidentKey: false })).add({ ...credential!, isResidentCredential: false })
    await signInByPassword(phone, "ada@example.com")
    await arrive(phone, "/sign-in/second-step?next=%2Faccount", "One more step")
    await phone.getByRole("button", { name: "Use your passkey" }).click()
    await arrive(phone, "/account", "Account")
  })

  test("is asked for before something dangerous, and is enough for it", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await plugIn(own)
    await signUp(own, "ada@example.com")
    await addPasskey(own)
    passTenMinutes(db)
    await own.goto("/account/delete")
    await own.waitForURL(/\/confirm\?next=/)
    await own.getByRole("button", { name: "Use your passkey" }).click()
    await arrive(own, "/account/delete", "Delete account")
  })

  test("creates an account without a password, once the address is confirmed", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    await plugIn(own)
    await own.goto("/sign-up")
    await submit(own, { "E-mail address": "ada@example.com" }, "Send code")
    await arrive(own, "/sign-up/code", "Confirm your address")
    const code = await codeFor(own, "ada@example.com")
    await own.getByRole("link", { name: "Use a passkey" }).click()
    await arrive(own, "/sign-up/passkey", "Create account with a passkey")
    await submit(own, { Code: wrong(code) }, "Confirm address")
    await own.getByText("This code is wrong or too old.").waitFor()
    await submit(own, { Code: code }, "Confirm address")
    await own.getByText("ada@example.com is confirmed.").waitFor()
    await own.getByRole("button", { name: "Create account" }).click()
    await arrive(own, "/account?done=passkey-account", "Account")
    expect(db.prepare("SELECT hashed_password FROM user_key").all()).toEqual([{ hashed_password: null }])
    await photograph(own, "passkeys-account")
    await own.getByRole("link", { name: "Create recovery codes" }).click()
    await own.waitForURL(/\/confirm\?next=/)
    expect(await own.getByLabel("Password").count()).toBe(0)
    await photograph(own, "passkeys-confirm-without-password")
    await own.getByRole("button", { name: "Use your passkey" }).click()
    await arrive(own, "/account/two-step/codes", "Recovery codes")
    await own.getByRole("button", { name: "Create recovery codes" }).click()
    await own.getByRole("button", { name: "Create new codes" }).waitFor()
    await own.goto("/account?done=passkey-account")
    expect(await own.getByRole("link", { name: "Create recovery codes" }).count()).toBe(0)
    await signOut(own)
    await signInByPasskey(own)
    await arrive(own, "/account", "Account")
  })

  test("refuses a passkey whose device has not verified its user", async () => {
    const authenticator = await plugIn(page())
    await signUp(page(), "ada@example.com")
    await addPasskey(page())
    await authenticator.setUserVerified(false)
    await signOut(page())
    await signInByPasskey(page())
    await page().getByText("Nothing happened").waitFor()
    await page().goto("/account")
    await arrive(page(), "/sign-in", "Sign in")
  })

  test("refuses a copy of a passkey by its counter, and says so in the account", async () => {
    const authenticator = await plugIn(page())
    await signUp(page(), "ada@example.com")
    await addPasskey(page())
    const [copy] = await authenticator.credentials()
    await signOut(page())
    await signInByPasskey(page())
    await arrive(page(), "/account", "Account")
    const thief = await openBrowser()
    await (await plugIn(thief)).add(copy!)
    await signInByPasskey(thief)
    await thief.getByText("This passkey was refused.").waitFor()
    await seeActivity(page(), "Passkey refused: there may be a copy of it")
  })

  test("follows a passkey into a backup, and refuses one that could never be backed up and says it is", async () => {
    const { db, start } = await createDatabase()
    const own = await openBrowser({ baseURL: (await start()).origin })
    const authenticator = await plugIn(own, { defaultBackupEligibility: true, defaultBackupState: false })
    await signUp(own, "ada@example.com")
    await addPasskey(own)
    const flags = () => db.prepare("SELECT backup_eligible, backed_up FROM user_passkey").get()
    expect(flags()).toEqual({ backup_eligible: 1, backed_up: 0 })
    const [{ credentialId } = { credentialId: "" }] = await authenticator.credentials()
    await authenticator.setProperties({ credentialId, backupEligibility: true, backupState: true })
    await signOut(own)
    await signInByPasskey(own)
    await arrive(own, "/account", "Account")
    expect(flags()).toEqual({ backup_eligible: 1, backed_up: 1 })
    await authenticator.setProperties({ credentialId, backupEligibility: false, backupState: false })
    await signOut(own)
    await signInByPasskey(own)
    await own.getByText("This passkey was refused.").waitFor()
  })

  test("says kindly that a passkey is of an account that is gone, and has the browser forget it", async () => {
    const authenticator = await plugIn(page())
    await signUp(page(), "ada@example.com")
    await addPasskey(page())
    await confirmed(page(), "/account/delete")
    await page().getByRole("button", { name: "Delete my account" }).click()
    await arrive(page(), "/", "Everything an account needs")
    await signInByPasskey(page())
    await page().getByText("This passkey belongs to no account here any more.").waitFor()
    await expect.poll(async () => (await authenticator.credentials()).length).toBe(0)
  })

  test("renames and removes passkeys, and tells the browser which are left", async () => {
    const authenticator = await plugIn(page())
    await signUp(page(), "ada@example.com")
    await addPasskey(page())
    await confirmed(page(), "/account/passkeys")
    await page()
      .getByLabel(/^New name of/)
      .fill("Blue key")
    await page()
      .getByRole("button", { name: /^Rename/ })
      .click()
    await page().getByText("Your passkey has a new name.").waitFor()
    await page().getByRole("button", { name: "Remove Blue key" }).click()
    await page().getByText("The passkey was removed.").waitFor()
    await expect.poll(() => page().getByRole("listitem").count()).toBe(0)
    await mailFor(page(), "ada@example.com", "A passkey was removed")
    await expect.poll(async () => (await authenticator.credentials()).length).toBe(0)
  })

  test("nobody renames or removes the passkey of somebody else", async () => {
    const { db, start } = await createDatabase()
    const { origin } = await start()
    const own = await openBrowser({ baseURL: origin })
    await plugIn(own)
    await signUp(own, "ada@example.com")
    await addPasskey(own)
    const { id } = db.prepare("SELECT id FROM user_passkey").get() as { id: string }
    const eve = await openBrowser({ baseURL: origin })
    await plugIn(eve)
    await signUp(eve, "eve@example.com")
    await addPasskey(eve)
    await confirmed(eve, "/account/passkeys")
    await eve
      .locator("input[name=id]")
      .evaluateAll((all, id) => all.forEach((each) => ((each as HTMLInputElement).value = id)), id)
    await eve.getByRole("button", { name: /^Remove/ }).click()
    await eve.getByText("The passkey was removed.").waitFor()
    expect(db.prepare("SELECT count(*) AS rows FROM user_passkey").get()).toEqual({ rows: 2 })
  })

  test("its pages fit a phone, in light and dark", async () => {
    const own = await openBrowser()
    await plugIn(own)
    await signUp(own, "ada@example.com")
    await addPasskey(own)
    await photograph(own, "passkeys-added")
    await own.goto("/confirm")
    await photograph(own, "passkeys-confirm")
    await signOut(own)
    await own.goto("/sign-in")
    await photograph(own, "passkeys-sign-in")
    await own.goto("/sign-up/passkey")
    await photograph(own, "passkeys-sign-up")
    await signInByPassword(own, "ada@example.com", password)
    await arrive(own, "/sign-in/second-step?next=%2Faccount", "One more step")
    await photograph(own, "passkeys-second-step")
  })
})

/** Gives a browser an authenticator. */
async function plugIn(
  page: Page,
  { autofill = false, ...options }: { autofill?: boolean } & Record<string, unknown> = {},
): Promise<Authenticator> {
  const cdp: CDPSession = await page.context().newCDPSession(page)
  await cdp.send("WebAuthn.enable")
  // It would answer at once, where a person chooses a suggestion.
  if (!autofill) {
    await page.addInitScript(() => {
      if ("PublicKeyCredential" in window) PublicKeyCredential.isConditionalMediationAvailable = async () => false
    })
  }
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...options,
    },
  })
  return {
    credentials: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    add: async (credential) => {
      await cdp.send("WebAuthn.addCredential", { authenticatorId, credential })
    },
    remove: async ({ credentialId }) => {
      await cdp.send("WebAuthn.removeCredential", { authenticatorId, credentialId })
    },
    setUserVerified: async (isUserVerified) => {
      await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified })
    },
    setProperties: async (properties) => {
      await cdp.send("WebAuthn.setCredentialProperties", {
        authenticatorId,
        ...(properties as { credentialId: string }),
      })
    },
  }
}

async function addPasskey(page: Page): Promise<void> {
  await page.goto("/account/passkeys")
  await page.getByRole("button", { name: "Add a passkey" }).click()
  await page.getByText("Your passkey was added.").waitFor()
}

async function confirmByPasskey(page: Page): Promise<void> {
  await page.waitForURL(/\/confirm/)
  await page.getByRole("button", { name: "Use your passkey" }).click()
}

/** Opens a page that may ask for a passkey first. */
async function confirmed(page: Page, path: string): Promise<void> {
  await page.goto(path)
  if (page.url().includes("/confirm")) await confirmByPasskey(page)
  await page.waitForURL(path)
}

async function signInByPasskey(page: Page): Promise<void> {
  await page.goto("/sign-in")
  await page.getByRole("button", { name: "Sign in with a passkey" }).click()
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click()
  await arrive(page, "/", "Everything an account needs")
}

function wrong(code: string): string {
  return code.replace(/^\d/, (digit) => String((Number(digit) + 1) % 10))
}
