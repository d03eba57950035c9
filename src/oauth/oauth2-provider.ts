import { checkOption, checkOptions } from "../core/options.ts"
import { authorizationRequest, checkClient, redeemCode } from "./client.ts"
import type { ClientOptions } from "./client.ts"
import { checkEndpoint } from "./endpoint.ts"
import { loadOAuth } from "./load.ts"
import type { ExchangeFlow, Fetch, OAuthProfile, OAuthProvider } from "./provider.ts"

/** What {@link oauth2Provider} takes. */
export interface OAuth2Options<P extends OAuthProfile> extends ClientOptions {
  /** Names the provider's keys in your store, such as `discord`. Never change it. */
  id: string
  authorizationEndpoint: string
  tokenEndpoint: string
  /** The provider's issuer, if it has one: a callback of another is refused (RFC 9207). */
  issuer?: string | undefined
  /** Default none. */
  scopes?: readonly string[] | undefined
  /**
   * Asks the provider whose access token this is. Use this `fetch`: it has a deadline. `null`, or an error, refuses. Set
   * `emailVerified` only if the provider proves addresses. What it returns must be JSON, but for `authenticatedAt`, of at
   * most 8,192 bytes.
   */
  profile: (accessToken: string, fetch: Fetch) => Promise<P | null>
}

/**
 * Makes a provider of OAuth 2.0 without OpenID Connect: its own API names the user who has signed in.
 *
 * Throws `invalid_option` for an endpoint that is not `https:`, and an id or a secret that is empty.
 *
 * @example
 * const discord = oauth2Provider({
 *   id: "discord",
 *   authorizationEndpoint: "https://discord.com/oauth2/authorize",
 *   tokenEndpoint: "https://discord.com/api/oauth2/token",
 *   clientId: process.env.DISCORD_ID,
 *   clientSecret: process.env.DISCORD_SECRET,
 *   scopes: ["identify"],
 *   profile: async (accessToken, fetch) => toProfile(await askDiscord(accessToken, fetch)),
 * })
 */
export function oauth2Provider<P extends OAuthProfile>(options: OAuth2Options<P>): OAuthProvider<P> {
  checkOptions(
    "oauth2Provider()",
    options,
    "id",
    "authorizationEndpoint",
    "tokenEndpoint",
    "issuer",
    "clientId",
    "clientSecret",
    "scopes",
    "profile",
    "parameters",
  )
  const { id, authorizationEndpoint, tokenEndpoint, issuer, scopes = [], profile } = options
  checkClient(id, options)
  checkEndpoint("authorizationEndpoint", authorizationEndpoint)
  checkEndpoint("tokenEndpoint", tokenEndpoint)
  checkOption("profile", profile, typeof profile === "function", "is missing; use a function of the access token")
  const server = { issuer: issuer ?? tokenEndpoint, token_endpoint: tokenEndpoint }

  return {
    id,
    async authorizationUrl(flow) {
      // A package that is missing is missed before a user has gone to the provider.
      await loadOAuth()
      return authorizationRequest(authorizationEndpoint, options, flow, scopes.join(" "))
    },
    async exchange(callback: URL, flow: ExchangeFlow) {
      const oauth = await loadOAuth()
      const parameters = new URLSearchParams(callback.search)
      if (issuer === undefined) parameters.delete("iss")
      const { client, response } = await redeemCode(oauth, server, options, parameters, flow)
      const { access_token } = await oauth.processAuthorizationCodeResponse(server, client, response)
      return profile(access_token, flow.fetch)
    },
  }
}
