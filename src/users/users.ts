import type { RequestAuth, SessionFields } from "../core/auth.ts"
import type { AuthEvent } from "../core/events.ts"
import type { KeyName, KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import type { PasswordPolicy, PasswordReason } from "../password/check-password.ts"
import type { PasswordHasher } from "../password/password-hasher.ts"
import type { SessionSource } from "../proof/live-session.ts"
import type { Asked, Proof } from "../proof/proof.ts"
import type { Resettable } from "../proof/resets.ts"

/** A way for a user to sign in, without its secret. */
export interface Key<Id extends UserId = UserId> extends Omit<KeyRecord, "passwordHash"> {
  userId: Id
  hasPassword: boolean
}

/** A key to create. */
export interface NewKey extends KeyName {
  /**
   * The password, as the form sent it. Only keys of `passwordProviders` can have one. If it is `null` or absent, no
   * password is set. Anything but text is refused as `password_invalid`.
   */
  password?: unknown
}

/** What a visitor types to sign in, as the form sent it. A value that is not text never matches. */
export interface PasswordAttempt {
  /** The provider, one of `passwordProviders`, such as `username` or `email`. */
  providerId: string
  providerUserId: unknown
  password: unknown
}

/** Why a key was not stored. */
export type KeyReason = "key_taken" | "key_invalid" | PasswordReason

/**
 * Why a key was not added. `password_wrong`: the user already has a different password. `session_ended`: the session
 * that asked for the key is not live, or belongs to another user.
 */
export type CreateKeyReason = KeyReason | "attribute_taken" | "password_wrong" | "session_ended"

/** Why a key was not renamed. `key_missing`: the key does not exist, or belongs to another user. */
export type RenameKeyReason = "key_taken" | "key_missing" | "key_invalid" | "attribute_taken"

/** What `resetAccess` resets, and what it keeps. */
export interface AccessReset<Id extends UserId> {
  userId: Id
  /** The key to keep, such as the e-mail address that the user has just proved. By default, every key is deleted. */
  keep?: KeyName
  /** The new password of `keep`, as the form sent it. Without it, the user has no password. */
  password?: unknown
  /** The id of the session to keep. */
  except?: string | undefined
}

/** Why access was not reset. `key_missing`: the user does not have the key `keep`. */
export type ResetAccessReason = PasswordReason | "key_missing" | "user_missing"

/** Why a user was not created. If both the key and an attribute are taken, the reason is `key_taken`. */
export type CreateUserReason = KeyReason | "attribute_taken"

/** The methods of an auth that password sign-in needs. */
export type SignInAuth<S extends SessionFields, Id extends UserId, SessionRow> = Pick<
  RequestAuth<S, { id: Id }, Id, SessionRow>,
  "createSession" | "invalidateSession"
>

/** The part of `createSignIn`'s result that password sign-in needs. */
export interface SignInDoor<Id extends UserId, Begun, Attributes> {
  beginSignIn(proof: Proof<Id>, attributes?: Attributes): Promise<Begun>
}

/**
 * Manages users and the keys they sign in with. Its methods can be destructured. They throw `store_failed` and
 * `hash_failed`.
 */
export interface Users<UserRow extends { id: UserId }, NewUser> extends Asked {
  /**
   * Creates a user and, if given, a key. If one fails, neither is stored. Without `id`, `generateUserId` makes one.
   * `proof` proves that this visitor has just signed up: its method is `password` if the key has one, otherwise
   * `sign_up`. Throws `invalid_option` if the key has a password and its provider has none.
   */
  createUser(user: {
    id?: UserRow["id"] | undefined
    key: NewKey | null
    attributes: NewUser
  }): Promise<
    { user: UserRow; proof: Proof<UserRow["id"]>; reason?: undefined } | { user: null; reason: CreateUserReason }
  >
  getUser(id: UserRow["id"]): Promise<UserRow | null>
  /**
   * Merges attributes into a user. If an attribute `email` replaces another address, the user's tokens, pending sign-ins
   * and known browsers in the same store end, as in {@link renameKey}. If your addresses have another name, call
   * `invalidateTokens` after you change one.
   */
  updateUser(
    id: UserRow["id"],
    attributes: Partial<NewUser>,
  ): Promise<{ updated: true; reason?: undefined } | { updated: false; reason: "user_missing" | "attribute_taken" }>
  /** Deletes a user with all keys, and with all sessions in the same store. It is safe to repeat. */
  deleteUser(id: UserRow["id"]): Promise<void>
  /**
   * Adds a key to a user and, if given, merges attributes into the user. If one fails, neither is stored.
   *
   * A user has one password. If it is already set, a new key of a password provider gets it, and a different `password`
   * is refused (`password_wrong`). Otherwise `password` sets it.
   *
   * Pass `sessionId`, the id of the session that asks for the key, unless the same request created the user. The
   * session is checked before and after the change. If it has ended, the change is undone (`session_ended`). Throws
   * `user_missing` if the user does not exist. Throws `invalid_option` if a password is given and the provider has
   * none, or if `sessionId` is given without the option `auth`.
   */
  createKey(
    key: NewKey & { userId: UserRow["id"]; attributes?: Partial<NewUser> | undefined; sessionId?: string },
  ): Promise<{ key: Key<UserRow["id"]>; reason?: undefined } | { key: null; reason: CreateKeyReason }>
  /** Finds a key. It authenticates nobody: pass only what the provider has confirmed, such as a GitHub account id. */
  getKey(key: KeyName): Promise<Key<UserRow["id"]> | null>
  getUserKeys(userId: UserRow["id"]): Promise<Key<UserRow["id"]>[]>
  /**
   * Changes the provider user id of a key, such as the e-mail address, and, if given, merges attributes into the user.
   * If one fails, neither is stored. The password and the sessions stay. The user's tokens, pending sign-ins and known
   * browsers in the same store end, so links sent to the old address stop working.
   */
  renameKey(
    key: KeyName & { userId: UserRow["id"] },
    newProviderUserId: string,
    options?: { attributes?: Partial<NewUser> | undefined },
  ): Promise<{ renamed: true; reason?: undefined } | { renamed: false; reason: RenameKeyReason }>
  /**
   * Deletes a user's key, unless it is the only one (`last_key`). `key_missing`: the key is already deleted, or belongs
   * to another user. If the key is an `email`, the user's tokens end, as in {@link renameKey}.
   */
  deleteKey(
    key: KeyName & { userId: UserRow["id"] },
  ): Promise<{ deleted: true; reason?: undefined } | { deleted: false; reason: "last_key" | "key_missing" }>
  /**
   * Checks a password and resolves to a proof, or to `null` if it does not match. An unknown key, a wrong password and
   * a key without a password each cost one verify. A password that is not text, or is too long, costs none. An outdated
   * hash is replaced by one with the current parameters. Throws `invalid_option` if the provider has no passwords. To
   * sign a user in, call `signInWithPassword`.
   */
  verifyPassword(attempt: PasswordAttempt): Promise<Proof<UserRow["id"]> | null>
  /**
   * Checks the password of a signed-in user before a sensitive action. The password of any of the user's keys matches.
   * It costs one verify, even if the user has no password, which resolves to `null`. It costs more only if the keys
   * have different hashes, such as rows from another library. Otherwise it works like `verifyPassword`.
   */
  verifyUserPassword(attempt: { userId: UserRow["id"]; password: unknown }): Promise<Proof<UserRow["id"]> | null>
  /**
   * Checks a new password against `passwordPolicy`, and resolves to `null` if it is valid. Call it before you consume a
   * one-time link, so that a weak password does not use up the link.
   */
  checkPassword(password: unknown): Promise<PasswordReason | null>
  /**
   * Checks a password and starts a sign-in with `createSignIn`. Calls `verifyPassword`, then `beginSignIn`, and
   * resolves to the result of `beginSignIn`. Resolves to `null` if the password does not match, or if it changes or the
   * user is deleted during the call.
   */
  signInWithPassword<Begun, Attributes>(
    door: SignInDoor<UserRow["id"], Begun, Attributes>,
    attempt: PasswordAttempt,
    attributes?: Attributes,
  ): Promise<Begun | null>
  /**
   * Checks a password and creates a session. Calls `verifyPassword`, then `createSession`. If the password changes
   * during the call, the session ends: the key is read again after the session is stored.
   */
  signInWithPassword<S extends SessionFields, SessionRow>(
    auth: SignInAuth<S, UserRow["id"], SessionRow>,
    attempt: PasswordAttempt,
    attributes?: SessionRow,
  ): Promise<{ session: S; token: string; key: Key<UserRow["id"]> } | null>
  /**
   * Sets a user's password on all keys of `passwordProviders`, and ends the user's sessions except the id `except`. The
   * user's tokens, pending sign-ins and known browsers also end, but not recovery codes. Only sessions in the same
   * store end: if yours are in another store, call the auth's `invalidateUserSessions` afterwards. `key_missing`: the
   * user has no key that can have a password. Anything but text is refused as `password_invalid`.
   */
  updateUserPassword(
    user: { userId: UserRow["id"]; password: unknown },
    options?: { except?: string | undefined },
  ): Promise<{ updated: true; reason?: undefined } | { updated: false; reason: PasswordReason | "key_missing" }>
  /**
   * Removes every way in which a user could sign in, except the key `keep` and the session `except`. It deletes
   * sessions, tokens, pending sign-ins, keys, TOTP, recovery codes and passkeys, in this adapter and in the modules in
   * `resets`. `keep` loses its password, unless `password` sets a new one.
   *
   * Call it when a user proves the address of an existing account for the first time: someone else may have created the
   * account. Do not call it in a transaction, because the modules in `resets` do not take part.
   *
   * If it resolves to a `reason`, nothing has changed, unless `keep` was deleted during the call (`key_missing`). It is
   * safe to repeat. Throws `missing_port` without the option `resets`. Throws `invalid_option` if `keep` is null, or if
   * `password` is given without a `keep` that can have one.
   */
  resetAccess(
    reset: AccessReset<UserRow["id"]>,
  ): Promise<{ reset: true; reason?: undefined } | { reset: false; reason: ResetAccessReason }>
  /** Returns the same instance over another adapter, such as one in your transaction. */
  withAdapter(adapter: UserAdapter<UserRow, NewUser>): Users<UserRow, NewUser>
}

/** The options of {@link createUsers}. */
export interface UsersOptions<UserRow extends { id: UserId }, NewUser> {
  /** The adapter that stores users and keys. */
  adapter: UserAdapter<UserRow, NewUser>
  /** Hashes and verifies passwords. For example, `argon2id()` from `nightlatch/password`. */
  passwordHasher: PasswordHasher
  /** The rules for new passwords. Default: 8 to 256 characters, and none of the 3,000 most common passwords. */
  passwordPolicy?: PasswordPolicy | undefined
  /** The providers whose keys have passwords and normalised ids. Default `username` and `email`. */
  passwordProviders?: readonly string[] | undefined
  /**
   * Makes user ids. `false` leaves them to the database. By default, the id fits the adapter's user table: the
   * database's own id if it makes one, or a random UUID in a UUID column. Otherwise it is 16 characters `a-z2-7` with
   * 80 random bits.
   */
  generateUserId?: (() => UserRow["id"]) | false | undefined
  /**
   * Names this kind of user, if one process has several. Only modules of the same `realm` accept a proof. Default
   * `"user"`.
   */
  realm?: string | undefined
  /**
   * The auth, which checks that the session that asks for a new key is live. Required for the `sessionId` of
   * `createKey`.
   */
  auth?: SessionSource<UserRow["id"]> | undefined
  /**
   * The modules that `resetAccess` resets. Pass the auth, the result of `createTokens` if `adapter` keeps tokens, and
   * every module that keeps a way to sign in elsewhere. TOTP and passkeys in `adapter` are deleted without a module. A
   * module that you pass emits its own events. Throws `missing_port` if the auth is missing, or the tokens that
   * `adapter` keeps.
   */
  resets?: readonly Resettable<UserRow["id"]>[] | undefined
  /** Receives every event. It is not awaited, and its errors are ignored. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}
