import type { IdOf, Shown } from "../core/auth.ts"
import type { AuthEvent } from "../core/events.ts"
import type { SessionAdapter, UserAdapter, UserId } from "../core/ports.ts"
import type { HasLibraryTokens } from "../proof/library-tokens.ts"
import type { Proof } from "../proof/proof.ts"
import type { Resettable } from "../proof/resets.ts"
import type { AnyPurpose, Purpose } from "./purpose.ts"
import type { TokenAdapter } from "./token-port.ts"

/** The purposes of an application's tokens, by name. */
export type Purposes = Readonly<Record<string, AnyPurpose>>

type DataOf<P> = P extends Purpose<infer Data> ? ([Data] extends [undefined] ? null : Data) : never
type OwnerOf<P, Id> = P extends { user: infer HasUser } ? (HasUser extends false ? null : Id) : never
type ProofOf<P, Id extends UserId> = P extends { proves: infer Proves }
  ? Proves extends "email"
    ? Proof<Id>
    : null
  : never

/** `userId` and `data`, if the purpose has them. */
type Contents<P, Id> = (P extends { user: false } ? { userId?: null | undefined } : { userId: Id }) &
  (P extends Purpose<infer Data> ? ([Data] extends [undefined] ? { data?: undefined } : { data: Data }) : never)

/** The contents of a live token that was read with `peekToken`. */
export type PeekedToken<P, Id extends UserId> = Shown<{ userId: OwnerOf<P, Id>; data: DataOf<P> }>

/** The contents of a used token. If its purpose proves something, pass `proof` to `beginSignIn`. */
export type ConsumedToken<P, Id extends UserId> = Shown<{
  userId: OwnerOf<P, Id>
  data: DataOf<P>
  proof: ProofOf<P, Id>
}>

/** Why a token or code was refused. It is for logs: tell a client only that it was refused. */
export type TokenRefusal = "malformed" | "unknown" | "wrong_code" | "expired"

/** The input of {@link Tokens.createToken} and {@link Tokens.createCode}. */
export type TokenRequest<Named extends Purposes, Name extends keyof Named, Id> = { purpose: Name } & Contents<
  Named[Name],
  Id
>

/** The length of a code and its number of attempts. */
export interface CodeOptions {
  /** The number of digits, 6 to 10. Default 8. */
  digits?: number | undefined
  /** The number of codes that can be tried with one handle, 1 to 10. Default 5. */
  attempts?: number | undefined
}

/**
 * One-time tokens for links, and codes that users type. Methods can be destructured. They throw `store_failed`, and
 * `invalid_option` if the purpose is not among the options.
 */
export interface Tokens<Named extends Purposes, Id extends UserId = UserId> extends Resettable<Id>, HasLibraryTokens {
  /**
   * Creates a token with 160 random bits: 32 characters of base32. It is returned only once: the store has its hash,
   * and the data encrypted with the token. The user's older tokens of this purpose end, except the newest two. `data`
   * is JSON of up to 8,192 bytes.
   *
   * Throws `user_missing` if the user does not exist, and `invalid_option` if JSON cannot hold the data.
   */
  createToken<Name extends keyof Named & string>(token: TokenRequest<Named, Name, Id>): Promise<string>
  /**
   * Reads a live token without using it up. Call it in the GET request of a link, because mail scanners also open
   * links. Resolves to `null` if the token is malformed, unknown, expired or of another purpose.
   */
  peekToken<Name extends keyof Named & string>(
    token: unknown,
    purpose: Name,
  ): Promise<PeekedToken<Named[Name], Id> | null>
  /**
   * Uses a token up. Call it in a POST request. Exactly one of several racing callers gets the token, and all others
   * get `null`. Malformed input of any type is `null`, without a hash or a store call.
   */
  consumeToken<Name extends keyof Named & string>(
    token: unknown,
    purpose: Name,
  ): Promise<ConsumedToken<Named[Name], Id> | null>
  /**
   * Creates a code of random digits and its handle. Send the code to the user, and keep the handle in the client that
   * asked for it. The code lives as long as its purpose says, at most 10 minutes. It ends no other token or code.
   * `data` is JSON of up to 8,192 bytes.
   *
   * Throws `user_missing` if the user does not exist, and `invalid_option` if JSON cannot hold the data.
   */
  createCode<Name extends keyof Named & string>(
    code: TokenRequest<Named, Name, Id> & CodeOptions,
  ): Promise<{ code: string; handle: string }>
  /**
   * Uses a code up, exactly once. Every well-formed try counts, and after `attempts` tries even the right code is
   * `null`. Spaces, dashes and invisible marks in the code are ignored. Digits can be full-width, Arabic or Persian.
   * Malformed input of any type is `null`, does not count, and costs no hash or store call.
   */
  consumeCode<Name extends keyof Named & string>(attempt: {
    handle: unknown
    code: unknown
    purpose: Name
  }): Promise<ConsumedToken<Named[Name], Id> | null>
  /**
   * Ends a user's tokens and codes of one purpose, or of all purposes of the application. Tokens of the library, such
   * as recovery codes and pending sign-ins, stay.
   */
  invalidateTokens(userId: Id, purpose?: keyof Named & string): Promise<void>
  /**
   * Ends all tokens and codes of a user, including those of the library. `resetAccess` of `nightlatch/users` calls it.
   */
  resetUser(userId: Id, options?: { except?: string | undefined }): Promise<void>
  /**
   * Deletes tokens that expired more than 24 hours ago, in batches, at most `limit` of them (default: all). Resolves to
   * how many. Run it from a daily job.
   */
  cleanUp(options?: { limit?: number | undefined }): Promise<number>
  /** Returns the same instance over another adapter, such as one in your transaction. */
  withAdapter(adapter: TokenAdapter): Tokens<Named, Id>
}

/** An adapter that keeps tokens. If it also keeps sessions or users, it sets the type of user ids. */
export type TokensAdapter<UserRow> = TokenAdapter &
  Partial<Pick<SessionAdapter<UserRow>, "findSession"> & Pick<UserAdapter<UserRow>, "findUser">>

/** The options of {@link createTokens}. */
export interface TokensOptions<Named extends Purposes, UserRow> {
  /**
   * The adapter that stores tokens. If it knows no users, as in Redis, declare it as `TokensAdapter<UserRow>` to type
   * user ids.
   */
  adapter: TokensAdapter<UserRow>
  /** The purposes by name: up to 40 characters `a-z0-9_`, starting with a letter. */
  purposes: Named
  /**
   * Names this kind of user, if one process has several. Tokens and proofs of one realm are unknown in another. Default
   * `"user"`.
   *
   * If users of two realms can have the same id, give each realm its own store, or its own `prefix` in Redis. In a
   * shared store, new tokens end older ones, and `invalidateTokens` ends all, of every user with that id.
   */
  realm?: string | undefined
  /** Receives every event. It is not awaited, and its errors are ignored. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}

/** The {@link Tokens} that {@link createTokens} returns for these options. */
export type TokensOf<Named extends Purposes, UserRow> = Tokens<Named, IdOf<UserRow>>
