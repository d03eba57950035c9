import { DatabaseSync } from "node:sqlite"
import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { schema } from "../../adapters/sql/schema.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { countingHasher } from "./counting-hasher.ts"
import { keyOfAda, notText, openSqlite, setUp, setUpAda, stores } from "./user-stores.ts"
import { attemptOf } from "./attempts.ts"

const key = (password?: unknown) => ({ providerId: "username", providerUserId: "grace", password })

describe.each(stores)("createUser() over %s", (_name, open) => {
  test("stores the user and the key, and answers the application's row", async () => {
    const { users } = setUp(open())
    const created = await users.createUser({ id: "user-1", key: keyOfAda, attributes: { username: "Ada" } })
    expect(created).toEqual({
      user: { id: "user-1", username: "Ada" },
      proof: { userId: "user-1", method: "password" },
    })
    expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "Ada" })
    const stored = { userId: "user-1", providerId: "username", providerUserId: "ada", hasPassword: true }
    expect(await users.getKey(keyOfAda)).toEqual(stored)
  })

  test("makes an id of 16 characters of base32, or what generateUserId says", async () => {
    const { users } = setUp(open())
    const { user } = await users.createUser({ key: null, attributes: { username: "ada" } })
    expect(user?.id).toMatch(/^[a-z2-7]{16}$/)
    const own = setUp(open(), { generateUserId: () => "mine" }).users
    expect(await own.createUser({ key: null, attributes: { username: "ada" } })).toMatchObject({ user: { id: "mine" } })
  })

  test("without a key stores a user with none", async () => {
    const { users, hasher } = setUp(open())
    const created = await users.createUser({ id: "user-1", key: null, attributes: { username: "ada" } })
    expect(created).toMatchObject({ user: { id: "user-1" }, proof: { userId: "user-1", method: "sign_up" } })
    expect(await users.getUserKeys("user-1")).toEqual([])
    expect(hasher.takeCalls()).toEqual([])
  })

  test.each([undefined, null])("takes %s as no password", async (password) => {
    const { users, hasher } = setUp(open())
    const created = await users.createUser({ key: key(password), attributes: { username: "grace" } })
    expect(created).toMatchObject({ proof: { userId: created.user?.id, method: "sign_up" } })
    expect(await users.getKey({ providerId: "username", providerUserId: "grace" })).toMatchObject({
      hasPassword: false,
    })
    expect(hasher.takeCalls()).toEqual([])
  })

  test.each([
    ["password_too_short", "1234567"],
    ["password_too_short", ""],
    ["password_too_long", "x".repeat(257)],
    ["password_too_long", "x".repeat(1_000_000)],
    ["password_invalid", "eight of\ud800"],
    ["password_common", "Letmein123"],
    ["password_common", "Trustno1"],
    // `null` and nothing make a key without a password.
    ...notText("long enough")
      .slice(2)
      .map(([, value]): [string, unknown] => ["password_invalid", value]),
  ])("refuses with %s, storing and hashing nothing", async (reason: string, password: unknown) => {
    const { users, hasher, events } = setUp(open(), { passwordPolicy: { blocklist: ["letmein123"] } })
    const result = await users.createUser({ id: "user-1", key: key(password), attributes: { username: "grace" } })
    expect(result).toEqual({ user: null, reason })
    expect(await users.getUser("user-1")).toBeNull()
    expect(await users.getKey({ providerId: "username", providerUserId: "grace" })).toBeNull()
    expect([hasher.takeCalls(), events]).toEqual([[], []])
  })

  test("refuses a taken key and stores no user", async () => {
    const { users, events } = await setUpAda(open())
    const result = await users.createUser({ id: "user-2", key: keyOfAda, attributes: { username: "other" } })
    expect(result).toEqual({ user: null, reason: "key_taken" })
    expect(await users.getUser("user-2")).toBeNull()
    expect(await users.getUserKeys("user-1")).toHaveLength(1)
    expect(events).toEqual([])
  })

  test("refuses a taken id as attribute_taken and stores no key", async () => {
    const { users } = await setUpAda(open())
    const result = await users.createUser({ id: "user-1", key: key("long enough"), attributes: { username: "grace" } })
    expect(result).toEqual({ user: null, reason: "attribute_taken" })
    expect(await users.getKey({ providerId: "username", providerUserId: "grace" })).toBeNull()
    expect(await users.getUser("user-1")).toEqual({ id: "user-1", username: "ada" })
  })

  test("answers key_taken when the id is taken too", async () => {
    const { users } = await setUpAda(open())
    const result = await users.createUser({ id: "user-1", key: keyOfAda, attributes: { username: "other" } })
    expect(result).toEqual({ user: null, reason: "key_taken" })
  })

  test("throws for a password of a provider that has none, and stores nothing", async () => {
    const { users } = setUp(open())
    const github = { providerId: "github", providerUserId: "1", password: "long enough" }
    const creating = users.createUser({ id: "user-1", key: github, attributes: { username: "ada" } })
    await expect(creating).rejects.toMatchObject({ name: "AuthError", code: "invalid_option" })
    expect(await users.getUser("user-1")).toBeNull()
  })

  test("takes passwords for the providers in passwordProviders only", async () => {
    const { users } = setUp(open(), { passwordProviders: ["phone"] })
    const phone = { providerId: "phone", providerUserId: "+4912", password: "long enough" }
    expect(await users.createUser({ key: phone, attributes: { username: "ada" } })).toMatchObject({ user: {} })
    const creating = users.createUser({ key: key("long enough"), attributes: { username: "grace" } })
    await expect(creating).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("throws for a provider id with a colon, which would read as another key", async () => {
    const { users } = setUp(open())
    const colon = { providerId: "git:hub", providerUserId: "1" }
    const creating = users.createUser({ key: colon, attributes: { username: "ada" } })
    await expect(creating).rejects.toMatchObject({ code: "invalid_option" })
  })
})

