import { join } from "node:path"
import { TOTP } from "otpauth"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { PasskeyCreationOptions } from "../../src/passkeys.ts"
import { startOpenIdProvider } from "../oauth/open-id-provider.ts"
import type { OpenIdProvider } from "../oauth/open-id-provider.ts"
import { root } from "../package/tarball.ts"
import { createAuthenticator } from "../passkeys/authenticator.ts"
import type { GuideBrowser, GuideRun } from "./guide-run.ts"
import { runGuide } from "./guide-run.ts"
import { blocksOf } from "./page-blocks.ts"

/** What the script of the guide on passkeys exports. */
interface PageScript {
  createPasskey(start: string, finish: string, fields?: object): Promise<unknown>
  usePasskey(start: string, finish: string, mediation?: string): Promise<unknown>
  tellBrowser(listed: Listed): Promise<void>
}

interface Listed {
  rpId: string
  userId: string
  name: string
  ids: string[]
}

interface Begun {
  options: PasskeyCreationOptions
  handle: string
}

const password = "correct horse battery"
let guide: GuideRun

function guided(page: string, more?: Record<string, string>): void {
  beforeEach(async () => void (guide = await runGuide(`docs/guides/${page}.md`, more)))
  afterEach(() => guide.close())
}

/** Makes a user, for guides that begin with one. */
const createUser = `
import { users } from "./auth.ts"
export async function create(request: Request) {
  const { email = "", username = "", password = "" } = Object.fromEntries(await request.formData()) as Record<string, string>
  const key = email ? { providerId: "email", providerUserId: email, password } : { providerId: "username", providerUserId: username, password }
  const created = await users.createUser({ key, attributes: email ? { email } : { username } } as never)
  return Response.json(created.reason ?? null)
}
`

describe("the guide on e-mail confirmation, over a mail server", () => {
  guided("email-confirmation")

  async function signUp(email: string) {
    const browser = guide.openBrowser()
    await browser.post("sign-up.ts#requestCode", { email })
    const code = codeIn(guide.mails.at(-1)!.body)
    expect(await browser.post("sign-up.ts#finishSignUp", { code, password })).toMatchObject({ status: 303 })
    return browser
  }

  test("creates an account once the code was entered, and signs in", async () => {
    const browser = guide.openBrowser()
    expect(await browser.post("sign-up.ts#requestCode", { email: "no address" })).toMatchObject({ status: 422 })
    expect(await browser.post("sign-up.ts#requestCode", { email: "Ada@Example.com" })).toMatchObject({ status: 303 })
    expect(guide.mails.at(-1)!.to).toBe("ada@example.com")
    const code = codeIn(guide.mails.at(-1)!.body)
    for (const [form, status] of [
      [{ code, password: "short" }, 422],
      [{ code: "00000000", password }, 422],
      [{ code, password }, 303],
      [{ code, password }, 422],
    ] as const) {
      expect(await browser.post("sign-up.ts#finishSignUp", form)).toMatchObject({ status })
    }
    expect([...browser.cookies.keys()]).toEqual(["__Host-session"])
  })

  test("answers the same for an address that has an account, and mails its owner", async () => {
    await signUp("ada@example.com")
    const other = guide.openBrowser()
    const [taken, free] = [
      await other.post("sign-up.ts#requestCode", { email: "ada@example.com" }),
      await other.post("sign-up.ts#requestCode", { email: "eve@example.com" }),
    ]
    expect({ ...taken, cookies: taken.cookies.length }).toEqual({ ...free, cookies: free.cookies.length })
    expect(guide.mails.at(-2)!.body).toContain("Sign in, or reset your password")
  })

  test("changes an address by a link that works once, and tells the old one", async () => {
    const browser = await signUp("ada@example.com")
    await browser.post("change-email.ts#requestChange", { email: "ada@example.org" })
    const [toNew, toOld] = guide.mails.slice(-2)
    expect([toNew!.to, toOld!.to]).toEqual(["ada@example.org", "ada@example.com"])
    const token = tokenIn(toNew!.body)
    for (let n = 0; n < 3; n++) {
      const page = await browser.get("change-email.ts#confirmPage", `/?token=${token}`)
      expect(page).toMatchObject({ status: 200, text: expect.stringContaining(token) })
    }
    expect(await browser.post("change-email.ts#confirmChange", { token })).toMatchObject({ status: 303 })
    expect(await browser.post("change-email.ts#confirmChange", { token })).toMatchObject({ status: 410 })
    expect(guide.mails.at(-1)!.to).toBe("ada@example.com")
  })

  test("a link for an address that has changed meanwhile changes nothing", async () => {
    const browser = await signUp("ada@example.com")
    const tokens: string[] = []
    for (const email of ["first@example.org", "second@example.org"]) {
      await browser.post("change-email.ts#requestChange", { email })
      tokens.push(tokenIn(guide.mails.at(-2)!.body))
    }
    expect(await browser.post("change-email.ts#confirmChange", { token: tokens[1]! })).toMatchObject({ status: 303 })
    expect(await browser.post("change-email.ts#confirmChange", { token: tokens[0]! })).toMatchObject({ status: 410 })
  })
})

