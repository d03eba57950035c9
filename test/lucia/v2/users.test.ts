import crypto from "node:crypto"
import { describe, expect, test, vi } from "vitest"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../../adapters/node-sqlite.ts"
import { createUsers } from "../../../src/users.ts"
import { lucia, LuciaError } from "../../../src/lucia-v2.ts"
import { inexactMap } from "../v3/inexact.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"
import { adapters, countingHash, keyOf, openSqlite, sessionsOnly, setUp } from "./set-up.ts"

const duplicate = (detail = "") => new LuciaError("AUTH_DUPLICATE_KEY_ID", detail)
const noUser = new LuciaError("AUTH_INVALID_USER_ID")
const noKey = new LuciaError("AUTH_INVALID_KEY_ID")
const wrong = new LuciaError("AUTH_INVALID_PASSWORD")

describe.each(adapters)("over %s", (_, open) => {
  function create() {
    const passwordHash = countingHash()
    const getUserAttributes = ({ username }: { username?: string }) => ({ username })
    return { asked: passwordHash.asked, auth: lucia({ adapter: open(), env: "DEV", passwordHash, getUserAttributes }) }
  }

  test("a user is created, found, changed and deleted", async () => {
    const { auth } = create()
    const user = await auth.createUser({ key: keyOf("ada"), attributes: { username: "Ada" } })
    expect(user).toEqual({ userId: expect.stringMatching(/^[a-z0-9]{15}$/), username: "Ada" })
    expect(await auth.getUser(user.userId)).toEqual(user)
    expect(await auth.updateUserAttributes(user.userId, { username: "A." })).toEqual({ ...user, username: "A." })
    expect(await auth.updateUserAttributes(user.userId, {})).toEqual({ ...user, username: "A." })
    await auth.deleteUser(user.userId)
    await expect(auth.getUser(user.userId)).rejects.toEqual(noUser)
    await expect(auth.updateUserAttributes(user.userId, { username: "B" })).rejects.toEqual(noUser)
    await expect(auth.getAllUserKeys(user.userId)).rejects.toEqual(noUser)
  })

  test("keys are made, found, listed, used and deleted", async () => {
    const { auth } = create()
    await auth.createUser({ userId: "ada", key: keyOf("ada"), attributes: {} })
    const github = { providerId: "github", providerUserId: "a:b", userId: "ada" }
    const key = await auth.createKey({ ...github, password: null })
    expect(key).toEqual({ ...github, passwordDefined: false })
    expect(await auth.getKey("github", "a:b")).toEqual(key)
    expect(await auth.useKey("github", "a:b", null)).toEqual(key)
    const listed = await auth.getAllUserKeys("ada")
    expect(listed.map(({ providerId }) => providerId).sort()).toEqual(["github", "username"])
    await expect(auth.createKey({ ...keyOf("ada"), userId: "ada" })).rejects.toEqual(duplicate())
    await expect(auth.createKey({ ...keyOf("bob"), userId: "nobody" })).rejects.toEqual(noUser)
    await auth.deleteKey("github", "a:b")
    await auth.deleteKey("github", "a:b")
    await expect(auth.getKey("github", "a:b")).rejects.toEqual(noKey)
    await expect(auth.useKey("git:hub", "x", null)).rejects.toThrow(TypeError)
  })

  test("a user whose key is taken is not stored", async () => {
    const { auth } = create()
    await auth.createUser({ userId: "ada", key: keyOf("ada"), attributes: {} })
    await expect(auth.createUser({ userId: "eve", key: keyOf("ada"), attributes: {} })).rejects.toEqual(duplicate())
    await expect(auth.getUser("eve")).rejects.toEqual(noUser)
  })

  test("a password is replaced and taken away", async () => {
    const { auth } = create()
    await auth.createUser({ userId: "ada", key: keyOf("ada"), attributes: {} })
    await auth.updateKeyPassword("username", "ada", "other")
    await expect(auth.useKey("username", "ada", "secret")).rejects.toEqual(wrong)
    expect((await auth.useKey("username", "ada", "other")).userId).toBe("ada")
    expect((await auth.updateKeyPassword("username", "ada", null)).passwordDefined).toBe(false)
    expect((await auth.useKey("username", "ada", null)).userId).toBe("ada")
    await expect(auth.updateKeyPassword("username", "bob", "other")).rejects.toEqual(noKey)
  })

  test("[P2] an unknown key, a wrong password and a key without one cost one verify, and tell their own errors", async () => {
    const { auth, asked } = create()
    await auth.createUser({ userId: "ada", key: keyOf("ada"), attributes: {} })
    await auth.createKey({ userId: "ada", providerId: "github", providerUserId: "ada", password: null })
    const cases = [
      ["username", "ada", wrong],
      ["username", "bob", noKey],
      ["github", "ada", wrong],
    ] as const
    for (const [providerId, providerUserId, error] of cases) {
      asked.length = 0
      await expect(auth.useKey(providerId, providerUserId, "guess")).rejects.toEqual(error)
      expect(asked.map(([password]) => password)).toEqual(["guess"])
    }
    asked.length = 0
    for (const password of [null, ""]) {
      await expect(auth.useKey("username", "ada", password)).rejects.toEqual(wrong)
      await expect(auth.useKey("username", "bob", password)).rejects.toEqual(noKey)
    }
    expect(asked).toEqual([])
  })
})

