import type { RequestAuth, SessionFields } from "../core/auth.ts"
import type { AuthEvent } from "../core/events.ts"
import type { KeyName, KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import type { PasswordPolicy, PasswordReason } from "../password/check-password.ts"
import type { PasswordHasher } from "../password/password-hasher.ts"
import type { SessionSource } from "../proof/live-session.ts"
import type { Asked, Proof } from "../proof/proof.ts"
import type { Resettable } from "../proof/resets.ts"

/** One way for a user to sign in, without its secret. */
export interface Key<Id extends UserId = UserId> extends Omit<KeyRecord, "passwordHash"> {
  userId: Id
  hasPassword: boolean
}

/** A key to be created. */
export interface NewKey extends KeyName {
  /**
   * Only for the providers in `passwordProviders`, as the form sent it: what is not text is `password_invalid`. `null` or
   * absent: the key has no password.
   */
  password?: unknown
}

/** What a visitor types to sign in, as the form sent it: anything but text proves nobody. */
export interface PasswordAttempt {
  /** One of `passwordProviders`, such as `username` or `email`. */
  providerId: string
  providerUserId: unknown
  password: unknown
}

/** Why a key was not stored. */
export type KeyReason = "key_taken" | "key_invalid" | PasswordReason

/**
 * Why a key was not added. `password_wrong`: the user has a password, and it is another one. `session_ended`: the session
 * that asked for the key is not live, or not the user's.
 */
export type CreateKeyReason = KeyReason | "attribute_taken" | "password_wrong" | "session_ended"

/** Why a key was not renamed. `key_missing`, also for a key of another user. */
export type RenameKeyReason = "key_taken" | "key_missing" | "key_invalid" | "attribute_taken"

/** Whose access is reset, and what stays of it. */
export interface AccessReset<Id extends UserId> {
  userId: Id
  /** The key that stays, such as that of the address which the user has just proved. Absent: all keys are deleted. */
  keep?: KeyName
  /** The new password of `keep`, as the form sent it. Absent: it has none, and so no password signs the user in. */
  password?: unknown
  /** The id of the session that stays. */
  except?: string | undefined
}

/** Why access was not reset. `key_missing`: the user does not have the key that was to be kept. */
export type ResetAccessReason = PasswordReason | "key_missing" | "user_missing"

/** Why a user was not created. `key_taken` when both the key and an attribute are taken. */
export type CreateUserReason = KeyReason | "attribute_taken"

/** The part of an auth that signing in needs. */
export type SignInAuth<S extends SessionFields, Id extends UserId, SessionRow> = Pick<
  RequestAuth<S, { id: Id }, Id, SessionRow>,
  "createSession" | "invalidateSession"
>

/** The part of what `createSignIn` returns that signing in by password needs. */
export interface SignInDoor<Id extends UserId, Begun, Attributes> {
  beginSignIn(proof: Proof<Id>, attributes?: Attributes): Promise<Begun>
}

/** Keeps users and the keys they sign in with. Its methods may be destructured; they throw `store_failed` and `hash_failed`. */
export interface Users<UserRow extends { id: UserId }, NewUser> extends Asked {
  /**
   * Creates a user and, if given, a key: both or neither. Without `id` the user gets one from `generateUserId`. `proof`
   * states that the user is the visitor who signed up: by `password` if the key has one, else by `sign_up`.
   * Throws `invalid_option` for a password of a provider that has none.
   */
  createUser(user: {
    id?: UserRow["id"] | undefined
    key: NewKey | null
    attributes: NewUser
  }): Promise<
    { user: UserRow; proof: Proof<UserRow["id"]>; reason?: undefined } | { user: null; reason: CreateUserReason }
  >
  getUser(id: UserRow["id"]): Promise<UserRow | null>
  /** Merges attributes into a user. */
  updateUser(
    id: UserRow["id"],
    attributes: Partial<NewUser>,
  ): Promise<{ updated: true; reason?: undefined } | { updated: false; reason: "user_missing" | "attribute_taken" }>
  /** Deletes a user with all keys, and with all sessions in the same store. May be repeated. */
  deleteUser(id: UserRow["id"]): Promise<void>
  /**
   * Adds a key to a user and, if given, merges attributes into the user: both or neither. A user has one password: if
   * there is one, the new key of a password provider gets it, and a `password` that is given must be the same
   * (`password_wrong`). Only for a user without a password does `password` set one.
   *
   * Pass `sessionId`, the id of the session that asks for the key, unless you have created the user in the same request. It
   * is looked up before and after: if it has ended meanwhile, the key and the attributes are taken back (`session_ended`).
   * Throws `user_missing` for a user who does not exist, and `invalid_option` for a password of a provider that has none
   * and for a `sessionId` without the option `auth`.
   */
  createKey(
    key: NewKey & { userId: UserRow["id"]; attributes?: Partial<NewUser> | undefined; sessionId?: string },
  ): Promise<{ key: Key<UserRow["id"]>; reason?: undefined } | { key: null; reason: CreateKeyReason }>
  /** Finds a key. It proves nothing: call it with what the provider has confirmed, such as the id of a GitHub account. */
  getKey(key: KeyName): Promise<Key<UserRow["id"]> | null>
  getUserKeys(userId: UserRow["id"]): Promise<Key<UserRow["id"]>[]>
  /**
   * Changes the provider user id of a user's key, such as the e-mail address, and, if given, merges attributes into the
   * user: both or neither. The password stays, and so do the sessions. It ends the user's tokens, pending sign-ins and known
   * browsers in the same store: a link to the former address works no longer.
   */
  renameKey(
    key: KeyName & { userId: UserRow["id"] },
    newProviderUserId: string,
    options?: { attributes?: Partial<NewUser> | undefined },
  ): Promise<{ renamed: true; reason?: undefined } | { renamed: false; reason: RenameKeyReason }>
  /**
   * Deletes a user's key, unless it is the user's only one (`last_key`). May be repeated: the second time it is
   * `key_missing`, as is a key of another user.
   */
  deleteKey(
    key: KeyName & { userId: UserRow["id"] },
  ): Promise<{ deleted: true; reason?: undefined } | { deleted: false; reason: "last_key" | "key_missing" }>
  /**
   * Checks a password. Resolves to `null` if the key is unknown, the password is wrong, or the key has none: each costs
   * one verify. A password that is not text, or is too long, is `null` at no cost. Re-hashes with current parameters.
   * Throws `invalid_option` for a provider that has no passwords. To sign a user in, call `signInWithPassword`.
   */
  verifyPassword(attempt: PasswordAttempt): Promise<Proof<UserRow["id"]> | null>
  /**
   * Checks the password of a user who is signed in, before a grave step: any of the user's password keys has it. Costs one
   * verify, also for a user without a password, who gets `null`; more only for a user whose keys have several hashes, such
   * as rows from another library. Apart from that it is like `verifyPassword`.
   */
  verifyUserPassword(attempt: { userId: UserRow["id"]; password: unknown }): Promise<Proof<UserRow["id"]> | null>
  /**
   * Checks a new password by this instance's `passwordPolicy`, and resolves to `null` if it may be set. Ask it before you
   * consume a link, so that a weak password does not use the link up.
   */
  checkPassword(password: unknown): Promise<PasswordReason | null>
  /**
   * Signs a user in through `createSignIn`: `verifyPassword` and `beginSignIn`. Resolves to what `beginSignIn` returned, and
   * to `null` also if the user was deleted meanwhile.
   */
  signInWithPassword<Begun, Attributes>(
    door: SignInDoor<UserRow["id"], Begun, Attributes>,
    attempt: PasswordAttempt,
    attributes?: Attributes,
  ): Promise<Begun | null>
  /**
   * Signs a user in: `verifyPassword` and `createSession`. It is safe while the password is being changed: it reads the
   * key once more and ends the session unless the password is still right.
   */
  signInWithPassword<S extends SessionFields, SessionRow>(
    auth: SignInAuth<S, UserRow["id"], SessionRow>,
    attempt: PasswordAttempt,
    attributes?: SessionRow,
  ): Promise<{ session: S; token: string; key: Key<UserRow["id"]> } | null>
  /**
   * Sets the password of a user, that is, of all keys of `passwordProviders`, and ends the user's sessions, but for the
   * session id `except`: those in the same store. Where sessions live in another one, call the auth's
   * `invalidateUserSessions` afterwards. The user's tokens, pending sign-ins and known browsers end too, but not recovery
   * codes. `key_missing`: the user has no key that can have a password. What is not text is `password_invalid`.
   */
  updateUserPassword(
    user: { userId: UserRow["id"]; password: unknown },
    options?: { except?: string | undefined },
  ): Promise<{ updated: true; reason?: undefined } | { updated: false; reason: PasswordReason | "key_missing" }>
  /**
   * Takes away all that a user could sign in with: sessions, tokens, pending sign-ins, every key but `keep`, TOTP, recovery
   * codes and passkeys, those that this adapter keeps and those of the modules in `resets`. `keep` loses its password, unless `password` sets a new one. Call it when the address of an account
   * that is there already is proved for the first time: whoever made the account may be somebody else. Do not call it in a
   * transaction: the modules in `resets` are not part of it.
   *
   * Nothing has changed if it resolves to a `reason`, but for a `key_missing` of a key that was deleted meanwhile. May be
   * repeated. Throws `missing_port` without the option `resets`, and `invalid_option` for a `keep` that is null and for a
   * `password` without a `keep` that can have one.
   */
  resetAccess(
    reset: AccessReset<UserRow["id"]>,
  ): Promise<{ reset: true; reason?: undefined } | { reset: false; reason: ResetAccessReason }>
  /** The same instance over another adapter, such as one in the caller's transaction. */
  withAdapter(adapter: UserAdapter<UserRow, NewUser>): Users<UserRow, NewUser>
}

/** What {@link createUsers} takes. */
export interface UsersOptions<UserRow extends { id: UserId }, NewUser> {
  /** Where users and keys live. */
  adapter: UserAdapter<UserRow, NewUser>
  /** Such as `argon2id()` from `nightlatch/password`. */
  passwordHasher: PasswordHasher
  /** What a new password must be like. Default 8 to 256 characters, and none of the 3,000 commonest passwords. */
  passwordPolicy?: PasswordPolicy | undefined
  /** The providers whose keys have passwords, and whose ids are normalised. Default `username` and `email`. */
  passwordProviders?: readonly string[] | undefined
  /**
   * Makes user ids; `false` leaves them to the database. Default: what fits the adapter's user table. That is the
   * database's own id where it makes one, a random UUID in a column of UUIDs, else 16 characters `a-z2-7` with 80 random
   * bits.
   */
  generateUserId?: (() => UserRow["id"]) | false | undefined
  /**
   * Names these users, where one process has several kinds of them: their proofs are good only in modules of the same
   * `realm`. Default `"user"`.
   */
  realm?: string | undefined
  /** Tells whether the session that asks for a new key is live. Needed for the `sessionId` of `createKey`. */
  auth?: SessionSource<UserRow["id"]> | undefined
  /**
   * What `resetAccess` resets: the auth, what `createTokens` returned if `adapter` keeps tokens, and every module that keeps
   * a way in elsewhere. TOTP and passkeys in `adapter` are deleted without a module; one that is given emits events of its
   * own. Throws `missing_port` if the auth is missing, or the tokens that `adapter` keeps.
   */
  resets?: readonly Resettable<UserRow["id"]>[] | undefined
  /** Hears what happens. Not awaited; what it throws changes nothing. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds. Default `Date.now`; for tests. */
  now?: (() => number) | undefined
}
