import { expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import type { SessionAdapter } from "../../src/core/ports.ts"
import type { ConcurrencySetup } from "../../src/testing.ts"
import { concurrencyCases, testConcurrency } from "../../src/testing.ts"
import { sessionMethods } from "../../src/testing/adapter-case.ts"
import type { Label, User } from "./broken-adapter.ts"

const [race] = concurrencyCases

test("testConcurrency() registers every race once, by a unique name, and each passes over a correct store", async () => {
  const registered = new Map<string, () => Promise<void>>()
  testConcurrency(
    (name, run) => registered.set(name, run),
    () => setUp(),
  )
  expect([...registered.keys()]).toEqual(concurrencyCases.map(({ name }) => name))
  for (const run of registered.values()) await run()
})

test("races may share one store: none meets what another has left", async () => {
  const setup = setUp()
  for (const { run } of concurrencyCases) await run(() => setup)
  for (const { run } of concurrencyCases) await run(() => setup)
})

test.each<[string, (n: number) => number | bigint | string]>([
  ["numbers", (n) => n],
  ["bigints", (n) => 2n ** 53n + BigInt(n)],
  ["UUIDs", (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`],
])("a store whose user ids are %s passes every race", async (_kind, userId) => {
  const setup = setUp()
  for (const { run } of concurrencyCases) await run(() => ({ ...setup, userId }))
})

test("a store that holds sessions only passes every race, at once those that need users", async () => {
  const { adapters, calls } = sessionsOnly()
  for (const { needs, run } of concurrencyCases) {
    calls.length = 0
    await run(() => ({ adapters, duration: 1 }))
    expect(calls.length > 0).toBe(needs === "sessions")
  }
})

test("a race goes on for as long as it is told, and five rounds at least", async () => {
  let users = 0
  const { addUser, ...setup } = setUp()
  const counting = { ...setup, addUser: (user: Parameters<typeof addUser>[0]) => (users++, addUser(user)) }
  await race?.run(() => ({ ...counting, duration: 0 }))
  expect(users).toBe(5)
  const start = Date.now()
  await race?.run(() => ({ ...counting, duration: 150 }))
  expect(Date.now() - start).toBeGreaterThanOrEqual(149)
  expect(users).toBeGreaterThan(10)
})

test("every adapter takes part in every race", async () => {
  for (const { run } of concurrencyCases) {
    const { adapters, ...setup } = setUp()
    const used = new Set<number>()
    const watched = adapters.map(
      (adapter, n) => new Proxy(adapter, { get: (...args) => (used.add(n), Reflect.get(...args)) }),
    )
    await run(() => ({ ...setup, adapters: watched }))
    expect([...used].toSorted()).toEqual([0, 1, 2])
  }
})

test("a race that is lost closes the store when no call is under way any more, and says what came", async () => {
  const { adapters, ...setup } = setUp()
  let [underWay, atClose] = [0, -1]
  const failing = adapters.map((adapter, n) => ({
    ...adapter,
    async extendSession() {
      underWay++
      await new Promise((resolve) => setTimeout(resolve, n * 10))
      underWay--
      if (n === 0) throw new Error("the first to end")
      return false
    },
  }))
  const run = race?.run(() => ({ ...setup, adapters: failing, close: () => (atClose = underWay) }))
  await expect(run).rejects.toThrow("the first to end")
  expect(atClose).toBe(0)
})

test("one adapter is not enough for a race, and the store is closed all the same", async () => {
  const { adapters, ...setup } = setUp()
  const closed: string[] = []
  const alone = { ...setup, adapters: adapters.slice(0, 1), close: () => closed.push("closed") }
  await expect(race?.run(() => alone)).rejects.toThrow("adapters: expected at least two, got 1")
  expect(closed).toEqual(["closed"])
})

test("adapters of which some have no user port lose the races that need it, and the message says so", async () => {
  const { adapters, ...setup } = setUp()
  const [withoutUsers] = sessionsOnly().adapters
  const mixed = { ...setup, adapters: [...adapters, ...(withoutUsers ? [withoutUsers] : [])] }
  for (const { needs, run } of concurrencyCases) {
    if (needs === "users")
      await expect(run(() => mixed)).rejects.toThrow("expected in all adapters or none, got it in 3")
  }
})

function setUp() {
  const adapter = memoryAdapter<User, Label, "username">()
  return {
    adapters: [{ ...adapter }, { ...adapter }, { ...adapter }],
    duration: 20,
    addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
  } satisfies ConcurrencySetup
}

function sessionsOnly() {
  const store = memoryAdapter<User, Label, "username">()
  const calls: string[] = []
  const methods = sessionMethods.map((method) => {
    const call = store[method] as (...values: unknown[]) => Promise<unknown>
    return [method, (...values: unknown[]) => (calls.push(method), call(...values))] as const
  })
  const adapter: SessionAdapter<never, Label> = {
    ...(Object.fromEntries(methods) as unknown as SessionAdapter<never, Label>),
    async insertSession(session) {
      await store.insertUser({ id: session.userId, attributes: {} }, null)
      await store.insertSession(session)
    },
  }
  return { adapters: [adapter, adapter], calls }
}
