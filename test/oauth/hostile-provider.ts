import { createHash, createHmac, randomBytes } from "node:crypto"
import type { ServerResponse } from "node:http"
import { text } from "node:stream/consumers"
import { SignJWT, exportJWK, exportSPKI, generateKeyPair } from "jose"
import type { JWK } from "jose"
import { listen } from "../wrappers/node-server.ts"

type Json = Record<string, unknown>

/** What a provider does. Each part is what an honest one does until an attack replaces it. */
export interface Behaviour {
  /** Changes the document of the discovery. */
  metadata(document: Json): Json
  /** Changes what the browser brings back from the authorization endpoint. */
  callback(parameters: URLSearchParams): void
  /** Changes the claims of the ID token before they are signed. */
  claims(claims: Json): Json
  /** Makes the ID token of claims. */
  sign(claims: Json, keys: SigningKeys): Promise<string> | string
  /** Changes the published keys. */
  keys(published: JWK[], keys: SigningKeys): JWK[]
  /** Changes the body of the token endpoint. */
  token(body: Json): Json
  /** Changes the claims of the userinfo endpoint. */
  userinfo(claims: Json): Json
  /** Whether the verifier of a code is compared (PKCE). */
  checksVerifier: boolean
  /** Changes a whole answer. `path` is that of an endpoint, such as `/token`. */
  answer(path: string, response: Response): Response | Promise<Response>
}

/** A key pair and its name in the published set. */
interface SigningKey {
  kid: string
  alg: string
  privateKey: CryptoKey
  publicKey: CryptoKey
  jwk: JWK
}

/** The keys of a provider, and some that it has not published. */
export interface SigningKeys {
  rsa: SigningKey
  /** A second RSA key, published only by an attack. */
  other: SigningKey
  ec: SigningKey
  clientSecret: string
}

/** A request that reached the provider. */
export interface ProviderRequest {
  path: string
  headers: Headers
  body: URLSearchParams
}

/** The person who signs in at the provider. */
export interface ProviderUser {
  sub: unknown
  [claim: string]: unknown
}

interface Grant {
  query: URLSearchParams
  user: ProviderUser
}

export type HostileProvider = Awaited<ReturnType<typeof startHostileProvider>>

export const ada: ProviderUser = { sub: "ada-at-provider", email: "ada@example.com", email_verified: true, name: "Ada" }

/** Starts an OpenID provider on a free port of the loopback interface: honest, until {@link Behaviour} says otherwise. */
export async function startHostileProvider() {
  const keys = await signingKeys()
  const clientId = "client-of-the-test"
  const grants = new Map<string, Grant>()
  const requests: ProviderRequest[] = []
  let behaviour: Behaviour = honest
  let user = ada

  const server = await listen((req, res) => {
    const url = new URL(req.url ?? "/", server.origin)
    const asked = answer(url, new Headers(req.headers as Record<string, string>), text(req))
    asked.then((response) => send(res, response)).catch((error: unknown) => res.writeHead(500).end(String(error)))
  })
  const issuer = server.origin

  async function answer(url: URL, headers: Headers, sent: Promise<string>): Promise<Response> {
    const body = new URLSearchParams(await sent)
    const path = url.pathname
    requests.push({ path, headers, body })
    return behaviour.answer(path, await endpoint(path, url.searchParams, headers, body))
  }

  async function endpoint(path: string, query: URLSearchParams, headers: Headers, body: URLSearchParams) {
    switch (path) {
      case "/.well-known/openid-configuration":
        return Response.json(behaviour.metadata(metadata(issuer)))
      case "/authorize":
        return authorize(query)
      case "/token":
        return token(headers, body)
      case "/keys":
        return Response.json({ keys: behaviour.keys([keys.rsa.jwk, keys.ec.jwk], keys) })
      case "/userinfo":
        return Response.json(behaviour.userinfo({ ...user }))
      default:
        return new Response("There is no such endpoint", { status: 404 })
    }
  }

  function authorize(query: URLSearchParams): Response {
    const code = randomBytes(16).toString("hex")
    grants.set(code, { query, user })
    const callback = new URL(query.get("redirect_uri") ?? "")
    callback.search = new URLSearchParams({ code, state: query.get("state") ?? "", iss: issuer }).toString()
    behaviour.callback(callback.searchParams)
    return new Response(null, { status: 302, headers: { Location: callback.href } })
  }

  // Honest where it refuses: an attack that it would have let through shows nothing.
  async function token(headers: Headers, body: URLSearchParams): Promise<Response> {
    const grant = grants.get(body.get("code") ?? "")
    grants.delete(body.get("code") ?? "")
    const authenticated = isClient(headers, body, clientId, keys.clientSecret)
    if (!authenticated) return Response.json({ error: "invalid_client" }, { status: 401 })
    if (!grant || !isGrantOf(grant, body, behaviour.checksVerifier))
      return Response.json({ error: "invalid_grant" }, { status: 400 })
    const accessToken = randomBytes(16).toString("hex")
    const claims = behaviour.claims(idTokenClaims(issuer, clientId, grant, accessToken))
    const idToken = await behaviour.sign(claims, keys)
    return Response.json(
      behaviour.token({ access_token: accessToken, token_type: "Bearer", expires_in: 300, id_token: idToken }),
    )
  }

  return {
    issuer,
    clientId,
    clientSecret: keys.clientSecret,
    keys,
    metadata: metadata(issuer),
    requests,
    /** Replaces parts of what the provider does; without an argument it is honest again. */
    behave(changes: Partial<Behaviour> = {}) {
      behaviour = { ...honest, ...changes }
    },
    /** Chooses who signs in from now on. */
    signInAs(next: ProviderUser) {
      user = next
    },
    /** Opens the authorization URL as a browser does, and resolves to where it is sent. */
    async visit(url: URL): Promise<URL> {
      const response = await fetch(url, { redirect: "manual" })
      return new URL(response.headers.get("Location") ?? "about:blank")
    },
    close: () => server.close(),
  }
}

