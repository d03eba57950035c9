import { describe, expect, test } from "vitest"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import type { User } from "./user-stores.ts"
import { keyOfAda, openSqlite, setUp, setUpAda, stores } from "./user-stores.ts"
import { attemptOf } from "./attempts.ts"

const { password } = keyOfAda

describe.each(stores)("users and keys over %s", (_name, open) => {
  test("getUser() answers the application's row, or null", async () => {
    const { users } = await setUpAda(open())
    expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "ada" })
    expect(await users.getUser("user-2")).toBeNull()
  })

  test("updateUser() merges attributes, and says when there is no such user", async () => {
    const { users } = await setUpAda(open())
    expect(await users.updateUser("user-1", { username: "ada.l" })).toEqual({ updated: true })
    expect(await users.updateUser("user-1", {})).toEqual({ updated: true })
    expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "ada.l" })
    const missing = await users.updateUser("user-2", { username: "x" })
    expect(missing).toEqual({ updated: false, reason: "user_missing" })
  })

  test("[EXP-7] deleteUser() ends everything of the user, and of no other, and may be repeated", async () => {
    const { users, auth, store, events } = await setUpAda(open())
    await users.createKey({ providerId: "github", providerUserId: "1", userId: "user-1" })
    const grace = { ...keyOfAda, providerUserId: "grace" }
    await users.createUser({ id: "user-2", key: grace, attributes: { username: "grace" } })
    const [hers, other] = [await auth.createSession("user-1"), await auth.createSession("user-2")]
    events.splice(0)

    await users.deleteUser("user-1")
    expect(events).toEqual([{ type: "user_deleted", at: expect.any(Date), userId: "user-1" }])
    expect(await users.getUser("user-1")).toBeNull()
    expect(await users.getUserKeys("user-1")).toEqual([])
    expect(await users.getKey({ providerId: "github", providerUserId: "1" })).toBeNull()
    expect(await store.listSessions("user-1")).toEqual([])
    expect((await auth.validateSession(hers.token)).session).toBeNull()
    expect(await users.verifyPassword(keyOfAda)).toBeNull()
    await users.deleteUser("user-1")

    expect((await auth.validateSession(other.token)).session).not.toBeNull()
    expect(await users.verifyPassword(attemptOf("grace", password))).not.toBeNull()
    expect(await users.createUser({ key: keyOfAda, attributes: { username: "ada" } })).toMatchObject({ user: {} })
  })

  test("a listener that throws or rejects changes nothing", async () => {
    const failing = () => Promise.reject(new Error("the log is full")) as unknown as void
    const throwing = () => {
      throw new Error("the log is full")
    }
    for (const onEvent of [failing, throwing]) {
      const { users } = setUp(open(), { onEvent })
      expect(await users.createUser({ key: keyOfAda, attributes: {} })).toMatchObject({ user: {} })
      expect(await users.verifyPassword(keyOfAda)).not.toBeNull()
    }
  })

  test("[LOG-2] events report what happened, to which user, and when", async () => {
    const now = () => Date.UTC(2030, 0, 1)
    const { users, events } = setUp(open(), { now })
    await users.createUser({ id: "user-1", key: keyOfAda, attributes: {} })
    await users.createUser({ id: "user-2", key: null, attributes: {} })
    const at = new Date(now())
    expect(events).toEqual([
      { type: "user_created", at, userId: "user-1", providerId: "username" },
      { type: "user_created", at, userId: "user-2" },
    ])
  })
})

test("updateUser() answers attribute_taken where a column is unique, and changes nothing", async () => {
  const { users } = await setUpAda(nodeSqliteAdapter(openSqlite()))
  await users.createUser({ id: "user-2", key: null, attributes: { username: "grace" } })
  const result = await users.updateUser("user-2", { username: "ada" })
  expect(result).toEqual({ updated: false, reason: "attribute_taken" })
  expect(await users.getUser("user-2")).toEqual({ id: "user-2", username: "grace" })
})

describe("withAdapter()", () => {
  test.each(["COMMIT", "ROLLBACK"])(
    "is the same over a transaction of the application's, and ends with its %s",
    async (end) => {
      const db = openSqlite()
      const { users, auth, events, hasher } = setUp(nodeSqliteAdapter<User>(db))
      db.exec("BEGIN IMMEDIATE")
      const inTransaction = nodeSqliteAdapter<User>(db, { inTransaction: true })
      const own = users.withAdapter(inTransaction)
      await own.createUser({ id: "user-1", key: keyOfAda, attributes: { username: "ada" } })
      const taken = await own.createUser({ id: "user-2", key: keyOfAda, attributes: { username: "x" } })
      expect(taken).toEqual({ user: null, reason: "key_taken" })
      const signedIn = await own.signInWithPassword(auth.withAdapter(inTransaction), keyOfAda)
      expect(signedIn?.session.userId).toBe("user-1")
      db.exec(end)

      const isKept = end === "COMMIT"
      expect((await users.getUser("user-1")) !== null).toBe(isKept)
      expect((await users.getKey(keyOfAda)) !== null).toBe(isKept)
      expect((await auth.validateSession(signedIn?.token)).session !== null).toBe(isKept)
      expect(hasher.takeCalls()).toEqual(["hash", "hash", "hash", "verify"])
      expect(events.map(({ type }) => type)).toContain("key_used")
    },
  )

  test("throws for an adapter without the user port", () => {
    const { users } = setUp(nodeSqliteAdapter<User>(openSqlite()))
    expect(() => users.withAdapter({} as never)).toThrow(expect.objectContaining({ code: "missing_port" }))
  })
})
