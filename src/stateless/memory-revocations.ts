import { checkOptions } from "../core/options.ts"
import type { Revocations } from "../core/ports.ts"

/**
 * Keeps revocations in this instance of the module. Use it for tests, and for a server of one process that may forget
 * them when it ends. Next.js loads a module several times in one process, so keep the result on `globalThis` there.
 * `now` is the clock, in milliseconds, by default `Date.now`.
 */
export function memoryRevocations(options: { now?: (() => number) | undefined } = {}): Revocations {
  checkOptions("memoryRevocations()", options, "now")
  const { now = Date.now } = options
  const revoked = new Map<string, number>()
  let sweepAt = 1000

  function sweep(): void {
    for (const [key, until] of revoked) if (until <= now()) revoked.delete(key)
    sweepAt = Math.max(1000, revoked.size * 2)
  }

  return {
    async revoke(key, until) {
      revoked.set(key, Math.max(until.getTime(), revoked.get(key) ?? 0))
      if (revoked.size >= sweepAt) sweep()
    },
    async isRevoked(keys) {
      return keys.some((key) => (revoked.get(key) ?? 0) > now())
    },
  }
}
