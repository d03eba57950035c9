import { readBearerToken } from "../../core/cookie.ts"
import { AuthError } from "../../core/errors.ts"
import type { Auth } from "./auth.ts"
import { createAuthRequest } from "./auth-request.ts"
import { createDebugLog, readEnv, readPasswordHash, readPeriods } from "./configuration.ts"
import type { Configuration } from "./configuration.ts"
import { readSessionId } from "./cookie.ts"
import { createKeyMethods } from "./key-methods.ts"
import { LuciaError } from "./lucia-error.ts"
import { transformRequestContext } from "./request-context.ts"
import type { Middleware } from "./request-context.ts"
import { createSessionCookie, DEFAULT_SESSION_COOKIE_NAME } from "./session-cookie.ts"
import type { CookieSession } from "./session-cookie.ts"
import { createSessionMethods } from "./session-methods.ts"
import { openStores } from "./stores.ts"
import { createOriginCheck } from "./trusted-origin.ts"
import type { OriginCheck } from "./trusted-origin.ts"
import { createUserMethods } from "./user-methods.ts"

/**
 * Lucia v2, over its own adapters or those of this package. What differs, and why, is in `docs/lucia/v2-differences.md`.
 *
 * Throws `missing_port` without an adapter and `invalid_option` for an invalid configuration.
 *
 * @example
 * export const auth = lucia({
 *   adapter: betterSqlite3(db, { user: "user", session: "user_session", key: "user_key" }),
 *   env: process.env.NODE_ENV === "production" ? "PROD" : "DEV",
 *   getUserAttributes: ({ username }) => ({ username }),
 * })
 * export type Auth = typeof auth
 */
export function lucia<C extends Configuration>(config: C): Auth<C> {
  if (!config?.adapter) throw new AuthError("missing_port", "adapter: missing; use one of Lucia v2, or of this package")
  const { sessionCookie = {}, getUserAttributes = () => ({}), getSessionAttributes = () => ({}) } = config
  const env = readEnv(config.env)
  const log = createDebugLog(config.experimental?.debugMode ?? false)
  const periods = readPeriods(config.sessionExpiresIn)
  const passwordHash = readPasswordHash(config.passwordHash)
  const stores = openStores(config.adapter, periods.idlePeriod)
  const cookieDomain = sessionCookie.attributes?.domain
  const isTrusted = createOriginCheck({ csrfProtection: config.csrfProtection ?? true, env, cookieDomain })

  const users = createUserMethods({ stores, passwordHash, getUserAttributes })
  const keys = createKeyMethods({ users: stores.users, passwordHash, requireUser: users.getUser, log })
  const { storedIds = "rekey" } = config
  const sessions = createSessionMethods({ ...users, stores, storedIds, periods, getSessionAttributes, log })
  const requests = createRequestMethods()

  // The application's own types of attributes are known only to the configuration.
  return { ...users, ...keys, ...sessions, ...requests, getUserAttributes, getSessionAttributes } as unknown as Auth<C>

  function createRequestMethods() {
    const { middleware = passThrough } = config
    const sessionCookieName = sessionCookie.name ?? DEFAULT_SESSION_COOKIE_NAME
    const cookies = {
      createSessionCookie: (session: CookieSession | null) =>
        createSessionCookie(session, { env, cookie: sessionCookie }),
      readSessionCookie: (header: string | null | undefined) => readSessionId(header, sessionCookieName),
      readBearerToken,
    }
    // Impossible cookies are told of now.
    cookies.createSessionCookie(null)
    const { validateSession } = sessions

    return {
      ...cookies,
      validateRequestOrigin: (request: OriginParts) => requireOrigin(request, isTrusted),
      handleRequest(...args: unknown[]) {
        const context = transformRequestContext(middleware({ args, env, sessionCookieName }))
        return createAuthRequest({ ...cookies, context, isTrusted, validateSession, log })
      },
    }
  }
}

const passThrough: Middleware = ({ args }) => args[0]

interface OriginParts {
  url: string | null
  method: string | null
  headers: { origin: string | null }
}

function requireOrigin({ url, method, headers: { origin } }: OriginParts, isTrusted: OriginCheck): void {
  const get = (name: string) => (name === "Origin" ? origin : null)
  if (url === null || method === null || !isTrusted({ url, method, headers: { get } }))
    throw new LuciaError("AUTH_INVALID_REQUEST")
}
