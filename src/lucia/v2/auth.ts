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

/** What every user has besides the attributes. */
export interface UserFields {
  userId: string
}

/** What every session has besides the attributes and the user. */
export type SessionFields = Readonly<{
  /** What the cookie holds, or, from `getAllUserSessions`, what only names the session. */
  sessionId: string
  activePeriodExpiresAt: Date
  idlePeriodExpiresAt: Date
  state: "idle" | "active"
  /** Renewed by this call. */
  fresh: boolean
}>

/** A session without the application's attributes. */
export type AnySession = SessionFields & { readonly user: UserFields }

/** A user, as the application's namespace `Lucia` tells. */
export type User = WithAttributes<UserFields, ReturnType<GlobalAuth["getUserAttributes"]>>

/** A session, as the application's namespace `Lucia` tells. */
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

/** The attributes of a user, as a configuration tells. */
export type UserAttributesOf<C> = Required<C> extends { getUserAttributes: (row: never) => infer Own } ? Own : {}

/** The attributes of a session, as a configuration tells. */
export type SessionAttributesOf<C> = Required<C> extends { getSessionAttributes: (row: never) => infer Own } ? Own : {}

/** A user, as a configuration tells; {@link User} for any. */
export type UserOf<C> = 0 extends 1 & C ? User : UserFields & UserAttributesOf<C>

/** A session, as a configuration tells; {@link Session} for any. */
export type SessionOf<C> = 0 extends 1 & C
  ? Session
  : SessionFields & Readonly<{ user: UserOf<C> }> & SessionAttributesOf<C>

/** What `handleRequest` takes, as a configuration's middleware tells. */
// oxlint-disable typescript/no-explicit-any -- any middleware has any arguments.
export type ArgumentsOf<C> = 0 extends 1 & C
  ? any[]
  : C extends { middleware: Middleware<infer Args extends any[]> }
    ? Args
    : [RequestContext]
// oxlint-enable typescript/no-explicit-any

/** The parts of a request that its origin is checked by. */
export interface OriginParts {
  url: string | null
  method: string | null
  headers: { origin: string | null }
}

/** What names a key, and its password. */
export interface NewKey {
  providerId: string
  providerUserId: string
  password: string | null
}

/**
 * Lucia v2's auth. Its functions need no `this`. They throw a {@link LuciaError} for what a visitor may have caused, and
 * an `AuthError` for an outage or a mistake.
 */
export interface Auth<C extends Configuration = AnyConfiguration> {
  /** Throws `AUTH_INVALID_USER_ID`. */
  getUser: (userId: string) => Promise<UserOf<C>>
  /**
   * Stores a user and a key, or neither. Throws `AUTH_DUPLICATE_KEY_ID`; through an adapter of this package also where the
   * id or an attribute is taken, with `detail` saying which. The id is 15 characters `a-z0-9` unless given.
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
   * Proves a user by a key. Throws `AUTH_INVALID_KEY_ID` or `AUTH_INVALID_PASSWORD`, after the same work: do not tell
   * visitors which.
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
   * Stores a new session. Its `sessionId` is what the cookie holds: 40 characters `a-z0-9`, or the one given. Throws
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
  /** Lists a user's live sessions. Unless ids are clear, their `sessionId` signs nobody in. Throws `AUTH_INVALID_USER_ID`. */
  getAllUserSessions: (userId: string) => Promise<SessionOf<C>[]>
  /** Changes a session, by what the cookie holds or what was listed. Throws `AUTH_INVALID_SESSION_ID`. */
  updateSessionAttributes: (
    sessionId: string,
    attributes: Partial<GlobalDatabaseSessionAttributes>,
  ) => Promise<SessionOf<C>>
  /** Ends a session, by what the cookie holds or what was listed. May be repeated. */
  invalidateSession: (sessionId: string) => Promise<void>
  /** Ends all sessions of a user. */
  invalidateAllUserSessions: (userId: string) => Promise<void>
  /** Deletes those of a user's sessions that have been over for more than 24 hours. */
  deleteDeadUserSessions: (userId: string) => Promise<void>
  /** Makes the cookie of a session, or, for `null`, the one that deletes it. */
  createSessionCookie: (session: CookieSession | null) => Cookie
  /** Reads the session's id out of a `Cookie` header; `null` for several different ones. */
  readSessionCookie: (cookieHeader: string | null | undefined) => string | null
  /** Reads the token out of an `Authorization: Bearer` header; the scheme may have any case. */
  readBearerToken: (authorizationHeader: string | null | undefined) => string | null
  /** Begins to handle a request, whose form the middleware knows. */
  handleRequest: (...args: ArgumentsOf<C>) => AuthRequest<Auth<C>>
  /**
   * Throws `AUTH_INVALID_REQUEST` for a request from another origin.
   *
   * @deprecated `handleRequest` checks the origin.
   */
  validateRequestOrigin: (request: OriginParts) => void
  // Each makes of a row what the application sees.
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

/** The session of one request. Its functions need no `this`. */
export interface AuthRequest<A extends Validating = AnyAuth> {
  /**
   * Finds the session of the cookie, once for a request, and renews one that is idle; `null` if there is none, or another
   * site sent the request. Sets the cookie again, or deletes it, where the middleware can.
   */
  validate: () => Promise<SessionOfAuth<A> | null>
  /** Finds the session of the `Authorization: Bearer` header, once for a request, and renews one that is idle. */
  validateBearerToken: () => Promise<SessionOfAuth<A> | null>
  /**
   * Sets the session cookie, or, for `null`, deletes it. Since Next.js 15 it is set when the promise resolves: wait for it
   * before you respond.
   */
  setSession: (session: (CookieSession & { readonly fresh?: boolean }) | null) => void | Promise<void>
  /** Lets the next {@link validate} look again. */
  invalidate: () => void
  /** Adds the cookies that were set to a response. Needed only if the middleware says so. */
  applyTo: (response: Response) => Response
}
