export { createAuth } from "./core/create-auth.ts"
export { AuthError, isAuthError } from "./core/errors.ts"
export { verifyRequestOrigin } from "./core/origin.ts"
export { sessionPolicies } from "./core/expiry.ts"

export type {
  AnyAuth,
  Auth,
  AuthOptions,
  AuthSettings,
  InferSession,
  InferUser,
  RejectionReason,
  RequestAuth,
  SessionFields,
  SessionValidation,
} from "./core/auth.ts"
export type { Authorize, Member } from "./request/member.ts"
export type { Cookie, CookieAttributes, CookieOptions, ReplacedCookie } from "./core/cookie.ts"
export type { AuthErrorCode } from "./core/errors.ts"
export type { AuthEvent, AuthEventDetails, AuthEventType, Emit } from "./core/events.ts"
export type { OriginRequest } from "./core/origin.ts"
export type { Duration, SessionOptions, SessionPolicy } from "./core/expiry.ts"
export type {
  FoundSession,
  KeyName,
  KeyRecord,
  NewUserOf,
  OwnedKeyName,
  SessionAdapter,
  SessionRecord,
  UserAdapter,
  UserId,
  UserInsert,
} from "./core/ports.ts"
