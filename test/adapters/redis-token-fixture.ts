import type { TokenRecord } from "../../src/tokens/token-port.ts"
import { liveUntil } from "../../src/testing/session-fixture.ts"

/** The id of token `n` in these tests. */
export function tokenId(n: number): string {
  return n.toString(16).padStart(64, "0")
}

/** Makes token `n` of `user-1`, for resetting a password. */
export function tokenOf(n: number, changes: Partial<TokenRecord> = {}): TokenRecord {
  const token = { id: tokenId(n), purpose: "reset_password", userId: "user-1", attempts: 0, data: `data ${n}` }
  return { ...token, expiresAt: liveUntil(1), ...changes }
}