describe("the guide on password reset, over a mail server", () => {
  guided("password-reset", { "create.ts": createUser })

  test("a scanner uses nothing up; the link sets a password once", async () => {
    const browser = guide.openBrowser()
    await browser.post("create.ts#create", { email: "ada@example.com", password })
    const unknown = await browser.post("reset.ts#requestReset", { email: "nobody@example.com" })
    expect(guide.mails).toEqual([])
    expect(await browser.post("reset.ts#requestReset", { email: "ADA@example.com" })).toEqual(unknown)
    const token = tokenIn(guide.mails.at(-1)!.body)
    for (let n = 0; n < 10; n++) {
      expect(await browser.get("reset.ts#resetPage", `/?token=${token}`)).toMatchObject({ status: 200 })
    }
    expect(await browser.post("reset.ts#resetPassword", { token, password: "short" })).toMatchObject({ status: 422 })
    const changed = await browser.post("reset.ts#resetPassword", { token, password: "a different battery" })
    expect(changed).toMatchObject({ status: 303, location: "/" })
    expect(await browser.post("reset.ts#resetPassword", { token, password })).toMatchObject({ status: 410 })
    expect(await browser.get("reset.ts#resetPage", `/?token=${token}`)).toMatchObject({ status: 410 })
    expect(browser.cookies.has("__Host-session")).toBe(true)
  })
})

describe("the guide on password reset, with the proof of its link and the door", () => {
  const page = "docs/guides/password-reset.md"
  afterEach(() => guide.close())

  test("the proof stays good after the change, and signs in", async () => {
    const blocks = blocksOf(page)
    const authFile = blocks.get("auth.ts")!.replace("createAuth({", "createAuth({ proofsOnly: true,")
    const withDoor = `import { createSignIn } from "nightlatch/sign-in"
${authFile}
export const door = createSignIn({ auth, users, tokens, factors: [] })`
    const reset = blocks
      .get("reset.ts")!
      .replace("{ auth, tokens,", "{ auth, door, tokens,")
      .replace("{ signIn }", "{ setSession }")
      .replace("await signIn(userId)", "await setSession((await door.beginSignIn(proved.proof!)).token)")
    guide = await runGuide(page, { "create.ts": createUser, "auth.ts": withDoor, "reset.ts": reset })
    const browser = guide.openBrowser()
    await browser.post("create.ts#create", { email: "ada@example.com", password })
    await browser.post("reset.ts#requestReset", { email: "ada@example.com" })
    const token = tokenIn(guide.mails.at(-1)!.body)
    const changed = await browser.post("reset.ts#resetPassword", { token, password: "a different battery" })
    expect(changed).toMatchObject({ status: 303, location: "/" })
    expect(browser.cookies.has("__Host-session")).toBe(true)
  })
})

describe("the guide on magic links, over a mail server", () => {
  guided("magic-links", { "create.ts": createUser })

  test("signs in by the link in any browser, and by the code where it was asked for", async () => {
    const [browser, phone] = [guide.openBrowser(), guide.openBrowser()]
    await browser.post("create.ts#create", { email: "ada@example.com", password })
    await browser.post("magic-link.ts#requestLink", { email: "ada@example.com" })
    const [token, code] = [tokenIn(guide.mails.at(-1)!.body), codeIn(guide.mails.at(-1)!.body)]
    expect(await phone.get("magic-link.ts#linkPage", `/?token=${token}`)).toMatchObject({ status: 200 })
    expect(await phone.post("magic-link.ts#signInWithLink", { token })).toMatchObject({ status: 303 })
    expect(await phone.post("magic-link.ts#signInWithLink", { token })).toMatchObject({ status: 410 })
    expect(await phone.post("magic-link.ts#signInWithCode", { code })).toMatchObject({ status: 422 })
    expect(await browser.post("magic-link.ts#signInWithCode", { code })).toMatchObject({ status: 303 })
    expect([...browser.cookies.keys()]).toEqual(["__Host-session"])
  })

  test("answers the same for every address, and mails only those with an account", async () => {
    const [known, unknown] = [guide.openBrowser(), guide.openBrowser()]
    await known.post("create.ts#create", { email: "grace@example.com", password })
    const before = guide.mails.length
    const none = await unknown.post("magic-link.ts#requestLink", { email: "nobody@example.com" })
    const withoutHandle = (answer: unknown) => JSON.stringify(answer).replace(/(?<==)[a-z2-7]{32}(?=;)/, "handle")
    expect(guide.mails).toHaveLength(before)
    const found = await known.post("magic-link.ts#requestLink", { email: "grace@example.com" })
    expect(withoutHandle(found)).toBe(withoutHandle(none))
    expect(guide.mails).toHaveLength(before + 1)
    expect([...unknown.cookies.keys()]).toEqual(["__Host-mail-code"])
  })
})

