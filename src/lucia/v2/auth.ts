import type { Configuration } from "./configuration.ts"
import type { Cookie } from "./cookie.ts"
import type {
  GlobalAuth,
  GlobalDatabaseSessionAttributes,
  GlobalDatabaseUserAttributes,
  WithAttributes,
} from "./globals.ts"
import type { KeySchema, SessionSchema, UserSchema } from "./lucia-adapter.ts"
import type { Middleware, RequestContext } from "./request-context.ts"
import type { CookieSession } from "./session-cookie.ts"

// oxlint-disable-next-line typescript/no-explicit-any -- stands for every configuration, as in Lucia v2.
type AnyConfiguration = any

/** The fields of every user, besides the attributes. */
export interface UserFields {
  userId: string
}

/** The fields of every session, besides the attributes and the user. */
export type SessionFields = Readonly<{
  /** The cookie's value. From `getAllUserSessions`, an id that only names the session. */
  sessionId: string
  activePeriodExpiresAt: Date
  idlePeriodExpiresAt: Date
  state: "idle" | "active"
  /** Whether this call renewed the session. */
  fresh: boolean
}>

/** A session without the application's attributes. */
export type AnySession = SessionFields & { readonly user: UserFields }

/** A user, as declared in the application's namespace `Lucia`. */
export type User = WithAttributes<UserFields, ReturnType<GlobalAuth["getUserAttributes"]>>

/** A session, as declared in the application's namespace `Lucia`. */
export type Session = WithAttributes<
  SessionFields & Readonly<{ user: User }>,
  ReturnType<GlobalAuth["getSessionAttributes"]>
>

/** One way for a user to sign in. */
export type Key = Readonly<{
  userId: string
  providerId: string
  providerUserId: string
  passwordDefined: boolean
}>

/** The attributes of a user, inferred from a configuration. */
export type UserAttributesOf<C> = Required<C> extends { getUserAttributes: (row: never) => infer Own } ? Own : {}

/** The attributes of a session, inferred from a configuration. */
export type SessionAttributesOf<C> = Required<C> extends { getSessionAttributes: (row: never) => infer Own } ? Own : {}

/** A user, inferred from a configuration; {@link User} for `any`. */
export type UserOf<C> = 0 extends 1 & C ? User : UserFields & UserAttributesOf<C>

/** A session, inferred from a configuration; {@link Session} for `any`. */
export type SessionOf<C> = 0 extends 1 & C
  ? Session
  : SessionFields & Readonly<{ user: UserOf<C> }> & SessionAttributesOf<C>

/** The arguments of `handleRequest`, inferred from a configuration's middleware. */
// oxlint-disable typescript/no-explicit-any -- any middleware has any arguments.
export type ArgumentsOf<C> = 0 extends 1 & C
  ? any[]
  : C extends { middleware: Middleware<infer Args extends any[]> }
    ? Args
    : [RequestContext]
// oxlint-enable typescript/no-explicit-any

/** The parts of a request that decide its origin. */
export interface OriginParts {
  url: string | null
  method: string | null
  headers: { origin: string | null }
}

/** The name of a key, and its password. */
export interface NewKey {
  providerId: string
  providerUserId: string
  password: string | null
}

/**
 * Lucia v2's auth. Its functions do not need `this`. They throw a {@link LuciaError} for errors that a visitor may have
 * caused, and an `AuthError` for an outage or a bug.
 */
