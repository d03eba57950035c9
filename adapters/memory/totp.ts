import type { UserId } from "../../src/core/ports.ts"
import type { TotpAdapter, TotpRecord } from "../../src/totp/totp-port.ts"

/** Stores authenticators in this process. `requireUser` throws for a user who does not exist. */
export function memoryTotp(requireUser: (id: UserId) => void): TotpAdapter {
  const rows = new Map<UserId, TotpRecord>()

  return {
    async insertTotp(userId, secret, usedStep, replace, ifSecret) {
      if (rows.has(userId) && !replace) return false
      if (replace && ifSecret !== undefined && rows.get(userId)?.secret !== ifSecret) return false
      requireUser(userId)
      rows.set(userId, { secret, usedStep })
      return true
    },
    async findTotp(userId) {
      return structuredClone(rows.get(userId) ?? null)
    },
    async takeStep(userId, step, resealed, ifSecret) {
      const row = rows.get(userId)
      if (!row || row.usedStep >= step || (ifSecret !== undefined && row.secret !== ifSecret)) return false
      rows.set(userId, { secret: resealed ?? row.secret, usedStep: step })
      return true
    },
    async deleteTotp(userId, ifSecret) {
      const isOther = ifSecret !== undefined && rows.get(userId)?.secret !== ifSecret
      return !isOther && rows.delete(userId)
    },
  }
}
