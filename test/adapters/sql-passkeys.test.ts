import { beforeEach, describe, expect, test } from "vitest"
import type { PasskeyRecord } from "../../src/passkeys/passkey-port.ts"
import { featureStores } from "./feature-stores.ts"

function passkey(id: string, more: Partial<PasskeyRecord> = {}): PasskeyRecord {
  return {
    id,
    userId: "alice",
    publicKey: "MFkw".repeat(30),
    algorithm: -7,
    signCount: 0,
    backupEligible: true,
    backedUp: false,
    aaguid: "00000000-0000-0000-0000-000000000000",
    transports: ["internal", "hybrid"],
    name: "Phone",
    createdAt: new Date(1_700_000_000_123),
    usedAt: null,
    ...more,
  }
}

const usedAt = new Date(1_700_000_001_456)

for (const { name, adapter, reset, run } of await featureStores()) {
  describe(`passkeys over ${name}`, () => {
    beforeEach(reset)
    const rows = () => run("SELECT id FROM user_passkey")

    test("come back as they were stored", async () => {
      const full = passkey("x".repeat(1364), {
        publicKey: "k".repeat(1500),
        algorithm: -257,
        signCount: 4_294_967_295,
        backupEligible: false,
        backedUp: true,
        aaguid: "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
        transports: [],
        name: "Schlüssel 🔑",
        usedAt,
      })
      for (const one of [full, passkey("a", { algorithm: -8 }), passkey("b", { name: "" })]) {
        expect(await adapter.insertPasskey(one)).toBe(true)
        expect(await adapter.findPasskey(one.id)).toEqual(one)
      }
      expect(await adapter.findPasskey("missing")).toBeNull()
    })

    test("are told apart by upper and lower case", async () => {
      await adapter.insertPasskey(passkey("AbC"))
      for (const id of ["abc", "ABC", "AbC ", "\0", "", "x".repeat(1401)]) {
        expect(await adapter.findPasskey(id)).toBeNull()
        expect(await adapter.recordPasskeyUse(id, { signCount: 0 }, { signCount: 1, backedUp: true, usedAt })).toBe(
          false,
        )
        expect(await adapter.renamePasskey({ userId: "alice", id, name: "x" })).toBe(false)
        expect(await adapter.deletePasskey({ userId: "alice", id })).toBe(false)
      }
      expect(await adapter.insertPasskey(passkey("abc", { name: "other" }))).toBe(true)
      expect(await adapter.findPasskey("AbC")).toEqual(passkey("AbC"))
      expect(await adapter.findPasskey("abc")).toMatchObject({ name: "other" })
    })

    test("are stored once, whoever owns them, and only for users who exist", async () => {
      expect(await adapter.insertPasskey(passkey("a"))).toBe(true)
      expect(await adapter.insertPasskey(passkey("a", { name: "again" }))).toBe(false)
      expect(await adapter.insertPasskey(passkey("a", { userId: "bob" }))).toBe(false)
      expect(await adapter.findPasskey("a")).toEqual(passkey("a"))
      for (const userId of ["nobody", "ALICE", "\0"])
        await expect(adapter.insertPasskey(passkey("b", { userId }))).rejects.toMatchObject({ code: "user_missing" })
      expect(await rows()).toHaveLength(1)
    })

    test("are listed by user, newest first", async () => {
      const all = [3, 1, 2].map((n) => passkey(`p${n}`, { createdAt: new Date(n) }))
      for (const one of [...all, passkey("other", { userId: "bob" })]) await adapter.insertPasskey(one)
      expect((await adapter.listPasskeys("alice")).map(({ id }) => id)).toEqual(["p3", "p2", "p1"])
      expect(await adapter.listPasskeys("bob")).toEqual([passkey("other", { userId: "bob" })])
      for (const id of ["nobody", "Alice", "\0"]) expect(await adapter.listPasskeys(id)).toEqual([])
    })

    test("are used only from the counter that is stored", async () => {
      await adapter.insertPasskey(passkey("a", { signCount: 5 }))
      const to = { signCount: 6, backedUp: true, usedAt }
      for (const signCount of [4, 6]) expect(await adapter.recordPasskeyUse("a", { signCount }, to)).toBe(false)
      expect(await adapter.findPasskey("a")).toEqual(passkey("a", { signCount: 5 }))
      expect(await adapter.recordPasskeyUse("a", { signCount: 5 }, to)).toBe(true)
      expect(await adapter.recordPasskeyUse("a", { signCount: 5 }, to)).toBe(false)
      expect(await adapter.findPasskey("a")).toEqual(passkey("a", to))
    })

    test("that do not count are used again and again, also within a millisecond", async () => {
      await adapter.insertPasskey(passkey("a"))
      const to = { signCount: 0, backedUp: false, usedAt }
      for (let n = 0; n < 3; n++) expect(await adapter.recordPasskeyUse("a", { signCount: 0 }, to)).toBe(true)
      expect(await adapter.findPasskey("a")).toEqual(passkey("a", { usedAt }))
      expect(await adapter.recordPasskeyUse("b", { signCount: 0 }, to)).toBe(false)
    })

    test("are renamed and deleted by their owner alone", async () => {
      await adapter.insertPasskey(passkey("a"))
      const stranger = { userId: "bob", id: "a" }
      expect(await adapter.renamePasskey({ ...stranger, name: "mine" })).toBe(false)
      expect(await adapter.renamePasskey({ ...stranger, name: "Phone" })).toBe(false)
      expect(await adapter.deletePasskey(stranger)).toBe(false)
      expect(await adapter.deletePasskeys("bob")).toBe(0)
      expect(await adapter.findPasskey("a")).toEqual(passkey("a"))
      const own = { userId: "alice", id: "a" }
      for (const name of ["Télefon", "Télefon"]) expect(await adapter.renamePasskey({ ...own, name })).toBe(true)
      expect(await adapter.findPasskey("a")).toEqual(passkey("a", { name: "Télefon" }))
      expect(await adapter.deletePasskey(own)).toBe(true)
      expect(await adapter.deletePasskey(own)).toBe(false)
      expect(await adapter.renamePasskey({ ...own, name: "Télefon" })).toBe(false)
    })

    test("are deleted all together, and with their user", async () => {
      for (const id of ["a", "b"]) await adapter.insertPasskey(passkey(id))
      await adapter.insertPasskey(passkey("c", { userId: "bob" }))
      expect(await adapter.deletePasskeys("alice")).toBe(2)
      expect(await adapter.listPasskeys("alice")).toEqual([])
      expect(await rows()).toHaveLength(1)
      await adapter.deleteUser("bob")
      expect(await rows()).toEqual([])
      expect(await adapter.deletePasskeys("nobody")).toBe(0)
    })

    test("let their user in, so that the last key may go", async () => {
      const key = { providerId: "username", providerUserId: "alice", userId: "alice", passwordHash: null }
      await adapter.insertKey(key)
      await adapter.insertPasskey(passkey("a", { userId: "bob" }))
      expect(await adapter.deleteKey(key)).toBe("last_key")
      await adapter.insertPasskey(passkey("b"))
      expect(await adapter.deleteKey({ ...key, userId: "bob" })).toBe("missing")
      expect(await adapter.deleteKey(key)).toBe("deleted")
      expect(await adapter.deleteKey(key)).toBe("missing")
    })

    test("of fifty callers with one counter that rises, one uses it", async () => {
      await adapter.insertPasskey(passkey("a"))
      const to = { signCount: 1, backedUp: false, usedAt }
      const use = () => adapter.recordPasskeyUse("a", { signCount: 0 }, to)
      const results = await Promise.all(Array.from({ length: 50 }, use))
      expect(results.filter(Boolean)).toEqual([true])
    })

    test("of fifty callers who add one, one does", async () => {
      const add = (n: number) => adapter.insertPasskey(passkey("a", { userId: n % 2 ? "alice" : "bob" }))
      const results = await Promise.all(Array.from({ length: 50 }, (_, n) => add(n)))
      expect(results.filter(Boolean)).toEqual([true])
    })

    test("added while their user is deleted leave no row behind", async () => {
      for (let n = 0; n < 10; n++) {
        const [added] = await Promise.allSettled([adapter.insertPasskey(passkey("a")), adapter.deleteUser("alice")])
        if (added.status === "rejected") expect(added.reason).toMatchObject({ code: "user_missing" })
        expect(await rows()).toEqual([])
        await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
      }
    })

    test("cannot have what a database would refuse or change", async () => {
      const wrong: Partial<PasskeyRecord>[] = [
        { id: "a\0" },
        { id: "x".repeat(1401) },
        { publicKey: "\ud800" },
        { algorithm: -65535 as -7 },
        { signCount: 0.5 },
        { aaguid: "x".repeat(49) },
        { transports: ["a b"] },
        { transports: [""] },
        { name: "x".repeat(256) },
        { createdAt: new Date(NaN) },
        { usedAt: new Date(NaN) },
      ]
      for (const more of wrong)
        await expect(adapter.insertPasskey(passkey("a", more))).rejects.toMatchObject({ code: "invalid_option" })
      const own = { userId: "alice", id: "a" }
      await expect(adapter.renamePasskey({ ...own, name: "\0" })).rejects.toMatchObject({ code: "invalid_option" })
      expect(await rows()).toEqual([])
    })
  })
}
