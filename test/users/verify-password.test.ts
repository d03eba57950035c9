import { describe, expect, test, vi } from "vitest"
import { pbkdf2 } from "../../src/password.ts"
import { countingHasher } from "./counting-hasher.ts"
import { attemptOf } from "./attempts.ts"
import { keyOfAda, notText, setUp, setUpAda, stores } from "./user-stores.ts"

const { password } = keyOfAda
const emailOfAda = { providerId: "email", providerUserId: "ada@example.com" }
const proof = { userId: "user-1", method: "password" }

describe.each(stores)("verifyPassword() over %s", (_name, open) => {
  test("resolves to a proof for the right password, and reports the use", async () => {
    const { users, events } = await setUpAda(open())
    expect(await users.verifyPassword(keyOfAda)).toEqual(proof)
    expect(events).toEqual([{ type: "key_used", at: expect.any(Date), userId: "user-1", providerId: "username" }])
  })

  test("[THR-5][THR-6][P2] resolves to null after one verify for an unknown user, a wrong password and a key without one", async () => {
    const { users, hasher, events, store } = await setUpAda(open())
    await store.insertKey({ ...emailOfAda, userId: "user-1", passwordHash: null })
    await users.verifyPassword(attemptOf("nobody", password))
    hasher.takeCalls()
    events.splice(0)
    const attempts = [
      attemptOf("nobody", password),
      attemptOf("ada", "wrong horse"),
      { ...emailOfAda, password },
      { ...emailOfAda, password: "" },
      attemptOf("ada", ""),
      attemptOf("ada", "short"),
      attemptOf("ada", `${password} `),
    ]
    for (const attempt of attempts) {
      expect(await users.verifyPassword(attempt)).toBeNull()
      expect(hasher.takeCalls()).toEqual(["verify"])
      const { providerId } = attempt
      expect(events.splice(0)).toEqual([{ type: "key_refused", at: expect.any(Date), providerId }])
    }
  })

  test("[THR-6][P2] does the same work for known and unknown users in the first call too", async () => {
    const work = async (name: string) => {
      const { users, hasher } = await setUpAda(open())
      await users.verifyPassword(attemptOf(name, "wrong horse"))
      return hasher.takeCalls()
    }
    expect(await work("ada")).toEqual(["hash", "verify"])
    expect(await work("nobody")).toEqual(["hash", "verify"])
  })

  test("[THR-6] reports a hash that no hasher reads by its format, after the work of any refusal", async () => {
    const { users, store, events } = await setUpAda(open(), { passwordHasher: pbkdf2() })
    const passwordHash = "$argon2i$v=19$m=65536,t=4,p=1$c2FsdHNhbHRzYWx0$kg7fW3jz8m9y5zj9bQG2b2F2b2F2b2F2b2F2b2F2b2E"
    await store.insertKey({ ...emailOfAda, userId: "user-1", passwordHash })
    const work = vi.spyOn(crypto.subtle, "deriveBits")
    expect(await users.verifyPassword({ ...emailOfAda, password })).toBeNull()
    const at = expect.any(Date)
    expect(events).toEqual([
      { type: "hash_unreadable", at, userId: "user-1", providerId: "email", reason: "argon2i" },
      { type: "key_refused", at, providerId: "email" },
    ])
    expect(work).toHaveBeenCalledTimes(1)
    work.mockRestore()
    events.splice(0)
    await users.verifyPassword(attemptOf("ada", "wrong horse"))
    expect(events.map(({ type }) => type)).toEqual(["key_refused"])
  })

  test.each([
    ...notText(password),
    ["257 letters", "x".repeat(257)],
    ["10 million letters", "x".repeat(10_000_000)],
    ["half a surrogate pair", `${password}\ud800`],
  ])("[PWD-2][PWD-8] %s is no password of any key, at the cost of no hash", async (_what, given) => {
    const { users, auth, store, hasher, events } = await setUpAda(open())
    await store.insertKey({ ...emailOfAda, userId: "user-1", passwordHash: null })
    const attempts = [
      { ...keyOfAda, password: given },
      // As of a user who was invited, and has not chosen a password yet.
      { ...emailOfAda, password: given },
      attemptOf("nobody", given),
    ]
    for (const attempt of attempts) {
      expect(await users.verifyPassword(attempt)).toBeNull()
      expect(await users.signInWithPassword(auth, attempt)).toBeNull()
    }
    expect(hasher.takeCalls()).toEqual([])
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["key_refused"]))
    expect(await store.listSessions("user-1")).toEqual([])
  })

  test("[PWD-8] a form without its password field signs nobody in", async () => {
    const { users, auth, store } = await setUpAda(open())
    await store.insertKey({ ...emailOfAda, userId: "user-1", passwordHash: null })
    const form = new FormData()
    form.set("email", emailOfAda.providerUserId)
    const attempt = { providerId: "email", providerUserId: form.get("email"), password: form.get("password") }
    expect(await users.signInWithPassword(auth, attempt)).toBeNull()
    expect(await store.listSessions("user-1")).toEqual([])
  })

  test("takes passwords that a stricter policy would no longer let in", async () => {
    const store = open()
    await setUpAda(store)
    const strict = setUp(store, { passwordPolicy: { minLength: 15, blocklist: [password] } })
    expect(await strict.users.verifyPassword(keyOfAda)).toEqual(proof)
  })

  test.each([password, null, undefined])("throws for a provider that has no passwords (%j)", async (given) => {
    const { users, auth } = await setUpAda(open())
    await users.createKey({ providerId: "github", providerUserId: "1", userId: "user-1" })
    const attempt = { providerId: "github", providerUserId: "1", password: given }
    await expect(users.verifyPassword(attempt)).rejects.toMatchObject({ code: "invalid_option" })
    await expect(users.signInWithPassword(auth, attempt)).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("[PWD-6] hashes again once when the hash is out of date", async () => {
    const store = open()
    await setUpAda(store)
    const passwordHasher = countingHasher(2)
    const { users, events } = setUp(store, { passwordHasher })
    await users.verifyPassword(attemptOf("nobody", password))
    passwordHasher.takeCalls()
    events.splice(0)

    expect(await users.verifyPassword(attemptOf("ada", "wrong horse"))).toBeNull()
    expect(passwordHasher.takeCalls()).toEqual(["verify"])
    expect(await users.verifyPassword(keyOfAda)).toEqual(proof)
    expect(passwordHasher.takeCalls()).toEqual(["verify", "hash"])
    expect((await store.findKey("username", "ada"))?.passwordHash).toMatch(/^v2\$/)
    expect(await users.verifyPassword(keyOfAda)).toEqual(proof)
    expect(passwordHasher.takeCalls()).toEqual(["verify"])
    const types = events.map(({ type }) => type)
    expect(types).toEqual(["key_refused", "password_rehashed", "key_used", "key_used"])
  })

  test("a re-hash ends no session", async () => {
    const store = open()
    const { auth } = await setUpAda(store)
    const { token } = await auth.createSession("user-1")
    const { users } = setUp(store, { passwordHasher: countingHasher(2) })
    await users.verifyPassword(keyOfAda)
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("[R7] a re-hash never undoes a password change that came between", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    const passwordHasher = countingHasher(2)
    const changing = {
      ...passwordHasher,
      async hash(text: string) {
        if (text === password) await users.updateUserPassword({ userId: "user-1", password: "another horse" })
        return passwordHasher.hash(text)
      },
    }
    const late = setUp(store, { passwordHasher: changing })
    await late.users.verifyPassword(keyOfAda)
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    expect(await users.verifyPassword(attemptOf("ada", "another horse"))).toEqual(proof)
    expect(late.events.map(({ type }) => type)).not.toContain("password_rehashed")
  })
})
