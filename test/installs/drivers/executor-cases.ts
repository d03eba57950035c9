import { beforeEach, describe, expect, test } from "vitest"
import { revocationSchema, sqlAdapter, sqlRevocations } from "../../../adapters/sql.ts"
import { manualClock, testAdapter } from "../../../src/testing.ts"
import type { TestSession, TestUser } from "../../adapters/sql-stores.ts"

const key = { providerId: "username", providerUserId: "alice", passwordHash: "$argon2id$secret" }
const alice = { id: "alice", attributes: { username: "alice" } }
const bob = { id: "bob", attributes: { username: "bob" } }

/** Defines what holds of the executor of every driver. `open` resolves to one over empty tables. */
export function testExecutor(name: string, open) {
  const adapterOf = (executor) => sqlAdapter<TestUser, TestSession, "role">({ dialect: executor.dialect, executor })

  describe(`${name} under sqlAdapter()`, () => {
    testAdapter(test, async () => {
      const adapter = adapterOf(await open())
      return { adapter, addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null) }
    })
  })

  describe(name, () => {
    let executor
    beforeEach(async () => {
      executor = await open()
    })

    test("carries the revocations of stateless sessions", async () => {
      const { dialect } = executor
      const now = manualClock()
      const revocations = sqlRevocations({ dialect, executor, now })
      await executor.execute("DROP TABLE IF EXISTS session_revocation", [])
      for (const statement of revocationSchema(dialect)) await executor.execute(statement, [])
      for (const seconds of [60, 90, 30]) await revocations.revoke("a", new Date(now() + seconds * 1000))
      expect(await revocations.isRevoked(["b", "a"])).toBe(true)
      now.advance(89_000)
      expect(await revocations.isRevoked(["a"])).toBe(true)
      now.advance(1000)
      expect(await revocations.isRevoked(["a"])).toBe(false)
      expect(await revocations.deleteExpiredRevocations()).toBe(1)
    })

    test("all of a batch happens, or nothing", async () => {
      const adapter = adapterOf(executor)
      expect(await adapter.insertUser(alice, key)).toMatchObject({ user: { id: "alice" } })
      expect(await adapter.insertUser(bob, key)).toEqual({ taken: "key" })
      expect(await adapter.findUser("bob")).toBeNull()
    })

    test("reports how many rows each statement of a batch wrote", async () => {
      const adapter = adapterOf(executor)
      for (const user of [alice, bob]) await adapter.insertUser(user, null)
      const counts = await executor.batch([
        { sql: `UPDATE "user" SET username = 'a' WHERE id = 'alice'`, params: [] },
        { sql: `UPDATE "user" SET username = 'c' WHERE id = 'carol'`, params: [] },
        { sql: `DELETE FROM "user"`, params: [] },
      ])
      expect(counts).toEqual([1, 0, 2])
    })

    test("its errors are the driver's", async () => {
      await adapterOf(executor).insertUser(alice, key)
      const insert = executor.execute(`INSERT INTO user_key (id, user_id) VALUES ('username:alice', 'alice')`, [])
      const taken = {
        sqlite: { message: expect.stringContaining("UNIQUE constraint failed") },
        postgres: { code: "23505" },
      }
      await expect(insert).rejects.toMatchObject(taken[executor.dialect])
    })
  })
}
