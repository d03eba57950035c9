/**
 * Where it is kept which stateless sessions were ended before their time: a table, Redis, or this process.
 *
 * Methods reject only when the store fails. Keys are text of any length and are compared byte for byte.
 */
export interface Revocations {
  /** Keeps a key at least until that instant. A key that is there already is kept for the longer of the two. */
  revoke(key: string, until: Date): Promise<void>
  /**
   * Tells whether any of these keys is there. `fresh` asks for what is true now: a cache must pass the question on. What
   * `revoke` has resolved for must be seen by every process that asks for it fresh.
   */
  isRevoked(keys: string[], options?: { fresh?: boolean }): Promise<boolean>
}
