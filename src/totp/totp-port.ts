import type { UserId } from "../core/ports.ts"

/** A user's authenticator app as a store keeps it. */
export interface TotpRecord {
  /** The seed, sealed: text without NUL, up to 1,000 bytes. Without the application's secrets it is worth nothing. */
  secret: string
  /** The last time step whose code was used, as a whole number: a code of it or of an earlier one is refused. */
  usedStep: number
}

/**
 * Where the seeds of authenticator apps live: the table `user_totp`, with one row for a user. The rules of `SessionAdapter` hold
 * here too. Where the store knows its users, `deleteUser` deletes a user's row.
 */
export interface TotpAdapter {
  /**
   * Stores a user's authenticator, in one atomic step. Without `replace` it resolves to `false` and stores nothing if the user
   * has one: of racing callers exactly one gets `true`. With `replace` it takes the place of the one that is there. Where the
   * store knows its users, a user who does not exist rejects with `user_missing`. With `replace` and `ifSecret` it is `false`,
   * and nothing is stored, if another secret or none is stored by now: what has been removed must not come back.
   */
  insertTotp(userId: UserId, secret: string, usedStep: number, replace: boolean, ifSecret?: string): Promise<boolean>
  /** `null` for a user who has none, and for one who does not exist. */
  findTotp(userId: UserId): Promise<TotpRecord | null>
  /**
   * Uses a time step up, in one atomic step: only if it is later than `usedStep`, which then moves to it. Of racing callers
   * exactly one gets `true`. `resealed` takes the secret's place in the same step. With `ifSecret` it is `false`, and nothing
   * changes, if another secret is stored by now: a code of a replaced authenticator must not bring it back.
   */
  takeStep(userId: UserId, step: number, resealed?: string, ifSecret?: string): Promise<boolean>
  /**
   * Resolves to whether there was one. With `ifSecret` it is `false`, and nothing is deleted, if another secret is stored by
   * now: taking one back must not delete the one that has replaced it.
   */
  deleteTotp(userId: UserId, ifSecret?: string): Promise<boolean>
}
