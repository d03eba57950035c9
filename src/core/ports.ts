import type { SessionPolicy } from "./expiry.ts"

/** What identifies a user in the application's own table. */
export type UserId = string | number | bigint

/** A session as a store keeps it. Nothing in it lets a reader of the store sign in. */
export interface SessionRecord<SessionRow = object> {
  /** Lower-case hex SHA-256 of the session token: 64 characters. */
  id: string
  userId: UserId
  /** When the user proved who they are. No extension or rotation moves it. */
  createdAt: Date
  /** The idle deadline: the session is live before this instant, not at it. */
  expiresAt: Date
  /** The application's own columns. They can never stand in for the four fields above. */
  attributes: SessionRow
}

/** What {@link SessionAdapter.findSession} finds. */
export interface FoundSession<UserRow, SessionRow = object> {
  session: SessionRecord<SessionRow>
  /** The application's row; `null` if the user is gone; absent if this store knows no users. */
  user?: UserRow | null
}

/**
 * Where sessions live.
 *
 * Methods reject only when the store fails or the developer erred; a missing row is an ordinary answer. Ids are
 * compared byte for byte. Times keep their milliseconds (a column in whole seconds may round deadlines down). An
 * adapter is a plain object whose methods do not use `this`: spread it and replace one.
 */
export interface SessionAdapter<UserRow, SessionRow = object> {
  /**
   * Stores a new session. A taken id rejects. Where the store knows its users, a user who does not exist rejects with
   * an `AuthError` whose code is `user_missing`, and nothing is stored.
   */
  insertSession(session: SessionRecord<SessionRow>): Promise<void>
  /** Finds a session and its user in one round trip, expired or not: expiry is the core's decision. */
  findSession(id: string): Promise<FoundSession<UserRow, SessionRow> | null>
  /** Lists a user's sessions, newest first, expired ones too. */
  listSessions(userId: UserId): Promise<SessionRecord<SessionRow>[]>
  /**
   * Moves the deadline, only if the row exists and its deadline is at or before `ifBefore`. Resolves to whether it
   * did. In one atomic step: of racing callers one writes, and none revives a deleted session or shortens one.
   */
  extendSession(id: string, expiresAt: Date, ifBefore: Date): Promise<boolean>
  /**
   * Merges attributes into a session. Resolves to `false` for a missing row. With `ifNull`, the name of an attribute, it
   * changes the row only while that attribute is null or absent, and otherwise resolves to `false`. In one atomic step:
   * of racing callers one writes.
   */
  updateSession(
    id: string,
    attributes: Partial<SessionRow>,
    options?: { ifNull?: string | undefined },
  ): Promise<boolean>
  /** Puts `session` in the place of `oldId`, atomically where the store can; `false`, changing nothing, if it is gone. */
  replaceSession(oldId: string, session: SessionRecord<SessionRow>): Promise<boolean>
  /** Deletes a session, with `userId` only if it is that user's. A missing row resolves to `false`. */
  deleteSession(id: string, userId?: UserId): Promise<boolean>
  /** Deletes all of a user's sessions, but for `exceptId`. */
  deleteUserSessions(userId: UserId, exceptId?: string): Promise<void>
  /** Deletes at most `limit` sessions with `expiresAt <= before`, judged at the moment of deletion. Resolves to how many. */
  deleteExpiredSessions(before: Date, limit: number): Promise<number>
  /** Called once by `createAuth`. Throws `invalid_option` for lifetimes that this store cannot keep. Most can keep any. */
  checkSession?(policy: SessionPolicy): void
}

/** What finds a key. */
export interface KeyName {
  /** What the key belongs to, such as `username` or `github`. Without `:`. */
  providerId: string
  /** The user's name at that provider. */
  providerUserId: string
}

/** A key of this user, and of no other. */
export interface OwnedKeyName extends KeyName {
  userId: UserId
}

/** One way for a user to sign in: who they are to a provider, and the password hash that proves it, if one does. */
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
 * The columns of a new user, without the id: those that may be null may be left out, and so may `Defaulted`, the columns
 * to which the database gives a value.
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

/** What {@link UserAdapter.insertUser} is asked to store. Without `id`, the database makes one. */
export interface UserInsert<NewUser> {
  id?: UserId | undefined
  attributes: NewUser
}

