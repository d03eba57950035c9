import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { bcrypt } from "../../src/password.ts"
import type { BcryptModule } from "../../src/password.ts"
import { countingHasher } from "./counting-hasher.ts"
import { keyOfAda, setUp, setUpAda, stores } from "./user-stores.ts"

/** Stands in for a package, which reads 72 bytes. */
const module: BcryptModule = {
  hash: (password, cost) => `$2b$${cost}$${digest(password)}`,
  compare: (password, hash) => hash.endsWith(digest(password)),
}
const long = "correct horse battery staple ".repeat(3)
const refused = [
  ["over 72 bytes", long],
  ["with a NUL", "correct\0horse"],
] as const

describe.each(stores)("over %s, a preferred bcrypt()", (_name, open) => {
  test.each(refused)("makes a new password %s too long, which throws nothing", async (_what, password) => {
    const { users, store } = await setUpAda(open(), { passwordHasher: bcrypt(module) })
    const key = { providerId: "username", providerUserId: "grace", password }
    const attributes = { username: "grace" }
    const reason = "password_too_long"
    expect(await users.createUser({ id: "user-2", key, attributes })).toEqual({ user: null, reason })
    expect(await users.createUser({ id: "user-2", key: null, attributes })).toMatchObject({ user: { id: "user-2" } })
    expect(await users.createKey({ ...key, userId: "user-2" })).toEqual({ key: null, reason })
    expect(await users.updateUserPassword({ userId: "user-1", password })).toEqual({ updated: false, reason })
    expect(await store.listKeys("user-2")).toEqual([])
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("with truncate signs in a user whose long password it cannot hash again", async () => {
    const { store, users, auth, events } = await setUpAda(open(), {
      passwordHasher: bcrypt(module, { truncate: true }),
    })
    const passwordHash = await module.hash!(long, 10)
    await store.replaceUserPasswords("user-1", ["username"], passwordHash)
    events.length = 0
    expect(await users.signInWithPassword(auth, { ...keyOfAda, password: long })).toMatchObject({
      session: { userId: "user-1" },
    })
    expect(events.map(({ type }) => type)).toEqual(["key_used", "session_created"])
    expect(await store.listKeys("user-1")).toMatchObject([{ passwordHash }])
  })
})

test("a hasher that fails still fails the sign-in, and the new password", async () => {
  const store = stores[0]![1]()
  await setUpAda(store)
  const passwordHasher = { ...countingHasher(2), hash: () => Promise.reject(new Error("broken")), decoy: "v2$salt$key" }
  const { users, auth } = setUp(store, { passwordHasher })
  await expect(users.signInWithPassword(auth, keyOfAda)).rejects.toMatchObject({ code: "hash_failed" })
  const change = users.updateUserPassword({ userId: "user-1", password: "another horse" })
  await expect(change).rejects.toMatchObject({ code: "hash_failed" })
})

function digest(password: string): string {
  const read = Buffer.from(password).subarray(0, 72)
  return createHash("sha256").update(read).digest("hex").slice(0, 53)
}
