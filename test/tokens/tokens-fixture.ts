import type { AuthEvent } from "../../src/index.ts"
import { manualClock } from "../../src/testing.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import type { TokenAdapter } from "../../src/tokens.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import type { UserRow } from "../core/auth-fixture.ts"

/** Purposes of every kind: with and without a user, data and a proof. */
export const purposes = {
  sign_up: purpose<{ address: string }>({ expiresIn: "10m", user: false }),
  reset_password: purpose({ expiresIn: "1h", proves: "email" }),
  change_email: purpose<{ from: string; to: string }>({ expiresIn: "24h" }),
  confirm: purpose({ expiresIn: "5m" }),
  note: purpose<unknown>({ expiresIn: "1h" }),
}

interface Overrides {
  /** Replaces methods of the store. */
  adapter?: ((store: TokenAdapter) => Partial<TokenAdapter>) | undefined
}

/** Makes tokens over a store in memory with the users `user-1` and `user-2`, and records store calls and events. */
export async function setUp({ adapter: overrides }: Overrides = {}) {
  const memory = memoryAdapter<UserRow>()
  await memory.insertUser({ id: "user-1", attributes: { username: "ada" } }, null)
  await memory.insertUser({ id: "user-2", attributes: { username: "grace" } }, null)
  const now = manualClock()
  const calls: string[] = []
  const events: AuthEvent[] = []
  const adapter = recordCalls({ ...memory, ...overrides?.(memory) }, calls)
  const tokens = createTokens({ adapter, purposes, now, onEvent: (event) => events.push(event) })
  return { tokens, adapter, memory, now, calls, events }
}

/** A code that has as many digits and is another one. */
export function wrongCode(code: string): string {
  return code.replace(/^./, (digit) => `${(Number(digit) + 1) % 10}`)
}

/** Makes as many calls as that at the same time, and returns what was not `null`. */
export async function race<Result>(callers: number, call: () => Promise<Result | null>): Promise<Result[]> {
  const results = await Promise.all(Array.from({ length: callers }, call))
  return results.filter((result) => result !== null)
}

function recordCalls<Adapter extends object>(adapter: Adapter, calls: string[]): Adapter {
  const methods = Object.entries(adapter).map(([name, method]: [string, (...values: unknown[]) => unknown]) => [
    name,
    (...values: unknown[]) => {
      calls.push(name)
      return method(...values)
    },
  ])
  return Object.fromEntries(methods) as Adapter
}
