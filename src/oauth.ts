export { createOAuth } from "./oauth/create-oauth.ts"
export { githubProvider } from "./oauth/github-provider.ts"
export { oauth2Provider } from "./oauth/oauth2-provider.ts"
export { oidcProvider } from "./oauth/oidc-provider.ts"

export type { Proof } from "./proof/proof.ts"
export type { FlowRequest } from "./request/flow.ts"
export type { ClientOptions } from "./oauth/client.ts"
export type { Intent } from "./oauth/flow-value.ts"
export type { GitHubOptions, GitHubProfile } from "./oauth/github-provider.ts"
export type {
  AnyProfile,
  AskingSession,
  BeginOAuth,
  CompleteOAuth,
  OAuth,
  OAuthAuth,
  OAuthOptions,
  OAuthRefusal,
  OAuthResult,
  OAuthUsers,
  StartOAuth,
} from "./oauth/oauth.ts"
export type { OAuth2Options } from "./oauth/oauth2-provider.ts"
export type { OidcClaims, OidcMetadata, OidcOptions } from "./oauth/oidc-provider.ts"
export type {
  AuthorizationFlow,
  ClientSecret,
  ExchangeFlow,
  Fetch,
  OAuthProfile,
  OAuthProvider,
  ProfileOf,
  ProviderFlow,
} from "./oauth/provider.ts"
