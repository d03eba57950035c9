import type { IdOf, Shown } from "../core/auth.ts"
import type { AuthEvent } from "../core/events.ts"
import type { SessionAdapter, UserAdapter, UserId } from "../core/ports.ts"
import type { HasLibraryTokens } from "../proof/library-tokens.ts"
import type { Proof } from "../proof/proof.ts"
import type { Resettable } from "../proof/resets.ts"
import type { AnyPurpose, Purpose } from "./purpose.ts"
import type { TokenAdapter } from "./token-port.ts"

/** What an application's tokens are for, by name. */
export type Purposes = Readonly<Record<string, AnyPurpose>>

type DataOf<P> = P extends Purpose<infer Data> ? ([Data] extends [undefined] ? null : Data) : never
type OwnerOf<P, Id> = P extends { user: infer HasUser } ? (HasUser extends false ? null : Id) : never
type ProofOf<P, Id extends UserId> = P extends { proves: infer Proves }
  ? Proves extends "email"
    ? Proof<Id>
    : null
  : never

/** `userId` and `data`, as far as the purpose has them. */
type Contents<P, Id> = (P extends { user: false } ? { userId?: null | undefined } : { userId: Id }) &
  (P extends Purpose<infer Data> ? ([Data] extends [undefined] ? { data?: undefined } : { data: Data }) : never)

/** A live token that was looked at. */
export type PeekedToken<P, Id extends UserId> = Shown<{ userId: OwnerOf<P, Id>; data: DataOf<P> }>

/** A token that was used. `proof` is what `beginSignIn` takes, if the purpose says that it proves something. */
export type ConsumedToken<P, Id extends UserId> = Shown<{
  userId: OwnerOf<P, Id>
  data: DataOf<P>
  proof: ProofOf<P, Id>
}>

/** Why a token or code was refused. For logs: a client should learn only that it was. */
export type TokenRefusal = "malformed" | "unknown" | "wrong_code" | "expired"

/** What both {@link Tokens.createToken} and {@link Tokens.createCode} are given. */
export type TokenRequest<Named extends Purposes, Name extends keyof Named, Id> = { purpose: Name } & Contents<
  Named[Name],
  Id
>

/** How a code is made. */
export interface CodeOptions {
  /** How many digits it has, 6 to 10. Default 8. */
  digits?: number | undefined
  /** How many codes may be tried against its handle, 1 to 10. Default 5. */
  attempts?: number | undefined
}

/**
 * One-time tokens for links, and codes to type. Methods may be destructured; they throw `store_failed`, and
 * `invalid_option` for a purpose that is not among the options.
 */
export interface Tokens<Named extends Purposes, Id extends UserId = UserId> extends Resettable<Id>, HasLibraryTokens {
  /**
   * Makes a token: 160 random bits, base32, 32 characters. It is returned once: the store has only its hash, and the data
   * encrypted under the token. Older tokens of that user and purpose end, except the newest two. `data` is JSON, up to
   * 8,192 bytes.
   *
   * Throws `user_missing` for a user who does not exist, and `invalid_option` for data that JSON cannot hold.
   */
  createToken<Name extends keyof Named & string>(token: TokenRequest<Named, Name, Id>): Promise<string>
  /**
   * Reads a live token and leaves it live: for the GET request of a link, which mail scanners also make. Resolves to `null`
   * if the token is malformed, unknown, expired or of another purpose.
   */
  peekToken<Name extends keyof Named & string>(
    token: unknown,
    purpose: Name,
  ): Promise<PeekedToken<Named[Name], Id> | null>
  /**
   * Uses a token up: for the POST request. Of any number of callers exactly one gets it, and all others `null`. Malformed
   * input of any type is `null`, without a hash or a store call.
   */
  consumeToken<Name extends keyof Named & string>(
    token: unknown,
    purpose: Name,
  ): Promise<ConsumedToken<Named[Name], Id> | null>
  /**
   * Makes a code of random digits, to be sent to the user, and its handle, to be kept by the client that asked for it. It
   * lives as long as the purpose says, at most 10 minutes, and ends no other token or code. `data` is JSON, up to 8,192
   * bytes.
   *
   * Throws `user_missing` for a user who does not exist, and `invalid_option` for data that JSON cannot hold.
   */
  createCode<Name extends keyof Named & string>(
    code: TokenRequest<Named, Name, Id> & CodeOptions,
  ): Promise<{ code: string; handle: string }>
  /**
   * Uses a code up, exactly once. Every try that is shaped like a code is counted; after `attempts` of them the right code
   * is `null` too. Spaces, dashes and invisible marks in the code are ignored, and digits may be full-width, Arabic or
   * Persian. Malformed input of any type is `null`, is not counted, and costs no hash and no store call.
   */
  consumeCode<Name extends keyof Named & string>(attempt: {
    handle: unknown
    code: unknown
    purpose: Name
  }): Promise<ConsumedToken<Named[Name], Id> | null>
  /**
   * Ends a user's tokens and codes of a purpose, or of all purposes of the application. The library's own, such as recovery
   * codes and pending sign-ins, stay.
   */
  invalidateTokens(userId: Id, purpose?: keyof Named & string): Promise<void>
  /** Ends all of a user's tokens and codes, the library's too. `resetAccess` of `nightlatch/users` calls it. */
  resetUser(userId: Id, options?: { except?: string | undefined }): Promise<void>
  /**
   * Deletes tokens that expired more than 24 hours ago, in batches, at most `limit` of them (default: all). Resolves to how
   * many. Run it from a daily job.
   */
  cleanUp(options?: { limit?: number | undefined }): Promise<number>
  /** The same instance over another adapter, such as one in the caller's transaction. */
  withAdapter(adapter: TokenAdapter): Tokens<Named, Id>
}

/** An adapter that keeps tokens. Where it also keeps sessions or users, it says of which type user ids are. */
export type TokensAdapter<UserRow> = TokenAdapter &
  Partial<Pick<SessionAdapter<UserRow>, "findSession"> & Pick<UserAdapter<UserRow>, "findUser">>

/** What {@link createTokens} takes. */
export interface TokensOptions<Named extends Purposes, UserRow> {
  /** Where tokens live. One that knows no users, such as that of Redis, is declared as `TokensAdapter<UserRow>` to type user ids. */
  adapter: TokensAdapter<UserRow>
  /** What tokens are for, by name: up to 40 characters `a-z0-9_`, the first of them a letter. */
  purposes: Named
  /**
   * Whose tokens and proofs these are, where one process has several kinds of users. A token of one realm is unknown in
   * another. Default `"user"`.
   *
   * If users of two realms may have the same id, give each realm a store of its own, or a `prefix` in Redis: new tokens end
   * older ones, and `invalidateTokens` ends all, of whoever has that id in the store.
   */
  realm?: string | undefined
  /** Hears what happens. Not awaited; what it throws changes nothing. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds. Default `Date.now`; for tests. */
  now?: (() => number) | undefined
}

/** The {@link Tokens} that {@link createTokens} makes of these options. */
export type TokensOf<Named extends Purposes, UserRow> = Tokens<Named, IdOf<UserRow>>