describe("createUser() where a column is unique", () => {
  const open = stores[1]![1]

  test("refuses a taken attribute and stores neither user nor key", async () => {
    const { users } = await setUpAda(open())
    const result = await users.createUser({ id: "user-2", key: key("long enough"), attributes: { username: "ada" } })
    expect(result).toEqual({ user: null, reason: "attribute_taken" })
    expect([
      await users.getUser("user-2"),
      await users.getKey({ providerId: "username", providerUserId: "grace" }),
    ]).toEqual([null, null])
  })

  test("answers key_taken when key and attribute are taken", async () => {
    const { users } = await setUpAda(open())
    const result = await users.createUser({ id: "user-2", key: keyOfAda, attributes: { username: "ada" } })
    expect(result).toEqual({ user: null, reason: "key_taken" })
  })

  test("with generateUserId: false lets the database make integer ids", async () => {
    const db = new DatabaseSync(":memory:")
    db.exec(`CREATE TABLE "user" (id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT UNIQUE)`)
    for (const statement of schema("sqlite", { userIdType: "integer" })) db.exec(statement)
    const adapter = nodeSqliteAdapter<{ id: number; username: string }>(db, { userIdType: "integer" })
    const users = createUsers({ adapter, passwordHasher: countingHasher(), generateUserId: false })
    expect(await users.createUser({ key: keyOfAda, attributes: { username: "ada" } })).toEqual({
      user: { id: 1, username: "ada" },
      proof: { userId: 1, method: "password" },
    })
    expect(await users.createUser({ key: null, attributes: { username: "grace" } })).toEqual({
      user: { id: 2, username: "grace" },
      proof: { userId: 2, method: "sign_up" },
    })
    expect(await users.verifyPassword(attemptOf("ada", "correct horse"))).toMatchObject({ userId: 1 })
    expect(await users.createUser({ key: keyOfAda, attributes: { username: "x" } })).toEqual({
      user: null,
      reason: "key_taken",
    })
    expect(await users.getUser(3)).toBeNull()
  })
})

describe("createUsers()", () => {
  const passwordHasher = countingHasher()

  test("throws for an adapter without the user port, and names what is missing", () => {
    const { findKey: _, ...adapter } = memoryAdapter<{ id: string }>()
    const make = () => createUsers({ adapter: adapter as typeof adapter & { findKey: never }, passwordHasher })
    expect(make).toThrow(
      expect.objectContaining({
        code: "missing_port",
        message: "adapter: findKey() is missing; add it",
      }),
    )
  })

  test.each([undefined, {}, () => passwordHasher])("throws for %o, which is no hasher", (notHasher) => {
    const make = () => createUsers({ adapter: memoryAdapter(), passwordHasher: notHasher as never })
    expect(make).toThrow(expect.objectContaining({ code: "missing_port" }))
  })

  test.each([{ minLength: 7 }, { maxLength: 63 }, { minLength: Number.NaN }])(
    "throws for the password policy %o at once",
    (passwordPolicy) => {
      const make = () => createUsers({ adapter: memoryAdapter(), passwordHasher, passwordPolicy })
      expect(make).toThrow(expect.objectContaining({ code: "invalid_option" }))
    },
  )

  test.each(["", "a:b", "a\nb", "x".repeat(51), 1 as unknown as string])(
    "throws for the password provider %j",
    (provider) => {
      const make = () => createUsers({ adapter: memoryAdapter(), passwordHasher, passwordProviders: [provider] })
      expect(make).toThrow(expect.objectContaining({ code: "invalid_option" }))
    },
  )

  test("returns methods that may be destructured", async () => {
    const { createUser, verifyPassword } = createUsers({ adapter: nodeSqliteAdapter(openSqlite()), passwordHasher })
    await createUser({ key: keyOfAda, attributes: {} })
    expect(await verifyPassword(attemptOf("ada", "correct horse"))).toMatchObject({ method: "password" })
  })
})
