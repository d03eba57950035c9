import { inspect } from "node:util"
import { CamelCasePlugin } from "kysely"
import { afterAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest"
import { kyselyAdapter } from "../../adapters/kysely.ts"
import { createAuth } from "../../src/index.ts"
import { testAdapter } from "../../src/testing.ts"
import { emptyKysely, kyselyStores } from "./kysely-stores.ts"
import type { TestSession, TestUser } from "./sql-stores.ts"
import { idMaker } from "./sql-stores.ts"

const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const alice = { id: "alice", attributes: { username: "alice" } }
const session = {
  id: "s1",
  userId: "alice",
  createdAt: new Date(1_700_000_000_000),
  expiresAt: new Date(2_000_000_000_000),
  attributes: {},
}

for (const type of ["text", "bigint"] as const) {
  for (const store of await kyselyStores(type)) {
    describe(`[ADP-7][ADP-2] kyselyAdapter() on ${store.name} with ${type} ids`, () => {
      afterAll(store.close)
      testAdapter(test, async () => {
        await emptyKysely(store)
        const adapter = kyselyAdapter<TestUser, TestSession, keyof TestUser>(store.db, { userIdType: type })
        return {
          adapter,
          onStatement: store.onStatement,
          userId: idMaker(type),
          addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
        }
      })
    })
  }
}

for (const store of await kyselyStores()) {
  describe(store.name, () => {
    const { db, sent } = store
    const adapter = kyselyAdapter<TestUser, TestSession, keyof TestUser>(db)
    beforeEach(() => emptyKysely(store))
    afterAll(store.close)

    test("a validation is one statement, and a malformed token none", async () => {
      const auth = createAuth({ adapter })
      await adapter.insertUser(alice, null)
      const { token } = await auth.createSession("alice")
      await auth.validateSession(token)
      sent.length = 0
      expect(await auth.validateSession(token)).toMatchObject({ user: { id: "alice" } })
      expect(sent).toHaveLength(1)
      for (const malformed of ["", "short", `${token} `, `${token}'--`]) await auth.validateSession(malformed)
      expect(sent).toHaveLength(1)
    })

    test("the caller's transaction rolls back the application's row, user, key and session together", async () => {
      const undone = db.transaction().execute(async (transaction) => {
        const inside = kyselyAdapter<TestUser, TestSession, keyof TestUser>(transaction)
        await transaction.insertInto("user").values({ id: "bob", username: "bob", role: "user", email: null }).execute()
        await inside.insertUser(alice, key)
        await inside.insertSession(session)
        expect(await inside.insertUser({ ...alice, id: "carol" }, key)).toEqual({ taken: "key" })
        expect(await inside.findSession("s1")).toMatchObject({ user: { username: "alice" } })
        throw new Error("undone")
      })
      await expect(undone).rejects.toThrow("undone")
      expect([await adapter.findUser("alice"), await adapter.findUser("bob")]).toEqual([null, null])
      expect([await adapter.findKey("username", "alice"), await adapter.findSession("s1")]).toEqual([null, null])
    })

    test("the caller's transaction commits the application's row, user, key and session together", async () => {
      await db.transaction().execute(async (transaction) => {
        const inside = kyselyAdapter<TestUser, TestSession, keyof TestUser>(transaction)
        await transaction.insertInto("user").values({ id: "bob", username: "bob", role: "user", email: null }).execute()
        await inside.insertUser(alice, key)
        await inside.insertSession(session)
        expect(await inside.insertUser({ ...alice, id: "carol" }, key)).toEqual({ taken: "key" })
      })
      expect(await adapter.findUser("bob")).toMatchObject({ username: "bob" })
      expect(await adapter.findKey("username", "alice")).toMatchObject({ userId: "alice" })
      expect(await adapter.findSession("s1")).toMatchObject({ user: { username: "alice" } })
    })

    test("no error repeats a password hash", async () => {
      await adapter.insertUser(alice, null)
      await adapter.insertKey({ ...key, userId: "alice" })
      await store.db.schema.alterTable("user_key").renameTo("spare").execute()
      const failure = await adapter
        .insertKey({ providerId: "username", providerUserId: "bob", userId: "alice", passwordHash: "$argon2id$secret" })
        .catch((error: unknown) => error)
      await store.db.schema.alterTable("spare").renameTo("user_key").execute()
      expect(failure).toBeInstanceOf(Error)
      // As a logger writes it, with all that drivers hang on their errors.
      expect(inspect(failure, { depth: 10 })).not.toContain("$argon2id$secret")
    })

    test("a plugin that renames columns does not reach the library's", async () => {
      const renaming = kyselyAdapter<TestUser, TestSession, keyof TestUser>(store.withPlugin(new CamelCasePlugin()))
      await renaming.insertUser(alice, key)
      await renaming.insertSession(session)
      expect(await renaming.findSession("s1")).toMatchObject({ session, user: { username: "alice" } })
    })

    test("rows have the types that the application gave", async () => {
      const found = await adapter.findSession("s1")
      expectTypeOf(found?.user).toEqualTypeOf<TestUser | null | undefined>()
      // @ts-expect-error -- the table has no such column
      await expect(adapter.updateUser("alice", { nonsense: 1 })).rejects.toMatchObject({ code: "invalid_option" })
    })
  })
}

test("a dialect that is none is refused", async () => {
  for (const store of await kyselyStores()) {
    expect(() => kyselyAdapter(store.db, { dialect: "mssql" as "sqlite" })).toThrow(/"sqlite", "postgres" or "mysql"/)
    expect(kyselyAdapter(store.db, { dialect: store.name })).toHaveProperty("findSession")
    await store.close()
  }
})
