import { afterEach, describe, expect, test } from "vitest"
import { createAuth } from "../../src/index.ts"
import { createOAuth, oidcProvider } from "../../src/oauth.ts"
import type { OAuthProvider } from "../../src/oauth.ts"
import { createUsers } from "../../src/users.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import { openMemory, tokensOver } from "../users/reset-stores.ts"
import { ada, signed, startHostileProvider, without } from "./hostile-provider.ts"
import type { Behaviour, HostileProvider, SigningKeys } from "./hostile-provider.ts"
import { startOpenIdProvider } from "./open-id-provider.ts"
import type { ClientAuthMethod } from "./open-id-provider.ts"
import { redirectUri, redirectUris } from "./set-up.ts"

const closers: (() => Promise<unknown>)[] = []
afterEach(() => Promise.all(closers.splice(0).map((close) => close())))

const known = { outcome: "unknown", profile: { providerUserId: ada.sub, email: ada.email } }
const failed = { outcome: "refused", reason: "provider_failed" }

describe("over oidc-provider, which takes one way of authentication", () => {
  test.each<[ClientAuthMethod, header: boolean, secretInBody: boolean]>([
    ["client_secret_basic", true, false],
    ["client_secret_post", false, true],
    ["none", false, false],
  ])("a flow succeeds with %s", async (method, hasHeader, hasSecret) => {
    const { issuer, clientId, clientSecret, visit, close } = await startOpenIdProvider({ redirectUris, method })
    closers.push(close)
    const secret = method === "none" ? {} : { clientSecret: () => Promise.resolve(clientSecret) }
    const sent: { headers: Headers; body: URLSearchParams }[] = []
    const { oauth } = openApp(oidcProvider({ id: "local", issuer, clientId, ...secret }), async (input, init) => {
      const body = new URLSearchParams(await new Response(init?.body).text())
      if (init?.method === "POST") sent.push({ headers: new Headers(init.headers), body })
      return fetch(input, init)
    })
    const { url, flow } = await oauth.startOAuth({ providerId: "local", intent: "sign_in" })
    const result = await oauth.completeOAuth({ providerId: "local", callback: await visit(url, "ada"), flow })
    // Without provesEmail no address counts as verified.
    expect(result).toMatchObject({
      outcome: "unknown",
      profile: { providerUserId: "ada", email: "ada@example.com", emailVerified: false },
    })
    expect(sent).toHaveLength(1)
    expect(sent[0]!.headers.has("Authorization")).toBe(hasHeader)
    expect(sent[0]!.body.has("client_secret")).toBe(hasSecret)
  })
})

describe("userinfo", () => {
  /** An ID token that says everything. */
  const full: Partial<Behaviour> = { claims: (claims) => ({ ...claims, ...ada }) }

  test("adds what the ID token lacks", async () => {
    const { provider, signIn } = await open()
    expect(await signIn()).toMatchObject({ profile: { name: "Ada", email: "ada@example.com", emailVerified: true } })
    expect(provider.requests.filter(({ path }) => path === "/userinfo")).toHaveLength(1)
  })

  test("is not asked for what the ID token says", async () => {
    const { provider, signIn } = await open(full)
    expect(await signIn()).toMatchObject(known)
    expect(provider.requests.filter(({ path }) => path === "/userinfo")).toEqual([])
  })

  test("cannot replace a claim of the ID token, or say that its address is verified", async () => {
    const { signIn } = await open({
      claims: (claims) => ({ ...claims, email: ada.email }),
      userinfo: (claims) => ({ ...claims, email: "eve@example.com", name: "Eve" }),
    })
    expect(await signIn()).toMatchObject({ profile: { email: "ada@example.com", emailVerified: false, name: "Eve" } })
  })

  test.each([
    ["of another user", (claims: object) => ({ ...claims, sub: "eve" })],
    ["without a subject", (claims: object) => without({ ...claims }, "sub")],
    ["with a subject that is no text", (claims: object) => ({ ...claims, sub: ["ada-at-provider"] })],
  ])("%s is refused", async (_, userinfo) => {
    const { signIn } = await open({ userinfo })
    expect(await signIn()).toEqual(failed)
  })

  test("that cannot be read is refused", async () => {
    const { signIn } = await open({
      answer: (path, response) => (path === "/userinfo" ? new Response("{}", { status: 401 }) : response),
    })
    expect(await signIn()).toEqual(failed)
  })

  test.each<[string, (keys: SigningKeys) => [SigningKeys["rsa"], claims?: object], expected: object]>([
    ["that the provider has signed counts", ({ rsa }) => [rsa], known],
    ["signed with the provider's other kind of key counts", ({ ec }) => [ec], known],
    [
      "that nobody has signed with a published key is refused",
      ({ rsa, other }) => [{ ...other, kid: rsa.kid }],
      failed,
    ],
    ["for another client is refused", ({ rsa }) => [rsa, { aud: "another" }], failed],
    ["of another issuer is refused", ({ rsa }) => [rsa, { iss: "https://evil.example" }], failed],
    ["about another user is refused", ({ rsa }) => [rsa, { sub: "eve" }], failed],
  ])("as a JWT %s", async (_, choose, expected) => {
    let keys: SigningKeys | undefined
    const { signIn } = await open({
      metadata: (document) => ({ ...document, userinfo_signing_alg_values_supported: ["RS256", "ES256"] }),
      sign: (claims, all) => signed(claims, (keys = all).rsa),
      answer: async (path, response) => {
        if (path !== "/userinfo") return response
        const [key, claims] = choose(keys!)
        const jwt = await signed({ ...((await response.json()) as object), ...claims }, key)
        return new Response(jwt, { headers: { "Content-Type": "application/jwt" } })
      },
    })
    expect(await signIn()).toMatchObject(expected)
  })
})

