import type { AuthorizationServer, Client, ClientAuth } from "oauth4webapi"
import { checkOption } from "../core/options.ts"
import { checkEndpoint } from "./endpoint.ts"
import type { OAuth4WebApi } from "./load.ts"
import { filledText } from "./profile.ts"
import type { AuthorizationFlow, ClientSecret, ExchangeFlow, Fetch } from "./provider.ts"

/** The options that every provider takes. */
export interface ClientOptions {
  clientId: string
  clientSecret?: ClientSecret | undefined
  /**
   * More parameters of the authorization request, such as `{ prompt: "select_account" }`. They replace none that the flow
   * sets.
   */
  parameters?: Record<string, string> | undefined
}

/** Throws `invalid_option` for an invalid provider id. Keys called `email` and `username` have passwords. */
export function checkId(option: string, id: string): void {
  const isId = /^(?!(username|email)$)[\w.-]{1,50}$/.test(filledText(id) ?? "")
  checkOption(option, id, isId, 'is not a provider id; use up to 50 of a-z, 0-9, "-", "_" and "."')
}

/** Throws `invalid_option` for an id or a secret that is empty, such as one of an unset variable. */
export function checkClient(id: string, options: ClientOptions): void {
  checkId("id", id)
  checkOption("clientId", options.clientId, !!options.clientId, "is missing; use the id that the provider gave you")
  // The value is a secret.
  const isPublic = !("clientSecret" in options)
  checkOption("clientSecret", "", isPublic || !!options.clientSecret, "is missing; leave it out for a public client")
}

/** Writes the authorization request: RFC 6749, section 4.1.1, with the challenge of RFC 7636. */
export function authorizationRequest(
  endpoint: string | undefined,
  { clientId, parameters }: ClientOptions,
  { redirectUri, state, codeChallenge }: AuthorizationFlow,
  scope: string,
  more: Record<string, string | undefined> = {},
): URL {
  const url = checkEndpoint("authorization_endpoint", String(endpoint))
  const own = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: codeChallenge,
    code_challenge_method: "S256",
    ...more,
  }
  // In two steps, so that an undefined value does not replace a parameter.
  for (const each of [parameters, own])
    for (const [name, value] of Object.entries(each ?? {})) if (value) url.searchParams.set(name, value)
  return url
}

/** Makes oauth4webapi call `fetch`, which itself refuses `http:` except on this machine. */
export function httpOptions(oauth: OAuth4WebApi, fetch: Fetch) {
  return { [oauth.customFetch]: fetch, [oauth.allowInsecureRequests]: true }
}

/** Exchanges the code of a callback for tokens. Throws if the callback or the answer is invalid. */
export async function redeemCode(
  oauth: OAuth4WebApi,
  server: AuthorizationServer,
  { clientId, clientSecret }: ClientOptions,
  callback: URLSearchParams,
  { redirectUri, state, codeVerifier, fetch }: ExchangeFlow,
): Promise<{ client: Client; response: Response }> {
  const client = { client_id: clientId }
  const parameters = oauth.validateAuthResponse(server, client, callback, state)
  const secret = typeof clientSecret === "function" ? await clientSecret() : clientSecret
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    clientAuth(oauth, server, secret),
    parameters,
    redirectUri,
    codeVerifier,
    httpOptions(oauth, fetch),
  )
  return { client, response }
}

/** Sends the secret in the body, unless the metadata of the provider allow the header only. */
function clientAuth(oauth: OAuth4WebApi, server: AuthorizationServer, secret: string | undefined): ClientAuth {
  if (secret === undefined) return oauth.None()
  const methods = server.token_endpoint_auth_methods_supported ?? []
  const isHeader = methods.includes("client_secret_basic") && !methods.includes("client_secret_post")
  return isHeader ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret)
}
