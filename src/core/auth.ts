import type { Cookie, CookieOptions } from "./cookie.ts"
import type { AuthDoor, door } from "./door.ts"
import type { AuthEvent, Emit } from "./events.ts"
import type { SessionOptions } from "./expiry.ts"
import type { SessionAdapter, UserId } from "./ports.ts"

/** The id type of a user row. Any {@link UserId} if the store knows no users. */
export type IdOf<UserRow> = [UserRow] extends [never]
  ? UserId
  : UserRow extends { id: infer Id extends UserId }
    ? Id
    : never

/** One sign-in of one user on one client. It contains no secret: the id is public. */
export interface SessionFields<Id = UserId> {
  /** Lower-case hex SHA-256 of the session token. Nobody can sign in with it. */
  id: string
  userId: Id
  /** When the user proved who they are. To ask again before a sensitive action, compare it with the current time. */
  createdAt: Date
  /** When the session ends if it is not used. */
  expiresAt: Date
  /** Whether this call created, rotated or extended the session. */
  fresh: boolean
}

/** The same type, which editors show with its fields instead of the names of its parts. */
export type Shown<T> = { [Name in keyof T]: T[Name] } & {}

/** A session as the application sees it. */
export type Session<UserRow, SessionAttributes> = Shown<SessionFields<IdOf<UserRow>> & SessionAttributes>

/** A user as the application sees it. */
export type User<UserRow, UserAttributes> = Shown<{ id: IdOf<UserRow> } & UserAttributes>

/** Why a token was rejected. It is for logs: tell a client only that it was rejected. */
export type RejectionReason = "malformed" | "unknown" | "expired" | "user_missing"

/** The result of validating a session token. Test `.session`. */
export type SessionValidation<S, U> =
  | {
      session: S
      user: U
      /** The token that the client must store from now on. Absent if the current one stays valid. */
      token?: string
    }
  | { session: null; user: null; token?: undefined; reason: RejectionReason }

/** The part of an auth that a wrapper needs, with or without a database. */
export interface RequestAuth<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow> {
  /**
   * The name of the session cookie. Default `__Host-session` if it is secure, has path `/` and no domain, otherwise
   * `session`.
   */
  readonly sessionCookieName: string
  /** The origins, besides a request's own, that can change state. */
  readonly trustedOrigins: readonly string[]
  /** Whether an extension must send the cookie again, because the session can outlive it. */
  readonly renewsCookie: boolean
  /**
   * Signs a user in. The token is returned only once: the store has only its hash. Throws `user_missing` if the user
   * does not exist.
   */
  createSession(userId: Id, attributes?: SessionRow): Promise<{ session: S; token: string }>
  /**
   * Checks a session token and finds its session and user. It costs one store read. If at most half of the idle timeout
   * is left, it also costs one conditional write, whose failure is an event. It never deletes. Malformed input of any
   * type costs no hash or store call. Throws `store_failed`.
   */
  validateSession(token: unknown): Promise<SessionValidation<S, U>>
  /** Gives a session a new token and a new idle deadline, and ends the old token. Resolves to `null` if it was not live. */
  rotateSession(token: unknown): Promise<{ session: S; token: string } | null>
  /**
   * Ends a session. With `userId`, only if it is that user's: always pass it with an id from a form. It is safe to
   * repeat.
   */
  invalidateSession(sessionId: string, options?: { userId?: Id }): Promise<boolean>
  /**
   * Creates the cookie that carries a token. `Max-Age` is the absolute timeout, at most 400 days, because the store
   * checks the idle timeout. `persistent: false` leaves it out, so that the cookie ends with the browser, and marks the
   * value with a `~`. A token with that mark works like one without. The mark sets the default of `persistent` when the
   * cookie is written again.
   */
  createSessionCookie(token: string, options?: { persistent?: boolean | undefined }): Cookie
  /** Creates the cookie that deletes the session cookie. */
  createBlankSessionCookie(): Cookie
  /** Reads the session token from a `Cookie` header. Never throws. */
  readSessionCookie(header: string | null | undefined): string | null
  /** Reads a token from an `Authorization` header. Never throws. */
  readBearerToken(header: string | null | undefined): string | null
  /** Returns whether a token belongs to this session, for an auth whose sessions can have several valid tokens. */
  isTokenOf?(token: string, sessionId: string): Promise<boolean>
  /** Returns the same instance, whose events contain this request. */
  withRequest(request: unknown): RequestAuth<S, U, Id, SessionRow>
  /** Reports an event to `onEvent`. */
  readonly emit: Emit
}

/** Creates, validates, extends and ends sessions, and writes their cookie. Its methods can be destructured. */
export interface Auth<UserRow, SessionRow, UserAttributes, SessionAttributes> extends RequestAuth<
  Session<UserRow, SessionAttributes>,
  User<UserRow, UserAttributes>,
  IdOf<UserRow>,
  SessionRow
