import { expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { testAdapter } from "../../src/testing.ts"

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
