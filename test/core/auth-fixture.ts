import type { AuthEvent, AuthOptions, SessionAdapter, SessionRecord, UserAdapter } from "../../src/index.ts"
import { createAuth } from "../../src/index.ts"
import { manualClock } from "../../src/testing.ts"
import { memoryAdapter } from "../../adapters/memory.ts"

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

export interface UserRow {
  id: string
  username: string
  email?: string
}

export interface SessionRow {
  label?: string
  device?: string
}

export type TestAdapter = SessionAdapter<UserRow, SessionRow> & UserAdapter<UserRow>
type Options = AuthOptions<UserRow, SessionRow, { username: string }, { label: string | undefined }>

/** Makes an auth over a store in memory with the users `user-1` and `user-2`, and records its store calls and events. */
export async function setUp({ adapter: overrides, ...options }: Partial<Omit<Options, "adapter">> & Overrides = {}) {
  const now = manualClock()
  const calls: string[] = []
  const events: AuthEvent[] = []
  const memory = memoryAdapter<UserRow, SessionRow>()
  await memory.insertUser({ id: "user-1", attributes: { username: "ada", email: "ada@example.com" } }, null)
  await memory.insertUser({ id: "user-2", attributes: { username: "grace" } }, null)
  const adapter = recordCalls({ ...memory, ...overrides?.(memory) }, calls)
  const auth = createAuth({
    adapter,
    now,
    onEvent: (event) => events.push(event),
    getUserAttributes: ({ username }) => ({ username }),
    getSessionAttributes: ({ label }) => ({ label }),
    ...options,
  })
  return { auth, adapter, memory, now, calls, events, options: { adapter, now } }
}

interface Overrides {
  /** Replaces methods of the store in memory. */
  adapter?: (memory: TestAdapter) => Partial<TestAdapter>
}

function recordCalls(adapter: TestAdapter, calls: string[]): TestAdapter {
  const methods = Object.entries(adapter).map(([name, method]) => [
    name,
    (...values: unknown[]) => {
      calls.push(name)
      return Reflect.apply(method, undefined, values)
    },
  ])
  return Object.fromEntries(methods)
}

/** A well-formed token that was never issued. */
export const strangerToken = "a".repeat(32)

/** Makes a session as a store would keep it. */
export function record(session: Partial<SessionRecord<SessionRow>> = {}): SessionRecord<SessionRow> {
  const start = new Date(Date.UTC(2030, 0, 1))
  return {
    id: "0".repeat(64),
    userId: "user-1",
    createdAt: start,
    expiresAt: new Date(+start + 30 * day),
    attributes: {},
    ...session,
  }
}

/** Values of every type that a request or a careless caller may hand in where a token is expected. */
export const oddValues: unknown[] = [
  "",
  "a",
  "a".repeat(31),
  "a".repeat(33),
  "A".repeat(32),
  "1".repeat(32),
  `${"a".repeat(31)}=`,
  `${"a".repeat(32)}\n`,
  `\n${"a".repeat(32)}`,
  ` ${"a".repeat(32)}`,
  `${"a".repeat(31)}\0`,
  `${"a".repeat(31)}é`,
  `${"a".repeat(31)}ſ`,
  `${"a".repeat(31)}K`,
  "\uD800".repeat(32),
  "a".repeat(10_000_000),
  "\0",
  "' OR 1=1--",
  "__proto__",
  "0".repeat(64),
  undefined,
  null,
  true,
  0,
  Number.NaN,
  10n,
  Symbol("token"),
  () => strangerToken,
  new Date(0),
  {},
  { $gt: "" },
  { toString: () => strangerToken },
  Object.create(null),
  [],
  [strangerToken],
  ["x"],
  new String(strangerToken),
  new Uint8Array(32),
  new Proxy({}, { get: () => strangerToken }),
]
