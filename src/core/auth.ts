import type { Cookie, CookieOptions } from "./cookie.ts"
import type { AuthDoor, door } from "./door.ts"
import type { AuthEvent, Emit } from "./events.ts"
import type { SessionOptions } from "./expiry.ts"
import type { SessionAdapter, UserId } from "./ports.ts"

/** The id type of a user row; any {@link UserId} for a store that knows no users. */
export type IdOf<UserRow> = [UserRow] extends [never]
  ? UserId
  : UserRow extends { id: infer Id extends UserId }
    ? Id
    : never

/** One sign-in of one user on one client. It holds no secret: the id is public. */
export interface SessionFields<Id = UserId> {
  /** Lower-case hex SHA-256 of the session token. Knowing it signs nobody in. */
  id: string
  userId: Id
  /** When the user proved who they are. To ask again before something grave, compare it with now. */
  createdAt: Date
  /** When the session ends unless it is used. */
  expiresAt: Date
  /** Whether this call created, rotated or extended the session. */
  fresh: boolean
}

/** The same type, of which editors show the fields and not the names that it was put together from. */
export type Shown<T> = { [Name in keyof T]: T[Name] } & {}

/** A session as the application sees it. */
export type Session<UserRow, SessionAttributes> = Shown<SessionFields<IdOf<UserRow>> & SessionAttributes>

/** A user as the application sees it. */
export type User<UserRow, UserAttributes> = Shown<{ id: IdOf<UserRow> } & UserAttributes>

/** Why a token was turned down. For logs: a client should learn only that it was. */
export type RejectionReason = "malformed" | "unknown" | "expired" | "user_missing"

/** What became of a session token. Test `.session`. */
export type SessionValidation<S, U> =
  | {
      session: S
      user: U
      /** The token that the client must store from now on. Absent when the one it has stays good. */
      token?: string
    }
  | { session: null; user: null; token?: undefined; reason: RejectionReason }

/** What a wrapper needs of an auth, with a database or without one. */
export interface RequestAuth<S extends SessionFields, U extends { id: UserId }, Id extends UserId, SessionRow> {
  /** `__Host-session` when secure, with path `/` and no domain; else `session`; or as configured. */
  readonly sessionCookieName: string
  /** The origins, besides a request's own, that may change state. */
  readonly trustedOrigins: readonly string[]
  /** Whether an extension must re-send the cookie, because the session may outlive it. */
  readonly renewsCookie: boolean
  /** Signs a user in. The token is shown once: only its hash is stored. Throws `user_missing` for a user who does not exist. */
  createSession(userId: Id, attributes?: SessionRow): Promise<{ session: S; token: string }>
  /**
   * Says whose token this is. One store read; at half of the idle timeout or less also one conditional write, whose
   * failure is an event. Never deletes. Malformed input of any type costs no hash and no store call. Throws `store_failed`.
   */
  validateSession(token: unknown): Promise<SessionValidation<S, U>>
  /** Gives the same sign-in a new token and a new idle deadline; the old token is dead. `null` if it was not live. */
  rotateSession(token: unknown): Promise<{ session: S; token: string } | null>
  /** Ends a session, with `userId` only if it is that user's: what a form sends must pass it. May be repeated. */
  invalidateSession(sessionId: string, options?: { userId?: Id }): Promise<boolean>
  /**
   * Makes the cookie that carries a token. `Max-Age` is the absolute timeout, at most 400 days: the store decides about
   * idleness. `persistent: false` leaves it out, so that the cookie ends with the browser, and marks the value with a `~`.
   * A token with that mark is as good as one without; it is the default of `persistent` when the cookie is written again.
   */
  createSessionCookie(token: string, options?: { persistent?: boolean | undefined }): Cookie
  /** Makes the cookie that deletes the session cookie. */
  createBlankSessionCookie(): Cookie
  /** Reads the session token out of a `Cookie` header. Never throws. */
  readSessionCookie(header: string | null | undefined): string | null
  /** Reads a token out of an `Authorization` header. Never throws. */
  readBearerToken(header: string | null | undefined): string | null
  /** Returns whether a token is this session's, where a session may have several that are good. */
  isTokenOf?(token: string, sessionId: string): Promise<boolean>
  /** The same instance, whose events name this request. */
  withRequest(request: unknown): RequestAuth<S, U, Id, SessionRow>
  /** Reports an event to `onEvent`. */
  readonly emit: Emit
}

/** Creates, validates, extends and ends sessions, and writes their cookie. Its methods may be destructured. */
export interface Auth<UserRow, SessionRow, UserAttributes, SessionAttributes> extends RequestAuth<
  Session<UserRow, SessionAttributes>,
  User<UserRow, UserAttributes>,
  IdOf<UserRow>,
  SessionRow