describe("the guide on rate limiting", () => {
  guided("rate-limiting", { "create.ts": createUser })

  test("refuses the eleventh guess, and lets the owner's own browser in", async () => {
    const [owner, attacker] = [guide.openBrowser(), guide.openBrowser()]
    const right = { email: "ada@example.com", password }
    await owner.post("create.ts#create", right)
    expect(await owner.post("known-browsers.ts#signIn", right)).toMatchObject({ status: 303 })
    const statuses: number[] = []
    for (let n = 0; n < 11; n++) {
      const { status } = await attacker.post("known-browsers.ts#signIn", { ...right, password: `wrong horse ${n}` })
      statuses.push(status)
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 422), 429])
    expect(await attacker.post("known-browsers.ts#signIn", right)).toMatchObject({ status: 429 })
    expect(await owner.post("known-browsers.ts#signIn", right)).toMatchObject({ status: 303 })
    // The owner's sign-in has given the attacker nothing back.
    expect(await attacker.post("known-browsers.ts#signIn", right)).toMatchObject({ status: 429 })
    expect(await owner.post("known-browsers.ts#signIn", right)).toMatchObject({ status: 303 })
  })
})

describe("the guide on step-up", () => {
  const entering = `
import { createWebAuth } from "nightlatch/web"
import { auth, door, users } from "./auth.ts"
const { handler } = createWebAuth(auth)
export const enter = handler(async (request, { setSession }) => {
  const form = await request.formData()
  const attempt = { providerId: "username", providerUserId: form.get("username"), password: form.get("password") }
  const begun = await users.signInWithPassword(door, attempt)
  await setSession(begun?.token ?? null)
  return Response.json(begun?.session?.methods ?? null)
})
`
  const visiting = `
import { DatabaseSync } from "node:sqlite"
import "./guard-hono.ts"
import { app } from "./routes.ts"
export const visit = async (request: Request) => app.fetch(request)
export const forgetProofs = () => {
  new DatabaseSync("app.db").exec("UPDATE session SET methods = NULL, authenticated_at = NULL")
  return new Response()
}
`
  guided("step-up", { "create.ts": createUser, "enter.ts": entering, "visit.ts": visiting })

  test("guards a page of Hono, and leads back to it by way of the page that asks", async () => {
    const browser = guide.openBrowser()
    const ada = { username: "ada", password }
    const visit = () => browser.get("visit.ts#visit", "/account/delete")
    await browser.post("create.ts#create", ada)
    const next = "next=%2Faccount%2Fdelete"
    expect(await visit()).toMatchObject({ status: 303, location: `/sign-in?${next}` })
    await browser.post("enter.ts#enter", ada)
    expect(await visit()).toMatchObject({ status: 200 })
    await browser.get("visit.ts#forgetProofs", "/")
    expect(await visit()).toMatchObject({ status: 303, location: `/confirm?${next}` })
    const { text } = await browser.get("confirm.ts#confirmPage", `/confirm?${next}`)
    const [, shown = ""] = /name="next" value="([^"]*)"/.exec(text) ?? []
    const confirmed = await browser.post("confirm.ts#confirm", { password, next: shown })
    expect(confirmed).toMatchObject({ status: 303, location: "/account/delete" })
    expect(await visit()).toMatchObject({ status: 200 })
  })

  test("confirms by password, in a session that keeps what was proved", async () => {
    const browser = guide.openBrowser()
    const ada = { username: "ada", password }
    await browser.post("create.ts#create", ada)
    expect(await browser.post("enter.ts#enter", ada)).toMatchObject({ text: '["password"]' })
    const before = browser.cookies.get("__Host-session")
    expect(await browser.post("confirm.ts#confirm", { password: "wrong horse" })).toMatchObject({ status: 422 })
    expect(browser.cookies.get("__Host-session")).toBe(before)
    const confirmed = await browser.post("confirm.ts#confirm", { password, next: "//evil.example" })
    expect(confirmed).toMatchObject({ status: 303, location: "/" })
    expect(browser.cookies.get("__Host-session")).not.toBe(before)
  })
})

