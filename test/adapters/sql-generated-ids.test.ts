import { afterAll, beforeEach, describe, expect, test } from "vitest"
import type { UserIdType } from "../../adapters/port/user-ids.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqlStore, TestUser } from "./sql-stores.ts"
import { empty, mysqlExecutor, mysqlStore, pgExecutor, postgresStore, sqliteStore } from "./sql-stores.ts"
import type mysql from "mysql2/promise"
import pg from "pg"

const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const shapes: Record<Exclude<UserIdType, "text">, (id: unknown) => boolean> = {
  integer: Number.isSafeInteger,
  bigint: (id) => typeof id === "bigint",
  uuid: (id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(id)),
}

for (const type of ["integer", "bigint", "uuid"] as const) {
  for (const store of [await sqliteStore(type), await postgresStore(type), await mysqlStore(type)]) {
    if (store) describe(`${store.dialect}, ${type} ids`, () => checkGeneratedIds(store, type))
  }
}

function checkGeneratedIds(store: SqlStore, type: Exclude<UserIdType, "text">): void {
  const adapter = store.adapter()
  beforeEach(() => empty(store))
  afterAll(store.close)
  if (store.dialect === "mysql" && type === "uuid") refusesKeys(store)
  else makesIdsForKeys(store, type)

  test("the database makes the id of a user without a key", async () => {
    const user = userOf(await adapter.insertUser({ attributes: { username: "dave", role: "admin" } }, null))
    expect(user).toEqual({ id: user.id, username: "dave", role: "admin", email: null })
    expect(shapes[type](user.id)).toBe(true)
    await adapter.insertSession({
      id: "s",
      userId: user.id,
      createdAt: new Date(),
      expiresAt: new Date(),
      attributes: {},
    })
    expect((await adapter.findSession("s"))?.session.userId).toBe(user.id)
  })
}

function makesIdsForKeys(store: SqlStore, type: Exclude<UserIdType, "text">): void {
  const adapter = store.adapter()

  test("the database makes the id of a user with a key", async () => {
    const first = await adapter.insertUser({ attributes: { username: "alice" } }, key)
    const second = await adapter.insertUser({ attributes: { username: "bob" } }, { ...key, providerUserId: "bob" })
    const [alice, bob] = [userOf(first), userOf(second)]
    expect(alice).toEqual({ id: alice.id, username: "alice", role: "user", email: null })
    expect([alice.id, bob.id].map(shapes[type])).toEqual([true, true])
    expect(await adapter.findKey("username", "alice")).toEqual({ ...key, userId: alice.id })
    expect(await adapter.listKeys(bob.id)).toHaveLength(1)
  })

  test("what was taken leaves nothing", async () => {
    await adapter.insertUser({ attributes: { username: "bob" } }, key)
    const again = await adapter.insertUser({ attributes: { username: "carol" } }, key)
    expect(again).toEqual({ taken: "key" })
    const same = await adapter.insertUser({ attributes: { username: "bob" } }, { ...key, providerUserId: "carol" })
    expect(same).toEqual({ taken: "attribute" })
    expect(await adapter.findKey("username", "carol")).toBeNull()
    expect(userOf(await adapter.insertUser({ attributes: { username: "carol" } }, null)).username).toBe("carol")
  })

  test("in the caller's transaction too", async () => {
    const connection = await store.connect()
    const executor =
      connection === null
        ? store.executor
        : connection instanceof pg.Client
          ? pgExecutor(connection)
          : mysqlExecutor(connection as mysql.Connection)
    const inside = sqlAdapter<TestUser, {}, "role">({
      dialect: store.dialect,
      executor,
      userIdType: type,
      inTransaction: true,
    })
    const erin = { ...key, providerUserId: "erin" }
    await adapter.insertUser({ attributes: { username: "dave" } }, null)
    await executor.execute("BEGIN", [])
    try {
      expect(await inside.insertUser({ attributes: { username: "dave" } }, erin)).toEqual({ taken: "attribute" })
      expect(await inside.insertUser({ attributes: { username: "dave" } }, null)).toEqual({ taken: "attribute" })
      const user = userOf(await inside.insertUser({ attributes: { username: "erin" } }, erin))
      expect(await inside.findKey("username", "erin")).toMatchObject({ userId: user.id })
    } finally {
      await executor.execute("ROLLBACK", [])
      await connection?.end()
    }
    expect(await adapter.findKey("username", "erin")).toBeNull()
  })
}

function refusesKeys(store: SqlStore): void {
  const adapter = store.adapter()

  test("an id that the database cannot tell is refused before anything is written", async () => {
    const insert = adapter.insertUser({ attributes: { username: "alice" } }, key)
    await expect(insert).rejects.toMatchObject({ code: "unsupported", message: expect.stringContaining("pass one") })
    expect(await store.run("SELECT id FROM user")).toEqual([])
  })
}

function userOf(result: { user: TestUser } | { taken: string }): TestUser {
  if ("user" in result) return result.user
  throw new Error(`Taken: ${result.taken}`)
}
