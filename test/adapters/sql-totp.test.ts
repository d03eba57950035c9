import { beforeEach, describe, expect, test } from "vitest"
import { featureStores } from "./feature-stores.ts"

const step = 57_000_000

for (const { name, adapter, reset, run } of await featureStores()) {
  describe(`authenticators over ${name}`, () => {
    beforeEach(reset)

    test("are stored once for a user, and found", async () => {
      const before = Date.now()
      expect(await adapter.findTotp("alice")).toBeNull()
      expect(await adapter.insertTotp("alice", "sealed ä", step, false)).toBe(true)
      expect(await adapter.insertTotp("alice", "other", step + 1, false)).toBe(false)
      expect(await adapter.findTotp("alice")).toEqual({ secret: "sealed ä", usedStep: step })
      expect(await adapter.findTotp("bob")).toBeNull()
      const [row] = await run("SELECT created_at FROM user_totp")
      expect(Number(row?.created_at)).toBeGreaterThanOrEqual(before)
    })

    test("are replaced where that is asked for, also by themselves", async () => {
      expect(await adapter.insertTotp("alice", "first", step, true)).toBe(true)
      expect(await adapter.insertTotp("bob", "of bob", step, true)).toBe(true)
      expect(await adapter.insertTotp("alice", "second", step - 5, true)).toBe(true)
      expect(await adapter.findTotp("alice")).toEqual({ secret: "second", usedStep: step - 5 })
      expect(await adapter.insertTotp("alice", "second", step - 5, true)).toBe(true)
      expect(await adapter.findTotp("bob")).toEqual({ secret: "of bob", usedStep: step })
    })

    test("of a user who does not exist are refused, and are not there", async () => {
      for (const replace of [true, false])
        await expect(adapter.insertTotp("nobody", "a", step, replace)).rejects.toMatchObject({ code: "user_missing" })
      await expect(adapter.insertTotp("\0", "a", step, true)).rejects.toMatchObject({ code: "user_missing" })
      for (const id of ["nobody", "ALICE", "\0", "x".repeat(999)]) {
        expect(await adapter.findTotp(id)).toBeNull()
        expect(await adapter.takeStep(id, step)).toBe(false)
        expect(await adapter.deleteTotp(id)).toBe(false)
      }
    })

    test("use each step up once, and none before it", async () => {
      await adapter.insertTotp("alice", "secret", step, false)
      expect(await adapter.takeStep("alice", step)).toBe(false)
      expect(await adapter.takeStep("alice", step - 1)).toBe(false)
      expect(await adapter.takeStep("alice", step + 1)).toBe(true)
      expect(await adapter.takeStep("alice", step + 1)).toBe(false)
      expect(await adapter.findTotp("alice")).toEqual({ secret: "secret", usedStep: step + 1 })
      expect(await adapter.takeStep("bob", step + 2)).toBe(false)
    })

    test("are sealed again with the step, and only if the secret is still the one that was read", async () => {
      await adapter.insertTotp("alice", "Secret", step, false)
      for (const other of ["secret", "Secret ", "Sécret", "other", "\0", "\ud800"])
        expect(await adapter.takeStep("alice", step + 1, "resealed", other)).toBe(false)
      expect(await adapter.findTotp("alice")).toEqual({ secret: "Secret", usedStep: step })
      expect(await adapter.takeStep("alice", step + 1, undefined, "Secret")).toBe(true)
      expect(await adapter.takeStep("alice", step + 2, "resealed", "Secret")).toBe(true)
      expect(await adapter.takeStep("alice", step + 2, "again")).toBe(false)
      expect(await adapter.findTotp("alice")).toEqual({ secret: "resealed", usedStep: step + 2 })
      expect(await adapter.takeStep("alice", step + 3, "again")).toBe(true)
      expect(await adapter.findTotp("alice")).toEqual({ secret: "again", usedStep: step + 3 })
    })

    test("are deleted, and with their user", async () => {
      await adapter.insertTotp("alice", "a", step, false)
      await adapter.insertTotp("bob", "b", step, false)
      expect(await adapter.deleteTotp("alice")).toBe(true)
      expect(await adapter.deleteTotp("alice")).toBe(false)
      await adapter.deleteUser("bob")
      expect(await run("SELECT user_id FROM user_totp")).toEqual([])
    })

    test("of fifty callers with one step, one uses it up", async () => {
      await adapter.insertTotp("alice", "a", step, false)
      const results = await Promise.all(Array.from({ length: 50 }, () => adapter.takeStep("alice", step + 1, "b", "a")))
      expect(results.filter(Boolean)).toEqual([true])
      expect(await adapter.findTotp("alice")).toEqual({ secret: "b", usedStep: step + 1 })
    })

    test("of fifty callers who add one, one does", async () => {
      const add = (n: number) => adapter.insertTotp("alice", `secret ${n}`, step, false)
      const results = await Promise.all(Array.from({ length: 50 }, (_, n) => add(n)))
      expect(results.filter(Boolean)).toEqual([true])
      expect((await adapter.findTotp("alice"))?.secret).toBe(`secret ${results.indexOf(true)}`)
    })

    test("replaced at once for two users are those of one caller each", async () => {
      const replace = (n: number) => adapter.insertTotp(n % 2 ? "alice" : "bob", `secret ${n}`, n, true)
      const results = await Promise.all(Array.from({ length: 40 }, (_, n) => replace(n)))
      expect(results).toEqual(results.map(() => true))
      for (const id of ["alice", "bob"]) {
        const found = await adapter.findTotp(id)
        expect(found?.secret).toBe(`secret ${found?.usedStep}`)
      }
      expect(await run("SELECT user_id FROM user_totp")).toHaveLength(2)
    })

    test("added while their user is deleted leave no row behind", async () => {
      for (let n = 0; n < 10; n++) {
        const adding = adapter.insertTotp("alice", "a", n, n % 2 === 0)
        const [added] = await Promise.allSettled([adding, adapter.deleteUser("alice")])
        if (added.status === "rejected") expect(added.reason).toMatchObject({ code: "user_missing" })
        expect(await run("SELECT user_id FROM user_totp")).toEqual([])
        await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
      }
    })

    test("cannot have what a database would refuse or change", async () => {
      const wrong: [string, number][] = [
        ["a\0", step],
        ["\ud800", step],
        ["x".repeat(1001), step],
        ["a", 1.5],
        ["a", -1],
      ]
      for (const [secret, usedStep] of wrong)
        for (const replace of [true, false])
          await expect(adapter.insertTotp("alice", secret, usedStep, replace)).rejects.toMatchObject({
            code: "invalid_option",
          })
      await expect(adapter.takeStep("alice", 1, "\0")).rejects.toMatchObject({ code: "invalid_option" })
      expect(await adapter.insertTotp("alice", "ä".repeat(500), step, false)).toBe(true)
      expect((await adapter.findTotp("alice"))?.secret).toBe("ä".repeat(500))
    })
  })
}