describe("the guide on passkeys, with the script of its page", () => {
  guided("passkeys", { "create.ts": createUser })
  afterEach(() => vi.unstubAllGlobals())

  const handlers = new Map([
    ["/sign-up/passkey/options", "sign-up.ts#signUpOptions"],
    ["/sign-up/passkey", "sign-up.ts#signUp"],
    ["/sign-in/passkey/options", "sign-in.ts#signInOptions"],
    ["/sign-in/passkey", "sign-in.ts#signIn"],
    ["/passkeys/options", "manage.ts#newPasskeyOptions"],
    ["/passkeys", "manage.ts#addPasskey"],
    ["/passkeys/remove", "manage.ts#removePasskey"],
    ["/password", "second-factor.ts#enterPassword"],
    ["/second-factor/options", "second-factor.ts#secondFactorOptions"],
    ["/second-factor", "second-factor.ts#finishSignIn"],
    ["/confirm/passkey/options", "confirm.ts#confirmOptions"],
    ["/confirm/passkey", "confirm.ts#confirm"],
  ])

  /** The script of the page, in a browser with an authenticator in software. */
  async function openPage() {
    const browser = guide.openBrowser()
    const authenticator = createAuthenticator({ counts: true })
    const signals: unknown[] = []
    const answered = (response: object) => ({ ...response, toJSON: () => response })
    vi.stubGlobal("fetch", async (path: string, { body }: { body: string }) => {
      const { status, text } = await browser.postJson(handlers.get(path)!, JSON.parse(body))
      return new Response(text, { status })
    })
    vi.stubGlobal("navigator", {
      credentials: {
        create: async ({ publicKey }: never) => answered(await authenticator.register(publicKey)),
        get: async ({ publicKey }: never) => answered(await authenticator.signIn(publicKey)),
      },
    })
    vi.stubGlobal("PublicKeyCredential", {
      parseCreationOptionsFromJSON: (options: object) => options,
      parseRequestOptionsFromJSON: (options: object) => options,
      signalUnknownCredential: (options: object) => signals.push(options),
      signalAllAcceptedCredentials: (options: object) => signals.push(options),
      signalCurrentUserDetails: (options: object) => signals.push(options),
    })
    const code = blocksOf("docs/guides/passkeys.md", "js").get("browser.js")!
    const script = (await import(
      `data:text/javascript,${encodeURIComponent(`${code}// ${Math.random()}`)}`
    )) as PageScript
    const post = async (path: string, json: object = {}) => browser.postJson(handlers.get(path)!, json)
    const list = async () => JSON.parse((await browser.get("manage.ts#listPasskeys", "/passkeys")).text) as Listed
    return { ...script, browser, authenticator, signals, post, list }
  }

  test("signs up without a password, and signs in again, at once or by autofill", async () => {
    const { browser, createPasskey, usePasskey, signals } = await openPage()
    const fields = { username: "ada" }
    expect(await createPasskey("/sign-up/passkey/options", "/sign-up/passkey", fields)).toEqual({ signedIn: true })
    expect(browser.cookies.has("__Host-session")).toBe(true)
    browser.cookies.clear()
    expect(await usePasskey("/sign-in/passkey/options", "/sign-in/passkey", "conditional")).toEqual({ signedIn: true })
    expect(browser.cookies.has("__Host-session")).toBe(true)
    expect(signals).toEqual([])
  })

  test("takes no user name twice, and lets the browser forget a passkey that is not stored", async () => {
    const { browser, createPasskey, usePasskey, signals, authenticator, post } = await openPage()
    await createPasskey("/sign-up/passkey/options", "/sign-up/passkey", { username: "ada" })
    expect(await post("/sign-up/passkey/options", { username: "ada" })).toMatchObject({ status: 409 })
    expect(await post("/sign-up/passkey/options")).toMatchObject({ status: 422 })
    const begun = JSON.parse((await post("/sign-up/passkey/options", { username: "eve" })).text) as Begun
    const response = await authenticator.register(begun.options)
    const late = await post("/sign-up/passkey", { username: "ADA", handle: begun.handle, response })
    expect(late).toMatchObject({ status: 409 })
    handlers.set("/elsewhere", "sign-in.ts#signIn")
    expect(await createPasskey("/sign-up/passkey/options", "/elsewhere", { username: "bob" })).toBeNull()
    const id = authenticator.credentials.at(-1)!.id.toString("base64url")
    expect(signals).toEqual([{ rpId: "example.com", credentialId: id }])
    browser.cookies.clear()
    expect(await usePasskey("/sign-in/passkey/options", "/sign-in/passkey")).toBeNull()
  })

  test("asks for a passkey after a password, lists and removes it, and tells the browser", async () => {
    const { browser, createPasskey, usePasskey, tellBrowser, signals, post, list } = await openPage()
    await browser.post("create.ts#create", { username: "ada", password })
    expect(await post("/password", { username: "ada", password: "wrong horse" })).toMatchObject({ status: 422 })
    expect(await post("/password", { username: "ada", password })).toMatchObject({ text: '{"signedIn":true}' })
    expect(await createPasskey("/passkeys/options", "/passkeys", { name: "Phone" })).toMatchObject({ name: "Phone" })
    browser.cookies.clear()
    expect(await post("/passkeys/options")).toMatchObject({ status: 401 })
    expect(await post("/password", { username: "ada", password })).toMatchObject({ text: '{"signedIn":false}' })
    expect(browser.cookies.has("__Host-session")).toBe(false)
    expect(await usePasskey("/second-factor/options", "/second-factor")).toEqual({ signedIn: true })
    expect([...browser.cookies.keys()]).toEqual(["__Host-session"])
    const before = browser.cookies.get("__Host-session")
    expect(await usePasskey("/confirm/passkey/options", "/confirm/passkey")).toEqual({ confirmed: true })
    expect(browser.cookies.get("__Host-session")).not.toBe(before)
    const { ids } = await list()
    expect(await post("/passkeys/remove", { id: ids[0] })).toMatchObject({ status: 200 })
    expect(await post("/passkeys/remove", { id: ids[0] })).toMatchObject({ status: 404 })
    const listed = await list()
    await tellBrowser(listed)
    const { rpId, userId, name } = listed
    expect(signals).toEqual([
      { rpId, userId, allAcceptedCredentialIds: [] },
      { rpId, userId, name, displayName: "" },
    ])
    expect(await post("/password", { username: "ada", password })).toMatchObject({ text: '{"signedIn":true}' })
  })
})

