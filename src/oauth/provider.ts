/** Who signed in at a provider. */
export interface OAuthProfile {
  /** The provider's id of the user: what OpenID Connect calls `sub`. */
  providerUserId: string
  /** For mail and forms. Never look a user up by it: not every provider checks that it is theirs. */
  email: string | null
  /** `true` only if the provider sends the boolean `true`, and was made with `provesEmail`. */
  emailVerified: boolean
  name: string | null
  /** When the user last proved to the provider who they are (`auth_time`); `null` if it does not say. */
  authenticatedAt: Date | null
}

/** The `fetch` of the platform, or a replacement for it. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** What both steps of a flow have. */
export interface ProviderFlow {
  redirectUri: string
  state: string
  nonce: string
  /** For every call to the provider: it has a deadline, bounds the answer, and follows no redirect. */
  fetch: Fetch
}

/** What {@link OAuthProvider.authorizationUrl} is given. */
export interface AuthorizationFlow extends ProviderFlow {
  /** The S256 challenge of RFC 7636. */
  codeChallenge: string
  /** In seconds. Asks for a sign-in that is no older: `max_age` of OpenID Connect. */
  maxAge?: number | undefined
}

/** What {@link OAuthProvider.exchange} is given. */
export interface ExchangeFlow extends ProviderFlow {
  codeVerifier: string
}

/** One provider, as `createOAuth` uses it. */
export interface OAuthProvider<P extends OAuthProfile = OAuthProfile> {
  /** Names the provider's keys in the store: up to 50 of a-z, 0-9, `-`, `_` and `.`, and never `email` or `username`. */
  readonly id: string
  /** Makes the address to which the browser is sent. */
  authorizationUrl(flow: AuthorizationFlow): Promise<URL>
  /**
   * Exchanges the code of a callback for a profile, of at most 8,192 bytes as JSON. `state` has been compared. Resolves to
   * `null`, or rejects, if the provider's answer cannot be trusted.
   */
  exchange(callback: URL, flow: ExchangeFlow): Promise<P | null>
}

/** The profile of a provider. */
export type ProfileOf<Provider> = Provider extends OAuthProvider<infer P> ? P : never

/** A client secret, or a function that makes it: Apple's is a token that expires. */
export type ClientSecret = string | (() => string | Promise<string>)
