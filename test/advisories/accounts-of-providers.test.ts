import { describe, expect, test } from "vitest"
import { setUpReset } from "../users/reset-stores.ts"
import { stores } from "../users/user-stores.ts"

// Mistakes of other libraries with accounts at providers. Each number is an advisory.

const github = { providerId: "github", providerUserId: "42" }
const google = { providerId: "google", providerUserId: "42" }

describe.each(stores)("over %s", (_name, open) => {
  test("CVE-2026-110863: an id of one provider found the account of the same id at another", async () => {
    const { users } = setUpReset(open())
    await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })

    expect(await users.getKey(google)).toBeNull()
    expect(await users.deleteKey({ ...google, userId: "user-1" })).toEqual({ deleted: false, reason: "key_missing" })
    expect(await users.renameKey({ ...google, userId: "user-1" }, "43")).toMatchObject({ renamed: false })

    // The same id at another provider is somebody else.
    const other = await users.createUser({ id: "user-2", key: google, attributes: { username: "grace" } })
    expect(other.user?.id).toBe("user-2")
    expect(await users.getKey(google)).toMatchObject({ userId: "user-2" })
    expect(await users.getKey(github)).toMatchObject({ userId: "user-1" })
  })

  test("CVE-2026-110863: no provider's name and id together read like those of another", async () => {
    const { users } = setUpReset(open())
    await users.createUser({ key: { providerId: "a", providerUserId: "b:c" }, attributes: { username: "ada" } })
    await expect(users.getKey({ providerId: "a:b", providerUserId: "c" })).rejects.toMatchObject({
      code: "invalid_option",
    })
    expect(await users.getKey({ providerId: "a", providerUserId: "c" })).toBeNull()
  })

  test.each([null, undefined, "", 0, 42, true, {}, ["42"]])(
    "CVE-2026-82968: an account without an id, or with %j, is refused and finds nobody",
    async (subject) => {
      const { users } = setUpReset(open())
      await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
      // A provider's answer is JSON, which no compiler has seen.
      const key: typeof github = JSON.parse(JSON.stringify({ providerId: "github", providerUserId: subject }))
      expect(await users.createUser({ key, attributes: {} })).toEqual({ user: null, reason: "key_invalid" })
      expect(await users.createKey({ ...key, userId: "user-1" })).toEqual({ key: null, reason: "key_invalid" })
      expect(await users.getKey(key)).toBeNull()
    },
  )
})