describe("the guide on two-factor authentication, over a mail server", () => {
  const forgetting = `
import { DatabaseSync } from "node:sqlite"
export const forgetProofs = () => {
  new DatabaseSync("app.db").exec("UPDATE session SET methods = NULL, authenticated_at = NULL")
  return new Response()
}
`
  guided("two-factor", { "create.ts": createUser, "forget.ts": forgetting })
  const askedAt = "/confirm?next=/settings/two-factor"

  test("asks a user with an app for the password and a code, after which the page opens", async () => {
    const browser = guide.openBrowser()
    const enrollPage = () => browser.get("two-factor.ts#enrollPage", "/")
    const confirmUser = (form: Record<string, string>) => browser.post("confirm.ts#confirmUser", form)
    await browser.post("create.ts#create", { email: "ada@example.com", password })
    await browser.post("sign-in.ts#signIn", { email: "ada@example.com", password })
    await browser.get("forget.ts#forgetProofs", "/")
    expect(await enrollPage()).toMatchObject({ location: askedAt })
    expect(await confirmUser({ password: "wrong horse" })).toMatchObject({ status: 422 })
    expect(await confirmUser({ password, next: "/settings" })).toMatchObject({ status: 303, location: "/settings" })

    const secret = /<code>([A-Z2-7]{32})</.exec((await enrollPage()).text)?.[1] ?? ""
    const code = (later = 0) => new TOTP({ secret }).generate({ timestamp: Date.now() + later })
    expect(await browser.post("two-factor.ts#confirm", { code: code(-30_000) })).toMatchObject({ status: 200 })
    await browser.get("forget.ts#forgetProofs", "/")
    expect(await confirmUser({ password })).toMatchObject({ status: 422, text: "Wrong code" })
    expect(await enrollPage()).toMatchObject({ location: askedAt })
    expect(await confirmUser({ password, code: code() })).toMatchObject({ status: 303 })
    expect(await enrollPage()).toMatchObject({ status: 200 })
  })

  test("adds an authenticator app, asks for its code, takes a recovery code once, and removes the app", async () => {
    const ada = { email: "ada@example.com", password }
    const browser = guide.openBrowser()
    await browser.post("create.ts#create", ada)
    expect(await browser.get("two-factor.ts#enrollPage", "/")).toMatchObject({ status: 303, location: askedAt })
    expect(await browser.post("sign-in.ts#signIn", ada)).toMatchObject({ status: 303, location: "/" })

    const page = await browser.get("two-factor.ts#enrollPage", "/")
    const secret = /<code>([A-Z2-7]{32})</.exec(page.text)?.[1] ?? ""
    expect((await browser.get("two-factor.ts#enrollPage", "/")).text).toBe(page.text)
    const code = (later = 0) => new TOTP({ secret }).generate({ timestamp: Date.now() + later })
    expect(await browser.post("two-factor.ts#confirm", { code: "12345" })).toMatchObject({ text: "wrong_code" })
    const used = code()
    const confirmed = await browser.post("two-factor.ts#confirm", { code: used })
    const recovery = confirmed.text.match(/\b([a-z2-7]{4}-){5}[a-z2-7]{4}\b/g) ?? []
    expect(recovery).toHaveLength(10)
    expect(guide.mails.at(-1)).toMatchObject({ to: ada.email, body: expect.stringContaining("not you") })

    async function begin() {
      const other = guide.openBrowser()
      expect(await other.post("sign-in.ts#signIn", ada)).toMatchObject({ location: "/sign-in/code" })
      expect([...other.cookies.keys()]).not.toContain("__Host-session")
      return other
    }
    const phone = await begin()
    expect(await phone.post("sign-in.ts#finishSignIn", { code: used })).toMatchObject({ status: 422 })
    expect(await phone.post("sign-in.ts#finishSignIn", { code: code(30_000) })).toMatchObject({ location: "/" })
    expect([...phone.cookies.keys()]).toEqual(["__Host-session"])

    const lost = { code: recovery[0]!.toUpperCase() }
    const owner = await begin()
    expect(await owner.post("sign-in.ts#finishSignIn", lost)).toMatchObject({ location: "/" })
    expect(guide.mails.at(-1)!.body).toContain("You have 9 left")
    const again = await begin()
    expect(await again.post("sign-in.ts#finishSignIn", lost)).toMatchObject({ status: 422 })
    for (let tries = 0; tries < 3; tries++) await again.post("sign-in.ts#finishSignIn", lost)
    expect(await again.post("sign-in.ts#finishSignIn", lost)).toMatchObject({ status: 303, location: "/sign-in" })

    expect(await owner.post("two-factor.ts#remove", {})).toMatchObject({ status: 303 })
    expect(guide.mails).toHaveLength(3)
    expect(await guide.openBrowser().post("sign-in.ts#signIn", ada)).toMatchObject({ location: "/" })
  })

  test("confirms by a mailed code without the password, in the browser that asked for it", async () => {
    const ada = { email: "ada@example.com", password }
    const [browser, other] = [guide.openBrowser(), guide.openBrowser()]
    await browser.post("create.ts#create", ada)
    for (const each of [browser, other]) await each.post("sign-in.ts#signIn", ada)
    await browser.get("forget.ts#forgetProofs", "/")
    const path = `/confirm?next=${encodeURIComponent(`/settings?a=1&lt=2"'><b>`)}`
    const shown = await browser.get("confirm.ts#confirmPage", path)
    expect(shown.text).toContain(`name="next" value="/settings?a=1&amp;lt=2%22%27%3E%3Cb%3E">`)
    expect(await browser.post("confirm.ts#mailCode", { next: "/settings?a=1" })).toMatchObject({
      location: "/confirm?next=%2Fsettings%3Fa%3D1",
    })
    expect(guide.mails.at(-1)!.to).toBe(ada.email)
    const form = { mailed: codeIn(guide.mails.at(-1)!.body), next: "/settings" }
    expect(await other.post("confirm.ts#confirmUser", form)).toMatchObject({ status: 422 })
    expect(await browser.post("confirm.ts#confirmUser", { ...form, mailed: "00000000" })).toMatchObject({ status: 422 })
    expect(await browser.get("two-factor.ts#enrollPage", "/")).toMatchObject({ location: askedAt })
    expect(await browser.post("confirm.ts#confirmUser", form)).toMatchObject({ status: 303, location: "/settings" })
    expect(await browser.get("two-factor.ts#enrollPage", "/")).toMatchObject({ status: 200 })
    expect(await browser.post("confirm.ts#confirmUser", form)).toMatchObject({ status: 422 })
  })

  test("adds a new phone in place of a lost one, after a recovery code", async () => {
    const ada = { email: "ada@example.com", password }
    const browser = guide.openBrowser()
    await browser.post("create.ts#create", ada)
    await browser.post("sign-in.ts#signIn", ada)

    async function enroll(browser: GuideBrowser) {
      const { text } = await browser.get("two-factor.ts#enrollPage", "/")
      const totp = new TOTP({ secret: /<code>([A-Z2-7]{32})</.exec(text)?.[1] ?? "" })
      const confirmed = await browser.post("two-factor.ts#confirm", { code: totp.generate() })
      expect(confirmed).toMatchObject({ status: 200 })
      return { totp, recovery: /\b([a-z2-7]{4}-){5}[a-z2-7]{4}\b/.exec(confirmed.text)![0] }
    }

    const lost = await enroll(browser)
    const owner = guide.openBrowser()
    await owner.post("sign-in.ts#signIn", ada)
    expect(await owner.post("sign-in.ts#finishSignIn", { code: lost.recovery })).toMatchObject({ location: "/" })
    const found = await enroll(owner)
    const later = { timestamp: Date.now() + 30_000 }
    const next = guide.openBrowser()
    await next.post("sign-in.ts#signIn", ada)
    for (const [{ totp }, status] of [
      [lost, 422],
      [found, 303],
    ] as const) {
      expect(await next.post("sign-in.ts#finishSignIn", { code: totp.generate(later) })).toMatchObject({ status })
    }
  })
})