> {
  /** Used by `createSignIn` and device binding. */
  readonly [door]: AuthDoor<Session<UserRow, SessionAttributes>, IdOf<UserRow>>
  /**
   * Gives a session a new token and a new idle deadline, and merges `attributes` into it in the same step. The old
   * token ends. Resolves to `null` if the session was not live.
   */
  rotateSession(
    token: unknown,
    attributes?: Partial<SessionRow>,
  ): Promise<{ session: Session<UserRow, SessionAttributes>; token: string } | null>
  /**
   * Merges attributes into a session. Resolves to `false` if none has this id. With `ifNull`, the name of an attribute,
   * it writes only while that attribute is null or absent, and otherwise resolves to `false`. Only one of several
   * racing calls writes.
   */
  updateSession(
    sessionId: string,
    attributes: Partial<SessionRow>,
    options?: { ifNull?: (keyof SessionRow & string) | undefined },
  ): Promise<boolean>
  /** Lists a user's live sessions, newest first. Nobody can sign in with what they contain. */
  getUserSessions(userId: IdOf<UserRow>): Promise<Session<UserRow, SessionAttributes>[]>
  /**
   * Logs a user out everywhere: ends all sessions except the id `except`. Once it resolves, no other earlier session is
   * live.
   */
  invalidateUserSessions(userId: IdOf<UserRow>, options?: { except?: string | undefined }): Promise<void>
  /** Does the same as `invalidateUserSessions`. `resetAccess` of `nightlatch/users` calls it for an auth in `resets`. */
  resetUser(userId: IdOf<UserRow>, options?: { except?: string | undefined }): Promise<void>
  /** Deletes sessions that ended more than 24 hours ago, in batches. Resolves to how many. Run it from a daily job. */
  deleteExpiredSessions(): Promise<number>
  withRequest(request: unknown): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes>
  /** Returns the same instance over another adapter, such as one in your transaction. */
  withAdapter(
    adapter: SessionAdapter<UserRow, SessionRow>,
  ): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes>
}

/** The options of {@link createAuth} that do not depend on the store. */
export interface AuthSettings<SessionRow, SessionAttributes> {
  session?: SessionOptions | undefined
  cookie?: CookieOptions | undefined
  /** Exact origins, such as `https://app.example.com`, that can change state besides a request's own. */
  trustedOrigins?: readonly string[] | undefined
  /** Chooses which of the session's own columns the application sees. By default, none. */
  getSessionAttributes?: ((attributes: SessionRow) => SessionAttributes) | undefined
  /** Receives every event. It is not awaited, and its errors are ignored. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}

// A method's parameter can be narrower, because an application knows which ids it has given.
type LoadUser<Id, UserRow> = { load(userId: Id): Promise<UserRow | null> }["load"]

// This constrains the result and not the function, which would be decided before `loadUser` defines the row.
type OfRow<UserRow, UserAttributes> = [UserRow] extends [never] ? never : UserAttributes

/**
 * The options of {@link createAuth}. `StoredRow` is the row that the adapter knows: the user's, or `never` if the store
 * holds only sessions.
 */
export interface AuthOptions<
  UserRow,
  SessionRow,
  UserAttributes,
  SessionAttributes,
  StoredRow = UserRow,
> extends AuthSettings<SessionRow, SessionAttributes> {
  /** The adapter that stores sessions. */
  adapter: SessionAdapter<UserRow, SessionRow> & SessionAdapter<StoredRow, SessionRow>
  /**
   * Chooses which columns of the user's row the application sees. By default only the id, so that no column leaks by
   * accident. If the store holds only sessions, it has no row, so this option needs `loadUser`.
   */
  getUserAttributes?: ((row: UserRow) => OfRow<UserRow, UserAttributes>) | undefined
  /**
   * If `true`, only `createSignIn` of `nightlatch/sign-in` creates sessions. `createSession`, and the wrappers'
   * `signIn`, throw `unsupported`, so that no sign-in bypasses second factors. Default `false`.
   */
  proofsOnly?: boolean | undefined
  /** Loads a user's row if the store holds only sessions. Without it, such users are `{ id }`. */
  loadUser?: LoadUser<IdOf<StoredRow>, UserRow> | undefined
}

/** Any auth, with a database or stateless. */
export interface AnyAuth extends RequestAuth<SessionFields, { id: UserId }, UserId, object> {}

type Validated<A> = A extends { validateSession(token: unknown): Promise<infer R> } ? R : never

/** The type of the `user` that an auth returns. */
export type InferUser<A> = Extract<Validated<A>, { session: object }> extends { user: infer U } ? U : never

/** The type of the `session` that an auth returns. */
export type InferSession<A> = Extract<Validated<A>, { session: object }> extends { session: infer S } ? S : never

/** The type of the user ids that an auth accepts. */
export type InferUserId<A extends AnyAuth> = Parameters<A["createSession"]>[0]

/** The type of the attributes of an auth's new session. */
export type InferSessionRow<A extends AnyAuth> = Parameters<A["createSession"]>[1]
