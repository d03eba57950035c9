import { expect, test } from "vitest"
import { createVisitor } from "../examples/visitor.ts"
import type { Fields, Visitor } from "../examples/visitor.ts"
import type { PageAppOptions } from "./page-app.ts"
import type { RunningApp } from "../running-app.ts"

type FlowOptions = Pick<PageAppOptions, "refusal" | "redirectsBack" | "failsOnJson">

const account = { username: "Ada", password: "correct horse battery" }

/**
 * Tests of what every page of docs/getting-started builds, over HTTP and without JavaScript: forms at `/sign-up` and
 * `/sign-in`, `/profile` for users who are signed in, and a form there that signs out.
 */
export function testSignInFlow(app: () => RunningApp, options: FlowOptions = {}): void {
  const { refusal = 403, redirectsBack = false, failsOnJson = false } = options
  let visitor: Visitor

  test("redirects a signed-out visitor to the sign-in page", async () => {
    visitor = createVisitor(app().origin)
    expectRedirect(await visitor.get("/profile"), /^\/sign-in/)
  })

  test("signs a user up, shows the profile to this user alone, and signs out", async () => {
    expectRedirect(await fillIn(visitor, "/sign-up", account), "/profile")
    const profile = await visitor.get("/profile")
    expect(profile.status).toBe(200)
    expect(profile.headers.get("Cache-Control")).toMatch(/private|no-store/)
    expect(await profile.text()).toContain("Ada")

    expectRedirect(await fillIn(visitor, "/profile", {}), /^\/(sign-in)?$/)
    expect(visitor.cookie).toBe("")
    expectRedirect(await visitor.get("/profile"), /^\/sign-in/)
  })

  test("signs in with another spelling of the username, and refuses a wrong password", async () => {
    expect(await mistake(visitor, "/sign-in", { ...account, password: "wrong horse" })).toContain(
      "Incorrect username or password",
    )
    expect(visitor.cookie).toBe("")
    expectRedirect(await fillIn(visitor, "/sign-in", { ...account, username: "ADA" }), "/profile")
    expect(await (await visitor.get("/profile")).text()).toContain("Ada")
  })

  test("a stolen old cookie is worthless after signing out", async () => {
    const stolen = visitor.cookie
    await fillIn(visitor, "/profile", {})
    expectRedirect(await visitor.get("/profile", { Cookie: stolen }), /^\/sign-in/)
  })

  test("explains that a username is taken and that a password is too short", async () => {
    const taken = await mistake(createVisitor(app().origin), "/sign-up", { ...account, username: "aDA" })
    expect(taken).toContain("This username is taken.")
    const short = await mistake(createVisitor(app().origin), "/sign-up", { username: "Grace", password: "horse" })
    expect(short).toContain("Use at least 8 characters.")
  })

  test(`answers ${refusal} to a form that another site sends, and signs nobody in`, async () => {
    const victim = createVisitor(app().origin)
    const { path, fields } = await formOf(victim, "/sign-in")
    const answer = await victim.post(path, { ...fields, ...account }, { Origin: "https://attacker.example" })
    expect(answer.status).toBe(refusal)
    expect(victim.cookie).toBe("")
  })

  test("makes no user of a form that lacks fields or sends something else in them", async () => {
    const { path, fields } = await formOf(createVisitor(app().origin), "/sign-up")
    const withFile = Object.entries({ ...fields, username: "file-sender" }).reduce(
      (form, [name, value]) => (form.append(name, value), form),
      new FormData(),
    )
    withFile.append("password", new Blob(["correct horse"]), "password.txt")
    const { password } = account
    const incomplete: Fields[] = [{}, { username: "no-password" }, { password }, { username: "", password: "" }]
    for (const form of incomplete) await expectNoUser((visitor) => visitor.post(path, { ...fields, ...form }))
    await expectNoUser((visitor) => visitor.post(path, withFile))
    for (const json of [
      { username: { toString: 1 }, password },
      { username: "json-sender", password: [password] },
    ])
      await expectNoUser((visitor) => visitor.postJson(path, { ...fields, ...json }), failsOnJson ? 500 : 499)
  })

  test.runIf(redirectsBack)("explains a mistake whose name anyone has written into the address", async () => {
    for (const error of ["constructor", "__proto__", "toString"]) {
      const page = await createVisitor(app().origin).get(`/sign-up?error=${error}`)
      expect(page.status).toBe(200)
      expect(await page.text()).toMatch(/<p role="alert">Choose another password\.<\/p>/)
    }
  })

  async function expectNoUser(send: (visitor: Visitor) => Promise<Response>, maxStatus = 499): Promise<void> {
    const visitor = createVisitor(app().origin)
    const { status } = await send(visitor)
    expect(visitor.cookie).toBe("")
    expect(status).toBeLessThanOrEqual(maxStatus)
  }

  /** Sends a form with a mistake. Resolves to the page that explains it. */
  async function mistake(visitor: Visitor, page: string, values: Record<string, string>): Promise<string> {
    const answer = await fillIn(visitor, page, values)
    if (!redirectsBack) return answer.text()
    expectRedirect(answer, page)
    return (await visitor.get(answer.headers.get("Location") ?? "")).text()
  }
}

function expectRedirect(response: Response, to: string | RegExp): void {
  expect(response.status).toBeGreaterThanOrEqual(302)
  expect(response.status).toBeLessThanOrEqual(303)
  const location = new URL(response.headers.get("Location") ?? "", response.url)
  expect(location.pathname).toMatch(typeof to === "string" ? new RegExp(`^${to}$`) : to)
}

/** Opens a page, and sends its last form with these fields, as a browser without JavaScript does. */
async function fillIn(visitor: Visitor, page: string, values: Record<string, string>): Promise<Response> {
  const { path, fields } = await formOf(visitor, page)
  return visitor.post(path, { ...fields, ...values }, { Accept: "text/html" })
}

async function formOf(visitor: Visitor, page: string): Promise<{ path: string; fields: Record<string, string> }> {
  const html = await (await visitor.get(page)).text()
  const [, attributes = "", body = ""] = [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].at(-1) ?? []
  const action = /\baction="([^"]*)"/.exec(attributes)?.[1] ?? ""
  const { pathname, search } = new URL(unescaped(action), `http://localhost${page}`)
  return { path: pathname + search, fields: hiddenFields(body) }
}

function hiddenFields(html: string): Record<string, string> {
  const inputs = [...html.matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)].map(([input]) => input)
  return Object.fromEntries(inputs.map((input) => [attribute(input, "name"), attribute(input, "value")]))
}

function attribute(tag: string, name: string): string {
  return unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "")
}

function unescaped(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&")
}