describe("the guide on the audit log", () => {
  const entering = `
import { createWebAuth } from "nightlatch/web"
import { audit, auth, users } from "./auth.ts"
import { cleanUp } from "./daily.ts"
const { handler } = createWebAuth(auth)
export const enter = handler(async (request, { setSession }) => {
  const form = await request.formData()
  const attempt = { providerId: "username", providerUserId: form.get("username"), password: form.get("password") }
  const signedIn = await users.signInWithPassword(auth, attempt)
  await setSession(signedIn?.token ?? null)
  await audit.flush()
  await cleanUp()
  return new Response("in")
})
`
  guided("audit-log", { "create.ts": createUser, "enter.ts": entering })

  test("shows a user what happened to the account, newest first", async () => {
    const browser = guide.openBrowser()
    const ada = { username: "ada", password }
    await browser.post("create.ts#create", ada)
    await browser.post("enter.ts#enter", ada)
    const { text } = await browser.get("activity.ts#activity", "/activity")
    const types = (JSON.parse(text) as { type: string }[]).map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(["session_created", "key_used", "user_created"]))
    expect(types.at(-1)).toBe("user_created")
  })
})

describe("the guide on signing in with a provider, at a certified one", () => {
  let provider: OpenIdProvider
  beforeEach(async () => {
    provider = await startOpenIdProvider({ redirectUris: ["https://example.com/auth/company/callback"] })
    guide = await runGuide(
      "docs/guides/oauth.md",
      {},
      {
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: provider.clientId,
        OIDC_CLIENT_SECRET: provider.clientSecret,
      },
    )
  })
  afterEach(async () => {
    await guide.close()
    await provider.close()
  })

  /** Starts at a handler, signs in at the provider as `login`, and comes back. */
  async function comeBack(browser: GuideBrowser, login: string, start = "sign-in.ts#startSignIn") {
    const { status, location } = await browser.post(start, {})
    expect(status).toBe(303)
    const { pathname, search } = await provider.visit(new URL(location!), login)
    return browser.get("sign-in.ts#callback", pathname + search)
  }

  async function signUp(login: string, username: string) {
    const browser = guide.openBrowser()
    expect(await comeBack(browser, login)).toMatchObject({ status: 303, location: "/sign-up/provider" })
    expect(await browser.post("sign-up.ts#signUp", { username })).toMatchObject({ status: 303, location: "/" })
    return browser
  }

  test("creates an account, and signs in to it in another browser", async () => {
    const browser = await signUp("ada", "ada")
    expect([...browser.cookies.keys()]).toEqual(["__Host-session"])
    const other = guide.openBrowser()
    expect(await comeBack(other, "ada")).toMatchObject({ status: 303, location: "/" })
    expect([...other.cookies.keys()]).toEqual(["__Host-session"])
  })

  test("takes a ticket once, and a callback only in the browser that started", async () => {
    const browser = guide.openBrowser()
    await comeBack(browser, "ada")
    const ticket = browser.cookies.get("__Host-provider-sign-up")!
    expect(await browser.post("sign-up.ts#signUp", {})).toMatchObject({ status: 422 })
    expect(browser.cookies.get("__Host-provider-sign-up")).toBe(ticket)
    await browser.post("sign-up.ts#signUp", { username: "ada" })
    browser.cookies.set("__Host-provider-sign-up", ticket)
    expect(await browser.post("sign-up.ts#signUp", { username: "eve" })).toMatchObject({ status: 410 })

    const [victim, attacker] = [guide.openBrowser(), guide.openBrowser()]
    const { location } = await attacker.post("sign-in.ts#startSignIn", {})
    const { pathname, search } = await provider.visit(new URL(location!), "ada")
    const planted = await victim.get("sign-in.ts#callback", pathname + search)
    expect(planted.location).toBe("/sign-in?problem=mismatch")
    expect([...victim.cookies.keys()]).toEqual([])
  })

  test("links another account of the same user, and keeps the last way in", async () => {
    const browser = await signUp("ada", "ada")
    expect(await comeBack(browser, "ada-at-work", "accounts.ts#link")).toMatchObject({ location: "/account" })
    expect(await comeBack(guide.openBrowser(), "ada-at-work")).toMatchObject({ location: "/" })
    const eve = await signUp("eve", "eve")
    expect(await comeBack(eve, "ada-at-work", "accounts.ts#link")).toMatchObject({
      location: "/sign-in?problem=key_taken",
    })
    for (const step of ["accounts.ts#link", "accounts.ts#unlink"])
      expect(await guide.openBrowser().post(step, { id: "ada" })).toMatchObject({ status: 401 })
    expect(await browser.post("accounts.ts#unlink", { id: "ada" })).toMatchObject({ status: 200 })
    expect(await browser.post("accounts.ts#unlink", { id: "ada-at-work" })).toMatchObject({ status: 409 })
  })
})