/** Where users and keys live. Only `nightlatch/users` needs it. The rules of {@link SessionAdapter} hold here too. */
export interface UserAdapter<UserRow, NewUser = Partial<UserRow>> {
  /**
   * Makes an id that fits the store for a user to be inserted; `undefined` leaves it to the database. Without this method
   * `createUsers` makes 16 characters `a-z2-7`.
   */
  generateUserId?(): Promise<UserId | undefined>
  /**
   * Stores a user and, if given, a key: both or neither. What was taken is an answer, and leaves the store as it was;
   * `key` is answered when more than one thing is taken.
   */
  insertUser(
    user: UserInsert<NewUser>,
    key: Omit<KeyRecord, "userId"> | null,
  ): Promise<{ user: UserRow } | { taken: "id" | "key" | "attribute" }>
  findUser(id: UserId): Promise<UserRow | null>
  /** Merges attributes into a user. `taken`: a unique column holds that value already, and nothing changed. */
  updateUser(id: UserId, attributes: Partial<NewUser>): Promise<"updated" | "missing" | "taken">
  /** Deletes a user with all keys and sessions in one transaction. May be repeated. */
  deleteUser(id: UserId): Promise<void>
  /**
   * Adds a key and, if given, merges attributes into the user's row: both or neither. `key_taken` is the answer when both
   * are taken. A missing user rejects with `user_missing`. It waits for a {@link UserAdapter.replaceUserPasswords} of
   * that user that is under way: the new key is then one that it has not seen, and not one that it has missed.
   */
  insertKey(key: KeyRecord, attributes?: Partial<NewUser>): Promise<"inserted" | "key_taken" | "attribute_taken">
  findKey(providerId: string, providerUserId: string): Promise<KeyRecord | null>
  listKeys(userId: UserId): Promise<KeyRecord[]>
  /**
   * Replaces a password hash, only while the stored one is `from`; resolves to whether it did. With `endSessions`, a
   * successful swap also deletes the user's sessions but for `exceptId`, in the same transaction where the store has both.
   */
  replaceKeyPassword(
    key: KeyName,
    from: string | null,
    to: string | null,
    endSessions?: { exceptId?: string | undefined },
  ): Promise<boolean>
  /**
   * Gives all keys of these providers that the user has, with or without a hash, this one, whatever they have by now, and
   * deletes the user's sessions but for `exceptId`, in the same transaction where the store has both. Resolves to
   * `false`, changing nothing, if the user has no such key.
   */
  replaceUserPasswords(
    userId: UserId,
    providerIds: readonly string[],
    hash: string,
    exceptId?: string,
  ): Promise<boolean>
  /**
   * Gives the user's key another provider user id and, if given, merges attributes into the user's row: both or neither.
   * The password hash stays. `missing`, also for a key of another user, comes before `key_taken`, and that before
   * `attribute_taken`; each of them changes nothing.
   */
  renameKey(
    key: OwnedKeyName,
    to: string,
    attributes?: Partial<NewUser>,
  ): Promise<"renamed" | "missing" | "key_taken" | "attribute_taken">
  /**
   * Deletes the user's key. `missing`, also for a key of another user; `last_key`, changing nothing, if the user has no
   * other, unless `evenLast`. Of racing calls one finds the last key: the user's row is locked.
   */
  deleteKey(
    key: OwnedKeyName,
    options?: { evenLast?: boolean | undefined },
  ): Promise<"deleted" | "missing" | "last_key">
}

/**
 * Where it is kept which stateless sessions were ended before their time: a table, Redis, or this process.
 *
 * Methods reject only when the store fails. Keys are text of any length and are compared byte for byte.
 */
export interface Revocations {
  /** Keeps a key at least until that instant. A key that is there already is kept for the longer of the two. */
  revoke(key: string, until: Date): Promise<void>
  /**
   * Returns whether any of these keys is there. `fresh` asks for what is true now: a cache must pass the question on. What
   * `revoke` has resolved for must be seen by every process that asks for it fresh.
   */
  isRevoked(keys: string[], options?: { fresh?: boolean }): Promise<boolean>
}
