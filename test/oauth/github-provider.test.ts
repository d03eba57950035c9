import { expect, test } from "vitest"
import { createAuth } from "../../src/index.ts"
import { createOAuth, githubProvider } from "../../src/oauth.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { openMemory, tokensOver } from "../users/reset-stores.ts"
import { redirectUri } from "./set-up.ts"

const primary = { email: "ada@example.com", primary: true, verified: true }
const other = { email: "other@example.com", primary: false, verified: true }
const user = { id: 583_231, login: "ada", name: "Ada", email: "shown@example.com" }

test("a GitHub account has its number as id, and the primary address", async () => {
  const { signIn, calls } = openApp({ "/user": user, "/user/emails": [other, primary] })
  expect(await signIn()).toMatchObject({
    outcome: "unknown",
    profile: {
      providerUserId: "583231",
      email: "ada@example.com",
      emailVerified: true,
      name: "Ada",
      login: "ada",
      authenticatedAt: null,
    },
  })
  const [token, ...api] = calls
  expect(Object.fromEntries(new URLSearchParams(token!.body))).toEqual({
    grant_type: "authorization_code",
    client_id: "app",
    client_secret: "secret",
    code: "the-code",
    redirect_uri: redirectUri("github", "web"),
    code_verifier: expect.stringMatching(/^[\w-]{43}$/),
  })
  for (const { headers } of api) {
    expect(headers.get("Authorization")).toBe("Bearer the-token")
    expect(headers.get("User-Agent")).toBe("nightlatch")
  }
})

test("the authorization request to GitHub asks for the address, with a challenge and without a nonce", async () => {
  const { oauth } = openApp({})
  const { url } = await oauth.startOAuth({ providerId: "github", intent: "sign_in" })
  expect(url.origin + url.pathname).toBe("https://github.com/login/oauth/authorize")
  expect(Object.fromEntries(url.searchParams)).toEqual({
    response_type: "code",
    client_id: "app",
    redirect_uri: redirectUri("github", "web"),
    scope: "read:user user:email",
    state: expect.any(String),
    code_challenge: expect.any(String),
    code_challenge_method: "S256",
  })
})

test.each([
  ["the primary one is not verified", [{ ...primary, verified: false }, other], "ada@example.com"],
  ["verified is text", [{ ...primary, verified: "true" }], "ada@example.com"],
  ["there is no primary one", [other], null],
  ["there is none", [], null],
  ["the application may not read them", new Response("{}", { status: 404 }), null],
  ["the answer is not a list", { message: "Not Found" }, null],
  ["the list holds nothing", [null], null],
])("a GitHub account has no verified address if %s", async (_, emails, email) => {
  const { signIn } = openApp({ "/user": user, "/user/emails": emails })
  expect(await signIn()).toMatchObject({ outcome: "unknown", profile: { email, emailVerified: false } })
})

test("a GitHub account without a name has none", async () => {
  const { signIn } = openApp({ "/user": { ...user, name: null }, "/user/emails": [primary] })
  expect(await signIn()).toMatchObject({ outcome: "unknown", profile: { name: null, login: "ada" } })
})

test("a user who renames the account at GitHub stays the same user", async () => {
  const { signIn, users } = openApp({ "/user": { ...user, login: "grace" }, "/user/emails": [primary] })
  const key = { providerId: "github", providerUserId: "583231" }
  const created = await users.createUser({ key, attributes: { username: "ada" } })
  expect(await signIn()).toMatchObject({ outcome: "known", proof: { userId: created.user!.id } })
})

const noToken = { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." }

test.each([
  ["the code is not good, which GitHub says with 200", { token: noToken }, noToken.error_description],
  ["the token endpoint fails", { token: new Response("down", { status: 503 }) }, "status code"],
  ["the API fails", { "/user": new Response("{}", { status: 500 }) }, "no user id"],
  ["the token is not good", { "/user": new Response("{}", { status: 401 }) }, "no user id"],
  ["the user has no number", { "/user": { ...user, id: "583231" } }, "no user id"],
  ["the user has no login", { "/user": { id: 1 } }, "no user id"],
  ["the answer is no user", { "/user": null }, "no user id"],
  ["the answer is no JSON", { "/user": new Response("<html>") }, "JSON"],
  ["the API redirects", { "/user": new Response(null, { status: 302, headers: { Location: "/" } }) }, "no user id"],
])("provider_failed: %s", async (_, answers, problem) => {
  const { signIn } = openApp({ "/user": user, "/user/emails": [primary], ...answers })
  const result = await signIn()
  expect(result).toEqual({ outcome: "refused", reason: "provider_failed" })
  expect(result).toHaveProperty("problem", expect.stringContaining(problem))
  expect(JSON.stringify(Object.getOwnPropertyDescriptors(result))).not.toContain("the-token")
})

interface Call {
  path: string
  headers: Headers
  body: string
}

/** An application over GitHub, which answers the same to each request: JSON, or a whole response. */
function openApp(answers: Record<string, unknown>) {
  const adapter = openMemory()
  const auth = createAuth({ adapter })
  const users = createUsers({ adapter, passwordHasher: countingHasher(), auth })
  const calls: Call[] = []
  const { token = { access_token: "the-token", token_type: "bearer", scope: "read:user,user:email" } } = answers
  const github = new Map(Object.entries({ ...answers, "/login/oauth/access_token": token }))
  const oauth = createOAuth({
    providers: [githubProvider({ clientId: "app", clientSecret: "secret" })],
    redirectUri,
    users,
    tokens: tokensOver(adapter),
    auth,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const path = new URL(request.url).pathname
      calls.push({ path, headers: request.headers, body: await request.text() })
      const answer = github.get(path)
      return answer instanceof Response ? answer : Response.json(answer)
    },
  })

  async function signIn() {
    const { url, flow } = await oauth.startOAuth({ providerId: "github", intent: "sign_in" })
    const callback = new URL(redirectUri("github", "web"))
    callback.search = new URLSearchParams({ code: "the-code", state: url.searchParams.get("state")! }).toString()
    return oauth.completeOAuth({ providerId: "github", callback, flow })
  }

  return { users, oauth, signIn, calls }
}
