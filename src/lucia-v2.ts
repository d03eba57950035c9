export type { Auth, AuthRequest, Key, Session, User } from "./lucia/v2/auth.ts"
export type { Configuration } from "./lucia/v2/configuration.ts"
export type { Cookie, CookieAttributes } from "./lucia/v2/cookie.ts"
export type {
  GlobalAuth,
  GlobalDatabaseSessionAttributes,
  GlobalDatabaseUserAttributes,
  WithAttributes,
} from "./lucia/v2/globals.ts"
export { createKeyId } from "./lucia/v2/user-port.ts"
export { lucia } from "./lucia/v2/lucia.ts"
export type {
  Adapter,
  InitializeAdapter,
  KeySchema,
  SessionAdapter,
  SessionSchema,
  UserAdapter,
  UserSchema,
} from "./lucia/v2/lucia-adapter.ts"
export type { ErrorMessage, LuciaErrorConstructor } from "./lucia/v2/lucia-error.ts"
export { LuciaError } from "./lucia/v2/lucia-error.ts"
export type { PasswordHash } from "./lucia/v2/password-hash.ts"
export type {
  Env,
  LuciaRequest,
  Middleware,
  MiddlewareRequestContext,
  RequestContext,
} from "./lucia/v2/request-context.ts"
export type { SessionCookieConfiguration } from "./lucia/v2/session-cookie.ts"
export { DEFAULT_SESSION_COOKIE_NAME } from "./lucia/v2/session-cookie.ts"
export type { AdapterOption, OwnSessionAdapter, OwnUserAdapter } from "./lucia/v2/stores.ts"
export type { CSRFProtectionConfiguration } from "./lucia/v2/trusted-origin.ts"
export type { StoredIds } from "./lucia/v3/stored-ids.ts"
