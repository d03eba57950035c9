import type { SessionAdapter, UserAdapter, UserId } from "../core/ports.ts"

/** The attributes of the sessions in the cases: one extra text column that may be null. */
export interface LabelRow {
  label?: string | null
}

/** The attributes of the users in the cases, different for every user. */
export interface NewUserRow {
  username: string
}

/** A store to be checked, empty. */
export interface AdapterSetup {
  /** The adapter: with the session port only, or with the whole user port too. */
  adapter: SessionAdapter<object, LabelRow> & Partial<UserAdapter<object, NewUserRow>>
  /** Inserts a row into the application's user table. Absent where the store holds sessions only. */
  addUser?: ((user: { id: UserId; username: string }) => unknown) | undefined
  /** Makes the id of user `n`. Default: `user-n`. */
  userId?: ((n: number) => UserId) | undefined
  /** The unit, in milliseconds, to which the store rounds times down. Default: 1. */
  precision?: number | undefined
  /**
   * Takes a function to call whenever the adapter sends something to the database: call it in the executor, pool or
   * client that the adapter is made of. Cases then check that each call reaches the database in the async context of its
   * caller, as a pool that chooses a tenant by `AsyncLocalStorage` needs it. Without it those cases pass.
   */
  onStatement?: ((listener: () => unknown) => void) | undefined
  /** Called once the case is over, also when it failed. */
  close?: (() => unknown) | undefined
}

/** Makes an {@link AdapterSetup} over a new empty store for each case. */
export type SetUpAdapter = () => AdapterSetup | Promise<AdapterSetup>

/** One requirement of a port. */
export interface AdapterCase {
  /** A sentence about the adapter's behaviour. */
  name: string
  /** Sets a store up, checks it and closes it. Rejects with what was expected and what came instead. */
  run: (setup: SetUpAdapter) => Promise<void>
}

/** An adapter that has both ports. */
export type FullAdapter = SessionAdapter<object, LabelRow> & UserAdapter<object, NewUserRow>

/** The name of user `n`. */
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

/** Returns whether an adapter has the user port. Throws for one that has half of it. */
export function hasUserPort(adapter: AdapterSetup["adapter"]): adapter is FullAdapter {
  const missing = userMethods.filter((method) => !adapter[method])
  if (missing.length === 0) return true
  if (missing.length === userMethods.length) return false
  throw new Error(`the user port: expected all of its methods or none, got an adapter without ${missing.join(", ")}`)
}
