import { AuthError } from "../../core/errors.ts"
import { checkOption, shown } from "../../core/options.ts"
import type { StoredIds } from "../v3/stored-ids.ts"
import type { SessionSchema, UserSchema } from "./lucia-adapter.ts"
import { generateLuciaPasswordHash, validateLuciaPasswordHash } from "./password-hash.ts"
import type { PasswordHash } from "./password-hash.ts"
import type { Env, Middleware } from "./request-context.ts"
import { createCookieMethods, DEFAULT_SESSION_COOKIE_NAME } from "./session-cookie.ts"
import type { SessionCookieConfiguration } from "./session-cookie.ts"
import { openStores } from "./stores.ts"
import type { AdapterOption } from "./stores.ts"
import { createOriginCheck } from "./trusted-origin.ts"
import type { CSRFProtectionConfiguration } from "./trusted-origin.ts"

/** The options of `lucia()`. */
export interface Configuration<UserAttributes extends object = {}, SessionAttributes extends object = {}> {
  /** An adapter of Lucia v2 or of this package. Use `{ user, session }` if sessions are stored elsewhere. */
  adapter: AdapterOption
  /** `PROD` makes the session cookie `Secure`, and trusts only https pages. */
  env: Env
  /** Converts a framework's arguments to a request. Default: `handleRequest` takes a `RequestContext`. */
  middleware?: Middleware
  /** CSRF protection: which origins the session cookie is accepted from. Default: `true`, the request's own origin. */
  csrfProtection?: boolean | CSRFProtectionConfiguration
  /** In milliseconds. A session used in the idle period, which follows the active one, is renewed. */
  sessionExpiresIn?: {
    /** Default: one day. */
    activePeriod?: number
    /** Default: 14 days. */
    idlePeriod?: number
  }
  sessionCookie?: SessionCookieConfiguration
  /** Default: none, so that no column leaks by accident. */
  getSessionAttributes?: (databaseSession: SessionSchema) => SessionAttributes
  /** Default: none, so that no column leaks by accident. */
  getUserAttributes?: (databaseUser: UserSchema) => UserAttributes
  /** Default: Lucia's own scrypt. */
  passwordHash?: PasswordHash
  experimental?: {
    /** Logs what happens to the console, without passwords and ids. Default: `false`. */
    debugMode?: boolean
  }
  /** How session ids are stored. Default: `rekey`. */
  storedIds?: StoredIds
}

/** Reads a configuration. Throws `missing_port` without an adapter and `invalid_option` for invalid options. */
export function readConfiguration(config: Configuration) {
  if (!config?.adapter) throw new AuthError("missing_port", "adapter: missing; use one of Lucia v2, or of this package")
  const { sessionCookie = {}, csrfProtection = true, storedIds = "rekey" } = config
  const { getUserAttributes = () => ({}), getSessionAttributes = () => ({}), middleware = passThrough } = config
  const { env } = config
  // Any other value would be insecure.
  checkOption("env", env, env === "DEV" || env === "PROD", 'is unknown; use "DEV" or "PROD"')
  const periods = readPeriods(config.sessionExpiresIn)
  return {
    env,
    middleware,
    periods,
    storedIds,
    getUserAttributes,
    getSessionAttributes,
    sessionCookieName: sessionCookie.name ?? DEFAULT_SESSION_COOKIE_NAME,
    cookies: createCookieMethods(sessionCookie, env),
    isTrusted: createOriginCheck(csrfProtection, env, sessionCookie.attributes?.domain),
    passwordHash: readPasswordHash(config.passwordHash),
    stores: openStores(config.adapter, periods.idlePeriod),
    log: createDebugLog(config.experimental?.debugMode ?? false),
  }
}

/** A configuration with its defaults. */
export type Settings = ReturnType<typeof readConfiguration>

const passThrough: Middleware = ({ args }) => args[0]
const day = 86_400_000
const maxPeriod = 3.2e13

// In milliseconds.
function readPeriods({ activePeriod = day, idlePeriod = 14 * day }: Configuration["sessionExpiresIn"] = {}) {
  const isLength = [activePeriod, idlePeriod].every((period) => period >= 0 && period <= maxPeriod)
  if (isLength && activePeriod + idlePeriod > 0) return { activePeriod, idlePeriod }
  throw new AuthError(
    "invalid_option",
    `sessionExpiresIn: ${shown(activePeriod)} and ${shown(idlePeriod)} are not lifetimes; use milliseconds, at most 1,000 years each and together more than 0`,
  )
}

const luciaPasswordHash = { generate: generateLuciaPasswordHash, validate: validateLuciaPasswordHash }

function readPasswordHash(passwordHash: PasswordHash = luciaPasswordHash): PasswordHash {
  if (typeof passwordHash?.generate === "function" && typeof passwordHash.validate === "function") return passwordHash
  throw new AuthError("missing_port", "passwordHash: generate() or validate() is missing; use an object with both")
}

// Logs what happens, for development. Never logs a password, a session id or a key's id.
type DebugLog = (part: "request" | "session" | "key", text: string) => void

function createDebugLog(isEnabled: boolean): DebugLog {
  if (!isEnabled) return () => {}
  // oxlint-disable-next-line eslint/no-console -- the option asks for console output.
  return (part, text) => console.log(`[lucia] [${part}] ${text}`)
}
