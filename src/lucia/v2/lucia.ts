import type { Auth, OriginParts } from "./auth.ts"
import { createAuthRequest } from "./auth-request.ts"
import { readConfiguration } from "./configuration.ts"
import type { Configuration, Settings } from "./configuration.ts"
import { createKeyMethods } from "./key-methods.ts"
import { LuciaError } from "./lucia-error.ts"
import { transformRequestContext } from "./request-context.ts"
import { createSessionMethods } from "./session-methods.ts"
import { createUserMethods } from "./user-methods.ts"

/**
 * Lucia v2 on its own adapters or those of this package. `docs/lucia/v2-differences.md` lists and explains the
 * differences.
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
  const settings = readConfiguration(config)
  const { cookies, getUserAttributes, getSessionAttributes } = settings
  const users = createUserMethods(settings)
  const sessions = createSessionMethods(settings, users)
  const auth = {
    ...users,
    ...createKeyMethods(settings, users.getUser),
    ...sessions,
    ...cookies,
    getUserAttributes,
    getSessionAttributes,
    validateRequestOrigin: (request: OriginParts) => requireOrigin(request, settings),
    handleRequest(...args: unknown[]) {
      const { middleware, env, sessionCookieName } = settings
      const context = transformRequestContext(middleware({ args, env, sessionCookieName }))
      return createAuthRequest(context, settings, sessions.validateSession)
    },
  }
  // Only the configuration knows the application's own attribute types.
  return auth as unknown as Auth<C>
}

function requireOrigin({ url, method, headers: { origin } }: OriginParts, { isTrusted }: Settings): void {
  const get = (name: string) => (name === "Origin" ? origin : null)
  if (url === null || method === null || !isTrusted({ url, method, headers: { get } }))
    throw new LuciaError("AUTH_INVALID_REQUEST")
}
