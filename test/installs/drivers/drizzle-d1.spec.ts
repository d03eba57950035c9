import { drizzle } from "drizzle-orm/d1"
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { drizzleAdapter, drizzleExecutor } from "../../../adapters/drizzle.ts"
import { createAuth } from "../../../src/core/create-auth.ts"
import { adapterCases } from "../../../src/testing/adapter-cases.ts"
import { testExecutor } from "./executor-cases.ts"
import { openD1, startD1 } from "./stores.ts"

const miniflare = await startD1("drizzle-d1-worker.ts")
afterAll(() => miniflare.dispose())

describe("drizzleAdapter() over D1 in a Worker", () => {
  beforeAll(() => openD1(miniflare))
  for (const [index, { name }] of adapterCases.entries()) {
    test(name, async () => {
      const response = await miniflare.dispatchFetch(`http://localhost/${index}`)
      expect(await response.text()).toBe(`passed: ${name}`)
    })
  }
})

describe("drizzleAdapter() over D1", () => {
  const times = { createdAt: integer("created_at").notNull(), expiresAt: integer("expires_at").notNull() }

  test("a user whose id the database makes is stored with a key, or not at all", async () => {
    const { db } = await openD1(miniflare, "integer")
    const adapter = drizzleAdapter(drizzle(db), {
      user: sqliteTable("user", { id: integer().primaryKey(), username: text().notNull().unique() }),
      session: sqliteTable("session", { id: text().primaryKey(), userId: integer("user_id").notNull(), ...times }),
      key: sqliteTable("user_key", {
        id: text().primaryKey(),
        userId: integer("user_id").notNull(),
        hashedPassword: text("hashed_password"),
      }),
    })
    const key = { providerId: "username", providerUserId: "ada", passwordHash: "hash" }
    const inserted = await adapter.insertUser({ attributes: { username: "ada" } }, key)
    const user = "user" in inserted ? inserted.user : null
    expect(user).toMatchObject({ id: expect.any(Number), username: "ada" })
    expect(await adapter.findKey("username", "ada")).toEqual({ ...key, userId: user!.id })
    expect(await adapter.insertUser({ attributes: { username: "grace" } }, key)).toEqual({ taken: "key" })
    expect((await db.prepare(`SELECT id FROM "user"`).all()).results).toHaveLength(1)
    const auth = createAuth({ adapter })
    const { token } = await auth.createSession(user!.id)
    expect(await auth.validateSession(token)).toMatchObject({ user: { id: user!.id } })
    await adapter.deleteUser(user!.id)
    expect(await auth.validateSession(token)).toMatchObject({ session: null })
  })
})

testExecutor("drizzleExecutor() over D1", async () => drizzleExecutor(drizzle((await openD1(miniflare)).db)))
