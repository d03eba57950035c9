import { createAuth } from "nightlatch"
import { memoryAdapter } from "nightlatch/adapters/memory"
import { createOAuth, oidcProvider } from "nightlatch/oauth"
import { pbkdf2 } from "nightlatch/password"
import { createTokens } from "nightlatch/tokens"
import { createUsers } from "nightlatch/users"
import { equal, match } from "./expect.mjs"
import { keyKinds } from "./keys.mjs"

const issuer = "https://issuer.example"
const providerId = "issuer"
const client = { clientId: "app", clientSecret: "a secret of these tests" }
const { ES256, RS256 } = keyKinds
const kinds = { ES256, RS256 }
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
  id_token_signing_alg_values_supported: Object.keys(kinds),
  authorization_response_iss_parameter_supported: true,
}

const firstAndSecond = Object.fromEntries(
  Object.keys(kinds).map((alg) => [
    `an ID token of ${alg} signs a new user up, and the next one signs the user in`,
    () => signsUpAndIn(alg),
  ]),
)

export const oauth = {
  ...firstAndSecond,

  async "the provider is asked for its metadata, once"() {
    const { signIn, paths } = await setUp({ provider: { metadata: undefined } })
    equal([(await signIn()).outcome, (await signIn()).outcome], ["unknown", "unknown"])
    equal(paths.filter((path) => path === "/.well-known/openid-configuration").length, 1)
  },

  async "an ID token with another nonce is refused"() {
    const { signIn } = await setUp({ claims: { nonce: "another" } })
    const refused = await signIn()
    equal(refused, { outcome: "refused", reason: "provider_failed" })
    match(refused.problem, /"nonce" claim/)
  },

  async "an ID token that was changed after it was signed is refused"() {
    const { signIn } = await setUp({ forge: { sub: "grace-there" } })
    const refused = await signIn()
    equal(refused, { outcome: "refused", reason: "provider_failed" })
    match(refused.problem, /signature/)
  },

  async "a callback is accepted once, and only with the flow that it belongs to"() {
    const { oauth, visit } = await setUp()
    const [first, second] = [await start(oauth), await start(oauth)]
    const callback = await visit(first.url)
    const refused = { outcome: "refused", reason: "mismatch" }
    equal(await oauth.completeOAuth({ providerId, callback, flow: second.flow }), refused)
    equal((await oauth.completeOAuth({ providerId, callback, flow: first.flow })).outcome, "unknown")
    equal(await oauth.completeOAuth({ providerId, callback, flow: first.flow }), refused)
  },
}

async function signsUpAndIn(alg) {
  const { oauth, users, signIn } = await setUp({ alg })
  const { outcome, ticket, profile, next } = await signIn()
  equal([outcome, next], ["unknown", "/inbox"])
  equal([profile.email, profile.emailVerified], ["ada@example.com", true])
  const { key } = await oauth.redeemTicket(ticket)
  equal(key, { providerId, providerUserId: "ada-there" })
  equal(await oauth.redeemTicket(ticket), null)
  const { user } = await users.createUser({ key, attributes: { username: "Ada" } })
  const { outcome: second, proof } = await signIn()
  equal([second, proof.userId, proof.method], ["known", user.id, "oauth"])
}

function start(oauth) {
  return oauth.startOAuth({ providerId, intent: "sign_in", next: "/inbox" })
}

/** An application that signs in at one provider, which never leaves this process. */
async function setUp({ provider = {}, ...behaviour } = {}) {
  const adapter = memoryAdapter()
  const auth = createAuth({ adapter })
  const users = createUsers({ adapter, passwordHasher: pbkdf2(), auth })
  const { visit, fetch, paths } = await createProvider(behaviour)
  const oauth = createOAuth({
    providers: [oidcProvider({ id: providerId, issuer, ...client, provesEmail: true, metadata, ...provider })],
    redirectUri: (id) => `https://example.com/callback/${id}`,
    users,
    tokens: createTokens({ adapter, purposes: {} }),
    auth,
    fetch,
  })

  async function signIn() {
    const { url, flow } = await start(oauth)
    return oauth.completeOAuth({ providerId, callback: await visit(url), flow })
  }

  return { oauth, users, visit, signIn, paths }
}

/** A provider that checks PKCE. `claims` are signed instead of the right ones, `forge` replaces signed ones. */
async function createProvider({ alg = "ES256", claims = {}, forge }) {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(kinds[alg].key, true, ["sign", "verify"])
  const jwk = { ...(await crypto.subtle.exportKey("jwk", publicKey)), kid: "one", alg, use: "sig" }
  const codes = new Map()
  const paths = []

  /** What a browser comes back with. */
  async function visit({ searchParams }) {
    const code = crypto.randomUUID()
    codes.set(code, searchParams)
    const callback = new URL(searchParams.get("redirect_uri"))
    callback.search = new URLSearchParams({ code, state: searchParams.get("state"), iss: issuer })
    return callback
  }

  async function fetch(input, { body } = {}) {
    const { pathname } = new URL(input)
    paths.push(pathname)
    if (pathname === "/.well-known/openid-configuration") return Response.json(metadata)
    if (pathname === "/keys") return Response.json({ keys: [jwk] })
    return Response.json(await tokensFor(new URLSearchParams(String(body))))
  }

  async function tokensFor(asked) {
    const begun = codes.get(asked.get("code"))
    const challenge = base64url(await crypto.subtle.digest("SHA-256", utf8(asked.get("code_verifier"))))
    equal([begun.get("code_challenge"), asked.get("client_secret")], [challenge, client.clientSecret])
    const id_token = await idToken(begun.get("nonce"))
    return { access_token: "access", token_type: "Bearer", expires_in: 300, id_token }
  }

  async function idToken(nonce) {
    const iat = Math.floor(Date.now() / 1000)
    const user = { sub: "ada-there", email: "ada@example.com", email_verified: true, name: "Ada" }
    const payload = { iss: issuer, aud: client.clientId, iat, exp: iat + 300, nonce, ...user, ...claims }
    const [header, signed] = [json({ alg, kid: "one" }), json(payload)]
    const signature = base64url(await crypto.subtle.sign(kinds[alg].sign, privateKey, utf8(`${header}.${signed}`)))
    return [header, forge ? json({ ...payload, ...forge }) : signed, signature].join(".")
  }

  return { visit, fetch, paths }
}

function json(value) {
  return base64url(utf8(JSON.stringify(value)))
}

function utf8(value) {
  return new TextEncoder().encode(value)
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "")
}
