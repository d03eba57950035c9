import type { RequestAuth, SessionFields } from "../core/auth.ts"
import type { AuthEvent } from "../core/events.ts"
import type { KeyName, KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import type { PasswordPolicy, PasswordReason } from "../password/check-password.ts"
import type { PasswordHasher } from "../password/password-hasher.ts"
import type { Proof } from "../proof/proof.ts"

/** One way for a user to sign in, without its secret. */
export interface Key extends Omit<KeyRecord, "passwordHash"> {
  hasPassword: boolean
}

/** A key to be created. */
export interface NewKey extends KeyName {
  /** Only for the providers in `passwordProviders`. `null` or absent: the key has no password. */
  password?: string | null | undefined
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

/** Why a key was not added. `password_wrong`: the user has a password, and it is another one. */
export type CreateKeyReason = KeyReason | "attribute_taken" | "password_wrong"

/** Why a key was not renamed. `key_missing`, also for a key of another user. */
export type RenameKeyReason = "key_taken" | "key_missing" | "key_invalid" | "attribute_taken"

/** Why a user was not created. `key_taken` when both the key and an attribute are taken. */
export type CreateUserReason = KeyReason | "attribute_taken"

/** The part of an auth that signing in needs. */
export type SignInAuth<S extends SessionFields, Id extends UserId, SessionRow> = Pick<
  RequestAuth<S, { id: Id }, Id, SessionRow>,
  "createSession" | "invalidateSession"
>

/** Keeps users and the keys they sign in with. Its methods may be destructured; they throw `store_failed` and `hash_failed`. */
export interface Users<UserRow extends { id: UserId }, NewUser> {
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
   * Throws `user_missing` for a user who does not exist, and `invalid_option` for a password of a provider that has none.
   */
  createKey(
    key: NewKey & { userId: UserRow["id"]; attributes?: Partial<NewUser> | undefined },
  ): Promise<{ key: Key; reason?: undefined } | { key: null; reason: CreateKeyReason }>
  /** Finds a key. It proves nothing: call it with what the provider has confirmed, such as the id of a GitHub account. */
  getKey(key: KeyName): Promise<Key | null>
  getUserKeys(userId: UserRow["id"]): Promise<Key[]>
  /**
   * Changes the provider user id of a user's key, such as the e-mail address, and, if given, merges attributes into the
   * user: both or neither. The password stays, and so do the sessions.
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
   * Signs a user in: `verifyPassword` and `createSession`. It is safe while the password is being changed: it reads the
   * key once more and ends the session unless the password is still right.
   */
  signInWithPassword<S extends SessionFields, SessionRow>(
    auth: SignInAuth<S, UserRow["id"], SessionRow>,
    attempt: PasswordAttempt,
    attributes?: SessionRow,
  ): Promise<{ session: S; token: string; key: Key } | null>
  /**
   * Sets the password of a user, that is, of all keys of `passwordProviders`, and ends the user's sessions, but for the
   * session id `except`: those in the same store. Where sessions live in another one, call the auth's
   * `invalidateUserSessions` afterwards. `key_missing`: the user has no key that can have a password.
   */
  updateUserPassword(
    user: { userId: UserRow["id"]; password: string },
    options?: { except?: string | undefined },
  ): Promise<{ updated: true; reason?: undefined } | { updated: false; reason: PasswordReason | "key_missing" }>
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
  /** Hears what happens. Not awaited; what it throws changes nothing. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds. Default `Date.now`; for tests. */
  now?: (() => number) | undefined
}
