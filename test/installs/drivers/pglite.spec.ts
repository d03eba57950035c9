import { drizzle } from "drizzle-orm/pglite"
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { drizzleExecutor } from "../../../adapters/drizzle.ts"
import { pgliteAdapter, pgliteExecutor } from "../../../adapters/pglite.ts"
import { sqlAdapter } from "../../../adapters/sql.ts"
import { testAdapter } from "../../../src/testing.ts"
import { driverCases } from "../../adapters/driver-cases.ts"
import type { TestUser } from "../../adapters/sql-stores.ts"
import { empty, idMaker } from "../../adapters/sql-stores.ts"
import { testExecutor } from "./executor-cases.ts"
import { openPglite, startPglite } from "./stores.ts"

const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const alice = { id: "alice", attributes: { username: "alice" } }
const bob = { id: "bob", attributes: { username: "bob" } }
const session = {
  id: "s1",
  userId: "alice",
  createdAt: new Date(1_700_000_000_001),
  expiresAt: new Date(2_000_000_000_003),
  attributes: { label: null },
}

const db = await startPglite()
afterAll(() => (db.closed ? undefined : db.close()))

for (const type of ["text", "integer", "bigint", "uuid"] as const) {
  describe(`pgliteAdapter() with ${type} ids`, () => {
    let store
    testAdapter(test, async () => {
      store ??= await openPglite(db, type)
      await empty(store)
      const adapter = store.adapter()
      return {
        adapter,
        userId: idMaker(type),
        addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
      }
    })
  })
}

describe("pgliteAdapter()", () => {
  for (const { name, run } of driverCases.slice(0, -1)) test(name, async () => run(await openPglite(db), expect))
})

describe("a transaction of PGlite's", () => {
  let store
  beforeEach(async () => {
    store = await openPglite(db)
  })

  test("commits the application's row, user, key and session together", async () => {
    await db.transaction(async (transaction) => {
      const inside = pgliteAdapter(transaction)
      await transaction.query(`INSERT INTO "user" (id, username) VALUES ($1, $1)`, ["bob"])
      await inside.insertUser(alice, key)
      await inside.insertSession(session)
      expect(await inside.insertKey({ ...key, userId: "bob" })).toBe("key_taken")
    })
    const adapter = store.adapter()
    expect(await adapter.findUser("bob")).toMatchObject({ username: "bob" })
    expect(await adapter.findKey("username", "alice")).toMatchObject({ userId: "alice" })
    expect(await adapter.findSession("s1")).toMatchObject({ session, user: { username: "alice" } })
  })

  test("is recognised, and one that has ended answers nothing", async () => {
    let ended
    await db.transaction(async (transaction) => {
      ended = pgliteAdapter(transaction)
      await ended.insertUser(alice, key)
    })
    await expect(ended.findUser("alice")).rejects.toThrow(/closed/)
    await expect(ended.insertUser(bob, { ...key, providerUserId: "bob" })).rejects.toThrow(/closed/)
    expect(await store.adapter().findUser("bob")).toBeNull()
  })

  test("that the application began by itself is said to be there with inTransaction", async () => {
    const inside = pgliteAdapter(db, { inTransaction: true })
    await db.exec("BEGIN")
    await inside.insertUser(alice, key)
    expect(await inside.insertUser(bob, key)).toEqual({ taken: "key" })
    expect(await inside.findUser("alice")).not.toBeNull()
    await db.exec("ROLLBACK")
    expect(await store.adapter().findUser("alice")).toBeNull()
  })
})

const executors: Record<string, { client; executorOf(client) }> = {
  "pgliteExecutor()": { client: db, executorOf: pgliteExecutor },
  "drizzleExecutor() over PGlite": { client: drizzle({ client: db }), executorOf: drizzleExecutor },
}

for (const [name, { client, executorOf }] of Object.entries(executors)) {
  let store
  testExecutor(name, async () => {
    store ??= await openPglite(db)
    await empty(store)
    return executorOf(client)
  })

  test(`${name}: the application's transaction is committed with what followed a refusal`, async () => {
    await openPglite(db)
    const adapter = pgliteAdapter<TestUser, object, "role">(db)
    await adapter.insertUser(alice, key)
    await client.transaction(async (inside) => {
      const executor = executorOf(inside)
      const own = sqlAdapter<TestUser, object, "role">({ dialect: "postgres", executor, inTransaction: true })
      expect(await own.insertUser(bob, key)).toEqual({ taken: "key" })
      await own.insertUser(bob, null)
    })
    expect(await adapter.findUser("bob")).toMatchObject({ id: "bob" })
  })
}

// The last one: it closes the database that the others share.
test(`pgliteAdapter(): ${driverCases.at(-1)!.name}`, async () => driverCases.at(-1)!.run(await openPglite(db), expect))