test("[P2] an unknown user costs as much as a wrong password, whatever hash is stored", async () => {
  const scrypt = vi.spyOn(crypto, "scrypt")
  const adapter = memoryAdapter()
  const auth = lucia({ adapter, env: "DEV" })
  for (const userId of ["ada", "eve", "bob", "cy"])
    await auth.createUser({ userId, key: keyOf(userId), attributes: {} })
  const hashes = { eve: `${"a".repeat(16)}:${"0".repeat(128)}`, bob: `$2a$10$${"a".repeat(53)}`, cy: "unreadable" }
  for (const [providerUserId, hash] of Object.entries(hashes)) {
    const stored = (await adapter.findKey("username", providerUserId))?.passwordHash ?? null
    await adapter.replaceKeyPassword({ providerId: "username", providerUserId }, stored, hash)
  }
  const hashesOf = async (name: string) => {
    scrypt.mockClear()
    await auth.useKey("username", name, "guess").catch(() => {})
    return scrypt.mock.calls.map(([, , length, cost]) => `${length} ${JSON.stringify(cost)}`).toSorted()
  }
  await hashesOf("warm")
  const known = await hashesOf("ada")
  expect(known).toHaveLength(2)
  for (const name of ["nobody", "eve", "bob", "cy"]) expect(await hashesOf(name), name).toEqual(known)
  scrypt.mockRestore()
})

test("no password fits the decoy, and a hash of nothing fits no password", async () => {
  const { auth, keys } = await setUp({
    passwordHash: { generate: (password) => password, validate: () => true },
  })
  await expect(auth.useKey("username", "eve", "guess")).rejects.toEqual(noKey)
  keys.set("username:ada", { ...keys.get("username:ada")!, hashed_password: "" })
  await expect(auth.useKey("username", "ada", "guess")).rejects.toEqual(wrong)
  keys.set("username:ada", { ...keys.get("username:ada")!, hashed_password: null })
  await expect(auth.useKey("username", "ada", "guess")).rejects.toEqual(wrong)
})

test("a decoy that could not be made is made at the next use", async () => {
  const hash = countingHash()
  const generate = vi.fn(hash.generate)
  const { auth } = await setUp({ passwordHash: { ...hash, generate } })
  generate.mockImplementationOnce(() => {
    throw new Error("busy")
  })
  await expect(auth.useKey("username", "eve", "guess")).rejects.toThrow("busy")
  await expect(auth.useKey("username", "eve", "guess")).rejects.toEqual(noKey)
})

test("nobody waits for a decoy that another request makes, which may be cut off", async () => {
  const passwordHash = countingHash()
  let calls = 0
  const generate = (password: string) => {
    calls++
    // The keys of ada and bob come first.
    return calls === 3 ? new Promise<string>(() => {}) : passwordHash.generate(password)
  }
  const { auth } = await setUp({ passwordHash: { ...passwordHash, generate } })
  void auth.useKey("username", "nobody", "secret")
  await expect(auth.useKey("username", "nobody", "secret")).rejects.toEqual(noKey)
})

test("what the database takes for a user's id is not", async () => {
  const { auth, users } = await setUp()
  // As MySQL does: the case, blanks at the end, and the number 0 for any text.
  const loose = (rows: Map<string, { id: string }>) => {
    const get = rows.get.bind(rows)
    const fold = (id: unknown) => String(id).trim().toLowerCase()
    const found = (id: unknown) => [...rows.keys()].find((key) => id === 0 || fold(key) === fold(id))
    vi.spyOn(rows, "get").mockImplementation((id) => get(found(id) ?? ""))
  }
  loose(users)
  for (const id of [0, "ADA", "ada ", ["ada"], true, null, { id: "ada" }] as string[]) {
    await expect(auth.getUser(id)).rejects.toEqual(noUser)
    await expect(auth.createSession({ userId: id, attributes: {} })).rejects.toEqual(noUser)
  }
})

