import type { UserId } from "../core/ports.ts"

/** A one-time token as a store keeps it. Nothing in it can be used. */
export interface TokenRecord {
  /** Lower-case hex SHA-256 of the purpose, a zero byte and the token, after the realm if it is not "user": 64 characters. */
  id: string
  /** What the token is for, at most 48 characters of ASCII. A token of one purpose is never found as another. */
  purpose: string
  /** Whose it is; `null` before there is a user. */
  userId: UserId | null
  /** `null`: it never expires. */
  expiresAt: Date | null
  /** How often a code was tried. A whole number, not always 0 in a new token. */
  attempts: number
  /** Text without NUL, up to 65,535 bytes as UTF-8. */
  data: string
}

/** Which of a user's older tokens end when a new one is stored: all of this purpose but the newest `keep`. */
export interface ReplacedTokens {
  userId: UserId
  purpose: string
  /** How many are left, the new ones included: at least as many as are stored. */
  keep: number
}

/**
 * Where one-time tokens live: the table `auth_token`. The rules of `SessionAdapter` hold here too. Where the store knows its
 * users, a token of a user who does not exist is not found, and `deleteUser` deletes a user's tokens. Expired tokens are
 * found: expiry is the caller's decision.
 */
export interface TokenAdapter {
  /**
   * Stores tokens, all or none: `false`, storing and deleting nothing, if an id is there already. `replacing` then deletes
   * the user's tokens of that purpose but the newest `keep`. The newest are those of this call, then those that expire last
   * (`null` is later than any date); of two that expire in the same millisecond the store may keep either. Under a race more
   * may be left, and all are counted and deleted like the others. Fewer may be left, at least one new one, only if a token that
   * is stored later expires earlier. Where the store knows its users, a user who does not exist rejects with `user_missing`. A
   * store that may evict rows rejects a token that never expires with `unsupported`. A call that rejects stores nothing.
   */
  insertTokens(tokens: TokenRecord[], replacing?: ReplacedTokens): Promise<boolean>
  findToken(id: string): Promise<TokenRecord | null>
  /** Deletes a token and resolves to it: of racing callers exactly one gets it. */
  takeToken(id: string): Promise<TokenRecord | null>
  /**
   * Counts an attempt while fewer than `limit` were made, in one atomic step, and resolves to the token with the attempt
   * counted: of racing callers each gets a number of its own. `null` after that, and for a token that is not there.
   */
  tryToken(id: string, limit: number): Promise<TokenRecord | null>
  /** Counts a user's tokens of a purpose, expired ones too. */
  countTokens(userId: UserId, purpose: string): Promise<number>
  /** Deletes a user's tokens of these purposes (an empty list: none), or of all others (an empty list: all). */
  deleteTokens(userId: UserId, purposes: string[] | { except: string[] }): Promise<void>
  /** Deletes at most `limit` tokens with `expiresAt <= before`, never those without an end. Resolves to how many. */
  deleteExpiredTokens(before: Date, limit: number): Promise<number>
}
