import type { AuthEvent } from "../../src/index.ts"
import { manualClock } from "../../src/testing.ts"
import { createThrottle } from "../../src/throttle.ts"
import type { ThrottleAdapter } from "../../src/throttle.ts"
import { memoryAdapter } from "../../adapters/memory.ts"

/** The limits of a sign-in, as the documentation shows them. */
export const signInLimits = {
  client: { limit: 50, window: "10m" },
  account: { limit: 10, window: "10m" },
  total: { limit: 100, window: "30d" },
} as const

/** Makes a throttle over a store in memory, and records its store calls and events. */
export function setUp(adapter: ThrottleAdapter = memoryAdapter<{ id: string }>()) {
  const now = manualClock()
  const events: AuthEvent[] = []
  const calls: [name: string, ...values: unknown[]][] = []
  const onEvent = (event: AuthEvent) => void events.push(event)
  const recorded = recordCalls(adapter, calls)
  const throttle = createThrottle({ adapter: recorded, name: "sign-in", limits: signInLimits, onEvent, now })
  return { throttle, adapter: recorded, now, events, calls }
}

function recordCalls(adapter: ThrottleAdapter, calls: [name: string, ...values: unknown[]][]): ThrottleAdapter {
  return {
    takeAttempt(...values) {
      calls.push(["takeAttempt", ...values])
      return adapter.takeAttempt(...values)
    },
    dropAttempts(...values) {
      calls.push(["dropAttempts", ...values])
      return adapter.dropAttempts(...values)
    },
    deleteIdleAttempts(...values) {
      calls.push(["deleteIdleAttempts", ...values])
      return adapter.deleteIdleAttempts(...values)
    },
  }
}

/** Makes `count` attempts, and resolves to how many were allowed. */
export async function countAllowed(count: number, attempt: (n: number) => Promise<{ allowed: boolean }>) {
  let allowed = 0
  for (let n = 0; n < count; n++) if ((await attempt(n)).allowed) allowed++
  return allowed
}
