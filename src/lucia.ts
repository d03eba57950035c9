export * from "./lucia/v3/register.ts"
export { acceptLuciaTokens } from "./lucia/v3/accept-lucia-tokens.ts"
export type { FromLuciaAdapterOptions, LuciaSessionRow, LuciaUserRow } from "./lucia/v3/from-lucia-adapter.ts"
export { fromLuciaAdapter } from "./lucia/v3/from-lucia-adapter.ts"
export { generateId, generateIdFromEntropySize } from "./lucia/v3/generate-id.ts"
export type { LuciaOptions, RegisteredLucia, Session, User } from "./lucia/v3/lucia.ts"
export { Lucia } from "./lucia/v3/lucia.ts"
export type { OwnAdapter } from "./lucia/v3/own-adapter.ts"
export { verifyOrigin as verifyRequestOrigin } from "./lucia/v3/request-origin.ts"
export type { PasswordHashingAlgorithm } from "./lucia/v3/scrypt.ts"
export { LegacyScrypt, Scrypt } from "./lucia/v3/scrypt.ts"
export type {
  CookieAttributes,
  SessionCookieAttributesOptions,
  SessionCookieOptions,
} from "./lucia/v3/session-cookies.ts"
export { Cookie } from "./lucia/v3/session-cookies.ts"
export type { StoredIds } from "./lucia/v3/stored-ids.ts"
export type { TimeSpanUnit } from "./lucia/v3/time-span.ts"
export { TimeSpan } from "./lucia/v3/time-span.ts"
