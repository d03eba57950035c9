import type { SessionPolicy } from "./expiry.ts"

/** The id of a user in the application's own table. */
export type UserId = string | number | bigint

/** A session as a store keeps it. Reading the store lets nobody sign in. */
export interface SessionRecord<SessionRow = object> {
  /** Lower-case hex SHA-256 of the session token: 64 characters. */
  id: string
  userId: UserId
  /** When the user proved who they are. Extension and rotation do not change it. */
  createdAt: Date
  /** The idle deadline. The session is live before this instant, not at it. */
  expiresAt: Date
  /** The application's own columns. They can never replace the four fields above. */
  attributes: SessionRow
}

/** The result of {@link SessionAdapter.findSession}. */
export interface FoundSession<UserRow, SessionRow = object> {
  session: SessionRecord<SessionRow>
  /** The application's user row. `null` if the user is gone, absent if this store knows no users. */
  user?: UserRow | null
}

/**
 * Stores sessions.
 *
 * Methods reject only if the store fails or the developer made a mistake. A missing row is an ordinary result. Ids are
 * compared byte for byte. Times keep their milliseconds (a column in whole seconds may round deadlines down). An
 * adapter is a plain object whose methods do not use `this`, so you can spread it and replace one.
 */
export interface SessionAdapter<UserRow, SessionRow = object> {
  /**
   * Stores a new session. A taken id rejects. If the store knows its users, a missing user rejects with an `AuthError`
   * of code `user_missing`, and nothing is stored.
   */
  insertSession(session: SessionRecord<SessionRow>): Promise<void>
  /** Finds a session and its user in one round trip, even if it has expired: the core checks the expiry. */
  findSession(id: string): Promise<FoundSession<UserRow, SessionRow> | null>
  /** Lists a user's sessions, newest first, including expired ones. */
  listSessions(userId: UserId): Promise<SessionRecord<SessionRow>[]>
  /**
   * Moves the deadline if the row exists and its deadline is at or before `ifBefore`. Resolves to whether it did. It is
   * one atomic step: only one of several racing callers writes, and none revives a deleted session or shortens one.
   */
  extendSession(id: string, expiresAt: Date, ifBefore: Date): Promise<boolean>
  /**
   * Merges attributes into a session. Resolves to `false` if the row is missing. With `ifNull`, the name of an
   * attribute, it changes the row only while that attribute is null or absent, and otherwise resolves to `false`. It is
   * one atomic step: only one of several racing callers writes.
   */
  updateSession(
    id: string,
    attributes: Partial<SessionRow>,
    options?: { ifNull?: string | undefined },
  ): Promise<boolean>
  /**
   * Replaces the session `oldId` with `session`, atomically if the store can. If `oldId` is gone, it resolves to
   * `false` and changes nothing.
   */
  replaceSession(oldId: string, session: SessionRecord<SessionRow>): Promise<boolean>
  /** Deletes a session. With `userId`, only if it is that user's. Resolves to `false` if the row is missing. */
  deleteSession(id: string, userId?: UserId): Promise<boolean>
  /** Deletes all of a user's sessions except `exceptId`. */
  deleteUserSessions(userId: UserId, exceptId?: string): Promise<void>
  /**
   * Deletes at most `limit` sessions with `expiresAt <= before`, checked at the moment of deletion. Resolves to how
   * many.
   */
  deleteExpiredSessions(before: Date, limit: number): Promise<number>
  /**
   * Throws `invalid_option` if this store cannot keep such lifetimes. `createAuth` calls it once. Most stores can keep
   * any.
   */
  checkSession?(policy: SessionPolicy): void
}

/** Identifies a key. */
export interface KeyName {
  /** The provider, such as `username` or `github`. It cannot contain `:`. */
  providerId: string
  /** The user's name at that provider. */
  providerUserId: string
}

/** Identifies a key of this user, never one of another user. */
export interface OwnedKeyName extends KeyName {
  userId: UserId
}

/** A way for a user to sign in: the user's name at a provider, and the password hash, if it has one. */
export interface KeyRecord extends OwnedKeyName {
  passwordHash: string | null
}

type NullableColumn<UserRow> = {
  [Column in keyof UserRow]-?: null extends UserRow[Column]
    ? Column
    : undefined extends UserRow[Column]
      ? Column
      : never
}[keyof UserRow]

/**
 * The columns of a new user, without the id. Columns that may be null are optional, and so are `Defaulted`, the columns
 * with a default in the database.
 *
 * @example
 * type NewUser = NewUserOf<{ id: string; username: string; role: string; bio: string | null }, "role">
 * // { username: string; role?: string; bio?: string | null }
 */