test("what the database takes for a key is not: it proves, shows, changes and deletes nothing", async () => {
  const { auth, keys } = await setUp()
  await auth.createKey({ userId: "ada", providerId: "github", providerUserId: "Ada", password: null })
  inexactMap(keys)
  for (const name of ["ada", "Ada ", "ADA", "Ad\u00e1"]) {
    await expect(auth.useKey("github", name, null)).rejects.toEqual(noKey)
    await expect(auth.getKey("github", name)).rejects.toEqual(noKey)
    await expect(auth.updateKeyPassword("github", name, "stolen")).rejects.toEqual(noKey)
    await auth.deleteKey("github", name)
  }
  await expect(auth.useKey("username", "ADA", "secret")).rejects.toEqual(noKey)
  expect(await auth.useKey("github", "Ada", null)).toMatchObject({ userId: "ada", passwordDefined: false })
})

test("a number changes and deletes nobody whose id is text", async () => {
  const { auth, users } = await setUp()
  const [get, set, remove] = [users.get.bind(users), users.set.bind(users), users.delete.bind(users)]
  const found = (id: unknown) => (id === 0 ? "ada" : String(id))
  vi.spyOn(users, "get").mockImplementation((id) => get(found(id)))
  vi.spyOn(users, "set").mockImplementation((id, row) => set(found(id), row))
  vi.spyOn(users, "delete").mockImplementation((id) => remove(found(id)))
  const zero = 0 as unknown as string
  await expect(auth.updateUserAttributes(zero, { username: "evil" })).rejects.toEqual(noUser)
  await auth.deleteUser(zero)
  expect(get("ada")).toEqual({ id: "ada" })
})

test("users whose ids are numbers are found by them", async () => {
  const { auth, users } = await setUp()
  const user = { id: 7 } as unknown as { id: string }
  users.set("7", user)
  const get = users.get.bind(users)
  vi.spyOn(users, "get").mockImplementation((id) => get(String(id)))
  for (const id of [7, "7", 7n] as string[]) expect((await auth.getUser(id)).userId).toBe(7)
})

test("a name with NUL, which PostgreSQL refuses, is nobody's, after the same work", async () => {
  const hash = countingHash()
  const { auth, users, keys } = await setUp({ passwordHash: hash })
  const reads = [vi.spyOn(users, "get"), vi.spyOn(keys, "get")]
  await expect(auth.useKey("username", "a\0b", "guess")).rejects.toEqual(noKey)
  expect(hash.asked).toHaveLength(1)
  await expect(auth.getKey("username", "a\0b")).rejects.toEqual(noKey)
  await expect(auth.getUser("a\0b")).rejects.toEqual(noUser)
  for (const read of reads) expect(read).not.toHaveBeenCalled()
})

test("an empty password is one, though nobody can use it", async () => {
  const { auth } = await setUp()
  const key = await auth.createKey({ userId: "ada", providerId: "email", providerUserId: "a@b", password: "" })
  expect(key).toEqual(await auth.getKey("email", "a@b"))
  expect(key.passwordDefined).toBe(true)
  await expect(auth.useKey("email", "a@b", "")).rejects.toEqual(wrong)
})

test("what is taken besides the key is told by the driver, or by the detail over an adapter of this package", async () => {
  const { auth } = await setUp()
  await expect(auth.createUser({ userId: "ada", key: null, attributes: {} })).rejects.toThrow(
    "UNIQUE constraint failed",
  )

  const own = lucia({ adapter: nodeSqliteAdapter(openSqlite()), env: "DEV" })
  const create = (userId: string, username: string) => own.createUser({ userId, key: null, attributes: { username } })
  await create("ada", "Ada")
  await create("bob", "Bob")
  await expect(create("ada", "Eve")).rejects.toEqual(duplicate("id"))
  await expect(create("eve", "Ada")).rejects.toEqual(duplicate("attribute"))
  await expect(own.updateUserAttributes("bob", { username: "Ada" })).rejects.toEqual(duplicate("attribute"))
})

