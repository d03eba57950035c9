import type { AuthEvent, UserId } from "../../src/index.ts"
import type { Revocations, StatelessAuthOptions } from "../../src/stateless.ts"
import { createStatelessAuth, memoryRevocations } from "../../src/stateless.ts"
import type { Engine } from "../../src/envelope/engine.ts"
import { nodeEngine } from "../../src/envelope/node-engine.ts"
import { webEngine } from "../../src/envelope/web-engine.ts"
import { manualClock } from "../../src/testing.ts"

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

export interface Role {
  role?: string
}

type Options = StatelessAuthOptions<Role, { role: string | undefined }>

export const [k1, k2, k3] = ["first", "second", "third"].map((name) => `${name} secret of the tests, long enough`) as [
  string,
  string,
  string,
]

/** Node's functions and WebCrypto, by name. */
export function engines(): [name: string, engine: Engine][] {
  const node = nodeEngine()
  if (!node) throw new Error("These tests run in Node")
  return [
    ["node:crypto", node],
    ["WebCrypto", webEngine()],
  ]
}

/** Makes a stateless auth with a clock that is moved by hand, and records its events. */
export function setUp(options: Partial<Options> = {}) {
  const now = manualClock()
  const events: AuthEvent[] = []
  const auth = createStatelessAuth<Role, { role: string | undefined }, UserId>({
    secrets: [k1],
    now,
    getUserAttributes: ({ role }) => ({ role }),
    onEvent: (event) => events.push(event),
    ...options,
  })
  return { auth, now, events }
}

/** The same with revocations in memory, whose calls are recorded. */
export function setUpRevocable(options: Partial<Options> = {}) {
  const { now } = setUp()
  const calls: string[] = []
  const memory = memoryRevocations({ now })
  const revocations: Revocations = {
    async revoke(key, until) {
      calls.push(`revoke ${key}`)
      await memory.revoke(key, until)
    },
    async isRevoked(keys) {
      calls.push(`ask ${keys.join(" ")}`)
      return memory.isRevoked(keys)
    },
  }
  return { ...setUp({ now, revocations, ...options }), now, revocations, calls }
}
