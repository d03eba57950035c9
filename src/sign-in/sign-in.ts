import type { AnyAuth, SessionFields } from "../core/auth.ts"
import type { AuthDoor, door } from "../core/door.ts"
import type { AuthEvent } from "../core/events.ts"
import type { Duration } from "../core/expiry.ts"
import type { UserId } from "../core/ports.ts"
import type { HasLibraryTokens } from "../proof/library-tokens.ts"
import type { Asked, Method, Proof } from "../proof/proof.ts"
import type { Authorize } from "../request/member.ts"
import type { Factor } from "./kinds.ts"

/** What knows which second factors a user has: TOTP, passkeys and recovery codes. */
export interface FactorSource {
  /** Resolves to an empty list for a user who has none. Throws if it cannot tell. */
  factorsOf(userId: UserId): Promise<Factor[]>
}

/** The part of an auth that signing in needs. */
export interface ProofsOnlyAuth<S extends SessionFields, Id extends UserId, SessionRow> {
  readonly [door]: AuthDoor<S, Id>
  createSession(userId: Id, attributes?: SessionRow): Promise<{ session: S; token: string }>
  invalidateSession(sessionId: string): Promise<boolean>
}

/** Why `finishSignIn` returned `null`. For logs: a client should learn only that it did. */
export type SecondFactorRefusal = "unknown" | "not_proven" | "changed"

/** What {@link SignIn.beginSignIn} resolves to. Test `.session`. */
export type BegunSignIn<S> =
  | { session: S; token: string; pending: null; factors?: undefined }
  | {
      session: null
      token: null
      /** Give it to the client, and back to `finishSignIn`. It signs nobody in and lives for 10 minutes. */
      pending: string
      /** What the user can finish with. */
      factors: Factor[]
    }

/** One door for every sign-in. Its methods may be destructured; they throw `store_failed`. */
export interface SignIn<S extends SessionFields, Id extends UserId, Attributes> {
  /**
   * Signs a user in by a proof or, if the user has second factors, starts a sign-in that `finishSignIn` completes. The
   * attributes are kept until then, so they must be text, finite numbers, booleans or `null`: others throw
   * `invalid_option`.
   *
   * Throws `proof_void` for a proof that was used before or is too old, for one of TOTP or a recovery code, and if what was
   * proved changed meanwhile: the password was changed, the user deleted. `signInWithPassword` returns `null` then.
   */
  beginSignIn(proof: Proof<Id>, attributes?: Attributes): Promise<BegunSignIn<S>>
  /** Reads a pending sign-in, to show the right form. `null` if it is unknown or expired, or its tries are used up. */
  peekSignIn(pending: unknown): Promise<{ userId: Id; factors: Factor[] } | null>
  /**
   * Completes a sign-in. `verify` checks what the user sent, for the user that it is given, and returns the proof or `null`.
   * A pending sign-in has five tries and is good for one session. `null` for a wrong code, a proof of another user or kind,
   * a pending sign-in that is unknown, used or expired, and if what was proved first has changed. What `verify` throws is
   * thrown, and the try is counted.
   *
   * @example
   * const signedIn = await door.finishSignIn(pending, (userId) => totp.verifyTotp({ userId, code }))
   */
  finishSignIn(
    pending: unknown,
    verify: (userId: Id) => Promise<Proof<Id> | null>,
  ): Promise<{ session: S; token: string } | null>
  /**
   * Adds a proof to a session, which gets a new token. `null` if the session has ended or is another user's, if what was
   * proved changed meanwhile, and for the proof of a provider that does not say when the user signed in there (`auth_time`).
   * Throws `proof_void` for a proof that was used before or is too old, and `invalid_option` if sessions do not have
   * `assuranceColumns`.
   */
  elevate(step: { sessionToken: unknown; proof: Proof<Id> }): Promise<{ session: S; token: string } | null>
  /**
   * Makes an `authorize` that lets users in who proved who they are within a time, such as `"10m"`, at the highest level
   * they can reach: level 2 if they have TOTP or a passkey. It answers `"confirm"` for the others. Throws `invalid_option` if
   * sessions do not have `assuranceColumns`.
   */
  recent(options: { within: Duration }): Authorize<AnyAuth>
}

/** What {@link createSignIn} takes. */
export interface SignInOptions<S extends SessionFields, Id extends UserId, SessionRow> {
  /**
   * What `createAuth({ proofsOnly: true })` returned. If its `getSessionAttributes` shows what `assurance` returns, sessions
   * are stored with `assuranceColumns`.
   */
  auth: ProofsOnlyAuth<S, Id, SessionRow>
  /** What `createUsers` returned. */
  users: Asked
  /** What `createTokens` returned. */
  tokens: HasLibraryTokens
  /** Everything that knows second factors. Each is asked at each sign-in. Recovery codes alone are not asked for. */
  factors: readonly (FactorSource & Partial<Asked>)[]
  /** Whose proofs count, where one process has several kinds of users. Default `"user"`. */
  realm?: string | undefined
  /** First methods that need no second one. Default `["passkey"]`. */
  sufficient?: readonly Method[] | undefined
  /**
   * Receives `second_factor_asked`, `second_factor_refused` and `session_elevated`. It is not awaited, and its errors are
   * ignored.
   */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}
