import type { AuthSettings, RequestAuth, SessionFields, Shown } from "../core/auth.ts"
import type { Revocations, UserId } from "../core/ports.ts"
import type { StandardSchema } from "./schema.ts"
import type { Secret } from "../envelope/secrets.ts"

/** The options of {@link createStatelessAuth}. */
export interface StatelessAuthOptions<Attributes extends object, UserAttributes extends object> extends Omit<
  AuthSettings<Attributes, {}>,
  "getSessionAttributes"
> {
  /**
   * The secrets. The first one seals, and all open. To rotate, put a new one first, and remove the old one after the
   * idle timeout. Each has at least 32 bytes: create it with `openssl rand -base64 32`.
   */
  secrets: readonly (Secret | undefined)[]
  /**
   * The schema of the attributes. They are sealed as given, and checked when a session is created and each time it is
   * read.
   */
  attributes?: StandardSchema<Attributes> | undefined
  /** Chooses which of a session's attributes the application sees as its user. By default, only the id. */
  getUserAttributes?: ((attributes: Attributes) => UserAttributes) | undefined
  /** Stores sessions that were ended early. Without it, a token is valid until it expires, whoever has it. */
  revocations?: Revocations | undefined
}

/** An auth whose sessions live in their tokens. Its methods can be destructured. */
export interface StatelessAuth<
  Attributes extends object,
  UserAttributes extends object,
  Id extends UserId = string,
> extends RequestAuth<SessionFields<Id>, Shown<{ id: Id } & UserAttributes>, Id, Attributes> {
  /**
   * Seals a session into a token. The user is not looked up, because there is no store. Throws `invalid_option` if the
   * attributes are not JSON or do not match the schema, and `cookie_too_large` if the token exceeds 4,096 characters.
   */
  createSession(userId: Id, attributes?: Attributes): Promise<{ session: SessionFields<Id>; token: string }>
  /**
   * Gives a session a new token, id and idle deadline. Resolves to `null` if it was not live. The old token ends only
   * with `revocations`, and even then two rotations at once may both succeed. The generation stays, so that ending all
   * of the user's sessions also ends the new one.
   */
  rotateSession(token: unknown): Promise<{ session: SessionFields<Id>; token: string } | null>
  /**
   * Ends a session. With `userId`, only if it is that user's: always pass it with an id from a form. Resolves to
   * whether the end is recorded, not to whether there was such a session. Without `revocations` it is `false`: you can
   * only tell the browser to delete the cookie.
   */
  invalidateSession(sessionId: string, options?: { userId?: Id }): Promise<boolean>
  /**
   * Ends all of a user's sessions. Once it resolves, no session from before is live, and new sign-ins are. Throws
   * `unsupported` without `revocations`, and with `except`: create a new session for the user instead.
   */
  invalidateUserSessions(userId: Id, options?: { except?: string | undefined }): Promise<void>
  withRequest(request: unknown): StatelessAuth<Attributes, UserAttributes, Id>
}
