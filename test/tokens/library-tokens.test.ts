import { createHash } from "node:crypto"

import { describe, expect, test } from "vitest"

import { libraryPurposes, libraryTokens } from "../../src/proof/library-tokens.ts"
import { oddValues, strangerToken } from "../core/auth-fixture.ts"
import { race, setUp } from "./tokens-fixture.ts"

const minute = 60_000

async function setUpLibrary() {
  const { tokens, ...parts } = await setUp()
  return { ...parts, tokens, library: tokens[libraryTokens] }
}

const pending = { userId: "user-1", data: '{"key":"ada@example.com"}', expiresIn: "10m" } as const

describe("the library's own tokens", () => {
  test("are read until they are taken, and taken once", async () => {
    const { library, now } = await setUpLibrary()
    const [token = ""] = await library.create(":second_factor", pending)
    const found = { userId: "user-1", data: pending.data, attempts: 0, expiresAt: new Date(now() + 10 * minute) }
    expect(token).toMatch(/^[a-z2-7]{32}$/)
    expect(await library.peek(":second_factor", token)).toMatchObject(found)
    expect(await library.peek(":second_factor", token)).toMatchObject(found)
    expect(await race(50, () => library.take(":second_factor", token))).toEqual([expect.objectContaining(found)])
    expect(await library.peek(":second_factor", token)).toBeNull()
  })

  test("count attempts up to a limit", async () => {
    const { library } = await setUpLibrary()
    const [token] = await library.create(":second_factor", pending)
    expect(await race(50, () => library.try(":second_factor", token, 5))).toHaveLength(5)
    expect(await library.peek(":second_factor", token)).toMatchObject({ attempts: 5 })
  })

  test("end at their deadline, or never", async () => {
    const { library, now } = await setUpLibrary()
    const [token] = await library.create(":second_factor", pending)
    const [lasting] = await library.create(":recovery", { ...pending, expiresIn: null })
    now.advance(10 * minute - 1)
    expect(await library.peek(":second_factor", token)).not.toBeNull()
    now.advance(1)
    expect(await library.peek(":second_factor", token)).toBeNull()
    expect(await library.try(":second_factor", token, 5)).toBeNull()
    expect(await library.take(":second_factor", token)).toBeNull()
    now.advance(1e12)
    expect(await library.take(":recovery", lasting)).toMatchObject({ expiresAt: null })
  })

  test("[OTT-4] of one purpose are null at every other, and the application's at all of them", async () => {
    const { tokens, library } = await setUpLibrary()
    const own = await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    for (const made of libraryPurposes) {
      const [token] = await library.create(made, pending)
      for (const asked of libraryPurposes.filter((name) => name !== made)) {
        expect(await library.peek(asked, token)).toBeNull()
        expect(await library.try(asked, token, 5)).toBeNull()
        expect(await library.take(asked, token)).toBeNull()
      }
      expect(await library.take(made, own)).toBeNull()
      expect(await tokens.consumeToken(token, "confirm")).toBeNull()
      expect(await library.take(made, token)).not.toBeNull()
    }
    expect(await tokens.consumeToken(own, "confirm")).not.toBeNull()
  })

  test("are made in one step, and replace older ones", async () => {
    const { library, calls } = await setUpLibrary()
    const old = await library.create(":recovery", { ...pending, expiresIn: null, count: 10, keep: 10, bytes: 15 })
    const made = await library.create(":recovery", { ...pending, expiresIn: null, count: 10, keep: 10, bytes: 15 })
    expect(calls).toEqual(["insertTokens", "insertTokens"])
    expect(new Set([...old, ...made]).size).toBe(20)
    expect(made[0]).toMatch(/^[a-z2-7]{24}$/)
    expect(await library.peek(":recovery", old[0])).toBeNull()
    expect(await library.take(":recovery", made[9])).not.toBeNull()
    expect(await library.count(":recovery", "user-1")).toBe(9)
    await library.deleteAll(":recovery", "user-1")
    expect(await library.count(":recovery", "user-1")).toBe(0)
  })

  test("use() marks a handle once among 50 callers", async () => {
    const { library } = await setUpLibrary()
    const use = async () => (await library.use(":passkey", "a sealed handle of any form", "1h")) || null
    expect(await race(50, use)).toEqual([true])
    expect(await library.use(":passkey", "another", "1h")).toBe(true)
  })

  test("use() stores nothing but the hash, up to the deadline", async () => {
    const { library, memory, now } = await setUpLibrary()
    await library.use(":passkey", "a sealed handle of any form", "1h")
    const id = createHash("sha256").update(":passkey\0a sealed handle of any form").digest("hex")
    const expiresAt = new Date(now() + 60 * minute)
    expect(await memory.findToken(id)).toEqual({
      id,
      purpose: ":passkey",
      userId: null,
      expiresAt,
      attempts: 0,
      data: "",
    })
  })

  test("[INP-1] are null, without a store call, for what is not shaped like one", async () => {
    const { library, calls } = await setUpLibrary()
    for (const value of [...oddValues, "a".repeat(25)]) {
      expect(await library.peek(":oauth", value)).toBeNull()
      expect(await library.try(":oauth", value, 5)).toBeNull()
      expect(await library.take(":oauth", value)).toBeNull()
    }
    expect(calls).toEqual([])
    expect(await library.take(":oauth", strangerToken)).toBeNull()
  })

  test("emit no events", async () => {
    const { library, events } = await setUpLibrary()
    const [token] = await library.create(":oauth", pending)
    await library.take(":oauth", token)
    await library.take(":oauth", token)
    expect(events).toEqual([])
  })
})
