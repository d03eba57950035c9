import type { AuthorizationServer, Client, TokenEndpointResponse } from "oauth4webapi"
import { checkOption, checkOptions } from "../core/options.ts"
import { fromBase64url } from "../platform/encoding.ts"
import { authorizationRequest, checkClient, httpOptions, redeemCode } from "./client.ts"
import type { ClientOptions } from "./client.ts"
import { checkEndpoint } from "./endpoint.ts"
import { loadOAuth } from "./load.ts"
import type { OAuth4WebApi } from "./load.ts"
import { filledText } from "./profile.ts"
import type { ExchangeFlow, Fetch, OAuthProfile, OAuthProvider } from "./provider.ts"

/** What a provider says of a user: of the ID token and, where that lacks them, of the userinfo endpoint. */
export interface OidcClaims {
  sub: string
  [claim: string]: unknown
}

/** What a provider says of itself, as in `/.well-known/openid-configuration`. */
export interface OidcMetadata {
  issuer?: string
  authorization_endpoint: string
  token_endpoint: string
  jwks_uri: string
  userinfo_endpoint?: string
  [name: string]: unknown
}

/** What {@link oidcProvider} takes. */
export interface OidcOptions<P extends OAuthProfile> extends ClientOptions {
  /** Names the provider's keys in your store, such as `google`. Never change it. */
  id: string
  /** The issuer, such as `https://accounts.google.com`. One with `{tenantid}` needs `profile`. */
  issuer: string
  /** Default `openid email profile`. */
  scopes?: readonly string[] | undefined
  /** Whether the provider proves addresses before it says `email_verified`. Default `false`. */
  provesEmail?: boolean | undefined
  /** Instead of asking the issuer for it. */
  metadata?: OidcMetadata | undefined
  /**
   * Adds to the profile, or chooses another id. `null`, or an error, refuses. What it returns must be JSON, but for
   * `authenticatedAt`, of at most 8,192 bytes.
   */
  profile?: ((claims: OidcClaims, profile: OAuthProfile) => P | null | Promise<P | null>) | undefined
}

/** In milliseconds. */
const metadataLifetime = 3_600_000

/**
 * Makes a provider of OpenID Connect. Its metadata is asked for at the first flow, and once an hour. ID tokens are checked
 * by the provider's keys, with PKCE, `nonce`, and `iss` (RFC 9207).
 *
 * Throws `invalid_option` for an issuer that is not `https:`, an id or a secret that is empty, and an issuer with
 * `{tenantid}` without `profile`.
 *
 * @example
 * const google = oidcProvider({
 *   id: "google",
 *   issuer: "https://accounts.google.com",
 *   clientId: process.env.GOOGLE_ID,
 *   clientSecret: process.env.GOOGLE_SECRET,
 *   provesEmail: true,
 * })
 */
export function oidcProvider<P extends OAuthProfile = OAuthProfile>(options: OidcOptions<P>): OAuthProvider<P> {
  checkOptions(
    "oidcProvider()",
    options,
    "id",
    "issuer",
    "clientId",
    "clientSecret",
    "scopes",
    "provesEmail",
    "metadata",
    "profile",
    "parameters",
  )
  const { id, issuer, scopes = ["openid", "email", "profile"], provesEmail = false, metadata, profile } = options
  checkClient(id, options)
  checkEndpoint("issuer", issuer)
  checkOption("issuer", issuer, !isShared(issuer) || !!profile, sharedIssuer)
  const named = metadata?.issuer ?? issuer
  checkOption("metadata.issuer", named, named === issuer, "is not the issuer; use that of the provider's metadata")
  // Not the promise: on Workers no request may wait for what another one has started. One object: oauth4webapi keeps the
  // keys of a provider with it.
  let found = metadata && { server: { ...metadata, issuer } as AuthorizationServer, at: Infinity }

  return { id, authorizationUrl, exchange }

  async function authorizationUrl(flow: Parameters<OAuthProvider["authorizationUrl"]>[0]) {
    const { authorization_endpoint } = await serverOf(await loadOAuth(), flow.fetch)
    const { nonce, maxAge } = flow
    const scope = [...new Set(["openid", ...scopes])].join(" ")
    return authorizationRequest(authorization_endpoint, options, flow, scope, { nonce, max_age: maxAge?.toString() })
  }

  async function exchange(callback: URL, flow: ExchangeFlow): Promise<P | null> {
    const oauth = await loadOAuth()
    const server = await serverOf(oauth, flow.fetch)
    const named = isShared(issuer) ? callback.searchParams.get("iss") : null
    const asked = named === null ? server : { ...server, issuer: named }
    const { client, response } = await redeemCode(oauth, asked, options, callback.searchParams, flow)
    const signer = isShared(issuer) ? { ...server, issuer: await ownIssuer(issuer, response.clone(), named) } : server
    const http = httpOptions(oauth, flow.fetch)
    const tokens = await oauth.processAuthorizationCodeResponse(signer, client, response, {
      expectedNonce: flow.nonce,
      requireIdToken: true,
    })
    // The keys are kept with this object, and are those of all tenants.
    await checkSignature(oauth, server, response, http)
    return toProfile(await claimsOf(oauth, signer, client, tokens, http))
  }

  async function serverOf(oauth: OAuth4WebApi, fetch: Fetch): Promise<AuthorizationServer> {
    if (found && Date.now() - found.at < metadataLifetime) return found.server
    const asked = new URL(issuer.replace(placeholder, "common"))
    const response = await oauth.discoveryRequest(asked, httpOptions(oauth, fetch))
    const server = await oauth.processDiscoveryResponse(new URL(issuer), response)
    checkEndpoints(issuer, server)
    found = { server, at: Date.now() }
    return server
  }

  async function toProfile(claims: OidcClaims): Promise<P | null> {
    const { sub, email, email_verified, name, auth_time } = claims
    const standard: OAuthProfile = {
      providerUserId: sub,
      email: filledText(email),
      emailVerified: provesEmail && email_verified === true,
      name: filledText(name),
      authenticatedAt: typeof auth_time === "number" ? new Date(auth_time * 1000) : null,
    }
    // Without `profile` the type is that of the standard's.
    const made = profile ? await profile(claims, standard) : (standard as P)
    return made && { ...made, emailVerified: provesEmail && made.emailVerified }
  }
}

