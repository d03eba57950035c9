import { describe, expect, test } from "vitest"
import type { UserAdapter } from "../../src/core/ports.ts"
import { countingHasher } from "./counting-hasher.ts"
import type { NewUser, User } from "./user-stores.ts"
import { keyOfAda, setUp, setUpAda, stores } from "./user-stores.ts"
import { attemptOf } from "./attempts.ts"

const next = "another horse"

describe.each(stores)("updateKeyPassword() over %s", (_name, open) => {
  test("[EXP-7] makes the new password the only one, and ends the user's sessions", async () => {
    const { users, auth, events } = await setUpAda(open())
    await users.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
    const tokens = [await auth.createSession("user-1"), await auth.createSession("user-1")].map(({ token }) => token)
    const other = await auth.createSession("user-2")
    events.splice(0)

    expect(await users.updateKeyPassword("username", "Ada", next)).toEqual({ updated: true })
    expect(events).toEqual([
      { type: "password_changed", at: expect.any(Date), userId: "user-1", providerId: "username" },
    ])
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    expect(await users.verifyPassword(attemptOf("ada", next))).not.toBeNull()
    for (const token of tokens) expect((await auth.validateSession(token)).session).toBeNull()
    expect((await auth.validateSession(other.token)).session).not.toBeNull()
  })

  test("[EXP-7] leaves the session `except` alone", async () => {
    const { users, auth } = await setUpAda(open())
    const [kept, ended] = [await auth.createSession("user-1"), await auth.createSession("user-1")]
    await users.updateKeyPassword("username", "ada", next, { except: kept.session.id })
    expect((await auth.validateSession(kept.token)).session?.id).toBe(kept.session.id)
    expect((await auth.validateSession(ended.token)).session).toBeNull()
  })

  test("[R6] ends the sessions with the swap and once more after it", async () => {
    const store = open()
    const { auth } = await setUpAda(store)
    const swaps: unknown[] = []
    const adapter: UserAdapter<User, NewUser> = {
      ...store,
      async replaceKeyPassword(key, from, to, endSessions) {
        const swapped = await store.replaceKeyPassword(key, from, to, endSessions)
        swaps.push({ isFirst: from !== to, swapped, endSessions })
        // As by a sign-in that read the old hash, and stores its session only now.
        if (swaps.length === 1) await auth.createSession("user-1")
        return swapped
      },
    }
    const { users } = setUp(store, { adapter })
    await users.updateKeyPassword("username", "ada", next, { except: "a".repeat(64) })
    const endSessions = { exceptId: "a".repeat(64) }
    expect(swaps).toEqual([
      { isFirst: true, swapped: true, endSessions },
      { isFirst: false, swapped: true, endSessions },
    ])
    expect(await store.listSessions("user-1")).toEqual([])
  })

  test("gives a key without a password its first one", async () => {
    const { users } = await setUpAda(open())
    await users.createKey({ providerId: "email", providerUserId: "ada@example.com", userId: "user-1" })
    expect(await users.updateKeyPassword("email", "ada@example.com", next)).toEqual({ updated: true })
    expect(
      await users.verifyPassword({ providerId: "email", providerUserId: "ada@example.com", password: next }),
    ).toMatchObject({ userId: "user-1" })
    expect(
      await users.verifyPassword({ providerId: "email", providerUserId: "ada@example.com", password: null }),
    ).toBeNull()
  })

  test.each([
    ["password_too_short", "1234567"],
    ["password_too_long", "x".repeat(257)],
    ["password_invalid", "long enough\udfff"],
    ["password_invalid", null as unknown as string],
    ["password_common", "Letmein123"],
    ["password_common", "Trustno1"],
  ])("[PWD-2][PWD-9] refuses with %s, and changes nothing", async (reason, given) => {
    const { users, auth, hasher } = await setUpAda(open(), { passwordPolicy: { blocklist: ["letmein123"] } })
    const { token } = await auth.createSession("user-1")
    expect(await users.updateKeyPassword("username", "ada", given)).toEqual({ updated: false, reason })
    expect(hasher.takeCalls()).toEqual([])
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("answers key_missing for an unknown key, and stores none", async () => {
    const { users, events } = await setUpAda(open())
    const result = await users.updateKeyPassword("username", "nobody", next)
    expect(result).toEqual({ updated: false, reason: "key_missing" })
    expect(await users.getKey({ providerId: "username", providerUserId: "nobody" })).toBeNull()
    expect(events).toEqual([])
  })

  test("throws for a provider that has no passwords", async () => {
    const { users } = await setUpAda(open())
    await users.createKey({ providerId: "github", providerUserId: "1", userId: "user-1" })
    const updating = users.updateKeyPassword("github", "1", next)
    await expect(updating).rejects.toMatchObject({ name: "AuthError", code: "invalid_option" })
    expect(await users.getKey({ providerId: "github", providerUserId: "1" })).not.toBeNull()
  })

  test("[R7] wins over a re-hash that comes between", async () => {
    const store = open()
    await setUpAda(store)
    const rehashing = setUp(store, { passwordHasher: countingHasher(2) }).users
    let rehashed = false
    const adapter: UserAdapter<User, NewUser> = {
      ...store,
      async findKey(...key) {
        const found = await store.findKey(...key)
        if (!rehashed) await rehashing.verifyPassword(keyOfAda)
        rehashed = true
        return found
      },
    }
    const { users } = setUp(store, { adapter })
    expect(await users.updateKeyPassword("username", "ada", next)).toEqual({ updated: true })
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    expect(await users.verifyPassword(attemptOf("ada", next))).not.toBeNull()
  })

  test("says so when the key never stops changing", async () => {
    const { store } = await setUpAda(open())
    const { users, events } = setUp(store, { adapter: { ...store, replaceKeyPassword: async () => false } })
    const updating = users.updateKeyPassword("username", "ada", next)
    await expect(updating).rejects.toMatchObject({ code: "store_failed" })
    expect(events).toEqual([])
  })
})