test("[P13] attributes of a user are columns, and not the id", async () => {
  const { auth, users } = await setUp()
  const before = structuredClone([...users])
  for (const name of ["id", "ID", "username\" = 'x', \"is_admin", "a.b", "a b", ""]) {
    const attributes = { [name]: "x" }
    const refused = { code: "invalid_option" }
    await expect(auth.createUser({ key: null, attributes }), name).rejects.toMatchObject(refused)
    await expect(auth.updateUserAttributes("ada", attributes), name).rejects.toMatchObject(refused)
  }
  expect([...users]).toEqual(before)
  await auth.updateUserAttributes("ada", { user_id: 5, expires_at: 7, größe$: 1 })
  expect(users.get("ada")).toMatchObject({ user_id: 5, expires_at: 7 })
})

test("nothing to change is nothing to write, which would be an error of SQL", async () => {
  const { auth, users, sessions, signIn } = await setUp()
  const { sessionId } = await signIn()
  const writes = [vi.spyOn(users, "set"), vi.spyOn(sessions, "set")]
  await auth.updateUserAttributes("ada", {})
  await auth.updateSessionAttributes(sessionId, {})
  for (const write of writes) expect(write).not.toHaveBeenCalled()
})

test("[P14] getUserAttributes cannot change whose user it is", async () => {
  const { auth, signIn } = await setUp({ getUserAttributes: () => ({ userId: "eve" }) })
  expect((await auth.getUser("ada")).userId).toBe("ada")
  expect((await signIn()).user.userId).toBe("ada")
})

test("[P12] a user is deleted from the key inwards, and a session that is made at the same time goes too", async () => {
  const { adapter, ...rows } = memoryLuciaAdapter({ hasForeignKeys: false })
  const calls: string[] = []
  const recording: typeof adapter = (E) => {
    const methods = adapter(E)
    return {
      ...methods,
      deleteKeysByUserId: (id) => (calls.push("keys"), methods.deleteKeysByUserId(id)),
      deleteSessionsByUserId: (id) => (calls.push("sessions"), methods.deleteSessionsByUserId(id)),
      async deleteUser(id) {
        calls.push("user")
        await methods.setSession({ id: "late", user_id: id, active_expires: 9e15, idle_expires: 9e15 })
        await methods.deleteUser(id)
      },
    }
  }
  const auth = lucia({ adapter: recording, env: "DEV", passwordHash: countingHash() })
  await auth.createUser({ userId: "ada", key: keyOf("ada"), attributes: {} })
  await auth.createSession({ userId: "ada", attributes: {} })
  await auth.deleteUser("ada")
  expect(calls).toEqual(["keys", "sessions", "user", "sessions"])
  expect([rows.users.size, rows.keys.size, rows.sessions.size]).toEqual([0, 0, 0])
})

test("over one adapter of this package a user is deleted in its one step; sessions elsewhere before and after", async () => {
  const adapter = memoryAdapter()
  const deleteUser = vi.spyOn(adapter, "deleteUser")
  const deleteSessions = vi.spyOn(adapter, "deleteUserSessions")
  await lucia({ adapter, env: "DEV" }).deleteUser("ada")
  expect([deleteUser.mock.calls, deleteSessions.mock.calls]).toEqual([[["ada"]], []])

  const session = sessionsOnly()
  const elsewhere = vi.spyOn(session, "deleteUserSessions")
  await lucia({ adapter: { user: adapter, session }, env: "DEV" }).deleteUser("ada")
  expect(elsewhere).toHaveBeenCalledTimes(2)
})

test("keys are those of nightlatch/users, and the other way round", async () => {
  const adapter = memoryAdapter<{ id: string; username: string }>()
  const { generate, validate } = countingHash()
  const auth = lucia({ adapter, env: "DEV", passwordHash: { generate, validate } })
  const users = createUsers({
    adapter,
    passwordHasher: {
      hash: async (password) => generate(password),
      verify: async (hash, password) => validate(password, hash),
      needsRehash: () => false,
      recognizes: () => true,
    },
  })
  await auth.createUser({ userId: "ada", key: keyOf("ada"), attributes: { username: "ada" } })
  expect(await users.verifyPassword({ ...keyOf("ada"), password: "secret" })).toMatchObject({ userId: "ada" })
  await users.createUser({ key: { ...keyOf("bob"), password: "longer secret" }, attributes: { username: "bob" } })
  expect(await auth.useKey("username", "bob", "longer secret")).toMatchObject({ providerUserId: "bob" })
})