const sharedIssuer = "is that of many tenants; use profile to make ids unique, or the issuer of one tenant"

/** Throws if a provider elsewhere names this machine: the server would send requests to itself. */
function checkEndpoints(issuer: string, server: AuthorizationServer): void {
  if (issuer.startsWith("http:")) return
  for (const name of ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] as const)
    if (server[name] && new URL(server[name]).protocol !== "https:") throw new Error(`${name}: not https:`)
}

/** What stands for a tenant in an issuer that many share. */
const placeholder = /\{(\w+)\}/

function isShared(issuer: string): boolean {
  return placeholder.test(issuer)
}

/**
 * The issuer of the user's own tenant, which is that of the callback if it names one. Whose it is the signature decides;
 * that it fits is checked here.
 */
async function ownIssuer(template: string, response: Response, named: string | null): Promise<string> {
  const { id_token } = (await response.json()) as { id_token?: unknown }
  const payload = new TextDecoder().decode(fromBase64url(String(id_token).split(".")[1] ?? ""))
  const claims = JSON.parse(payload) as Record<string, unknown>
  const name = placeholder.exec(template)?.[1] ?? ""
  // Microsoft calls the claim of its {tenantid} otherwise.
  const tenant = claims[name === "tenantid" ? "tid" : name]
  const issuer = template.replace(placeholder, String(tenant))
  const isTenant = typeof tenant === "string" && /^[\w-]+$/.test(tenant)
  if (isTenant && claims.iss === issuer && (named ?? issuer) === issuer) return issuer
  throw new Error("an ID token of another issuer")
}

async function checkSignature(
  oauth: OAuth4WebApi,
  server: AuthorizationServer,
  response: Response,
  http: ReturnType<typeof httpOptions>,
): Promise<void> {
  try {
    await oauth.validateApplicationLevelSignature(server, response, http)
  } catch {
    // The keys are kept with this object. For another one they are asked for again, as they may have changed.
    await oauth.validateApplicationLevelSignature({ ...server }, response, http)
  }
}

/** The claims of the ID token and, where it has no address or no name, those of the userinfo endpoint. */
async function claimsOf(
  oauth: OAuth4WebApi,
  server: AuthorizationServer,
  client: Client,
  tokens: TokenEndpointResponse,
  http: ReturnType<typeof httpOptions>,
): Promise<OidcClaims> {
  const claims = oauth.getValidatedIdTokenClaims(tokens)!
  if (!server.userinfo_endpoint || ("email" in claims && "name" in claims)) return claims
  const response = await oauth.userInfoRequest(server, client, tokens.access_token, http)
  const info = await oauth.processUserInfoResponse(server, client, claims.sub, response)
  if (response.headers.get("Content-Type")?.startsWith("application/jwt"))
    await checkSignature(oauth, server, response, http)
  // Whether an address is verified is said by whoever has said which.
  const { email_verified } = "email" in claims ? claims : info
  return { ...info, ...claims, email_verified }
}
