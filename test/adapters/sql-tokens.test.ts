import { beforeEach, describe, expect, test } from "vitest"
import type { TokenRecord } from "../../src/tokens/token-port.ts"
import { featureStores } from "./feature-stores.ts"

const expiresAt = new Date(2_000_000_000_123)

function token(id: string, more: Partial<TokenRecord> = {}): TokenRecord {
  return { id, purpose: "reset", userId: "alice", expiresAt, attempts: 0, data: "", ...more }
}

for (const { name, adapter, reset } of await featureStores()) {
  describe(`tokens over ${name}`, () => {
    beforeEach(reset)

    test("come back as they were stored", async () => {
      const all = [
        token("a", { data: '{"to":"ä@b.c"}', attempts: 7 }),
        token("b", { userId: null, expiresAt: null, purpose: ":second_factor" }),
      ]
      for (const one of all) expect(await adapter.insertTokens([one])).toBe(true)
      for (const one of all) expect(await adapter.findToken(one.id)).toEqual(one)
      expect(await adapter.findToken("c")).toBeNull()
      expect(await adapter.takeToken("a")).toEqual(all[0])
      expect(await adapter.takeToken("a")).toBeNull()
      expect(await adapter.findToken("a")).toBeNull()
      expect(await adapter.tryToken("b", 1)).toEqual({ ...all[1], attempts: 1 })
      expect(await adapter.tryToken("b", 1)).toBeNull()
      expect(await adapter.findToken("b")).toEqual({ ...all[1], attempts: 1 })
    })

    test("are stored all or none, with what they replace", async () => {
      await adapter.insertTokens([token("old-1"), token("old-2", { expiresAt: new Date(3_000_000_000_000) })])
      await adapter.insertTokens([token("other", { purpose: "other" }), token("never", { expiresAt: null })])
      const replacing = { userId: "alice", purpose: "reset", keep: 2 }
      expect(await adapter.insertTokens([token("new"), token("old-1")], replacing)).toBe(false)
      expect(await adapter.insertTokens([token("new"), token("new")], replacing)).toBe(false)
      expect(await adapter.countTokens("alice", "reset")).toBe(3)
      expect(await adapter.findToken("new")).toBeNull()
      expect(await adapter.insertTokens([token("new", { expiresAt: new Date(1) })], replacing)).toBe(true)
      for (const id of ["new", "never", "other"]) expect(await adapter.findToken(id), id).not.toBeNull()
      for (const id of ["old-1", "old-2"]) expect(await adapter.findToken(id), id).toBeNull()
    })

    test("of a user who does not exist are not stored, and neither are others of the same call", async () => {
      const carol = token("c", { userId: "carol" })
      const bob = token("b", { userId: "bob" })
      const nobody = token("n", { userId: null })
      for (const tokens of [
        [carol],
        [carol, token("d", { userId: "carol" })],
        [bob, nobody, carol],
        [carol, bob, nobody],
      ])
        await expect(adapter.insertTokens(tokens)).rejects.toMatchObject({ code: "user_missing" })
      for (const { id } of [carol, bob, nobody]) expect(await adapter.findToken(id)).toBeNull()
      expect(await adapter.insertTokens([bob, nobody, token("a")])).toBe(true)
      for (const one of [bob, nobody, token("a")]) expect(await adapter.findToken(one.id)).toEqual(one)
    })

    test("go with their user", async () => {
      await adapter.insertTokens([token("a"), token("b")])
      await adapter.insertTokens([token("c", { userId: "bob" })])
      await adapter.deleteUser("alice")
      for (const id of ["a", "b"]) {
        expect(await adapter.findToken(id)).toBeNull()
        expect(await adapter.takeToken(id)).toBeNull()
        expect(await adapter.tryToken(id, 5)).toBeNull()
      }
      expect(await adapter.countTokens("alice", "reset")).toBe(0)
      expect(await adapter.countTokens("bob", "reset")).toBe(1)
    })

    test("are deleted by purpose, or all but some", async () => {
      const purposes = ["a", "b", "c"]
      const put = () => adapter.insertTokens(purposes.map((purpose) => token(purpose, { purpose })))
      const left = async () => {
        const counts = await Promise.all(purposes.map((purpose) => adapter.countTokens("alice", purpose)))
        return purposes.filter((_, n) => counts[n])
      }
      await put()
      await adapter.insertTokens([token("d", { purpose: "a", userId: "bob" })])
      await adapter.deleteTokens("alice", [])
      expect(await left()).toEqual(["a", "b", "c"])
      await adapter.deleteTokens("alice", ["a", "b"])
      expect(await left()).toEqual(["c"])
      await adapter.deleteTokens("alice", { except: ["c"] })
      expect(await left()).toEqual(["c"])
      await adapter.deleteTokens("alice", { except: [] })
      expect(await left()).toEqual([])
      expect(await adapter.countTokens("bob", "a")).toBe(1)
    })

    test("that have expired are deleted, at most so many, and never those without an end", async () => {
      const ends = [1, 2, 3].map((n) => token(`t${n}`, { expiresAt: new Date(n) }))
      await adapter.insertTokens([...ends, token("later"), token("never", { expiresAt: null })])
      expect(await adapter.deleteExpiredTokens(new Date(3), 2)).toBe(2)
      expect(await adapter.deleteExpiredTokens(new Date(3), 2)).toBe(1)
      expect(await adapter.deleteExpiredTokens(new Date(3), 2)).toBe(0)
      expect(await adapter.countTokens("alice", "reset")).toBe(2)
    })

    test("of fifty callers who take one, one gets it", async () => {
      await adapter.insertTokens([token("a")])
      const results = await Promise.all(Array.from({ length: 50 }, () => adapter.takeToken("a")))
      expect(results.filter(Boolean)).toEqual([token("a")])
    })

    test("of fifty callers who try one, no more are let through than the limit", async () => {
      await adapter.insertTokens([token("a", { attempts: 2 })])
      const results = await Promise.all(Array.from({ length: 50 }, () => adapter.tryToken("a", 7)))
      const attempts = results.flatMap((one) => one?.attempts ?? [])
      expect(attempts.toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7])
      expect((await adapter.findToken("a"))?.attempts).toBe(7)
    })

    test("made at once for one user and for others are all stored", async () => {
      const make = (n: number) => {
        const userId = n % 2 ? "alice" : "bob"
        const replacing = { userId, purpose: "reset", keep: 3 }
        return adapter.insertTokens([token(`t${n}`, { userId })], replacing)
      }
      const made = await Promise.all(Array.from({ length: 20 }, (_, n) => make(n)))
      expect(made).toEqual(made.map(() => true))
      await make(20)
      await make(21)
      expect(await adapter.countTokens("alice", "reset")).toBe(3)
      expect(await adapter.countTokens("bob", "reset")).toBe(3)
    })

    test("deleted with their user while they are made leave none behind", async () => {
      for (let n = 0; n < 10; n++) {
        const [made] = await Promise.allSettled([adapter.insertTokens([token(`t${n}`)]), adapter.deleteUser("alice")])
        if (made.status === "rejected") expect(made.reason).toMatchObject({ code: "user_missing" })
        expect(await adapter.findToken(`t${n}`)).toBeNull()
        await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
        expect(await adapter.countTokens("alice", "reset")).toBe(0)
      }
    })

    test("cannot have what a database would refuse or change", async () => {
      const wrong = [
        { id: "a\0" },
        { purpose: "\ud800" },
        { purpose: "x".repeat(49) },
        { data: "\0" },
        { data: "x".repeat(65_536) },
        { attempts: 1.5 },
        { expiresAt: new Date(NaN) },
      ]
      for (const more of wrong)
        await expect(adapter.insertTokens([token("a", more)])).rejects.toMatchObject({ code: "invalid_option" })
      expect(await adapter.insertTokens([token("a", { data: "x".repeat(65_535) })])).toBe(true)
      for (const id of ["", "a\0", "\ud800", "x".repeat(256)]) expect(await adapter.takeToken(id)).toBeNull()
    })
  })
}
