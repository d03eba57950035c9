import type { UserId } from "../core/ports.ts"
import type { ReplacedTokens, TokenAdapter, TokenRecord } from "../tokens/token-port.ts"
import type { AnyAdapter } from "./adapter-case.ts"
import { expectAuthError, expectEqual, format, settle } from "./expectation.ts"
import { liveUntil } from "./session-fixture.ts"

/** The purpose of most tokens in the cases. */
export const usualPurpose = "reset_password"

/** Returns the id of token `n`: 64 lower-case hex digits, with letters and a long common prefix. */
export function tokenIdOf(n: number): string {
  return "fedcba9876543210".repeat(3) + n.toString(16).padStart(16, "0")
}

/** Creates token `n` of a user, or without a user. */
export function tokenOf(userId: UserId | null, n: number, changes: Partial<TokenRecord> = {}): TokenRecord {
  return {
    id: tokenIdOf(n),
    purpose: usualPurpose,
    userId,
    expiresAt: liveUntil(0),
    attempts: 0,
    data: `{"n":${n}}`,
    ...changes,
  }
}

/** Creates the helpers of the token port's cases, in addition to {@link startTrial}. */
export function tokenChecks(adapter: AnyAdapter & TokenAdapter) {
  /** Inserts a token, and resolves to it. */
  async function addToken(userId: UserId | null, n: number, changes?: Partial<TokenRecord>): Promise<TokenRecord> {
    const token = tokenOf(userId, n, changes)
    await insert([token])
    return token
  }

  /** Inserts tokens, and throws unless they are stored. */
  async function insert(tokens: TokenRecord[], replacing?: ReplacedTokens): Promise<void> {
    expectEqual("insertTokens()", await adapter.insertTokens(tokens, replacing), true)
  }

  /** Inserts a token that never expires. Resolves to `null` if the store refuses it, which is allowed. */
  async function addEndless(userId: UserId | null, n: number): Promise<TokenRecord | null> {
    const token = tokenOf(userId, n, { expiresAt: null })
    const outcome = await settle(() => adapter.insertTokens([token]))
    if (outcome.status === "fulfilled") {
      expectEqual("insertTokens()", outcome.value, true)
      return token
    }
    await expectAuthError("insertTokens()", "unsupported", () => Promise.reject(outcome.reason))
    await expectNoToken(token)
    return null
  }

  /** Throws unless the store holds these tokens as given. */
  async function expectTokens(...tokens: TokenRecord[]): Promise<void> {
    for (const token of tokens) {
      const found = await adapter.findToken(token.id)
      expectEqual(`findToken(${format(token.id)})`, found && fieldsOf(found), fieldsOf(token))
    }
  }

  /** Throws if the store holds one of these tokens. */
  async function expectNoToken(...tokens: Pick<TokenRecord, "id">[]): Promise<void> {
    for (const { id } of tokens) expectEqual(`findToken(${format(id)})`, await adapter.findToken(id), null)
  }

  /** Throws unless this many tokens of the user are counted. */
  async function expectCount(userId: UserId, count: number, ofPurpose = usualPurpose): Promise<void> {
    const what = `countTokens(${format(userId)}, ${format(ofPurpose)})`
    expectEqual(what, await adapter.countTokens(userId, ofPurpose), count)
  }

  return { addToken, insert, addEndless, expectTokens, expectNoToken, expectCount }
}

/** Returns exactly the fields of a token. */
export function fieldsOf(token: TokenRecord): TokenRecord {
  const { id, purpose: ofPurpose, userId, expiresAt, attempts, data } = token
  return { id, purpose: ofPurpose, userId, expiresAt, attempts, data }
}
