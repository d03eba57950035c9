import { afterAll, beforeAll, expect, expectTypeOf, test } from "vitest"
import { createOAuth, githubProvider, oauth2Provider, oidcProvider } from "../../src/oauth.ts"
import type { GitHubProfile, OAuthProfile } from "../../src/oauth.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import { createUsers } from "../../src/users.ts"
import { createWebAuth } from "../../src/web.ts"
import { challengeOf } from "../../src/oauth/flow-value.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { openMemory, tokensOver } from "../users/reset-stores.ts"
import type { NewUser, User } from "../users/user-stores.ts"
import { startOpenIdProvider } from "./open-id-provider.ts"
import type { OpenIdProvider } from "./open-id-provider.ts"
import { appOrigin, localProvider, redirectUri, redirectUris, setUp } from "./set-up.ts"

let provider: OpenIdProvider
beforeAll(async () => void (provider = await startOpenIdProvider({ redirectUris })))
afterAll(() => provider.close())

interface TenantProfile extends OAuthProfile {
  tenant: string
}

const client = { clientId: "app", clientSecret: "secret" }
const github = githubProvider(client)

async function modules() {
  const { users, tokens, auth } = await setUp(openMemory(), provider)
  return { users, tokens, auth, redirectUri }
}

test("the challenge of RFC 7636, appendix B", () => {
  expect(challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
})

test("the authorization request has S256, a nonce and what the provider needs", async () => {
  const { oauth } = await setUp(openMemory(), provider)
  const { url, flow } = await oauth.startOAuth({ providerId: "local", intent: "sign_in" })
  expect(Object.fromEntries(url.searchParams)).toEqual({
    response_type: "code",
    client_id: provider.clientId,
    redirect_uri: redirectUri("local", "web"),
    scope: "openid email profile",
    state: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: "S256",
  })
  expect(new Set([...url.searchParams.values(), ...flow.split(".")]).size).toBe(8 + 5)
})

test("parameters of a provider are sent, and replace none of the flow's", async () => {
  const { issuer, clientId } = provider
  const parameters = { max_age: "300", prompt: "login", state: "mine", nonce: "mine", scope: "mine", client_id: "mine" }
  const all = await modules()
  const oauth = createOAuth({ ...all, providers: [oidcProvider({ id: "local", issuer, clientId, parameters })] })
  const { url } = await oauth.startOAuth({ providerId: "local", intent: "sign_in" })
  const sent = Object.fromEntries(url.searchParams)
  expect(sent).toMatchObject({ max_age: "300", prompt: "login", client_id: clientId, scope: "openid email profile" })
  expect(Object.values(sent)).not.toContain("mine")
  expect(url.searchParams.getAll("max_age")).toHaveLength(1)
  const { session } = await all.auth.createSession("user-1")
  const confirming = await oauth.startOAuth({ providerId: "local", intent: "confirm", session })
  expect(confirming.url.searchParams.getAll("max_age")).toEqual(["600"])
})

test("createOAuth names two providers of one id or one redirect URI, and modules that are not ours", async () => {
  const all = await modules()
  expect(() => createOAuth({ ...all, providers: [github, githubProvider(client)] })).toThrow(
    `redirectUri: "${appOrigin}/callback/github" is that of two providers; give each its own id and address`,
  )
  const shared = () => `${appOrigin}/callback`
  expect(() => createOAuth({ ...all, providers: [github, localProvider(provider)], redirectUri: shared })).toThrow(
    `redirectUri: "${appOrigin}/callback" is that of two providers; give each its own id and address`,
  )
  for (const uri of ["/callback", "http://example.com/callback", "https://example.com/#a", "app:/callback"])
    expect(() => createOAuth({ ...all, providers: [github], redirectUri: () => uri })).toThrow(/^redirectUri\("github"/)
  expect(() => createOAuth({ ...all, providers: [github], tokens: {} as never })).toThrow("use createUsers()")
})

test.each([
  ["com.example.app:/callback", true],
  ["http://127.0.0.1:7777/callback", true],
  ["https://app.example/callback", true],
  ["JavaScript:alert(1)", false],
  ["data:text/html,x", false],
  ["http://app.example/callback", false],
  ["com.example.app:/callback#fragment", false],
  ["/callback", false],
])("an app is sent to %s: %s", async (uri, isTaken) => {
  const oauth = createOAuth({
    ...(await modules()),
    providers: [github],
    redirectUri: (id, client) => (client === "app" ? uri : redirectUri(id, client)),
  })
  const started = oauth.startOAuth({ providerId: "github", intent: "sign_in", client: "app" })
  if (isTaken) expect((await started).url.searchParams.get("redirect_uri")).toBe(uri)
  else await expect(started).rejects.toMatchObject({ code: "invalid_option" })
})

test("providers name an id, an issuer, a secret or an option that is invalid", () => {
  const issuer = "https://issuer.example"
  const make = (options: object) => () => oidcProvider({ id: "local", issuer, ...client, ...options })
  expect(make({ issuer: "http://issuer.example" })).toThrow('issuer: "http://issuer.example" is not an https: address')
  for (const id of ["email", "username", "", "a:b", "a".repeat(51)])
    expect(make({ id })).toThrow("is not a provider id")
  expect(make({ clientSecret: undefined })).toThrow('clientSecret: "" is missing; leave it out for a public client')
  expect(make({ clientId: undefined })).toThrow("clientId: undefined is missing")
  expect(make({ scope: ["openid"] })).toThrow('did you mean "scopes"?')
  const template = "https://login.microsoftonline.com/{tenantid}/v2.0"
  expect(make({ issuer: template })).toThrow("is that of many tenants")
  expect(make({ issuer: template, profile: () => null })).not.toThrow()
  expect(make({ metadata: { issuer: "https://other.example" } })).toThrow("metadata.issuer")
  expect(() =>
    oauth2Provider({
      id: "a",
      ...client,
      authorizationEndpoint: "http://a.example",
      tokenEndpoint: "https://a.example",
      profile: async () => null,
    }),
  ).toThrow('authorizationEndpoint: "http://a.example" is not an https: address')
})

test("calls name a provider, an intent, a client or a session that is invalid", async () => {
  const { oauth } = await setUp(openMemory(), provider)
  const start = (options: object) => oauth.startOAuth({ providerId: "local", intent: "sign_in", ...options })
  await expect(start({ providerId: "google" })).rejects.toThrow('providerId: "google" is not one of your providers')
  await expect(start({ intent: "signin" })).rejects.toThrow('intent: "signin" is not one')
  await expect(start({ client: "a.b" })).rejects.toThrow('client: "a.b" is not a name')
  await expect(start({ intent: "link" })).rejects.toThrow("session: undefined is not a session")
  await expect(start({ intent: "link", session: { id: "a" } })).rejects.toThrow("session: object is not a session")
})

test("a flow starts with a clock that counts parts of a millisecond", async () => {
  const now = () => 1_764_460_800_000.5
  const oauth = createOAuth({ ...(await modules()), providers: [github], now })
  const { flow } = await oauth.startOAuth({ providerId: "github", intent: "sign_in" })
  expect(flow).toContain(".1764460800000.sign_in.")
})

test("a provider that cannot be asked throws provider_failed at the start, and is asked again at the next", async () => {
  const all = await modules()
  let fails = true
  const oauth = createOAuth({
    ...all,
    providers: [localProvider(provider)],
    fetch: async (...request) => (fails ? Promise.reject(new Error("no route")) : fetch(...request)),
  })
  const start = () => oauth.startOAuth({ providerId: "local", intent: "sign_in" })
  await expect(start()).rejects.toMatchObject({ code: "provider_failed", message: "The provider failed: no route" })
  fails = false
  expect((await start()).url.origin).toBe(provider.issuer)
  // What was found is kept.
  fails = true
  expect((await start()).url.origin).toBe(provider.issuer)
})

test("metadata that is given saves asking for it, and a public client sends no secret", async () => {
  const all = await modules()
  const calls: [path: string, body: string][] = []
  const { issuer, clientId } = provider
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
  }
  const oauth = createOAuth({
    ...all,
    providers: [oidcProvider({ id: "local", issuer, clientId, metadata })],
    fetch: async (input, init) => {
      calls.push([new URL(input as string).pathname, await new Response(init?.body).text()])
      return fetch(input, init)
    },
  })
  const { url, flow } = await oauth.startOAuth({ providerId: "local", intent: "sign_in" })
  expect(calls).toEqual([])
  const result = await oauth.completeOAuth({ providerId: "local", callback: await provider.visit(url, "ada"), flow })
  // This client has a secret, so the provider refuses one without.
  expect(result).toMatchObject({ outcome: "refused", reason: "provider_failed" })
  expect(calls.map(([path]) => path)).toEqual(["/token"])
  expect(calls[0]?.[1]).toContain(`client_id=${clientId}`)
  expect(calls[0]?.[1]).not.toContain("client_secret")
})

test("metadata that is given may name a server on this machine", async () => {
  const local = "http://127.0.0.1:1"
  const metadata = { authorization_endpoint: `${local}/auth`, token_endpoint: local, jwks_uri: local }
  const mock = oidcProvider({ id: "mock", issuer: "https://issuer.example", clientId: "app", metadata })
  const oauth = createOAuth({ ...(await modules()), providers: [mock] })
  expect((await oauth.startOAuth({ providerId: "mock", intent: "sign_in" })).url.origin).toBe(local)
})

test("an auth without a database signs in, links and confirms too", async () => {
  const adapter = openMemory()
  const auth = createStatelessAuth({ secrets: ["a secret of at least thirty-two bytes"], cookie: { secure: false } })
  const users = createUsers<User, NewUser>({ adapter, passwordHasher: countingHasher() })
  await users.createUser({ id: "user-1", key: null, attributes: { username: "ada" } })
  const oauth = createOAuth({
    providers: [localProvider(provider)],
    redirectUri,
    users,
    tokens: tokensOver(adapter),
    auth,
  })
  const { token } = await auth.createSession("user-1")
  const cookies = [`session=${token}`]
  const { handleRequest } = createWebAuth(auth)
  const request = (url: string, method: string) =>
    handleRequest(
      new Request(url, { method, headers: { Cookie: cookies.join("; "), "Sec-Fetch-Site": "same-origin" } }),
    )

  const begun = request(`${appOrigin}/begin`, "POST")
  const url = await oauth.beginOAuth(begun, { providerId: "local", intent: "link" })
  for (const cookie of begun.applyTo(new Response()).headers.getSetCookie()) cookies.push(cookie.split(";", 1)[0]!)
  const callback = await provider.visit(url, "ada")
  expect(await oauth.finishOAuth(request(callback.href, "GET"), { providerId: "local", callback })).toMatchObject({
    outcome: "linked",
    key: { userId: "user-1", providerUserId: "ada" },
  })
})

test("the profile of a provider is that of the result", async () => {
  const all = await modules()
  const tenant = oidcProvider({
    id: "tenant",
    issuer: "https://issuer.example",
    clientId: "app",
    profile: ({ sub }, profile): TenantProfile => ({ ...profile, tenant: sub }),
  })
  const oauth = createOAuth({ ...all, providers: [github, tenant] })
  type Profile = NonNullable<Awaited<ReturnType<typeof oauth.redeemTicket>>>["profile"]
  expectTypeOf<Profile>().toEqualTypeOf<GitHubProfile | TenantProfile>()
  expect(Object.keys(oauth)).toHaveLength(6)
})