describe("the guide on device-bound sessions, with a browser that binds them", () => {
  const page = "docs/guides/device-bound-sessions.md"
  // The page's own modules come after the clock: they take it when they are loaded.
  const visiting = `
import { createDeviceBrowser } from ${JSON.stringify(join(root, "test/device/device-browser.ts"))}
const real = Date.now
let ahead = 0
const now = () => real() + ahead
Date.now = now
const minute = 60_000

export async function visits(): Promise<Response> {
  const { users } = await import("./auth.ts")
  const { home, signIn } = await import("./sign-in.ts")
  const { devices } = await import("./devices.ts")
  const { exportData } = await import("./export.ts")
  const { memberOf } = await import("./bare.ts")
  const { report } = await import("./counts.ts")
  const key = { providerId: "username", providerUserId: "ada", password: "correct horse battery" }
  await users.createUser({ key, attributes: { username: "ada" } })
  const handlers: Record<string, typeof home> = { "/sign-in": signIn, "/devices": devices, "/export": exportData }
  const serve = (request: Request) => (handlers[new URL(request.url).pathname] ?? home)(request)
  const body = new URLSearchParams({ username: "ada", password: "correct horse battery" })
  const owner = createDeviceBrowser(serve, { now })
  const text = async (response: Promise<Response>) => (await response).text()
  const signedIn = await text(owner.visit("/sign-in", { method: "POST", body }))
  const listed = JSON.parse(await text(owner.visit("/devices")))
  ahead += 3 * minute
  const { status } = await owner.visit("/export", { method: "POST" })
  const proving = owner.log.slice(-3).map(({ status }) => status)
  const request = () => new Request("https://app.example/", { headers: { Cookie } })
  const Cookie = /__Host-session=[^;]+/.exec(owner.cookies())![0]
  const stolen = await text(serve(request()))
  const bare = (await memberOf(request())) !== null
  const old = createDeviceBrowser(serve, { now, binds: false })
  await old.visit("/sign-in", { method: "POST", body })
  ahead += 11 * minute
  await old.visit("/export", { method: "POST" })
  const asked = old.log.at(-1)!.path
  const stays = await text(owner.visit("/"))
  return Response.json({ signedIn, listed, status, proving, stolen, bare, asked, stays, report: report() })
}
`
  const visit = async () => JSON.parse((await guide.openBrowser().get("visit.ts#visits", "/")).text) as object
  const secrets = { DEVICE_SECRET: "a secret of this guide, of 32 bytes or more" }
  afterEach(() => guide.close())

  const owned = {
    signedIn: "Hello ada",
    listed: [{ id: expect.any(String), isBound: true }],
    status: 200,
    // The first refresh of a browser asks for a challenge.
    proving: [403, 200, 200],
    bare: false,
    asked: "/confirm",
    stays: "Hello ada",
  }

  test("observes: it lets a stolen cookie in, and counts its session", async () => {
    guide = await runGuide(page, { "visit.ts": visiting }, secrets)
    const report = { bound: 1, skipped: { missing: 1 } }
    expect(await visit()).toEqual({ ...owned, stolen: "Hello ada", report })
  })

  test("enforces: it refuses the stolen cookie, and the owner stays signed in", async () => {
    const enforced = blocksOf(page).get("auth.ts")!.replace('mode: "observe"', 'mode: "enforce"')
    guide = await runGuide(page, { "visit.ts": visiting, "auth.ts": enforced }, secrets)
    expect(await visit()).toEqual({ ...owned, stolen: "Please sign in", report: { bound: 1, skipped: {} } })
  })
})

function codeIn(body: string): string {
  return /\b\d{8}\b/.exec(body)?.[0] ?? ""
}

function tokenIn(body: string): string {
  return /token=([a-z2-7]+)/.exec(body)?.[1] ?? ""
}
