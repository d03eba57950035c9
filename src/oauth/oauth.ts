import type { Cookie } from "../core/cookie.ts"
import type { KeyName, UserId } from "../core/ports.ts"
import type { HasLibraryTokens } from "../proof/library-tokens.ts"
import type { Asked, Proof } from "../proof/proof.ts"
import type { AnyAuth } from "../core/auth.ts"
import type { FlowRequest } from "../request/flow.ts"
import type { Intent } from "./flow-value.ts"
import type { Fetch, OAuthProfile, OAuthProvider, ProfileOf } from "./provider.ts"

/** The part of `createUsers` that OAuth needs. */
export interface OAuthUsers<Id extends UserId> extends Asked {
  getKey(key: KeyName): Promise<(KeyName & { userId: Id }) | null>
  createKey(
    key: KeyName & { userId: Id; sessionId?: string },
  ): Promise<{ key: KeyName & { userId: Id } } | { key: null; reason: string }>
}

/** The part of an auth that OAuth needs: `createAuth` and `createStatelessAuth` have it. */
export interface OAuthAuth {
  createBlankSessionCookie(): Cookie
  getUserSessions?: unknown
}

/** The session that asks, as `validateSession` returned it. */
export interface AskingSession<Id extends UserId = UserId> {
  id: string
  userId: Id
  createdAt: Date
  /** With `assurance`: when the user last proved who they are. Otherwise `createdAt` counts. */
  authenticatedAt?: Date | null
}

/**
 * Why a flow was refused. `denied`: the user said no at the provider. `mismatch`: the callback does not belong to this
 * browser, session and provider, or was used before. `provider_failed`: the provider did not answer, or its answer is
 * invalid. `key_taken`: the account at the provider is another user's. `not_recent`: to link, sign in again; to confirm, the
 * provider did not say that the user has just proved who they are.
 */
export type OAuthRefusal = "denied" | "expired" | "mismatch" | "provider_failed" | "key_taken" | "not_recent"

/** The outcome of a flow. Test `.outcome`. */
export type OAuthResult<P extends OAuthProfile = OAuthProfile, Id extends UserId = UserId> =
  | {
      outcome: "known"
      /** For `beginSignIn` or, after `confirm`, `elevate`. */
      proof: Proof<Id>
      next: string
    }
  | {
      outcome: "unknown"
      /** For `redeemTicket`, once and within 10 minutes. */
      ticket: string
      profile: P
      next: string
    }
  | { outcome: "linked"; key: KeyName & { userId: Id }; next: string }
  | {
      outcome: "refused"
      reason: OAuthRefusal
      /** What was wrong, for your logs. It holds no secret. Not enumerable, so that no response shows it. */
      readonly problem?: string | undefined
    }

/** What {@link OAuth.beginOAuth} takes. */
export interface BeginOAuth {
  providerId: string
  /** `link` adds a key to the user who is signed in, `confirm` asks for a new proof of who they are. */
  intent: Intent
  /** Where to go at the end, as the browser sent it: what is not a path of this site, or is longer than 512 bytes, is `/`. */
  next?: unknown
}

/** What {@link OAuth.startOAuth} takes. */
export interface StartOAuth<Id extends UserId> extends BeginOAuth {
  /** Which redirect URI, as your `redirectUri` knows it. Default `"web"`. */
  client?: string | undefined
  /** For `link` and `confirm`: what `validateSession` returned. */
  session?: AskingSession<Id> | null | undefined
}

/** What {@link OAuth.completeOAuth} takes. */
export interface CompleteOAuth<Id extends UserId> {
  providerId: string
  callback: URL
  /** What `startOAuth` returned. */
  flow: unknown
  /** For `link` and `confirm`: what `validateSession` returned, and never an id from the client. */
  session?: AskingSession<Id> | null | undefined
}

/** Signs users in with accounts at providers. Its methods may be destructured; they throw `store_failed`. */
export interface OAuth<P extends OAuthProfile, Id extends UserId> {
  /**
   * Starts a flow and keeps it in a cookie. Redirect to what it resolves to, with 303.
   *
   * Throws `invalid_option` for an unknown provider or intent, and for `link` and `confirm` by anything but POST or with
   * `cookie.sameSite: "strict"`. Throws `provider_failed` if the provider's metadata cannot be read, and `missing_port`
   * without the package oauth4webapi.
   */
  beginOAuth<A extends AnyAuth>(flow: FlowRequest<A>, begin: BeginOAuth): Promise<URL>
  /** Ends the flow to which a callback belongs. Bad input is `refused`. */
  finishOAuth<A extends AnyAuth>(
    flow: FlowRequest<A>,
    callback: { providerId: string; callback: URL },
  ): Promise<OAuthResult<P, Id>>
  /** Is {@link beginOAuth} for clients without cookies, which keep `flow`: it is a secret of the client. */
  startOAuth(start: StartOAuth<Id>): Promise<{ url: URL; flow: string }>
  /** Is {@link finishOAuth} for clients without cookies. A flow is good for one call. */
  completeOAuth(complete: CompleteOAuth<Id>): Promise<OAuthResult<P, Id>>
  /**
   * Takes a ticket, to create its user. `null` if it is unknown, used or older than 10 minutes. Never add
   * the key to an existing user: the ticket does not say who holds it.
   */
  redeemTicket(ticket: unknown): Promise<{ key: KeyName; profile: P } | null>
  /**
   * Answers the form that a provider has the browser send to the redirect URI (`response_mode: "form_post"`, as Apple
   * does) with 303 to the same address, where the browser sends its cookies again. Call it before the origin check.
   */
  relay(request: Request): Promise<Response>
}

/** What {@link createOAuth} takes. */
export interface OAuthOptions<Providers extends readonly OAuthProvider[], Id extends UserId> {
  /**
   * What `oidcProvider`, `oauth2Provider` and `githubProvider` return, or your own providers. No id may be one of the
   * users' `passwordProviders`.
   */
  providers: Providers
  /** The address of the callback, one for each provider, from your configuration. `client` is `"web"` in the browser. */
  redirectUri: (providerId: Providers[number]["id"], client: string) => string
  /** What `createUsers` returns, with the option `auth` if users link accounts. */
  users: OAuthUsers<Id>
  /** What `createTokens` returns. */
  tokens: HasLibraryTokens
  auth: OAuthAuth
  /** Names these users, as in `createUsers`. Default `"user"`. */
  realm?: string | undefined
  /** Makes every call to a provider. Default the platform's. */
  fetch?: Fetch | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}

/** The profile that one of these providers gives. */
export type AnyProfile<Providers extends readonly OAuthProvider[]> = ProfileOf<Providers[number]>