> {
  /** For `createSignIn` and device binding. */
  readonly [door]: AuthDoor<Session<UserRow, SessionAttributes>, IdOf<UserRow>>
  /**
   * Gives the same sign-in a new token and a new idle deadline, and merges `attributes` into it in the same step; the old
   * token is dead. `null` if it was not live.
   */
  rotateSession(
    token: unknown,
    attributes?: Partial<SessionRow>,
  ): Promise<{ session: Session<UserRow, SessionAttributes>; token: string } | null>
  /**
   * Merges attributes into a session. `false` if there is none with this id. With `ifNull`, the name of an attribute, only
   * while that attribute is null or absent, and otherwise `false`: of racing calls one writes.
   */
  updateSession(
    sessionId: string,
    attributes: Partial<SessionRow>,
    options?: { ifNull?: (keyof SessionRow & string) | undefined },
  ): Promise<boolean>
  /** Lists a user's live sessions, newest first. Nothing in them signs anyone in. */
  getUserSessions(userId: IdOf<UserRow>): Promise<Session<UserRow, SessionAttributes>[]>
  /** Ends all of a user's sessions, but for the session id `except`. Once it resolves, none that existed before is live. */
  invalidateUserSessions(userId: IdOf<UserRow>, options?: { except?: string | undefined }): Promise<void>
  /** The same, under the name by which `resetAccess` of `nightlatch/users` calls what it was given as `resets`. */
  resetUser(userId: IdOf<UserRow>, options?: { except?: string | undefined }): Promise<void>
  /** Deletes, in batches, sessions that ended more than 24 hours ago. Resolves to how many. Run it from a daily job. */
  deleteExpiredSessions(): Promise<number>
  withRequest(request: unknown): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes>
  /** The same instance over another adapter, such as one in the caller's transaction. */
  withAdapter(
    adapter: SessionAdapter<UserRow, SessionRow>,
  ): Auth<UserRow, SessionRow, UserAttributes, SessionAttributes>
}

/** What {@link createAuth} takes besides the store. */
export interface AuthSettings<SessionRow, SessionAttributes> {
  session?: SessionOptions | undefined
  cookie?: CookieOptions | undefined
  /** Exact origins, such as `https://app.example.com`, that may change state besides a request's own. */
  trustedOrigins?: readonly string[] | undefined
  /** Chooses what of the session's own columns the application sees. Default nothing. */
  getSessionAttributes?: ((attributes: SessionRow) => SessionAttributes) | undefined
  /** Hears what happens. Not awaited; what it throws changes nothing. */
  onEvent?: ((event: AuthEvent) => void) | undefined
  /** The clock, in milliseconds. Default `Date.now`; for tests. */
  now?: (() => number) | undefined
}

// A method's parameter may be narrower: an application knows which ids it has given.
type LoadUser<Id, UserRow> = { load(userId: Id): Promise<UserRow | null> }["load"]

// It says so of what is returned, and not of the function: that would be decided before `loadUser` has said what a row is.
type OfRow<UserRow, UserAttributes> = [UserRow] extends [never] ? never : UserAttributes

/**
 * What {@link createAuth} takes. `StoredRow` is the row that the adapter knows: the user's, or `never` for a store that
 * holds sessions only.
 */
export interface AuthOptions<
  UserRow,
  SessionRow,
  UserAttributes,
  SessionAttributes,
  StoredRow = UserRow,
> extends AuthSettings<SessionRow, SessionAttributes> {
  /** Where sessions live. */
  adapter: SessionAdapter<UserRow, SessionRow> & SessionAdapter<StoredRow, SessionRow>
  /**
   * Chooses what of the user's row the application sees. Default nothing but the id, so that no column leaks by
   * accident. A store that holds sessions only has no row to give it: it needs `loadUser`.
   */
  getUserAttributes?: ((row: UserRow) => OfRow<UserRow, UserAttributes>) | undefined
  /**
   * `true`: only `createSignIn` of `nightlatch/sign-in` makes sessions. `createSession`, and with it the wrappers' `signIn`,
   * throws `unsupported`, so that no way in goes around second factors. Default `false`.
   */
  proofsOnly?: boolean | undefined
  /** Loads a user's row where the store holds sessions only. Without it, such a store's users are `{ id }`. */
  loadUser?: LoadUser<IdOf<StoredRow>, UserRow> | undefined
}

/** Any auth: one with a database, or a stateless one. */
export interface AnyAuth extends RequestAuth<SessionFields, { id: UserId }, UserId, object> {}

type Validated<A> = A extends { validateSession(token: unknown): Promise<infer R> } ? R : never

/** The type of `user` in what an auth validates. */
export type InferUser<A> = Extract<Validated<A>, { session: object }> extends { user: infer U } ? U : never

/** The type of `session` in what an auth validates. */
export type InferSession<A> = Extract<Validated<A>, { session: object }> extends { session: infer S } ? S : never

/** The type of the user ids that an auth creates sessions for. */
export type InferUserId<A extends AnyAuth> = Parameters<A["createSession"]>[0]

/** The type of the attributes that a new session of an auth takes. */
export type InferSessionRow<A extends AnyAuth> = Parameters<A["createSession"]>[1]