const honest: Behaviour = {
  metadata: (document) => document,
  callback: () => {},
  claims: (claims) => claims,
  sign: (claims, { rsa }) => signed(claims, rsa),
  keys: (published) => published,
  token: (body) => body,
  userinfo: (claims) => claims,
  checksVerifier: true,
  answer: (_path, response) => response,
}

async function send(res: ServerResponse, response: Response): Promise<void> {
  res.writeHead(response.status, Object.fromEntries(response.headers))
  res.end(Buffer.from(await response.arrayBuffer()))
}

function metadata(issuer: string): Json {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    scopes_supported: ["openid", "profile", "email"],
    id_token_signing_alg_values_supported: ["RS256", "ES256"],
    token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
  }
}

function idTokenClaims(issuer: string, clientId: string, { query, user }: Grant, accessToken: string): Json {
  const now = Math.floor(Date.now() / 1000)
  const nonce = query.get("nonce")
  return {
    iss: issuer,
    aud: clientId,
    iat: now,
    exp: now + 300,
    auth_time: now,
    at_hash: halfHash(accessToken),
    ...(nonce === null ? {} : { nonce }),
    // The rest is said by the userinfo endpoint (OpenID Connect Core 1.0, section 5.4).
    sub: user.sub,
  }
}

function isClient(headers: Headers, body: URLSearchParams, clientId: string, secret: string): boolean {
  const basic = headers.get("Authorization")
  if (basic) return basic === `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}`
  return body.get("client_id") === clientId && body.get("client_secret") === secret
}

/** Whether the request belongs to the grant: same redirect URI, and PKCE with S256 (RFC 7636, section 4.6). */
function isGrantOf({ query }: Grant, body: URLSearchParams, checksVerifier: boolean): boolean {
  const challenge = createHash("sha256")
    .update(body.get("code_verifier") ?? "")
    .digest("base64url")
  return (
    body.get("grant_type") === "authorization_code" &&
    body.get("redirect_uri") === query.get("redirect_uri") &&
    query.get("code_challenge_method") === "S256" &&
    (!checksVerifier || query.get("code_challenge") === challenge)
  )
}

/** Computes `at_hash` and `c_hash` for RS256 and ES256 (OpenID Connect Core 1.0, section 3.1.3.6). */
export function halfHash(value: string): string {
  return createHash("sha256").update(value).digest().subarray(0, 16).toString("base64url")
}

/** Signs claims with a key. `header` replaces parts of the header; `undefined` leaves one out. */
export function signed(claims: Json, key: SigningKey, header: Json = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey)
}

/** Makes a token with any header, signed with HMAC-SHA-256 over `secret`, or not signed at all. */
export function forged(claims: Json, header: Json, secret?: string): string {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")
  return `${input}.${secret === undefined ? "" : createHmac("sha256", secret).update(input).digest("base64url")}`
}

/** The same object without some of its properties. */
export function without(object: Json, ...names: string[]): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
}

/** The public key as an attacker reads it: PEM, which a verifier of HMAC might take for the secret. */
export function publicPem(key: SigningKey): Promise<string> {
  return exportSPKI(key.publicKey)
}

async function signingKeys(): Promise<SigningKeys> {
  const [rsa, other, ec] = await Promise.all([
    signingKey("rsa-1", "RS256"),
    signingKey("rsa-2", "RS256"),
    signingKey("ec-1", "ES256"),
  ])
  return { rsa, other, ec, clientSecret: randomBytes(32).toString("hex") }
}

async function signingKey(kid: string, alg: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } }
}
