import assert from "node:assert/strict"
import { test } from "node:test"
import { createAuth } from "nightlatch"
import type { UserId } from "nightlatch"
import { testAdapter } from "nightlatch/testing"
import { kvAdapter } from "./adapter.ts"
import { mapStore } from "./kv-store.ts"

testAdapter(test, () => ({ adapter: kvAdapter(mapStore()) }))

test("createAuth() over the adapter signs a user of the application in", async () => {
  const ada = { id: "user-1", username: "ada" }
  const auth = createAuth({
    adapter: kvAdapter(mapStore()),
    loadUser: async (id: UserId) => (id === ada.id ? ada : null),
    getUserAttributes: ({ username }) => ({ username }),
  })
  const { token } = await auth.createSession(ada.id)
  assert.deepEqual((await auth.validateSession(token)).user, ada)
  const ghost = await auth.createSession("user-2")
  assert.equal((await auth.validateSession(ghost.token)).user, null)
})

test("sign-ins at the same time are all listed, and all end with a sign-out everywhere", async () => {
  const auth = createAuth({ adapter: kvAdapter(mapStore()) })
  await Promise.all(Array.from({ length: 20 }, () => auth.createSession("user-1")))
  assert.equal((await auth.getUserSessions("user-1")).length, 20)
  await auth.invalidateUserSessions("user-1")
  assert.deepEqual(await auth.getUserSessions("user-1"), [])
})
