import { AuthError } from "../../core/errors.ts"
import { invalidOption, shown } from "../../core/options.ts"
import type { StoredIds } from "../v3/stored-ids.ts"
import type { SessionSchema, UserSchema } from "./lucia-adapter.ts"
import { generateLuciaPasswordHash, validateLuciaPasswordHash } from "./password-hash.ts"
import type { PasswordHash } from "./password-hash.ts"
import type { Env, Middleware } from "./request-context.ts"
import type { SessionCookieConfiguration } from "./session-cookie.ts"
import type { AdapterOption } from "./stores.ts"
import type { CSRFProtectionConfiguration } from "./trusted-origin.ts"

/** What `lucia()` takes. */
export interface Configuration<UserAttributes extends object = {}, SessionAttributes extends object = {}> {
  /** An adapter of Lucia v2, or one of this package; `{ user, session }` where sessions are kept elsewhere. */
  adapter: AdapterOption
  /** `PROD` makes the session cookie `Secure`, and trusts pages on https only. */
  env: Env
  /** Turns what a framework gives into a request. Default: `handleRequest` takes a `RequestContext`. */
  middleware?: Middleware
  /** Whose requests the session cookie counts for. Default `true`: those of the request's own origin. */
  csrfProtection?: boolean | CSRFProtectionConfiguration
  /** In milliseconds. A session that is used in the idle period, which follows the active one, is renewed. */
  sessionExpiresIn?: {
    /** Default one day. */
    activePeriod?: number
    /** Default 14 days. */
    idlePeriod?: number
  }
  sessionCookie?: SessionCookieConfiguration
  /** Default none: no column leaks by accident. */
  getSessionAttributes?: (databaseSession: SessionSchema) => SessionAttributes
  /** Default none: no column leaks by accident. */
  getUserAttributes?: (databaseUser: UserSchema) => UserAttributes
  /** Default: Lucia's own scrypt. */
  passwordHash?: PasswordHash
  experimental?: {
    /** Writes to the console what happens, without passwords and ids. Default `false`. */
    debugMode?: boolean
  }
  /**
   * How session ids are kept. Default `rekey`: new ones as hashes, and clear ones are replaced when next used. `clear`
   * is Lucia's own format, with a way back. `hashed` ends what is still clear.
   */
  storedIds?: StoredIds
}

/** How long the two periods of a session are, in milliseconds. */
export interface SessionPeriods {
  activePeriod: number
  idlePeriod: number
}

const day = 86_400_000
const maxPeriod = 3.2e13

/** Reads the periods. Throws `invalid_option` if one is not a length of time. */
export function readPeriods({
  activePeriod = day,
  idlePeriod = 14 * day,
}: Partial<SessionPeriods> = {}): SessionPeriods {
  const isLength = [activePeriod, idlePeriod].every((period) => period >= 0 && period <= maxPeriod)
  if (isLength && activePeriod + idlePeriod > 0) return { activePeriod, idlePeriod }
  throw new AuthError(
    "invalid_option",
    `sessionExpiresIn: ${shown(activePeriod)} and ${shown(idlePeriod)} are not lifetimes; use milliseconds, at most 1,000 years each and together more than 0`,
  )
}

/** Reads whether this is development. Throws `invalid_option` for anything that is neither: it would not be secure. */
export function readEnv(env: Env): Env {
  if (env === "DEV" || env === "PROD") return env
  throw invalidOption("env", env, 'is unknown; use "DEV" or "PROD"')
}

/** Reads the hashing of passwords. Throws `missing_port` for what lacks one of the two functions. */
export function readPasswordHash(given: PasswordHash | undefined): PasswordHash {
  if (given === undefined) return { generate: generateLuciaPasswordHash, validate: validateLuciaPasswordHash }
  if (typeof given?.generate === "function" && typeof given.validate === "function") return given
  throw new AuthError("missing_port", "passwordHash: generate() or validate() is missing; use an object with both")
}

/** Writes what happens, for those who develop. Never a password, a session's id, or a key's. */
export type DebugLog = (part: "request" | "session" | "key", text: string) => void

/** Makes the log: one that is silent unless asked for. */
export function createDebugLog(isEnabled: boolean): DebugLog {
  if (!isEnabled) return () => {}
  // oxlint-disable-next-line eslint/no-console -- it is what the option asks for.
  return (part, text) => console.log(`[lucia] [${part}] ${text}`)
}
