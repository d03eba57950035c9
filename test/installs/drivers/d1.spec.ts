import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { d1Adapter, d1Executor } from "../../../adapters/d1.ts"
import { createAuth } from "../../../src/core/create-auth.ts"
import { adapterCases } from "../../../src/testing/adapter-cases.ts"
import { driverCases } from "../../adapters/driver-cases.ts"
import type { TestUser } from "../../adapters/sql-stores.ts"
import { testExecutor } from "./executor-cases.ts"
import { openD1, startD1 } from "./stores.ts"

const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const alice = { id: "alice", attributes: { username: "alice" } }

const miniflare = await startD1()
afterAll(() => miniflare.dispose())

for (const type of ["text", "integer", "bigint", "uuid"] as const) {
  describe(`d1Adapter() in a Worker, with ${type} ids`, () => {
    beforeAll(() => openD1(miniflare, type))
    for (const [index, { name }] of adapterCases.entries()) {
      test(name, async () => {
        const response = await miniflare.dispatchFetch(`http://localhost/${type}/${index}`)
        expect(await response.text()).toBe(`passed: ${name}`)
      })
    }
  })
}

describe("d1Adapter()", () => {
  for (const { name, run } of driverCases) {
    // One closes what it runs in.
    const closes = name.includes("closed client")
    test(name, async () => run(await openD1(closes ? await startD1() : miniflare), expect))
  }

  test("a transaction is refused with a sentence, because D1 has none", async () => {
    const { db } = await openD1(miniflare)
    const refusal = expect.objectContaining({
      code: "unsupported",
      message: expect.stringContaining("no transactions"),
    })
    expect(() => d1Adapter(db, { inTransaction: true })).toThrow(refusal)
    expect(d1Adapter(db, { inTransaction: false })).toHaveProperty("findSession")
  })

  test("an integer attribute is stored as given, or refused where D1 would round it", async () => {
    const { db, run } = await openD1(miniflare)
    await run(`ALTER TABLE "user" ADD COLUMN credit INTEGER`)
    const adapter = d1Adapter<TestUser & { credit?: number | bigint }, object, "role">(db)
    for (const credit of [0n, -5n, 2n ** 53n - 1n, 2_000_000_000_003]) {
      await adapter.insertUser({ id: `u${credit}`, attributes: { username: `u${credit}`, credit } }, null)
      expect(await adapter.findUser(`u${credit}`)).toMatchObject({ credit: Number(credit) })
    }
    for (const credit of [2n ** 53n, -(2n ** 63n), 2n ** 70n]) {
      const insert = adapter.insertUser({ id: "big", attributes: { username: "big", credit } }, key)
      await expect(insert).rejects.toMatchObject({ code: "invalid_option", message: expect.stringContaining("2^53") })
    }
    expect(await adapter.findUser("big")).toBeNull()
    expect(await adapter.findKey("username", "alice")).toBeNull()
    expect(db).toBeDefined()
  })

  test("a session of D1's, which reads its own writes, serves as well", async () => {
    const { db } = await openD1(miniflare)
    const adapter = d1Adapter(db.withSession("first-primary"))
    await adapter.insertUser(alice, key)
    const { createSession, validateSession, invalidateSession } = createAuth({ adapter })
    const { token, session } = await createSession("alice")
    expect(await validateSession(token)).toMatchObject({ user: { id: "alice" } })
    await invalidateSession(session.id)
    expect(await validateSession(token)).toMatchObject({ session: null, reason: "unknown" })
  })
})

testExecutor("d1Executor()", async () => d1Executor((await openD1(miniflare)).db))
