import { describe, expect, test } from "vitest"
import { attemptOf } from "./attempts.ts"
import { countingHasher } from "./counting-hasher.ts"
import { keyOfAda, notText, setUp, setUpAda, stores } from "./user-stores.ts"
import type { Store } from "./user-stores.ts"

const { password } = keyOfAda
const github = { providerId: "github", providerUserId: "1", userId: "user-1" }
const email = { providerId: "email", providerUserId: "ada@example.com", userId: "user-1" }
const ada = { providerId: "username", providerUserId: "ada", userId: "user-1" }

describe.each(stores)("createKey() over %s", (_name, open) => {
  test("adds a key of another provider, which has no password", async () => {
    const { users } = await setUpAda(open())
    expect(await users.createKey(github)).toEqual({ key: { ...github, hasPassword: false } })
    expect((await users.getUserKeys("user-1")).map(({ providerId }) => providerId).toSorted()).toEqual([
      "github",
      "username",
    ])
  })

  test.each([undefined, null, password])("gives a new password key the user's password (%j)", async (given) => {
    const { users, hasher } = await setUpAda(open())
    await users.verifyPassword(keyOfAda)
    hasher.takeCalls()
    expect(await users.createKey({ ...email, password: given })).toEqual({ key: { ...email, hasPassword: true } })
    expect(hasher.takeCalls()).toEqual(given ? ["verify"] : [])
    expect(await users.verifyPassword({ ...email, password })).toMatchObject({ userId: "user-1" })
    expect(await users.verifyPassword(keyOfAda)).toMatchObject({ userId: "user-1" })
  })

  test.each([["another password", "another horse"], ["an empty one", ""], ...notText(password).slice(2)])(
    "refuses %s with password_wrong, and adds nothing",
    async (_what, given) => {
      const { users } = await setUpAda(open())
      const result = await users.createKey({ ...email, password: given as string })
      expect(result).toEqual({ key: null, reason: "password_wrong" })
      expect(await users.getUserKeys("user-1")).toHaveLength(1)
      expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
    },
  )

  test("takes any password of a user for whom another library wrote several, and gives the new key its hash", async () => {
    const { users, store, hasher } = await setUpAda(open())
    const passwordHash = await hasher.hash("an older horse")
    await store.insertKey({ ...email, passwordHash })
    const added = { ...email, providerUserId: "ada@example.org" }
    expect(await users.createKey({ ...added, password: "wrong" })).toEqual({ key: null, reason: "password_wrong" })
    expect(await users.createKey({ ...added, password: "an older horse" })).toMatchObject({ key: added })
    expect(await store.findKey("email", "ada@example.org")).toMatchObject({ passwordHash })
  })

  test("refuses an option it does not know, and adds nothing: a misspelt sessionId would not be looked at", async () => {
    const { users } = await setUpAda(open())
    const misspelt = { ...github, sesionId: "ended" }
    await expect(users.createKey(misspelt)).rejects.toThrow('did you mean "sessionId"?')
    expect(await users.getKey(github)).toBeNull()
    const options = { attribute: { username: "ada.l" } }
    await expect(users.renameKey(ada, "ada.l", options as object)).rejects.toThrow('did you mean "attributes"?')
    expect(await users.getKey(ada)).not.toBeNull()
  })

  test("sets the password of a user who has none, for all password keys", async () => {
    const { users } = setUp(open())
    await users.createUser({ id: "user-1", key: email, attributes: { username: "ada" } })
    await users.createKey(github)
    expect(await users.createKey({ ...ada, password })).toEqual({ key: { ...ada, hasPassword: true } })
    expect(await users.verifyPassword(keyOfAda)).toMatchObject({ userId: "user-1" })
    expect(await users.verifyPassword({ ...email, password })).toMatchObject({ userId: "user-1" })
    expect(await users.getKey(github)).toMatchObject({ hasPassword: false })
  })

  test.each([
    ["password_too_short", "short"],
    ["password_invalid", 12345678],
  ])("refuses a first password with %s", async (reason, given: unknown) => {
    const { users } = setUp(open())
    await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
    expect(await users.createKey({ ...ada, password: given })).toEqual({ key: null, reason })
    expect(await users.getUserKeys("user-1")).toHaveLength(1)
  })

  test("without a password adds a key that has none, to a user who has none", async () => {
    const { users } = setUp(open())
    await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
    expect(await users.createKey(email)).toEqual({ key: { ...email, hasPassword: false } })
  })

  test("merges attributes into the user", async () => {
    const { users } = await setUpAda(open())
    await users.createKey({ ...email, attributes: { username: "ada.l" } })
    expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "ada.l" })
  })

  test("refuses a taken key, whosever it is, and changes nothing", async () => {
    const { users } = await setUpAda(open())
    await users.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
    for (const userId of ["user-1", "user-2"]) {
      const result = await users.createKey({ ...keyOfAda, userId, attributes: { username: "eve" } })
      expect(result).toEqual({ key: null, reason: "key_taken" })
    }
    expect(await users.verifyPassword(keyOfAda)).toMatchObject({ userId: "user-1" })
    expect(await users.getUser("user-2")).toMatchObject({ username: "grace" })
  })

  test("throws user_missing for a user who does not exist", async () => {
    const { users } = setUp(open())
    const creating = users.createKey({ ...github, userId: "user-2" })
    await expect(creating).rejects.toMatchObject({ name: "AuthError", code: "user_missing" })
    expect(await users.getKey(github)).toBeNull()
  })

  test("throws for a password of a provider that has none", async () => {
    const { users } = await setUpAda(open())
    await expect(users.createKey({ ...github, password })).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("of two first passwords at once at most one stays", async () => {
    const store = open()
    const { users } = setUp(store)
    await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
    const other = setUp(beforeInsertKey(store, () => users.createKey({ ...ada, password }))).users
    const result = await other.createKey({ ...email, password: "another horse" })
    expect(result).toEqual({ key: null, reason: "password_wrong" })
    expect(await users.getKey(email)).toBeNull()
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("of two first passwords that are the same both keys stay", async () => {
    const store = open()
    const { users, auth } = setUp(store)
    await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
    const { token } = await auth.createSession("user-1")
    const other = setUp(beforeInsertKey(store, () => users.createKey({ ...ada, password }))).users
    expect(await other.createKey({ ...email, password })).toEqual({ key: { ...email, hasPassword: true } })
    expect(await users.verifyPassword({ ...email, password })).not.toBeNull()
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("a key without a password gets the one that is set at the same time", async () => {
    const store = open()
    const { users, auth } = setUp(store)
    await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
    const { token } = await auth.createSession("user-1")
    const other = setUp(beforeInsertKey(store, () => users.createKey({ ...ada, password }))).users
    expect(await other.createKey(email)).toEqual({ key: { ...email, hasPassword: true } })
    expect((await auth.validateSession(token)).session).not.toBeNull()
    expect(await users.verifyPassword({ ...email, password })).not.toBeNull()
  })

  test("a first password reaches the older keys also when another new key has got it by then", async () => {
    const store = open()
    const { users } = setUp(store)
    await users.createUser({ id: "user-1", key: email, attributes: { username: "ada" } })
    const second = { ...email, providerUserId: "lovelace@example.com" }
    const other = setUp(afterInsertKey(store, () => users.createKey(second))).users
    expect(await other.createKey({ ...ada, password })).toEqual({ key: { ...ada, hasPassword: true } })
    for (const key of [ada, second, email]) expect(await users.verifyPassword({ ...key, password })).not.toBeNull()
  })

  test("a first password reaches a key that is renamed meanwhile", async () => {
    const store = open()
    const { users } = setUp(store)
    await users.createUser({ id: "user-1", key: email, attributes: { username: "ada" } })
    const to = "lovelace@example.com"
    const renaming: Store = {
      ...store,
      async replaceKeyPassword(...swap) {
        await users.renameKey(email, to)
        return store.replaceKeyPassword(...swap)
      },
    }
    await setUp(renaming).users.createKey({ ...ada, password })
    expect(await users.verifyPassword({ ...email, providerUserId: to, password })).not.toBeNull()
  })

  test("a refused first password leaves the user's columns as they were", async () => {
    const store = open()
    const { users } = setUp(store)
    await users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
    const setting = () => users.createKey({ ...ada, password })
    const other = setUp(beforeInsertKey(store, setting)).users
    const result = await other.createKey({ ...email, password: "another horse", attributes: { username: "eve" } })
    expect(result).toEqual({ key: null, reason: "password_wrong" })
    expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "ada" })
  })

  test("does not bring a changed password back when the key that it came from is deleted meanwhile", async () => {
    const store = open()
    const { users, auth } = await setUpAda(store)
    await auth.createSession("user-1")
    const changed = beforeInsertKey(store, () =>
      users.updateUserPassword({ userId: "user-1", password: "another horse" }),
    )
    const other = setUp(afterInsertKey(changed, () => users.deleteKey(ada))).users
    expect(await other.createKey(email)).toEqual({ key: { ...email, hasPassword: false } })
    expect(await users.verifyPassword({ ...email, password })).toBeNull()
    expect(await store.listSessions("user-1")).toEqual([])
  })

  test("gets a password that changes meanwhile also if it is renamed meanwhile", async () => {
    const [another, to] = ["another horse", "lovelace@example.com"]
    // Right after the insertion, and when its password is about to be replaced.
    for (const moment of ["insertKey", "replaceKeyPassword"] as const) {
      const store = open()
      const { users } = await setUpAda(store)
      const changed = beforeInsertKey(store, () => users.updateUserPassword({ userId: "user-1", password: another }))
      const rename = () => users.renameKey(email, to)
      const renaming: Store = {
        ...changed,
        async insertKey(...given) {
          const outcome = await changed.insertKey(...given)
          if (moment === "insertKey") await rename()
          return outcome
        },
        async replaceKeyPassword(...swap) {
          if (moment === "replaceKeyPassword") await rename()
          return changed.replaceKeyPassword(...swap)
        },
      }
      expect(await setUp(renaming).users.createKey(email)).toMatchObject({ key: { hasPassword: true } })
      for (const key of [ada, { ...email, providerUserId: to }]) {
        expect(await users.verifyPassword({ ...key, password })).toBeNull()
        expect(await users.verifyPassword({ ...key, password: another })).not.toBeNull()
      }
    }
  })

  test("a simultaneous re-hash leaves both keys their password", async () => {
    const store = open()
    const { users } = await setUpAda(store)
    const rehashing = setUp(store, { passwordHasher: countingHasher(2) }).users
    const other = setUp(beforeInsertKey(store, () => rehashing.verifyPassword(keyOfAda))).users
    expect(await other.createKey({ ...email, password })).toMatchObject({ key: { hasPassword: true } })
    expect(await users.verifyPassword({ ...email, password })).not.toBeNull()
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })
})

describe.each(stores)("renameKey() over %s", (_name, open) => {
  test("changes the id; the password and the sessions stay", async () => {
    const { users, auth } = await setUpAda(open())
    const { token } = await auth.createSession("user-1")
    expect(await users.renameKey({ ...ada, providerUserId: "ADA" }, "Ada.L")).toEqual({ renamed: true })
    expect(await users.getUserKeys("user-1")).toEqual([{ ...ada, providerUserId: "ada.l", hasPassword: true }])
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    expect(await users.verifyPassword(attemptOf("ada.l", password))).not.toBeNull()
    expect((await auth.validateSession(token)).session).not.toBeNull()
  })

  test("merges attributes into the user, also when only the spelling changes", async () => {
    const { users } = await setUpAda(open())
    expect(await users.renameKey(ada, "Ada", { attributes: { username: "Ada" } })).toEqual({ renamed: true })
    expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "Ada" })
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("refuses what is taken, missing or invalid, and changes nothing", async () => {
    const { users } = await setUpAda(open())
    const grace = { ...keyOfAda, providerUserId: "grace" }
    await users.createUser({ id: "user-2", key: grace, attributes: { username: "grace" } })
    const attributes = { username: "eve" }
    const rename = (key: typeof ada, to: string) => users.renameKey(key, to, { attributes })
    expect(await rename(ada, "Grace")).toEqual({ renamed: false, reason: "key_taken" })
    expect(await rename({ ...ada, providerUserId: "nobody" }, "eve")).toEqual({ renamed: false, reason: "key_missing" })
    expect(await rename({ ...ada, userId: "user-2" }, "eve")).toEqual({ renamed: false, reason: "key_missing" })
    expect(await rename(ada, "")).toEqual({ renamed: false, reason: "key_invalid" })
    expect(await users.getUserKeys("user-1")).toMatchObject([{ providerUserId: "ada" }])
    expect(await users.getUser("user-1")).toMatchObject({ username: "ada" })
    expect(await users.getUser("user-2")).toMatchObject({ username: "grace" })
  })
})

describe.each(stores)("deleteKey() over %s", (_name, open) => {
  test("ends one way to sign in, and may be repeated", async () => {
    const { users } = await setUpAda(open())
    await users.createKey(github)
    expect(await users.deleteKey({ ...ada, providerUserId: "ADA" })).toEqual({ deleted: true })
    expect(await users.deleteKey(ada)).toEqual({ deleted: false, reason: "key_missing" })
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    expect(await users.getKey(github)).not.toBeNull()
    expect(await users.getUser("user-1")).not.toBeNull()
  })

  test("refuses the last way in", async () => {
    const { users } = await setUpAda(open())
    expect(await users.deleteKey(ada)).toEqual({ deleted: false, reason: "last_key" })
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })

  test("refuses a key of another user", async () => {
    const { users } = await setUpAda(open())
    await users.createKey(github)
    await users.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
    const result = await users.deleteKey({ ...ada, userId: "user-2" })
    expect(result).toEqual({ deleted: false, reason: "key_missing" })
    expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
  })
})

test("where a column is unique, createKey() and renameKey() answer attribute_taken, and change nothing", async () => {
  const { users } = await setUpAda(stores[1]![1]())
  await users.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
  const attributes = { username: "grace" }
  const added = await users.createKey({ ...email, attributes })
  expect(added).toEqual({ key: null, reason: "attribute_taken" })
  const renamed = await users.renameKey(ada, "ada.l", { attributes })
  expect(renamed).toEqual({ renamed: false, reason: "attribute_taken" })
  expect(await users.getUserKeys("user-1")).toMatchObject([{ providerUserId: "ada" }])
})

/** A store in which something happens once, just before a key is inserted. */
function beforeInsertKey(store: Store, happen: () => Promise<unknown>): Store {
  return {
    ...store,
    async insertKey(...given) {
      await happen()
      return store.insertKey(...given)
    },
  }
}

/** A store in which something happens after a key is inserted. */
function afterInsertKey(store: Store, happen: () => Promise<unknown>): Store {
  return {
    ...store,
    async insertKey(...given) {
      const outcome = await store.insertKey(...given)
      await happen()
      return outcome
    },
  }
}
