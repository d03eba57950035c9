import { defined } from "./defined.ts"
import type { UserId } from "./ports.ts"

/** Every type of {@link AuthEvent}. */
export type AuthEventType =
  | "session_created"
  | "session_extended"
  | "session_extension_failed"
  | "session_rotated"
  | "session_ended"
  | "user_sessions_ended"
  | "session_rejected"
  | "cookie_conflict"
  | "cross_origin"
  | "key_used"
  | "key_refused"
  | "hash_unreadable"
  | "password_changed"
  | "password_rehashed"
  | "user_created"
  | "user_deleted"
  | "token_created"
  | "token_used"
  | "token_refused"
  | "throttled"
  | "second_factor_asked"
  | "second_factor_refused"
  | "session_elevated"
  | "totp_added"
  | "totp_removed"
  | "recovery_used"
  | "passkey_added"
  | "passkey_removed"
  | "passkey_cloned"
  | "key_linked"
  | "key_removed"
  | "key_renamed"
  | "access_reset"
  | "device_bound"
  | "device_refused"
  | "device_skipped"
  | "events_dropped"

/** The details of an {@link AuthEvent}. All enumerable ones are safe to log: never a token, a password or a hash of one. */
export interface AuthEventDetails {
  userId?: UserId | undefined
  sessionId?: string | undefined
  /** A rejection reason, an error code, or the format of a hash that no hasher reads. */
  reason?: string | undefined
  providerId?: string | undefined
  /** The purpose of a one-time token, as the application named it. */
  purpose?: string | undefined
}

/** Something that happened, for logs and metrics. */
export interface AuthEvent extends AuthEventDetails {
  type: AuthEventType
  at: Date
  /**
   * The request that the wrapper got, if the call came through one. It is not enumerable, because it contains the
   * session cookie: `console.log`, `JSON.stringify`, a spread and `structuredClone` leave it out.
   */
  request?: unknown
}

/** Reports an event. */
export type Emit = (type: AuthEventType, details?: AuthEventDetails) => void

/**
 * Creates the function that reports events, with their request if there is one. The listener is not awaited, and its
 * errors are ignored.
 */
export function createEmitter(
  onEvent: ((event: AuthEvent) => void) | undefined,
  now: () => number,
  request?: unknown,
): Emit {
  if (!onEvent) return () => {}
  return (type, details = {}) => {
    const event: AuthEvent = Object.defineProperty({ type, at: new Date(now()), ...defined(details) }, "request", {
      value: request,
    })
    // async, so that errors that the listener throws at once are also ignored.
    const report = async () => onEvent(event)
    report().catch(() => {})
  }
}
