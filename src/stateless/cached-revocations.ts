import { checkOptions } from "../core/options.ts"
import { parseDuration } from "../core/expiry.ts"
import type { Duration } from "../core/expiry.ts"
import type { Revocations } from "../core/ports.ts"

/** The options of {@link cachedRevocations}. */
export interface CacheOptions {
  /** How long "not revoked" is trusted without asking again. A revocation takes effect elsewhere at most this late. */
  maxAge: Duration
  /**
   * The maximum number of cached keys. When it is exceeded, the cache is emptied. A validation asks for five. Default
   * 50,000.
   */
  maxKeys?: number | undefined
  /** The clock, in milliseconds, for tests. Default `Date.now`. */
  now?: (() => number) | undefined
}

/**
 * Caches the answers of a store of revocations. A revocation through the cache takes effect in it at once, and any
 * other after at most `maxAge`. Next.js loads a module several times in one process, so keep the result on `globalThis`
 * there. Only "not revoked" is cached, and nothing if the store fails. Signing in and rotating ask the store itself.
 * Throws `invalid_option` if `maxAge` is not a duration.
 */
export function cachedRevocations(revocations: Revocations, options: CacheOptions): Revocations {
  checkOptions("cachedRevocations()", options, "maxAge", "maxKeys", "now")
  const { maxAge, maxKeys = 50_000, now = Date.now } = options
  const age = parseDuration(maxAge, "maxAge")
  const cleanUntil = new Map<string, number>()
  let changes = 0

  function isKnownClean(key: string, at: number): boolean {
    const until = cleanUntil.get(key) ?? 0
    // A clock that is set back must not make an answer last longer.
    return at < until && at >= until - age
  }

  function remember(keys: string[], askedAt: number): void {
    if (cleanUntil.size + keys.length > maxKeys) cleanUntil.clear()
    for (const key of keys) cleanUntil.set(key, askedAt + age)
  }

  return {
    async revoke(key, until) {
      await revocations.revoke(key, until)
      // An answer that is still on its way may be older than this.
      changes++
      cleanUntil.delete(key)
    },
    async isRevoked(keys, options) {
      if (options?.fresh) return revocations.isRevoked(keys, options)
      const [askedAt, changesThen] = [now(), changes]
      const uncached = keys.filter((key) => !isKnownClean(key, askedAt))
      if (uncached.length === 0) return false
      const isAny = await revocations.isRevoked(uncached, options)
      if (isAny === false && changes === changesThen) remember(uncached, askedAt)
      return isAny
    },
  }
}