export type NewUserOf<UserRow, Defaulted extends keyof UserRow = never> = {
  [Column in Exclude<keyof UserRow, "id" | Defaulted | NullableColumn<UserRow>>]: UserRow[Column]
} & {
  [Column in Exclude<Defaulted | NullableColumn<UserRow>, "id">]?: UserRow[Column]
} extends infer Columns
  ? { [Column in keyof Columns]: Columns[Column] }
  : never

/** The user that {@link UserAdapter.insertUser} stores. Without `id`, the database makes one. */
export interface UserInsert<NewUser> {
  id?: UserId | undefined
  attributes: NewUser
}

/** Stores users and keys. Only `nightlatch/users` needs it. The rules of {@link SessionAdapter} also apply here. */
export interface UserAdapter<UserRow, NewUser = Partial<UserRow>> {
  /**
   * Makes an id for a new user that fits the store. `undefined` leaves it to the database. Without this method,
   * `createUsers` makes 16 characters `a-z2-7`.
   */
  generateUserId?(): Promise<UserId | undefined>
  /**
   * Stores a user and, if given, a key. If something is taken, nothing is stored, and the result says what. If several
   * things are taken, it is `key`.
   */
  insertUser(
    user: UserInsert<NewUser>,
    key: Omit<KeyRecord, "userId"> | null,
  ): Promise<{ user: UserRow } | { taken: "id" | "key" | "attribute" }>
  findUser(id: UserId): Promise<UserRow | null>
  /** Merges attributes into a user. `taken`: a unique column already has that value, and nothing changed. */
  updateUser(id: UserId, attributes: Partial<NewUser>): Promise<"updated" | "missing" | "taken">
  /** Deletes a user with all keys and sessions in one transaction. It is safe to repeat. */
  deleteUser(id: UserId): Promise<void>
  /**
   * Adds a key and, if given, merges attributes into the user's row. If one fails, nothing changes. If both are taken,
   * the result is `key_taken`. A missing user rejects with `user_missing`. It waits for a running
   * {@link UserAdapter.replaceUserPasswords} of that user, which could otherwise miss the new key.
   */
  insertKey(key: KeyRecord, attributes?: Partial<NewUser>): Promise<"inserted" | "key_taken" | "attribute_taken">
  findKey(providerId: string, providerUserId: string): Promise<KeyRecord | null>
  listKeys(userId: UserId): Promise<KeyRecord[]>
  /**
   * Replaces a password hash if the stored one is `from`, and resolves to whether it did. With `endSessions`, a
   * successful swap also deletes the user's sessions except `exceptId`, in the same transaction if the store has both.
   */
  replaceKeyPassword(
    key: KeyName,
    from: string | null,
    to: string | null,
    endSessions?: { exceptId?: string | undefined },
  ): Promise<boolean>
  /**
   * Sets the hash of all the user's keys of these providers, whatever it is now, and deletes the user's sessions except
   * `exceptId`. Both happen in the same transaction if the store has both. Resolves to `false`, changing nothing, if
   * the user has no such key.
   */
  replaceUserPasswords(
    userId: UserId,
    providerIds: readonly string[],
    hash: string,
    exceptId?: string,
  ): Promise<boolean>
  /**
   * Changes the provider user id of a user's key and, if given, merges attributes into the user's row. If one fails,
   * nothing changes. The password hash stays. `missing` includes keys of other users. It comes before `key_taken`,
   * which comes before `attribute_taken`.
   */
  renameKey(
    key: OwnedKeyName,
    to: string,
    attributes?: Partial<NewUser>,
  ): Promise<"renamed" | "missing" | "key_taken" | "attribute_taken">
  /**
   * Deletes a user's key. `missing` includes keys of other users. `last_key`: it is the user's only key and `evenLast`
   * is not set, so nothing changed. The user's row is locked, so that one of several racing calls finds the last key.
   */
  deleteKey(
    key: OwnedKeyName,
    options?: { evenLast?: boolean | undefined },
  ): Promise<"deleted" | "missing" | "last_key">
}

/**
 * Stores which stateless sessions were ended early: in a table, Redis, or this process.
 *
 * Methods reject only if the store fails. Keys are text of any length, compared byte for byte.
 */
export interface Revocations {
  /** Keeps a key at least until that instant. If the key already exists, the later instant counts. */
  revoke(key: string, until: Date): Promise<void>
  /**
   * Resolves to whether any of these keys is stored. With `fresh`, a cache must ask its store. Every process that asks
   * with `fresh` must see each key for which `revoke` has resolved.
   */
  isRevoked(keys: string[], options?: { fresh?: boolean }): Promise<boolean>
}
