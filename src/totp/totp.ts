import type { IdOf } from "../core/auth.ts"
import type { AuthEvent } from "../core/events.ts"
import type { SessionAdapter, UserAdapter, UserId } from "../core/ports.ts"
import type { Secret } from "../envelope/secrets.ts"
import type { HasLibraryTokens } from "../proof/library-tokens.ts"
import type { Asking, SessionSource } from "../proof/live-session.ts"
import type { Asked, Proof } from "../proof/proof.ts"
import type { Resettable } from "../proof/resets.ts"
import type { ThrottleAdapter } from "../throttle/throttle-port.ts"
import type { TotpAdapter } from "./totp-port.ts"

/** What an authenticator app is set up with. Nothing of it is stored yet. */
export interface TotpEnrollment {
  /** For a QR code: `otpauth://totp/...`, the key URI format. */
  uri: string
  /** The same key for people who type it: 32 letters and digits of base32. */
  secret: string
  /** Give it back to `confirmTotp`, and to `enrollTotp` for the same key again. It is sealed and lives for an hour. */
  enrollment: string
}

/** What `confirmTotp` takes. `code` and `enrollment` are what the visitor sent, of any type. */
export interface TotpConfirmation<Id extends UserId = UserId> extends Asking<Id> {
  userId: Id
  enrollment: unknown
  code: unknown
  /** `true`: the new authenticator app takes the place of the one that is there. Default `false`. */
  replace?: boolean | undefined
}

/** Why `confirmTotp` stored nothing. `expired`: the enrollment or the session has ended; `enrolled`: there is one already. */
export type TotpReason = "wrong_code" | "expired" | "enrolled"

/** Why `verifyTotp` and `redeemCode` returned `null`, in the event `second_factor_refused`. */
export type CodeRefusal = "wrong_code" | "code_used"

/** Authenticator apps as a second factor. Methods may be destructured; they throw `store_failed`. */
export interface Totp<Id extends UserId = UserId> extends Resettable<Id>, Asked {
  /**
   * Makes a key for a user's authenticator app. Nothing is stored, so an authenticator that is there stays. Given an earlier
   * `enrollment` of this user, it returns the same key, so that a page may be reloaded. `account` is the user's name for the
   * app, such as an e-mail address.
   */
  enrollTotp(request: { userId: Id; account: string; enrollment?: unknown }): Promise<TotpEnrollment>
  /**
   * Stores the authenticator app of an enrollment, if the user has typed a right code of it. That code is used by this.
   *
   * `sessionId` is the session that asks, for example `session.id`: it must be the user's, and live before and after. Leave
   * it out only for a user whom you created in the same request. Ask for a recent proof first: see `recent` of
   * `nightlatch/sign-in`. Throws `invalid_option` for a `sessionId` that is not text, and without the option `auth`. Throws
   * `user_missing` if there is no such user.
   */
  confirmTotp(
    request: TotpConfirmation<Id>,
  ): Promise<{ proof: Proof<Id>; reason?: undefined } | { proof: null; reason: TotpReason }>
  /**
   * Verifies a code, with or without spaces and dashes, and returns the proof of it. It accepts the code of the present 30
   * seconds, the ones before and the ones after, each once (RFC 6238). `null` for a wrong or used code, for a user without
   * an authenticator app, and after 10 attempts in 10 minutes or 100 wrong ones in 30 days. A value that is not six digits
   * costs no attempt and no store call.
   *
   * Throws `store_failed` if none of the secrets opens the user's key.
   */
  verifyTotp(request: { userId: Id; code: unknown }): Promise<Proof<Id> | null>
  /** Deletes a user's authenticator app. `false` if there was none. */
  removeTotp(request: { userId: Id }): Promise<boolean>
  /** What `createSignIn` asks: `["totp"]` for a user who has an authenticator app. */
  factorsOf(userId: UserId): Promise<"totp"[]>
  /** Deletes a user's authenticator app. `resetAccess` of `nightlatch/users` calls it. */
  resetUser(userId: Id, options?: { except?: string | undefined }): Promise<void>
  /**
   * Deletes the budgets of attempts that have been full for a day, with those of `createThrottle` in this store, in batches,
   * at most `limit` of them (default: all). Resolves to how many.
   */
  cleanUp(options?: { limit?: number | undefined }): Promise<number>
  /**
   * The same instance over another adapter, such as one in the caller's transaction. Do not verify there: a transaction that
   * is rolled back gives the attempt and the code back.
   */
  withAdapter(adapter: TotpAdapter & ThrottleAdapter): Totp<Id>
}

