import type { Adapter as AnyAdapter, DatabaseSession as AnySession, DatabaseUser as AnyUser } from "./lucia-adapter.ts"

/**
 * The application's types, registered as with Lucia v3: `Lucia`, `UserId`, `DatabaseSessionAttributes` and
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

/** The type of user ids: `string` unless registered. It can be an object type, such as an `ObjectId`. */
export type UserId = Register extends { UserId: infer Id } ? Id : string

/** A user's columns besides the id, as registered. */
export type RegisteredDatabaseUserAttributes = Register extends { DatabaseUserAttributes: infer Own extends object }
  ? Own
  : {}

/** A session's own columns, as registered. */
export type RegisteredDatabaseSessionAttributes = Register extends {
  DatabaseSessionAttributes: infer Own extends object
}
  ? Own
  : {}

/** A session as an adapter receives and returns it. */
export interface DatabaseSession<
  Attributes extends object = RegisteredDatabaseSessionAttributes,
  Id = UserId,
> extends AnySession<Attributes, Id> {}

/** A user as an adapter finds it. */
export interface DatabaseUser<
  Attributes extends object = RegisteredDatabaseUserAttributes,
  Id = UserId,
> extends AnyUser<Attributes, Id> {}

/** An adapter of Lucia v3. */
export interface Adapter extends AnyAdapter<DatabaseSession, DatabaseUser, UserId> {}
