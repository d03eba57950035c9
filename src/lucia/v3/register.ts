import type { Adapter as AnyAdapter, DatabaseSession as AnySession, DatabaseUser as AnyUser } from "./lucia-adapter.ts"

/**
 * What the application tells about its types, as with Lucia v3: `Lucia`, `UserId`, `DatabaseSessionAttributes` and
 * `DatabaseUserAttributes`.
 *
 * @example
 * declare module "nightlatch/lucia" {
 *   interface Register {
 *     Lucia: typeof lucia
 *     DatabaseUserAttributes: { username: string }
 *   }
 * }
 */
export interface Register {}

/** The type of user ids: `string` unless registered. It may be that of an object, such as an `ObjectId`. */
export type UserId = Register extends { UserId: infer Id } ? Id : string

/** The columns of a user besides the id, as registered. */
export type RegisteredDatabaseUserAttributes = Register extends { DatabaseUserAttributes: infer Own extends object }
  ? Own
  : {}

/** The application's own columns of a session, as registered. */
export type RegisteredDatabaseSessionAttributes = Register extends {
  DatabaseSessionAttributes: infer Own extends object
}
  ? Own
  : {}

/** A session as it is given to an adapter, and comes back. */
export interface DatabaseSession<
  Attributes extends object = RegisteredDatabaseSessionAttributes,
  Id = UserId,
> extends AnySession<Attributes, Id> {}

/** A user as an adapter finds it. */
export interface DatabaseUser<
  Attributes extends object = RegisteredDatabaseUserAttributes,
  Id = UserId,
> extends AnyUser<Attributes, Id> {}

/** What an adapter of Lucia v3 has. */
export interface Adapter extends AnyAdapter<DatabaseSession, DatabaseUser, UserId> {}
