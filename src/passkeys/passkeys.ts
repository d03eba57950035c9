import type { IdOf } from "../core/auth.ts"
import type { AuthEvent } from "../core/events.ts"
import type { SessionAdapter, UserAdapter, UserId } from "../core/ports.ts"
import type { Secret } from "../envelope/secrets.ts"
import type { SessionSource } from "../proof/live-session.ts"
import type { Asked, Proof } from "../proof/proof.ts"
import type { Resettable } from "../proof/resets.ts"
import type { TokenAdapter } from "../tokens/token-port.ts"
import type { PasskeyAdapter, PasskeyAlgorithm, PasskeyRecord } from "./passkey-port.ts"
import type { PasskeyVerifier } from "./verifier.ts"

declare const verified: unique symbol

/** A passkey as its user may see it. */
export interface Passkey<Id extends UserId = UserId> extends Omit<PasskeyRecord, "publicKey" | "signCount" | "userId"> {
  userId: Id
}

/**
 * A passkey that was verified and is not stored yet. It is good once, in the process that made it: only the object itself
 * counts, and no copy of it.
 */
export interface NewPasskey<Id extends UserId = UserId> {
  /** Whose it will be. For a new user, create the user under this id. */
  readonly userId: Id
  readonly id: string
  /** Types only. */
  readonly [verified]: true
}

/** A passkey, as options name it for the browser. */
export interface PasskeyDescriptor {
  type: "public-key"
  id: string
  transports: string[]
}

/** What the browser's `PublicKeyCredential.parseCreationOptionsFromJSON()` takes. It is JSON. */
export interface PasskeyCreationOptions {
  rp: { id: string; name: string }
  user: { id: string; name: string; displayName: string }
  challenge: string
  pubKeyCredParams: { type: "public-key"; alg: PasskeyAlgorithm }[]
  /** The passkeys that the user has already. */
  excludeCredentials: PasskeyDescriptor[]
  authenticatorSelection: { residentKey: "required"; requireResidentKey: true; userVerification: "required" }
  attestation: "none"
}

/** What the browser's `PublicKeyCredential.parseRequestOptionsFromJSON()` takes. It is JSON. */
export interface PasskeyRequestOptions {
  rpId: string
  challenge: string
  /** The user's passkeys; empty if anyone may sign in. */
  allowCredentials: PasskeyDescriptor[]
  userVerification: "required"
}

/** What a browser sends: the handle that came with the options, and what `credential.toJSON()` gave. */
export interface PasskeyAnswer {
  handle: unknown
  response: unknown
}

/**
 * Passkeys, to sign in with, as a second factor and for step-up. Methods may be destructured; they throw `store_failed`.
 */
