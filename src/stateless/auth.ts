import type { AuthSettings, RequestAuth, SessionFields, Shown } from "../core/auth.ts"
import type { Revocations, UserId } from "../core/ports.ts"
import type { StandardSchema } from "./schema.ts"
import type { Secret } from "../envelope/secrets.ts"

/** What {@link createStatelessAuth} takes. */
export interface StatelessAuthOptions<Attributes extends object, UserAttributes extends object> extends Omit<
  AuthSettings<Attributes, {}>,
  "getSessionAttributes"
> {
  /**
   * The first seals, all open: put a new one in front, and drop the old one when the idle timeout has passed. Each has
   * at least 32 bytes: make it with `openssl rand -base64 32`.
   */
  secrets: readonly (Secret | undefined)[]
  /** What attributes must look like. They are sealed as given, and checked when a session is created and each time it is read. */
  attributes?: StandardSchema<Attributes> | undefined
  /** Chooses what of a session's attributes the application sees of its user. Default nothing but the id. */
  getUserAttributes?: ((attributes: Attributes) => UserAttributes) | undefined
  /** Where sessions that were ended early are kept. Without it a token is good until it expires, whoever has it. */
  revocations?: Revocations | undefined
}

/** An auth whose sessions live in their tokens. Its methods may be destructured. */
export interface StatelessAuth<
  Attributes extends object,
  UserAttributes extends object,
  Id extends UserId = string,
> extends RequestAuth<SessionFields<Id>, Shown<{ id: Id } & UserAttributes>, Id, Attributes> {
  /**
   * Seals a session into a token. The user is not looked up: there is no store. Throws `invalid_option` for attributes
   * that are not JSON or do not fit the schema, and `cookie_too_large` for a token of more than 4,096 characters.
   */
  createSession(userId: Id, attributes?: Attributes): Promise<{ session: SessionFields<Id>; token: string }>
  /**
   * Gives the same sign-in a new token, id and idle deadline; `null` if it was not live. Only with `revocations` is the
   * old token dead, and then of two rotations at once both may succeed. The generation is kept: whoever ends all of the
   * user's sessions ends the new one too.
   */
  rotateSession(token: unknown): Promise<{ session: SessionFields<Id>; token: string } | null>
  /**
   * Ends a session, with `userId` only if it is that user's: what a form sends must pass it. Resolves to whether that is
   * recorded: `false` without `revocations`, where the browser can only be told to forget the cookie. Whether there was
   * such a session nobody knows.
   */
  invalidateSession(sessionId: string, options?: { userId?: Id }): Promise<boolean>
  /**
   * Ends all of a user's sessions. Once it resolves, none that existed before is live, and whoever signs in then is.
   * Throws `unsupported` without `revocations`, and for `except`: create a session for the one who stays instead.
   */
  invalidateUserSessions(userId: Id, options?: { except?: string | undefined }): Promise<void>
  withRequest(request: unknown): StatelessAuth<Attributes, UserAttributes, Id>
}
