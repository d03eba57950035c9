import { describe, expect, test } from "vitest"
import { createAuth } from "../../src/core/create-auth.ts"
import { countingHasher } from "./counting-hasher.ts"
import { keyOfAda, setUp, setUpAda, stores } from "./user-stores.ts"
import { attemptOf } from "./attempts.ts"

const { password } = keyOfAda

describe.each(stores)("signInWithPassword() over %s", (_name, open) => {
  test("answers a session, its token and the key", async () => {
    const { users, auth } = await setUpAda(open())
    const signedIn = await users.signInWithPassword(auth, attemptOf("Ada", password), { label: "phone" })
    expect(signedIn).toEqual({
      session: expect.objectContaining({ userId: "user-1", fresh: true }),
      token: expect.stringMatching(/^[a-z2-7]{32}$/),
      key: { userId: "user-1", providerId: "username", providerUserId: "ada", hasPassword: true },
    })
    const { session, user } = await auth.validateSession(signedIn?.token)
    expect([session?.id, user?.id]).toEqual([signedIn?.session.id, "user-1"])
  })

  test("stores the attributes with the session", async () => {
    const { users, store } = await setUpAda(open())
    const auth = createAuth({ adapter: store, getSessionAttributes: ({ label }) => ({ label }) })
    const signedIn = await users.signInWithPassword(auth, keyOfAda, { label: "phone" })
    expect(signedIn?.session.label).toBe("phone")
    expect((await auth.validateSession(signedIn?.token)).session?.label).toBe("phone")
  })

  test("getKey() and createSession() sign in a user whom another provider has confirmed", async () => {
    const { users, auth } = await setUpAda(open())
    await users.createKey({ providerId: "github", providerUserId: "1", userId: "user-1" })
    const key = await users.getKey({ providerId: "github", providerUserId: "1" })
    const { token } = await auth.createSession(String(key?.userId))
    expect((await auth.validateSession(token)).user).toEqual({ id: "user-1" })
  })

  test("answers null and stores no session for whatever does not prove the user", async () => {
    const { users, auth, store, events } = await setUpAda(open())
    expect(await users.signInWithPassword(auth, attemptOf("ada", "wrong horse"))).toBeNull()
    expect(await users.signInWithPassword(auth, attemptOf("nobody", password))).toBeNull()
    expect(await users.signInWithPassword(auth, attemptOf("ada", null))).toBeNull()
    expect(await store.listSessions("user-1")).toEqual([])
    expect(events.map(({ type }) => type)).toEqual(["key_refused", "key_refused", "key_refused"])
  })

  test("verifies once, and hashes again at most once", async () => {
    const store = open()
    const { users, auth, hasher } = await setUpAda(store)
    await users.signInWithPassword(auth, keyOfAda)
    hasher.takeCalls()
    await users.signInWithPassword(auth, keyOfAda)
    expect(hasher.takeCalls()).toEqual(["verify"])

    const passwordHasher = countingHasher(2)
    const later = setUp(store, { passwordHasher })
    const signedIn = await later.users.signInWithPassword(auth, keyOfAda)
    expect((await auth.validateSession(signedIn?.token)).session).not.toBeNull()
    expect(passwordHasher.takeCalls()).toEqual(["hash", "verify", "hash"])
  })

  test("holds when another sign-in has re-hashed the same password at the same time", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    const later = setUp(store, { passwordHasher: countingHasher(2) })
    const auth = createAuth({
      adapter: {
        ...store,
        async insertSession(session) {
          await store.insertSession(session)
          await later.users.verifyPassword(keyOfAda)
        },
      },
    })
    const signedIn = await users.signInWithPassword(auth, keyOfAda)
    expect((await auth.validateSession(signedIn?.token)).session).not.toBeNull()
  })

  test.each<[string, (all: Awaited<ReturnType<typeof setUpAda>>) => Promise<unknown>]>([
    [
      "its password is changed",
      ({ users }) => users.updateUserPassword({ userId: "user-1", password: "another horse" }),
    ],
    ["its key is deleted", ({ store }) => store.deleteKey({ ...keyOfAda, userId: "user-1" }, { evenLast: true })],
    ["its key is renamed", ({ users }) => users.renameKey({ ...keyOfAda, userId: "user-1" }, "ada2")],
    ["its user is deleted", ({ users }) => users.deleteUser("user-1")],
    [
      "its key becomes another user's",
      async ({ users, store }) => {
        await store.deleteKey({ ...keyOfAda, userId: "user-1" }, { evenLast: true })
        await users.createUser({ id: "user-2", key: keyOfAda, attributes: { username: "heir" } })
      },
    ],
  ])("[R6] leaves no session when %s before or after the session is stored", async (_what, change) => {
    for (const moment of ["before", "after"]) {
      const all = await setUpAda(open())
      const { users, store } = all
      const auth = createAuth({
        adapter: {
          ...store,
          async insertSession(session) {
            if (moment === "before") await change(all)
            await store.insertSession(session)
            if (moment === "after") await change(all)
          },
        },
      })
      expect(await users.signInWithPassword(auth, keyOfAda)).toBeNull()
      expect(await store.listSessions("user-1")).toEqual([])
      expect(await store.listSessions("user-2")).toEqual([])
    }
  })
})
