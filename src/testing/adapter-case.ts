import type { AuditAdapter } from "../audit/audit-port.ts"
import type { SessionAdapter, UserAdapter, UserId } from "../core/ports.ts"
import type { PasskeyAdapter } from "../passkeys/passkey-port.ts"
import type { ThrottleAdapter } from "../throttle/throttle-port.ts"
import type { TokenAdapter } from "../tokens/token-port.ts"
import type { TotpAdapter } from "../totp/totp-port.ts"

/** The attributes of the sessions in the cases: one extra text column that may be null. */
export interface LabelRow {
  label?: string | null
}

/** The attributes of the users in the cases, different for every user. */
export interface NewUserRow {
  username: string
}

/** An adapter with the session port. It has each of the other ports completely, or not at all. */
export type AnyAdapter = SessionAdapter<object, LabelRow> &
  Partial<
    UserAdapter<object, NewUserRow> & TokenAdapter & ThrottleAdapter & TotpAdapter & PasskeyAdapter & AuditAdapter
  >

/** An empty store to check. */
export interface AdapterSetup {
  /** The adapter, with the session port and each other port that the store supports. */
  adapter: AnyAdapter
  /** Inserts a row into the application's user table. Leave it out for a store that holds sessions only. */
  addUser?: ((user: { id: UserId; username: string }) => unknown) | undefined
  /** Returns the id of user `n`. Default: `user-n`. */
  userId?: ((n: number) => UserId) | undefined
  /** The unit to which the store rounds times down, in milliseconds. Default: 1. */
  precision?: number | undefined
  /**
   * Receives a listener. Call the listener whenever the adapter sends something to the database, in its executor, pool
   * or client. The cases then check that each call reaches the database in its caller's async context, as a pool that
   * chooses a tenant by `AsyncLocalStorage` needs. Without it, those cases pass.
   */
  onStatement?: ((listener: () => unknown) => void) | undefined
  /** Called when the case is over, even if it failed. */
  close?: (() => unknown) | undefined
}

/** Returns an {@link AdapterSetup} over a new empty store for each case. */
export type SetUpAdapter = () => AdapterSetup | Promise<AdapterSetup>

/** One requirement of a port. */
export interface AdapterCase {
  /** A sentence about the adapter's behaviour. */
  name: string
  /** Sets up a store, checks it and closes it. Rejects with the expected and the actual result. */
  run: (setup: SetUpAdapter) => Promise<void>
}

/** An adapter with the session and the user port. */
export type FullAdapter = SessionAdapter<object, LabelRow> & UserAdapter<object, NewUserRow>

/** Returns the name of user `n`. */
export function usernameOf(n: number): string {
  return `name-${n}`
}

/** The methods of the session port. */
export const sessionMethods = [
  "insertSession",
  "findSession",
  "listSessions",
  "extendSession",
  "updateSession",
  "replaceSession",
  "deleteSession",
  "deleteUserSessions",
  "deleteExpiredSessions",
] as const satisfies (keyof SessionAdapter<object>)[]

/** The methods of the user port. */
export const userMethods = [
  "insertUser",
  "findUser",
  "updateUser",
  "deleteUser",
  "insertKey",
  "findKey",
  "listKeys",
  "replaceKeyPassword",
  "replaceUserPasswords",
  "renameKey",
  "deleteKey",
] as const satisfies (keyof UserAdapter<object>)[]

/** The methods of the token port. */
export const tokenMethods = [
  "insertTokens",
  "findToken",
  "takeToken",
  "tryToken",
  "countTokens",
  "deleteTokens",
  "deleteExpiredTokens",
] as const satisfies (keyof TokenAdapter)[]

/** The methods of the throttle port. */
export const throttleMethods = [
  "takeAttempt",
  "dropAttempts",
  "deleteIdleAttempts",
] as const satisfies (keyof ThrottleAdapter)[]

/** The methods of the TOTP port. */
export const totpMethods = ["insertTotp", "findTotp", "takeStep", "deleteTotp"] as const satisfies (keyof TotpAdapter)[]

/** The methods of the passkey port. */
export const passkeyMethods = [
  "insertPasskey",
  "findPasskey",
  "listPasskeys",
  "recordPasskeyUse",
  "renamePasskey",
  "deletePasskey",
] as const satisfies (keyof PasskeyAdapter)[]

/** The methods of the audit port. */
export const auditMethods = ["insertEvents", "listEvents", "deleteEvents"] as const satisfies (keyof AuditAdapter)[]

/** Returns whether an adapter has the user port. Throws if it has only some of the methods. */
export function hasUserPort(adapter: AnyAdapter): adapter is FullAdapter {
  return hasPort("user", adapter, userMethods)
}

/** Returns whether an adapter has the token port, as {@link hasUserPort} does. */
export function hasTokenPort(adapter: AnyAdapter): adapter is AnyAdapter & TokenAdapter {
  return hasPort("token", adapter, tokenMethods)
}

/** Returns whether an adapter has the throttle port, as {@link hasUserPort} does. */
export function hasThrottlePort(adapter: AnyAdapter): adapter is AnyAdapter & ThrottleAdapter {
  return hasPort("throttle", adapter, throttleMethods)
}

/** Returns whether an adapter has the TOTP port, as {@link hasUserPort} does. */
export function hasTotpPort(adapter: AnyAdapter): adapter is AnyAdapter & TotpAdapter {
  return hasPort("TOTP", adapter, totpMethods)
}

/** Returns whether an adapter has the passkey port, as {@link hasUserPort} does. */
export function hasPasskeyPort(adapter: AnyAdapter): adapter is AnyAdapter & PasskeyAdapter {
  return hasPort("passkey", adapter, passkeyMethods)
}

/** Returns whether an adapter has the audit port, as {@link hasUserPort} does. */
export function hasAuditPort(adapter: AnyAdapter): adapter is AnyAdapter & AuditAdapter {
  return hasPort("audit", adapter, auditMethods)
}

function hasPort(port: string, adapter: AnyAdapter, methods: readonly (keyof AnyAdapter)[]): boolean {
  const missing = methods.filter((method) => !adapter[method])
  if (missing.length === 0) return true
  if (missing.length === methods.length) return false
  throw new Error(`the ${port} port: expected all of its methods or none, got an adapter without ${missing.join(", ")}`)
}