describe("a provider that changes its keys", () => {
  test("is believed at once, with a new name of the key or the old one", async () => {
    const { provider, signIn } = await open()
    expect(await signIn()).toMatchObject(known)
    const keyRequests = () => provider.requests.filter(({ path }) => path === "/keys").length
    expect(keyRequests()).toBe(1)
    expect(await signIn()).toMatchObject(known)
    // They are kept meanwhile.
    expect(keyRequests()).toBe(1)

    provider.behave({ sign: (claims, { other }) => signed(claims, other), keys: (_, { other }) => [other.jwk] })
    expect(await signIn()).toMatchObject(known)

    const renamed = ({ rsa, ec }: SigningKeys) => ({ ...ec, kid: rsa.kid })
    provider.behave({
      sign: (claims, keys) => signed(claims, renamed(keys)),
      keys: (_, keys) => [{ ...keys.ec.jwk, kid: keys.rsa.kid }],
    })
    expect(await signIn()).toMatchObject(known)
  })

  test("is not believed with a key that it has withdrawn", async () => {
    const { provider, signIn } = await open({ keys: (_, { rsa, other }) => [{ ...other.jwk, kid: rsa.kid }] })
    expect(await signIn()).toEqual(failed)
    expect(provider.requests.filter(({ path }) => path === "/keys")).toHaveLength(2)
  })

  test("keeps them between flows where its metadata was given", async () => {
    const provider = await start()
    const metadata = {
      authorization_endpoint: `${provider.issuer}/authorize`,
      token_endpoint: `${provider.issuer}/token`,
      jwks_uri: `${provider.issuer}/keys`,
      userinfo_endpoint: `${provider.issuer}/userinfo`,
    }
    const { signIn } = appOver(provider, { metadata })
    expect(await signIn()).toMatchObject(known)
    expect(await signIn()).toMatchObject(known)
    expect(provider.requests.filter(({ path }) => path === "/keys")).toHaveLength(1)
  })
})

