import type { UserId } from "../core/ports.ts"

/** A one-time token as a store keeps it. Nobody who reads the store can use it. */
export interface TokenRecord {
  /**
   * Lower-case hex SHA-256 of the purpose, a zero byte and the token: 64 characters. A realm other than "user" and a
   * zero byte come first.
   */
  id: string
  /** What the token is for, at most 48 ASCII characters. A token of one purpose is never found under another. */
  purpose: string
  /** The user, or `null` if there is none yet. */
  userId: UserId | null
  /** `null`: it never expires. */
  expiresAt: Date | null
  /** How often a code was tried: a whole number, which may start above 0. */
  attempts: number
  /** Text without NUL, up to 65,535 bytes as UTF-8. */
  data: string
}

/** The older tokens that end when a new one is stored: all of this user and purpose except the newest `keep`. */
export interface ReplacedTokens {
  userId: UserId
  purpose: string
  /** How many tokens are left, including the new ones. It is at least the number of new ones. */
  keep: number
}

/**
 * Stores one-time tokens, in the table `auth_token`. The rules of `SessionAdapter` also apply here. Expired tokens are
 * found, because the caller checks the expiry. If the store knows its users, it finds no token of a missing user, and
 * `deleteUser` deletes the user's tokens.
 */
export interface TokenAdapter {
  /**
   * Stores all tokens or none. If an id already exists, it resolves to `false` and changes nothing. A call that rejects
   * stores nothing.
   *
   * `replacing` then deletes the user's tokens of that purpose except the newest `keep`. The newest are those of this
   * call, then those that expire last (`null` is later than any date). If two expire in the same millisecond, the store
   * may keep either. After a race more may be left, which are counted and deleted like the others. Fewer may be left,
   * but at least one new one, only if a token that is stored later expires earlier.
   *
   * If the store knows its users, a missing user rejects with `user_missing`. A store that may evict rows rejects a
   * token that never expires with `unsupported`.
   */
  insertTokens(tokens: TokenRecord[], replacing?: ReplacedTokens): Promise<boolean>
  findToken(id: string): Promise<TokenRecord | null>
  /** Deletes a token and resolves to it. Exactly one of several racing callers gets it. */
  takeToken(id: string): Promise<TokenRecord | null>
  /**
   * Counts an attempt, in one atomic step, and resolves to the token with the new count. Racing callers each get a
   * different count. Resolves to `null` after `limit` attempts, or if the token does not exist.
   */
  tryToken(id: string, limit: number): Promise<TokenRecord | null>
  /** Counts a user's tokens of a purpose, including expired ones. */
  countTokens(userId: UserId, purpose: string): Promise<number>
  /** Deletes a user's tokens of these purposes (an empty list: none), or of all other purposes (an empty list: all). */
  deleteTokens(userId: UserId, purposes: string[] | { except: string[] }): Promise<void>
  /**
   * Deletes at most `limit` tokens with `expiresAt <= before`, never those that do not expire. Resolves to how many.
   */
  deleteExpiredTokens(before: Date, limit: number): Promise<number>
}
