import { describe, expect, test } from "vitest"
import type { UserAdapter } from "../../src/core/ports.ts"
import { attemptOf } from "./attempts.ts"
import { countingHasher } from "./counting-hasher.ts"
import type { NewUser, User } from "./user-stores.ts"
import { keyOfAda, notText, setUp, setUpAda, stores } from "./user-stores.ts"

const next = "another horse"
const change = { userId: "user-1", password: next }
const emailOfAda = { providerId: "email", providerUserId: "ada@example.com" }

describe.each(stores)("updateUserPassword() over %s", (_name, open) => {
  test("[EXP-7] makes the new password the only one, and ends the user's sessions", async () => {
    const { users, auth, events } = await setUpAda(open())
    await users.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
    const tokens = [await auth.createSession("user-1"), await auth.createSession("user-1")].map(({ token }) => token)
    const other = await auth.createSession("user-2")
    events.splice(0)

    expect(await users.updateUserPassword(change)).toEqual({ updated: true })
    expect(events).toEqual([{ type: "password_changed", at: expect.any(Date), userId: "user-1" }])
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    expect(await users.verifyPassword(attemptOf("ada", next))).not.toBeNull()
    for (const token of tokens) expect((await auth.validateSession(token)).session).toBeNull()
    expect((await auth.validateSession(other.token)).session).not.toBeNull()
  })

  test("refuses an option it does not know, and changes nothing", async () => {
    const { users } = await setUpAda(open())
    const options = { exept: "session" }
    await expect(users.updateUserPassword(change, options as object)).rejects.toThrow('did you mean "except"?')
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("[EXP-7] the old password opens none of the user's keys, and the new one opens all of them", async () => {
    const { users, store } = await setUpAda(open())
    await users.createKey({ ...emailOfAda, userId: "user-1" })
    await store.insertKey({ providerId: "email", providerUserId: "a@b.c", userId: "user-1", passwordHash: null })
    await users.createKey({ providerId: "github", providerUserId: "1", userId: "user-1" })
    await users.createUser({ key: { ...keyOfAda, providerUserId: "grace" }, attributes: { username: "grace" } })
    await users.updateUserPassword(change)

    const opens = async (key: object, password: string) =>
      (await users.verifyPassword({ ...keyOfAda, ...key, password })) !== null
    for (const key of [keyOfAda, emailOfAda, { providerId: "email", providerUserId: "a@b.c" }]) {
      expect([await opens(key, keyOfAda.password), await opens(key, next)]).toEqual([false, true])
    }
    expect(await opens({ providerUserId: "grace" }, keyOfAda.password)).toBe(true)
    expect(await users.getKey({ providerId: "github", providerUserId: "1" })).toMatchObject({ hasPassword: false })
  })

  test("[EXP-7] leaves the session `except` alone", async () => {
    const { users, auth } = await setUpAda(open())
    const [kept, ended] = [await auth.createSession("user-1"), await auth.createSession("user-1")]
    await users.updateUserPassword(change, { except: kept.session.id })
    expect((await auth.validateSession(kept.token)).session?.id).toBe(kept.session.id)
    expect((await auth.validateSession(ended.token)).session).toBeNull()
  })

  test("[R6] ends the sessions with the change and once more after it", async () => {
    const store = open()
    const { auth } = await setUpAda(store)
    const calls: unknown[] = []
    const adapter: UserAdapter<User, NewUser> = {
      ...store,
      async replaceUserPasswords(...given) {
        const isReplaced = await store.replaceUserPasswords(...given)
        calls.push(given.slice(0, 2), given[3])
        // As by a sign-in that read the old hash, and stores its session only now.
        await auth.createSession("user-1")
        return isReplaced
      },
      async replaceKeyPassword(key, from, to, endSessions) {
        const isSwapped = await store.replaceKeyPassword(key, from, to, endSessions)
        calls.push({ isSame: from === to, isSwapped, endSessions })
        return isSwapped
      },
    }
    const { users } = setUp(store, { adapter })
    await users.updateUserPassword(change, { except: "a".repeat(64) })
    expect(calls).toEqual([
      ["user-1", ["username", "email"]],
      "a".repeat(64),
      { isSame: true, isSwapped: true, endSessions: { exceptId: "a".repeat(64) } },
    ])
    expect(await store.listSessions("user-1")).toEqual([])
  })

  test("gives keys without a password their first one", async () => {
    const { users } = setUp(open())
    await users.createUser({ id: "user-1", key: emailOfAda, attributes: { username: "ada" } })
    expect(await users.updateUserPassword(change)).toEqual({ updated: true })
    expect(await users.verifyPassword({ ...emailOfAda, password: next })).toMatchObject({ userId: "user-1" })
    expect(await users.verifyPassword({ ...emailOfAda, password: null })).toBeNull()
  })

  test.each([
    ["password_too_short", "1234567"],
    ["password_too_long", "x".repeat(257)],
    ["password_invalid", "long enough\udfff"],
    ["password_common", "Letmein123"],
    ...notText("long enough").map(([, value]): [string, unknown] => ["password_invalid", value]),
  ])("[PWD-2][PWD-9] refuses with %s, and changes nothing", async (reason: string, password: unknown) => {
    const { users, auth, hasher } = await setUpAda(open(), { passwordPolicy: { blocklist: ["letmein123"] } })
    const { token } = await auth.createSession("user-1")
    expect(await users.updateUserPassword({ userId: "user-1", password })).toEqual({ updated: false, reason })
    expect(hasher.takeCalls()).toEqual([])
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("answers key_missing for a user without a key that can have a password, and ends no session", async () => {
    const { users, auth, events } = setUp(open())
    const github = { providerId: "github", providerUserId: "1" }
    await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
    const { token } = await auth.createSession("user-1")
    events.splice(0)
    for (const userId of ["user-1", "user-2"]) {
      const result = await users.updateUserPassword({ userId, password: next })
      expect(result).toEqual({ updated: false, reason: "key_missing" })
    }
    expect(await users.getUserKeys("user-1")).toEqual([{ ...github, userId: "user-1", hasPassword: false }])
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(events).toEqual([])
  })

  test("[R7] wins over a re-hash that comes between", async () => {
    const store = open()
    await setUpAda(store)
    const rehashing = setUp(store, { passwordHasher: countingHasher(2) }).users
    const adapter: UserAdapter<User, NewUser> = {
      ...store,
      async replaceUserPasswords(...given) {
        await rehashing.verifyPassword(keyOfAda)
        return store.replaceUserPasswords(...given)
      },
    }
    const { users } = setUp(store, { adapter })
    expect(await users.updateUserPassword(change)).toEqual({ updated: true })
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    expect(await users.verifyPassword(attemptOf("ada", next))).not.toBeNull()
  })

  test("[R7] keeps what another change, or a re-hash, has stored before its end", async () => {
    const store = open()
    await setUpAda(store)
    const other = setUp(store, { passwordHasher: countingHasher(2) }).users
    const adapter: UserAdapter<User, NewUser> = {
      ...store,
      async replaceUserPasswords(...given) {
        const isReplaced = await store.replaceUserPasswords(...given)
        await other.updateUserPassword({ userId: "user-1", password: "a third horse" })
        return isReplaced
      },
    }
    const { users } = setUp(store, { adapter })
    expect(await users.updateUserPassword(change)).toEqual({ updated: true })
    expect(await users.verifyPassword(attemptOf("ada", "a third horse"))).not.toBeNull()
    expect(await users.verifyPassword(attemptOf("ada", next))).toBeNull()
  })

  test("says so when the user's key never stops changing", async () => {
    const { store } = await setUpAda(open())
    const { users, events } = setUp(store, { adapter: { ...store, replaceKeyPassword: async () => false } })
    await expect(users.updateUserPassword(change)).rejects.toMatchObject({ code: "store_failed" })
    expect(events).toEqual([])
  })

  test("a key that is added during the change gets the new password", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    const adapter: UserAdapter<User, NewUser> = {
      ...store,
      async insertKey(...given) {
        // The hash that createKey() has chosen is the old one by now.
        await users.updateUserPassword(change)
        return store.insertKey(...given)
      },
    }
    const adding = setUp(store, { adapter }).users
    expect(await adding.createKey({ ...emailOfAda, userId: "user-1" })).toMatchObject({ key: { hasPassword: true } })
    expect(await users.verifyPassword({ ...emailOfAda, password: keyOfAda.password })).toBeNull()
    expect(await users.verifyPassword({ ...emailOfAda, password: next })).not.toBeNull()
  })

  test("whoever signs in by a key that is added during the change, with the old password, is signed out", async () => {
    const store = open()
    const { users, auth } = await setUpAda(store)
    const signIn = () => users.signInWithPassword(auth, { ...emailOfAda, password: keyOfAda.password })
    const adapter: UserAdapter<User, NewUser> = {
      ...store,
      async insertKey(...given) {
        await users.updateUserPassword(change)
        const outcome = await store.insertKey(...given)
        expect(await signIn()).not.toBeNull()
        return outcome
      },
      async replaceKeyPassword(...given) {
        const isSwapped = await store.replaceKeyPassword(...given)
        // As if it had been stored before the swap was committed.
        if (given[1] !== given[2]) await auth.createSession("user-1")
        return isSwapped
      },
    }
    await setUp(store, { adapter }).users.createKey({ ...emailOfAda, userId: "user-1" })
    expect(await store.listSessions("user-1")).toEqual([])
  })
})
