import { expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { testAdapter } from "../../src/testing.ts"
import type { TokenRecord } from "../../src/tokens/token-port.ts"

interface User {
  id: string
  username: string
  roles?: string[]
}

testAdapter(test, () => {
  const adapter = memoryAdapter<User, { label?: string | null }>()
  return {
    adapter,
    addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
  }
})

test("insertUser() gives a user without an id a random UUID", async () => {
  const adapter = memoryAdapter<User>()
  const key = { providerId: "username", providerUserId: "ada", passwordHash: null }
  const first = await adapter.insertUser({ attributes: { username: "ada" } }, key)
  const second = await adapter.insertUser({ attributes: { username: "grace" } }, null)
  const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(first).toEqual({ user: { id: uuid, username: "ada" } })
  expect(second).not.toEqual(first)
  const { userId } = (await adapter.findKey("username", "ada")) ?? {}
  expect(first).toEqual({ user: { id: userId, username: "ada" } })
})

test("each memoryAdapter() is its own store", async () => {
  const [one, other] = [memoryAdapter<User>(), memoryAdapter<User>()]
  await one.insertUser({ id: "user-1", attributes: { username: "ada" } }, null)
  expect(await other.findUser("user-1")).toBeNull()
})

test("rows are copied to the bottom", async () => {
  const adapter = memoryAdapter<User>()
  await adapter.insertUser({ id: "user-1", attributes: { username: "ada", roles: ["reader"] } }, null)
  const row = await adapter.findUser("user-1")
  row?.roles?.push("admin")
  expect((await adapter.findUser("user-1"))?.roles).toEqual(["reader"])
})

test("deleteUser() deletes the user's tokens and keeps those of others", async () => {
  const adapter = memoryAdapter<User>()
  for (const id of ["user-1", "user-2"]) await adapter.insertUser({ id, attributes: { username: id } }, null)
  await adapter.insertTokens([tokenOf("a", "user-1"), tokenOf("b", "user-2"), tokenOf("c", null)])
  await adapter.deleteUser("user-1")
  expect(await adapter.findToken("a")).toBeNull()
  expect(await adapter.findToken("b")).toEqual(tokenOf("b", "user-2"))
  expect(await adapter.findToken("c")).toEqual(tokenOf("c", null))
})

test("a million different keys leave at most 100,000 budgets, and those that are used up stay", async () => {
  const { takeAttempt, deleteIdleAttempts } = memoryAdapter<User>()
  const now = Date.UTC(2035, 0, 1)
  for (let n = 0; n < 5; n++) await takeAttempt("used up", now, 60_000, 300_000)
  for (let n = 0; n < 1_000_000; n++) await takeAttempt(`key ${n}`, now, 60_000, 300_000)
  expect(await takeAttempt("key 999999", now, 60_000, 300_000)).toEqual({ taken: true, until: now + 120_000 })
  expect(await takeAttempt("used up", now, 60_000, 300_000)).toEqual({ taken: false, until: now + 300_000 })
  const left = await deleteIdleAttempts(now + 300_000, Infinity)
  expect(left).toBeGreaterThan(80_000)
  expect(left).toBeLessThanOrEqual(100_000)
})

test("of a full store the budgets go that are full again first", async () => {
  const { takeAttempt } = memoryAdapter<User>()
  const keys = Array.from({ length: 100_000 }, (_, n) => `key ${n}`)
  for (const [n, key] of keys.entries()) await takeAttempt(key, 0, 1 + ((n * 7919) % 100_000), 1_000_000)
  await takeAttempt("one more", 0, 1, 1_000_000)
  const { until: kept } = await takeAttempt(keys[99_999]!, 0, 1, 1_000_000)
  expect(kept).toBe(((99_999 * 7919) % 100_000) + 2)
  expect(await takeAttempt(keys[0]!, 0, 1, 1_000_000)).toEqual({ taken: true, until: 1 })
})

function tokenOf(id: string, userId: string | null): TokenRecord {
  return { id, purpose: "reset_password", userId, expiresAt: new Date(Date.UTC(2035, 0, 1)), attempts: 0, data: "" }
}
