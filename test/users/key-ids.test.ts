import { describe, expect, test } from "vitest"
import { keyOfAda, setUp, setUpAda, stores } from "./user-stores.ts"
import { attemptOf } from "./attempts.ts"

const invalid: [what: string, id: unknown][] = [
  ["empty", ""],
  ["of 255 bytes", "x".repeat(255)],
  ["of 256 bytes in 128 letters", "é".repeat(128)],
  ["of 10 million letters", "x".repeat(10_000_000)],
  ["with NUL", "ad\0a"],
  ["ending in NUL", "ada\0"],
  ["with a line break", "ad\r\na"],
  ["ending in a line break", "ada\n"],
  ["with an escape", "ada\u001b[2J"],
  ["with DEL", "ada\u007f"],
  ["with a C1 control", "ada\u0085"],
  ["with half a surrogate pair", "ada\ud800"],
  ["with the other half", "\udfffada"],
  ["that is a number", 1],
  ["that is missing", undefined],
  ["that is null", null],
  ["that is an array", ["ada"]],
  ["that is an object", { $gt: "" }],
]

const valid = ["a", "x".repeat(254), "é".repeat(127), "💥".repeat(63), "a:b", "' or 1=1--", "%", "__proto__"]

describe.each(stores)("over %s", (_name, open) => {
  describe.each(["username", "github"])("a %s id", (providerId) => {
    test.each(invalid)("%s is no id to any method, and costs no hash of a new password", async (_what, id) => {
      const { users, hasher } = await setUpAda(open())
      const providerUserId = id as string
      const key = { providerId, providerUserId }
      expect(await users.createUser({ key, attributes: {} })).toEqual({ user: null, reason: "key_invalid" })
      expect(await users.createKey({ ...key, userId: "user-1" })).toEqual({ key: null, reason: "key_invalid" })
      expect(await users.getKey({ providerId, providerUserId })).toBeNull()
      const missing = { reason: "key_missing" }
      expect(await users.deleteKey({ ...key, userId: "user-1" })).toEqual({ deleted: false, ...missing })
      expect(await users.renameKey({ ...key, userId: "user-1" }, "ada2")).toEqual({ renamed: false, ...missing })
      const to = await users.renameKey({ ...keyOfAda, userId: "user-1" }, providerUserId)
      expect(to).toEqual({ renamed: false, reason: "key_invalid" })
      expect(await users.getUserKeys("user-1")).toMatchObject([{ providerUserId: "ada" }])
      expect(hasher.takeCalls()).toEqual([])
    })

    test.each(valid)("%j is an id to every method", async (providerUserId) => {
      const { users } = setUp(open())
      const key = { providerId, providerUserId }
      const { user } = await users.createUser({ key, attributes: {} })
      const stored = { ...key, userId: user!.id, hasPassword: false }
      expect(await users.getKey({ providerId, providerUserId })).toEqual(stored)
      expect(await users.getUserKeys(user!.id)).toEqual([stored])
      const other = { providerId, providerUserId: "other", userId: user!.id }
      expect(await users.renameKey({ ...key, userId: user!.id }, "other")).toEqual({ renamed: true })
      expect(await users.getKey(key)).toBeNull()
      expect(await users.renameKey(other, providerUserId)).toEqual({ renamed: true })
      expect(await users.getKey(key)).toEqual(stored)
      await users.createKey(other)
      expect(await users.deleteKey({ ...key, userId: user!.id })).toEqual({ deleted: true })
      expect(await users.getKey(key)).toBeNull()
    })
  })

  test.each([" ", "\u200d\u00ad", "ﷺ".repeat(20)])(
    "a user name that is nothing or too long once normalised is none (%j)",
    async (name) => {
      const { users } = setUp(open())
      const key = { providerId: "username", providerUserId: name }
      expect(await users.createUser({ key, attributes: {} })).toEqual({ user: null, reason: "key_invalid" })
    },
  )

  test("an invalid id with a password costs the same verify as an unknown one", async () => {
    const { users, hasher } = await setUpAda(open())
    await users.verifyPassword(attemptOf("nobody", "correct horse"))
    hasher.takeCalls()
    for (const id of ["", "x".repeat(255), "ada\0"]) {
      expect(await users.verifyPassword(attemptOf(id, "correct horse"))).toBeNull()
      expect(hasher.takeCalls()).toEqual(["verify"])
    }
  })

  test("an invalid provider id throws in every method", async () => {
    const { users, auth } = await setUpAda(open())
    for (const id of ["", "a:b", "a\0", "x".repeat(51), null as unknown as string]) {
      const calls = [
        users.createKey({ providerId: id, providerUserId: "1", userId: "user-1" }),
        users.getKey({ providerId: id, providerUserId: "1" }),
        users.deleteKey({ providerId: id, providerUserId: "1", userId: "user-1" }),
        users.renameKey({ providerId: id, providerUserId: "1", userId: "user-1" }, "2"),
        users.verifyPassword({ providerId: id, providerUserId: "1", password: null }),
        users.verifyPassword({ providerId: id, providerUserId: "1", password: "correct horse" }),
        users.signInWithPassword(auth, { providerId: id, providerUserId: "1", password: null }),
      ]
      for (const call of calls) await expect(call).rejects.toMatchObject({ code: "invalid_option" })
    }
  })
})