/** An adapter that keeps authenticators and budgets. Where it also keeps sessions or users, it says of which type ids are. */
export type TotpsAdapter<UserRow> = TotpAdapter &
  ThrottleAdapter &
  Partial<Pick<SessionAdapter<UserRow>, "findSession"> & Pick<UserAdapter<UserRow>, "findUser">>

/** What `createTotp` takes. */
export interface TotpOptions<UserRow> {
  /** Where sealed keys live, and the budgets of attempts. */
  adapter: TotpsAdapter<UserRow>
  /** The name of the site, which authenticator apps show. Without a colon. */
  issuer: string
  /**
   * Seal the keys of authenticator apps: the first seals, all open. Put a new one in front, and keep the old one: a user's
   * key is sealed again with the next code that is used. Each has at least 32 bytes: make it with `openssl rand -base64 32`.
   */
  secrets: readonly (Secret | undefined)[]
  /** What `createAuth` returned. Needed for the `sessionId` of `confirmTotp`. */
  auth?: SessionSource<IdOf<UserRow>> | undefined
  /**
   * Whose authenticators these are, where one process has several kinds of users: keys open, and proofs are good, only in
   * modules of the same `realm`. Default `"user"`.
   */
  realm?: string | undefined
  /**
   * Receives `totp_added` and `totp_removed`, `second_factor_refused` for a wrong code and `throttled`. Not awaited; what it
   * throws changes nothing.
   */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}

/** The {@link Totp} that `createTotp` makes of these options. */
export type TotpOf<UserRow> = Totp<IdOf<UserRow>>

/** Recovery codes, for users who have lost their phone. Methods may be destructured; they throw `store_failed`. */
export interface RecoveryCodes extends Resettable {
  /**
   * Makes ten codes of 120 bits, which are shown once, and ends the user's earlier ones, in one step. Each is 24 letters and
   * digits in six groups: `abcd-efgh-...`. Ask for a recent proof first.
   *
   * Throws `unsupported` over a store that may evict what it keeps, such as Redis, and `user_missing` if there is no such
   * user.
   */
  createCodes(userId: UserId): Promise<string[]>
  /** Counts the codes that a user has left. */
  countCodes(userId: UserId): Promise<number>
  /**
   * Uses a code up and returns the proof of it: of racing callers one gets it. Upper case, spaces and dashes are accepted.
   * `null` for a code that is unknown, used or another user's, which stays good for its owner. A value that is not shaped
   * like a code costs no store call. There is no limit of attempts: nobody guesses 120 bits.
   */
  redeemCode<Id extends UserId>(request: { userId: Id; code: unknown }): Promise<Proof<Id> | null>
  /** Ends all codes of a user. */
  removeCodes(userId: UserId): Promise<void>
  /** What `createSignIn` asks: `["recovery"]` for a user who has codes left. */
  factorsOf(userId: UserId): Promise<"recovery"[]>
  /** Ends all codes of a user. `resetAccess` of `nightlatch/users` calls it. */
  resetUser(userId: UserId, options?: { except?: string | undefined }): Promise<void>
}

/** What `createRecoveryCodes` takes. */
export interface RecoveryCodesOptions {
  /** What `createTokens` returned. Codes are tokens of its adapter. */
  tokens: HasLibraryTokens
  /** Whose proofs these are, where one process has several kinds of users. Give `createTokens` the same. Default `"user"`. */
  realm?: string | undefined
  /** Receives `recovery_used`, and `second_factor_refused` for a wrong code. It is not awaited, and its errors are ignored. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock for the times of events, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}
