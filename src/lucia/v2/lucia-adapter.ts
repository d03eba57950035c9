import type { GlobalDatabaseSessionAttributes, GlobalDatabaseUserAttributes, WithAttributes } from "./globals.ts"
import type { LuciaErrorConstructor } from "./lucia-error.ts"

/** A user as an adapter stores it. */
export type UserSchema = WithAttributes<UserColumns, GlobalDatabaseUserAttributes>

/** The fields of every stored user. */
export interface UserColumns {
  id: string
}

/** A key as an adapter stores it. Its id has the form `provider:name`. */
export type KeySchema = {
  id: string
  hashed_password: string | null
  user_id: string
}

/** A session as an adapter stores it. */
export type SessionSchema = WithAttributes<SessionColumns, GlobalDatabaseSessionAttributes>

/** The fields of every stored session. Times are in milliseconds. */
export interface SessionColumns {
  id: string
  active_expires: number
  idle_expires: number
  user_id: string
}

/** A row, or `null` if none was found. */
export type OrNull<Row> = Row | null

/** Creates an adapter that throws the library's errors. */
export type InitializeAdapter<T extends Adapter | UserAdapter | SessionAdapter> = (E: LuciaErrorConstructor) => T

/** The methods that `lucia@2.7.6` requires of an adapter for users and sessions. */
export type Adapter = Readonly<
  {
    getSessionAndUser?: (sessionId: string) => Promise<[SessionSchema, UserSchema] | [null, null]>
  } & SessionAdapter &
    UserAdapter
>

/** The methods that `lucia@2.7.6` requires of an adapter for users and their keys. */
export type UserAdapter = Readonly<{
  getUser: (userId: string) => Promise<OrNull<UserSchema>>
  setUser: (user: UserSchema, key: KeySchema | null) => Promise<void>
  updateUser: (userId: string, partialUser: Partial<UserSchema>) => Promise<void>
  deleteUser: (userId: string) => Promise<void>
  getKey: (keyId: string) => Promise<KeySchema | null>
  getKeysByUserId: (userId: string) => Promise<KeySchema[]>
  setKey: (key: KeySchema) => Promise<void>
  updateKey: (keyId: string, partialKey: Partial<KeySchema>) => Promise<void>
  deleteKey: (keyId: string) => Promise<void>
  deleteKeysByUserId: (userId: string) => Promise<void>
}>

/** The methods that `lucia@2.7.6` requires of an adapter for sessions. */
export type SessionAdapter = Readonly<{
  getSession: (sessionId: string) => Promise<OrNull<SessionSchema>>
  getSessionsByUserId: (userId: string) => Promise<SessionSchema[]>
  setSession: (session: SessionSchema) => Promise<void>
  updateSession: (sessionId: string, partialSession: Partial<SessionSchema>) => Promise<void>
  deleteSession: (sessionId: string) => Promise<void>
  deleteSessionsByUserId: (userId: string) => Promise<void>
}>