describe("an issuer of many tenants", () => {
  test("signs in users of each tenant, told apart by the application", async () => {
    const { signIn, provider } = await openTenants()
    for (const tid of ["tenant-1", "tenant-2"]) {
      provider.behave(tenantOf(provider, { tid }))
      expect(await signIn()).toMatchObject({ profile: { providerUserId: `${tid}/ada-at-provider`, tenant: tid } })
    }
    expect(provider.requests[0]!.path).toBe("/common/v2.0/.well-known/openid-configuration")
  })

  test.each([
    ["whose issuer is that of another tenant", { tid: "tenant-1", iss: "tenant-2" }],
    ["whose issuer is the template", { tid: "tenant-1", iss: "{tenantid}" }],
    ["whose tenant is a template", { tid: "{tenantid}", iss: "{tenantid}" }],
    ["without a tenant", { tid: undefined, iss: "undefined" }],
    ["whose tenant is empty", { tid: "", iss: "" }],
    ["whose tenant is a path", { tid: "tenant-1/../tenant-2", iss: "tenant-1/../tenant-2" }],
  ])("refuses an ID token %s", async (_, claims) => {
    const { signIn, provider } = await openTenants()
    provider.behave(tenantOf(provider, claims))
    expect(await signIn()).toEqual(failed)
  })

  test("refuses an ID token that it has not signed, and an answer without one", async () => {
    const { signIn, provider } = await openTenants()
    const honest = tenantOf(provider, { tid: "tenant-1" })
    provider.behave({ ...honest, sign: (claims, { rsa, other }) => signed(claims, { ...other, kid: rsa.kid }) })
    expect(await signIn()).toEqual(failed)
    provider.behave({ ...honest, token: (body) => without(body, "id_token") })
    expect(await signIn()).toEqual(failed)
    provider.behave({ ...honest, token: () => ({ error: "invalid_grant" }) })
    expect(await signIn()).toEqual(failed)
  })

  test("takes a callback that names the user's own tenant, and no other", async () => {
    const { signIn, provider } = await openTenants()
    const honest = tenantOf(provider, { tid: "tenant-1" })
    const named = (iss: string) => (parameters: URLSearchParams) => parameters.set("iss", iss)
    provider.behave({ ...honest, callback: named(`${provider.issuer}/tenant-1/v2.0`) })
    expect(await signIn()).toMatchObject({ outcome: "unknown" })
    provider.behave({ ...honest, callback: named(`${provider.issuer}/tenant-2/v2.0`) })
    expect(await signIn()).toEqual(failed)
    provider.behave({ ...honest, callback: named("https://evil.example") })
    expect(await signIn()).toEqual(failed)
  })
})

async function start(changes: Partial<Behaviour> = {}) {
  const provider = await startHostileProvider()
  closers.push(provider.close)
  provider.behave(changes)
  return provider
}

async function open(changes: Partial<Behaviour> = {}) {
  const provider = await start(changes)
  return { provider, ...appOver(provider) }
}

function appOver(provider: HostileProvider, more: object = {}) {
  const { issuer, clientId, clientSecret } = provider
  const options = { id: "local", issuer, clientId, clientSecret, provesEmail: true, ...more }
  return signInWith(provider, oidcProvider(options))
}

/** A provider as Microsoft is: its metadata has a template for an issuer, and each tenant an issuer of its own. */
async function openTenants() {
  const provider = await start()
  const { issuer, clientId, clientSecret } = provider
  const tenants = oidcProvider({
    id: "local",
    issuer: `${issuer}/{tenantid}/v2.0`,
    clientId,
    clientSecret,
    profile: ({ sub, tid }, profile) => ({ ...profile, providerUserId: `${String(tid)}/${sub}`, tenant: tid }),
  })
  const app = signInWith(provider, tenants)
  return { provider, ...app }
}

function tenantOf({ issuer }: HostileProvider, { tid, iss = tid }: { tid: string | undefined; iss?: string }) {
  const document = {
    issuer: `${issuer}/{tenantid}/v2.0`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
  }
  return {
    callback: (parameters) => parameters.delete("iss"),
    claims: (claims) => ({ ...claims, tid, iss: `${issuer}/${iss}/v2.0` }),
    answer: (path, response) => (path.includes(".well-known") ? Response.json(document) : response),
  } satisfies Partial<Behaviour>
}

function signInWith(provider: HostileProvider, local: OAuthProvider) {
  const { oauth } = openApp(local)
  async function signIn() {
    const { url, flow } = await oauth.startOAuth({ providerId: "local", intent: "sign_in" })
    return oauth.completeOAuth({ providerId: "local", callback: await provider.visit(url), flow })
  }
  return { signIn }
}

function openApp(provider: OAuthProvider, fetch?: typeof globalThis.fetch) {
  const adapter = openMemory()
  const auth = createAuth({ adapter })
  const users = createUsers({ adapter, passwordHasher: countingHasher(), auth })
  const oauth = createOAuth({
    providers: [provider],
    redirectUri,
    users,
    tokens: tokensOver(adapter),
    auth,
    // The types of Node and of the platform differ.
    fetch: fetch as never,
  })
  return { oauth }
}
