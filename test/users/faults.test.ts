import { describe, expect, test } from "vitest"
import { createAuth } from "../../src/core/create-auth.ts"
import type { Users } from "../../src/users/users.ts"
import { countingHasher } from "./counting-hasher.ts"
import type { NewUser, Store, User } from "./user-stores.ts"
import { keyOfAda, setUp, setUpAda, stores } from "./user-stores.ts"
import { attemptOf } from "./attempts.ts"

const { password } = keyOfAda
const outage = new Error("connect ECONNREFUSED")

const calls: [name: string, call: (users: Users<User, NewUser>, store: Store) => Promise<unknown>][] = [
  ["createUser", (users) => users.createUser({ key: keyOfAda, attributes: {} })],
  ["getUser", (users) => users.getUser("user-1")],
  ["updateUser", (users) => users.updateUser("user-1", { username: "x" })],
  ["deleteUser", (users) => users.deleteUser("user-1")],
  ["createKey", (users) => users.createKey({ providerId: "github", providerUserId: "1", userId: "user-1" })],
  ["getKey", (users) => users.getKey(keyOfAda)],
  ["getUserKeys", (users) => users.getUserKeys("user-1")],
  ["deleteKey", (users) => users.deleteKey({ ...keyOfAda, userId: "user-1" })],
  ["verifyPassword", (users) => users.verifyPassword(keyOfAda)],
  ["verifyUserPassword", (users) => users.verifyUserPassword({ userId: "user-1", password })],
  ["signInWithPassword", (users, store) => users.signInWithPassword(authOver(store), keyOfAda)],
  ["renameKey", (users) => users.renameKey({ ...keyOfAda, userId: "user-1" }, "ada2")],
  ["updateUserPassword", (users) => users.updateUserPassword({ userId: "user-1", password: "another horse" })],
]

function authOver(adapter: Store) {
  return createAuth({ adapter })
}

function failing(store: Store, ...methods: (keyof Store)[]): Store {
  const names = methods.length > 0 ? methods : (Object.keys(store) as (keyof Store)[])
  const broken = names.map((name) => [name, async () => Promise.reject(outage)] as const)
  return { ...store, ...Object.fromEntries(broken) }
}

describe.each(stores)("over %s", (_name, open) => {
  test.each(calls)("%s() throws store_failed with the driver's error when the store is down", async (_call, call) => {
    const store = open()
    await setUpAda(store)
    const { users, events } = setUp(store, { adapter: failing(store) })
    await expect(call(users, store)).rejects.toMatchObject({ name: "AuthError", code: "store_failed", cause: outage })
    expect(events).toEqual([])
  })

  test("a store that throws at once is a rejection too", async () => {
    const throwing = () => {
      throw outage
    }
    const { users } = setUp(open(), { adapter: { ...open(), findKey: throwing, findUser: throwing } })
    await expect(users.getKey(keyOfAda)).rejects.toMatchObject({
      code: "store_failed",
      cause: outage,
    })
    await expect(users.getUser("user-1")).rejects.toMatchObject({ code: "store_failed", cause: outage })
  })

  test("signing in throws when the session cannot be stored or the key not read again, and hands out no token", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    const signingIn = users.signInWithPassword(authOver(failing(store, "insertSession")), keyOfAda)
    await expect(signingIn).rejects.toMatchObject({ code: "store_failed", cause: outage })
    expect(await store.listSessions("user-1")).toEqual([])

    let reads = 0
    const findKey: Store["findKey"] = (...key) => (++reads > 1 ? Promise.reject(outage) : store.findKey(...key))
    const second = setUp(store, { adapter: { ...store, findKey } }).users
    const again = second.signInWithPassword(authOver(store), keyOfAda)
    await expect(again).rejects.toMatchObject({ code: "store_failed", cause: outage })
  })

  test("signing in throws when the session of a changed password cannot be ended", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    const auth = authOver({
      ...failing(store, "deleteSession"),
      async insertSession(session) {
        await users.updateUserPassword({ userId: "user-1", password: "another horse" })
        await store.insertSession(session)
      },
    })
    const signingIn = users.signInWithPassword(auth, keyOfAda)
    await expect(signingIn).rejects.toMatchObject({ code: "store_failed" })
  })

  test("a change that cannot end the sessions once more is reported, and can be repeated", async () => {
    const store = open()
    const { auth, users } = await setUpAda(store)
    const { token } = await auth.createSession("user-1")
    let swaps = 0
    const replaceKeyPassword: Store["replaceKeyPassword"] = (...swap) =>
      ++swaps === 1 ? Promise.reject(outage) : store.replaceKeyPassword(...swap)
    const broken = setUp(store, { adapter: { ...store, replaceKeyPassword } })
    const updating = broken.users.updateUserPassword({ userId: "user-1", password: "another horse" })
    await expect(updating).rejects.toMatchObject({ code: "store_failed", cause: outage })
    expect((await auth.validateSession(token)).session).toBeNull()
    expect(await users.updateUserPassword({ userId: "user-1", password: "another horse" })).toEqual({ updated: true })
  })

  test("a hasher that fails is hash_failed with its error, never a wrong password", async () => {
    const store = open()
    const { auth } = await setUpAda(store)
    const cause = new Error("out of memory")
    const fails = () => Promise.reject(cause)
    const expected = { name: "AuthError", code: "hash_failed", cause }

    const noHash = setUp(store, { passwordHasher: { ...countingHasher(), hash: fails } }).users
    await expect(
      noHash.createUser({ key: { ...keyOfAda, providerUserId: "x" }, attributes: {} }),
    ).rejects.toMatchObject(expected)
    await expect(noHash.updateUserPassword({ userId: "user-1", password: "another horse" })).rejects.toMatchObject(
      expected,
    )
    await expect(noHash.verifyPassword(attemptOf("nobody", password))).rejects.toMatchObject(expected)

    const noVerify = setUp(store, { passwordHasher: { ...countingHasher(), verify: fails } })
    await expect(noVerify.users.verifyPassword(keyOfAda)).rejects.toMatchObject(expected)
    await expect(noVerify.users.verifyPassword(attemptOf("nobody", password))).rejects.toMatchObject(expected)
    await expect(noVerify.users.signInWithPassword(auth, keyOfAda)).rejects.toMatchObject(expected)
    expect(noVerify.events).toEqual([])
    expect(await store.listSessions("user-1")).toEqual([])
  })

  test("a hasher that failed once is asked again", async () => {
    const store = open()
    await setUpAda(store)
    const hasher = countingHasher()
    let failures = 0
    const hash = (text: string) => (++failures === 1 ? Promise.reject(new Error("busy")) : hasher.hash(text))
    const { users } = setUp(store, { passwordHasher: { ...hasher, hash } })
    await expect(users.verifyPassword(keyOfAda)).rejects.toMatchObject({ code: "hash_failed" })
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })
})
