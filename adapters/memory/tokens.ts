import type { UserId } from "../../src/core/ports.ts"
import type { ReplacedTokens, TokenAdapter, TokenRecord } from "../../src/tokens/token-port.ts"

/** Stores tokens in this process. `requireUser` throws for a user who does not exist. */
export function memoryTokens(requireUser: (id: UserId) => void): TokenAdapter {
  const tokens = new Map<string, TokenRecord>()

  function tokensOf(userId: UserId): TokenRecord[] {
    return [...tokens.values()].filter((token) => token.userId !== null && token.userId === userId)
  }

  function dropOlder({ userId, purpose, keep }: ReplacedTokens, fresh: Set<string>): void {
    const own = tokensOf(userId).filter((token) => token.purpose === purpose)
    const older = own.filter(({ id }) => !fresh.has(id)).sort((a, b) => expiryOf(b) - expiryOf(a))
    for (const { id } of older.slice(Math.max(0, keep - (own.length - older.length)))) tokens.delete(id)
  }

  return {
    async insertTokens(added, replacing) {
      const ids = new Set(added.map(({ id }) => id))
      if (ids.size < added.length || added.some(({ id }) => tokens.has(id))) return false
      for (const { userId } of added) if (userId !== null) requireUser(userId)
      for (const token of structuredClone(added)) tokens.set(token.id, token)
      if (replacing) dropOlder(replacing, ids)
      return true
    },
    async findToken(id) {
      return structuredClone(tokens.get(id) ?? null)
    },
    async takeToken(id) {
      const token = tokens.get(id) ?? null
      tokens.delete(id)
      return token
    },
    async tryToken(id, limit) {
      const token = tokens.get(id)
      if (!token || token.attempts >= limit) return null
      token.attempts++
      return structuredClone(token)
    },
    async countTokens(userId, purpose) {
      return tokensOf(userId).filter((token) => token.purpose === purpose).length
    },
    async deleteTokens(userId, purposes) {
      for (const { id, purpose } of tokensOf(userId)) {
        const named = Array.isArray(purposes) ? purposes.includes(purpose) : !purposes.except.includes(purpose)
        if (named) tokens.delete(id)
      }
    },
    async deleteExpiredTokens(before, limit) {
      const expired = [...tokens.values()].filter(({ expiresAt }) => expiresAt && expiresAt <= before).slice(0, limit)
      for (const { id } of expired) tokens.delete(id)
      return expired.length
    },
  }
}

/**
 * Returns when a token expires. For one that never does, returns the latest possible date, so that two can be
 * subtracted.
 */
function expiryOf({ expiresAt }: TokenRecord): number {
  return expiresAt?.getTime() ?? 8.64e15
}
