import { describe, expect, test } from "vitest"
import { countingHasher } from "./counting-hasher.ts"
import { keyOfAda, setUp, setUpAda, stores } from "./user-stores.ts"

const { password } = keyOfAda
const ada = { userId: "user-1", providerId: "username", providerUserId: "ada", hasPassword: true }

describe.each(stores)("useKey() over %s", (_name, open) => {
  test("answers the key for the right password, without its hash", async () => {
    const { users, events } = await setUpAda(open())
    expect(await users.useKey("username", "ada", password)).toEqual(ada)
    expect(events).toEqual([{ type: "key_used", at: expect.any(Date), userId: "user-1", providerId: "username" }])
  })

  test("[THR-5][THR-6][P2] answers null after one verify for an unknown user, a wrong password and a key without one", async () => {
    const { users, hasher, events } = await setUpAda(open())
    await users.createKey({ providerId: "email", providerUserId: "ada@example.com", userId: "user-1" })
    await users.useKey("username", "nobody", password)
    hasher.takeCalls()
    events.splice(0)
    const attempts: [providerId: string, providerUserId: string, password: string][] = [
      ["username", "nobody", password],
      ["username", "ada", "wrong horse"],
      ["email", "ada@example.com", password],
      ["email", "ada@example.com", ""],
      ["username", "ada", ""],
      ["username", "ada", "short"],
      ["username", "ada", `${password} `],
    ]
    for (const attempt of attempts) {
      expect(await users.useKey(...attempt)).toBeNull()
      expect(hasher.takeCalls()).toEqual(["verify"])
      const [providerId] = attempt
      expect(events.splice(0)).toEqual([{ type: "key_refused", at: expect.any(Date), providerId }])
    }
  })

  test("[THR-6][P2] does the same work for known and unknown users in the first call too", async () => {
    const work = async (name: string) => {
      const { users, hasher } = await setUpAda(open())
      await users.useKey("username", name, "wrong horse")
      return hasher.takeCalls()
    }
    expect(await work("ada")).toEqual(["hash", "verify"])
    expect(await work("nobody")).toEqual(["hash", "verify"])
  })

  test.each([
    ["a number", 0],
    ["true", true],
    ["nothing", undefined],
    ["an object", { $gt: "" }],
    ["an array", [password]],
    ["257 letters", "x".repeat(257)],
    ["10 million letters", "x".repeat(10_000_000)],
    ["half a surrogate pair", `${password}\ud800`],
  ])("[PWD-2][PWD-8] takes %s for no password, at the cost of no hash", async (_what, given) => {
    const { users, auth, hasher, events } = await setUpAda(open())
    expect(await users.useKey("username", "ada", given as string)).toBeNull()
    expect(await users.signInWithKey(auth, "username", "ada", given as string)).toBeNull()
    expect(hasher.takeCalls()).toEqual([])
    expect(events.map(({ type }) => type)).toEqual(["key_refused", "key_refused"])
  })

  test("takes passwords that a stricter policy would no longer let in", async () => {
    const store = open()
    await setUpAda(store)
    const strict = setUp(store, { passwordPolicy: { minLength: 15, blocklist: [password] } })
    expect(await strict.users.useKey("username", "ada", password)).toEqual(ada)
  })

  test("[PWD-8] null as password succeeds only for a key without one, at the cost of no hash", async () => {
    const { users, hasher, events } = await setUpAda(open())
    await users.createKey({ providerId: "github", providerUserId: "1", userId: "user-1" })
    expect(await users.useKey("github", "1", null)).toMatchObject({ userId: "user-1", hasPassword: false })
    expect(await users.useKey("username", "ada", null)).toBeNull()
    expect(await users.useKey("github", "2", null)).toBeNull()
    expect(hasher.takeCalls()).toEqual([])
    expect(events.map(({ type }) => type)).toEqual(["key_used", "key_refused", "key_refused"])
  })

  test("throws for a password of a provider that has none", async () => {
    const { users } = await setUpAda(open())
    await expect(users.useKey("github", "1", password)).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("[PWD-6] hashes anew once when the hash is out of date", async () => {
    const store = open()
    await setUpAda(store)
    const passwordHasher = countingHasher(2)
    const { users, events } = setUp(store, { passwordHasher })
    await users.useKey("username", "nobody", password)
    passwordHasher.takeCalls()
    events.splice(0)

    expect(await users.useKey("username", "ada", "wrong horse")).toBeNull()
    expect(passwordHasher.takeCalls()).toEqual(["verify"])
    expect(await users.useKey("username", "ada", password)).toEqual(ada)
    expect(passwordHasher.takeCalls()).toEqual(["verify", "hash"])
    expect((await store.findKey("username", "ada"))?.passwordHash).toMatch(/^v2\$/)
    expect(await users.useKey("username", "ada", password)).toEqual(ada)
    expect(passwordHasher.takeCalls()).toEqual(["verify"])
    const types = events.map(({ type }) => type)
    expect(types).toEqual(["key_refused", "password_rehashed", "key_used", "key_used"])
  })

  test("a re-hash ends no session", async () => {
    const store = open()
    const { auth } = await setUpAda(store)
    const { token } = await auth.createSession("user-1")
    const { users } = setUp(store, { passwordHasher: countingHasher(2) })
    await users.useKey("username", "ada", password)
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("[R7] a re-hash never undoes a password change that came between", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    const passwordHasher = countingHasher(2)
    const changing = {
      ...passwordHasher,
      async hash(text: string) {
        if (text === password) await users.updateKeyPassword("username", "ada", "another horse")
        return passwordHasher.hash(text)
      },
    }
    const late = setUp(store, { passwordHasher: changing })
    await late.users.useKey("username", "ada", password)
    expect(await users.useKey("username", "ada", password)).toBeNull()
    expect(await users.useKey("username", "ada", "another horse")).toEqual(ada)
    expect(late.events.map(({ type }) => type)).not.toContain("password_rehashed")
  })
})