export interface Auth<C extends Configuration = AnyConfiguration> {
  /** Throws `AUTH_INVALID_USER_ID`. */
  getUser: (userId: string) => Promise<UserOf<C>>
  /**
   * Stores a user and a key, or neither. The id is 15 characters `a-z0-9` unless given. Throws `AUTH_DUPLICATE_KEY_ID`.
   * With an adapter of this package also throws it if the id or an attribute is taken, which `detail` then names.
   */
  createUser: (options: {
    userId?: string
    key: NewKey | null
    attributes: GlobalDatabaseUserAttributes
  }) => Promise<UserOf<C>>
  /** Throws `AUTH_INVALID_USER_ID`. */
  updateUserAttributes: (userId: string, attributes: Partial<GlobalDatabaseUserAttributes>) => Promise<UserOf<C>>
  /** Deletes a user with all keys and sessions. May be repeated. */
  deleteUser: (userId: string) => Promise<void>
  /**
   * Identifies a user by a key and checks the password. Throws `AUTH_INVALID_KEY_ID` or `AUTH_INVALID_PASSWORD` after
   * the same work: do not show visitors which.
   */
  useKey: (providerId: string, providerUserId: string, password: string | null) => Promise<Key>
  /** Adds a key to a user. Throws `AUTH_INVALID_USER_ID` and `AUTH_DUPLICATE_KEY_ID`. */
  createKey: (options: NewKey & { userId: string }) => Promise<Key>
  /** Throws `AUTH_INVALID_KEY_ID`. */
  getKey: (providerId: string, providerUserId: string) => Promise<Key>
  /** Throws `AUTH_INVALID_USER_ID`. */
  getAllUserKeys: (userId: string) => Promise<Key[]>
  /** Replaces a key's password. Ends no session: call `invalidateAllUserSessions`. Throws `AUTH_INVALID_KEY_ID`. */
  updateKeyPassword: (providerId: string, providerUserId: string, password: string | null) => Promise<Key>
  /** Deletes a key. May be repeated. */
  deleteKey: (providerId: string, providerUserId: string) => Promise<void>
  /**
   * Stores a new session. Its `sessionId` is the cookie's value: 40 characters `a-z0-9`, or the given id. Throws
   * `AUTH_INVALID_USER_ID`.
   */
  createSession: (options: {
    sessionId?: string
    userId: string
    attributes: GlobalDatabaseSessionAttributes
  }) => Promise<SessionOf<C>>
  /** Finds a live session, without renewing it. Throws `AUTH_INVALID_SESSION_ID`. */
  getSession: (sessionId: string) => Promise<SessionOf<C>>
  /** Finds a live session, and renews one that is idle. Throws `AUTH_INVALID_SESSION_ID`. */
  validateSession: (sessionId: string) => Promise<SessionOf<C>>
  /**
   * Lists a user's live sessions. Unless ids are stored in clear, nobody can sign in with their `sessionId`. Throws
   * `AUTH_INVALID_USER_ID`.
   */
  getAllUserSessions: (userId: string) => Promise<SessionOf<C>[]>
  /** Changes a session, by the cookie's value or a listed id. Throws `AUTH_INVALID_SESSION_ID`. */
  updateSessionAttributes: (
    sessionId: string,
    attributes: Partial<GlobalDatabaseSessionAttributes>,
  ) => Promise<SessionOf<C>>
  /** Ends a session, by the cookie's value or a listed id. May be repeated. */
  invalidateSession: (sessionId: string) => Promise<void>
  /** Ends all sessions of a user. */
  invalidateAllUserSessions: (userId: string) => Promise<void>
  /** Deletes the user's sessions that expired more than 24 hours ago. */
  deleteDeadUserSessions: (userId: string) => Promise<void>
  /** Creates the cookie of a session. For `null`, creates the cookie that deletes it. */
  createSessionCookie: (session: CookieSession | null) => Cookie
  /** Reads the session id from a `Cookie` header; `null` for several different ones. */
  readSessionCookie: (cookieHeader: string | null | undefined) => string | null
  /** Reads the token from an `Authorization: Bearer` header. The scheme is case-insensitive. */
  readBearerToken: (authorizationHeader: string | null | undefined) => string | null
  /** Returns the session of a request, given the arguments that the middleware expects. */
  handleRequest: (...args: ArgumentsOf<C>) => AuthRequest<Auth<C>>
  /**
   * Throws `AUTH_INVALID_REQUEST` for a request from another origin.
   *
   * @deprecated `handleRequest` checks the origin.
   */
  validateRequestOrigin: (request: OriginParts) => void
  // Each converts a row to what the application sees.
  transformDatabaseUser: (databaseUser: UserSchema) => UserOf<C>
  transformDatabaseKey: (databaseKey: KeySchema) => Key
  transformDatabaseSession: (
    databaseSession: SessionSchema,
    context: { user: UserOf<C>; fresh: boolean },
  ) => SessionOf<C>
  getUserAttributes: (databaseUser: UserSchema) => UserAttributesOf<C>
  getSessionAttributes: (databaseSession: SessionSchema) => SessionAttributesOf<C>
}

// oxlint-disable-next-line typescript/no-explicit-any -- stands for every auth, as in Lucia v2.
type AnyAuth = any

interface Validating {
  validateSession: (sessionId: string) => Promise<unknown>
}

type SessionOfAuth<A extends Validating> = 0 extends 1 & A ? Session : Awaited<ReturnType<A["validateSession"]>>

/** The session of one request. Its functions do not need `this`. */
export interface AuthRequest<A extends Validating = AnyAuth> {
  /**
   * Finds the cookie's session, once per request, and renews it if it is idle. Returns `null` if there is none, or if
   * another site sent the request. Sets or deletes the cookie if the middleware can.
   */
  validate: () => Promise<SessionOfAuth<A> | null>
  /** Finds the session of the `Authorization: Bearer` header, once per request, and renews it if it is idle. */
  validateBearerToken: () => Promise<SessionOfAuth<A> | null>
  /**
   * Sets the session cookie, or deletes it for `null`. Since Next.js 15 the cookie is set when the promise resolves:
   * await it before you respond.
   */
  setSession: (session: (CookieSession & { readonly fresh?: boolean }) | null) => void | Promise<void>
  /** Makes the next {@link validate} read the session again. */
  invalidate: () => void
  /** Adds the cookies that were set to a response. Only needed with middleware that says so. */
  applyTo: (response: Response) => Response
}