export interface Passkeys<Id extends UserId = UserId> extends Resettable<Id>, Asked {
  /**
   * Makes the options for a new passkey, and a handle to give back with what the browser answers. Nothing is stored. The
   * handle is good for an hour and one passkey. It may be in a flow cookie, in the page or with a bearer client.
   *
   * With `userId`, the passkey is for that user, who must be signed in: see `addPasskey`. Without it, it is for a user who
   * does not exist yet, and the library makes the id. `name` is what the user signs in with, such as an e-mail address.
   * `displayName` is the person's name, default none. Browsers show both when they ask for the passkey.
   *
   * Throws `invalid_option` for a `userId` that is null or undefined, and `unsupported` for a new user whose id the database
   * makes: create that user first.
   */
  registrationOptions(request: {
    userId?: Id
    name: string
    displayName?: string | undefined
  }): Promise<{ options: PasskeyCreationOptions; handle: string }>
  /**
   * Verifies what the browser answered. `null` for a handle that is unknown, expired or used, and for a response that is not
   * in order: a wrong origin, a user who was not verified. Only a right response uses the handle up.
   *
   * Nothing is stored but the handle's hash. If the user is new, create the user now; then call `addPasskey`.
   */
  verifyRegistration(answer: PasskeyAnswer): Promise<NewPasskey<Id> | null>
  /**
   * Stores a passkey. If it is for a user who was there before, `sessionId` is required: that session must be the user's and
   * live, before and after. `null` if it is not, if the passkey belongs to somebody already, or if `name` is not text of at
   * most 255 bytes. The default name is "Passkey".
   *
   * Throws `invalid_option` for anything but the object that `verifyRegistration` returned, for the second call with it, and
   * without a `sessionId` where one is required. Throws `user_missing` if there is no such user.
   */
  addPasskey(newPasskey: NewPasskey<Id>, options?: { name?: unknown; sessionId?: string }): Promise<Passkey<Id> | null>
  /**
   * Makes the options for a sign-in, and a handle as `registrationOptions` does. Nothing is stored. Without `userId` the user
   * chooses among the passkeys that the device has. With it, only a passkey of that user is accepted, and the options list
   * the user's passkeys: use it for users who have signed in, or proved their first factor.
   *
   * Throws `invalid_option` for a `userId` that is null or undefined.
   */
  signInOptions(request?: { userId?: Id }): Promise<{ options: PasskeyRequestOptions; handle: string }>
  /**
   * Verifies a sign-in and returns the proof of it. `null` for a handle that is unknown, expired, used or another user's, for
   * a passkey that is unknown or was removed, and for a response that is not in order. So it is, with the event
   * `passkey_cloned`, if the authenticator's counter did not rise: a copy of the passkey may exist. Only a right response
   * uses the handle up.
   */
  verifyPasskey(answer: PasskeyAnswer): Promise<Proof<Id> | null>
  /** Lists a user's passkeys, the newest first. */
  listPasskeys(userId: Id): Promise<Passkey<Id>[]>
  /** `false` for a passkey that is missing or another user's, and for a name that is not text of 1 to 255 bytes. */
  renamePasskey(passkey: { userId: Id; id: unknown; name: unknown }): Promise<boolean>
  /** Deletes a passkey. `false` if it is missing or another user's. Make sure that the user has another way to sign in. */
  deletePasskey(passkey: { userId: Id; id: unknown }): Promise<boolean>
  /**
   * Returns the user's id for authenticators: SHA-256 of realm and id, in base64url. `signalAllAcceptedCredentials` and
   * `signalCurrentUserDetails` of browsers take it.
   */
  userHandleOf(userId: Id): string
  /** What `createSignIn` asks: `["passkey"]` for a user who has one. */
  factorsOf(userId: UserId): Promise<"passkey"[]>
  /** Deletes all of a user's passkeys. `resetAccess` of `nightlatch/users` calls it. */
  resetUser(userId: Id, options?: { except?: string | undefined }): Promise<void>
  /**
   * Deletes the hashes of used handles, with all other tokens that expired more than 24 hours ago, in batches, at most
   * `limit` of them (default: all). Resolves to how many. The `cleanUp` of `createTokens` does the same.
   */
  cleanUp(options?: { limit?: number | undefined }): Promise<number>
  /** The same instance over another adapter, such as one in the caller's transaction. */
  withAdapter(adapter: PasskeyAdapter & TokenAdapter): Passkeys<Id>
}

/** An adapter that keeps passkeys and tokens. Where it also keeps sessions or users, it says of which type user ids are. */
export type PasskeysAdapter<UserRow> = PasskeyAdapter &
  TokenAdapter &
  Partial<Pick<SessionAdapter<UserRow>, "findSession"> & Pick<UserAdapter<UserRow>, "findUser" | "generateUserId">>

/** What {@link createPasskeys} takes. */
export interface PasskeysOptions<UserRow> {
  /** Where passkeys live, and the hashes of used handles. */
  adapter: PasskeysAdapter<UserRow>
  /**
   * The domain that passkeys belong to, such as `"example.com"`. They work there and on its subdomains. It cannot be changed:
   * passkeys of another domain are lost.
   */
  rpId: string
  /** The name of the site, which browsers show. */
  rpName: string
  /**
   * The origins of the pages that use passkeys, such as `"https://example.com"`, compared byte for byte. All are on `rpId`.
   * Those of Android apps are `android:apk-key-hash:` and the hash of the certificate.
   */
  origins: readonly string[]
  /**
   * Seal the handles: the first seals, all open. Put a new one in front, and drop the old one an hour later. Each has at least
   * 32 bytes: make it with `openssl rand -base64 32`.
   */
  secrets: readonly (Secret | undefined)[]
  /** Reads and checks what authenticators sign. Default: a verifier over WebCrypto, for ES256, Ed25519 and RS256. */
  verifier?: PasskeyVerifier | undefined
  /** Makes the ids of new users, as in `createUsers`. Default: what fits the adapter's user table. */
  generateUserId?: (() => IdOf<UserRow>) | undefined
  /** What `createAuth` returned. Needed for the `sessionId` of `addPasskey`. */
  auth?: SessionSource<IdOf<UserRow>> | undefined
  /**
   * Whose passkeys these are, where one process has several kinds of users: their handles and proofs are good only in modules
   * of the same `realm`. Default `"user"`.
   */
  realm?: string | undefined
  /** Receives `passkey_added`, `passkey_removed` and `passkey_cloned`. It is not awaited, and its errors are ignored. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}

/** The {@link Passkeys} that `createPasskeys` makes of these options. */
export type PasskeysOf<UserRow> = Passkeys<IdOf<UserRow>>
