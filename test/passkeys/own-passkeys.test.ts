import { describe, expect, test } from "vitest"

import { memoryAdapter } from "../../adapters/memory.ts"
import { argon2id } from "../../src/password.ts"
import { ask } from "../../src/proof/proof.ts"
import { resetsPort } from "../../src/proof/resets.ts"
import { createTokens } from "../../src/tokens.ts"
import { createUsers } from "../../src/users.ts"
import { createAuthenticator } from "./authenticator.ts"
import { hour, register, setUp, signIn } from "./set-up.ts"
import type { UserRow } from "./set-up.ts"

describe("listPasskeys()", () => {
  test("lists a user's own passkeys, the newest first, without what only the server needs", async () => {
    const { passkeys, enroll, now } = await setUp()
    const { passkey: first } = await enroll("ada")
    now.advance(1)
    const { passkey: second } = await enroll("ada")
    await enroll("grace")
    const listed = await passkeys.listPasskeys("ada")
    expect(listed).toEqual([second, first])
    expect(Object.keys(listed[0]!)).not.toEqual(expect.arrayContaining(["publicKey"]))
    expect(Object.keys(listed[0]!)).not.toEqual(expect.arrayContaining(["signCount"]))
  })
})

describe("renamePasskey()", () => {
  test("renames a passkey of its user, and of nobody else", async () => {
    const { passkeys, enroll } = await setUp()
    const { id } = (await enroll("ada")).passkey
    expect(await passkeys.renamePasskey({ userId: "grace", id, name: "Mine now" })).toBe(false)
    expect(await passkeys.renamePasskey({ userId: "ada", id, name: "Phone" })).toBe(true)
    expect(await passkeys.listPasskeys("ada")).toMatchObject([{ name: "Phone" }])
  })

  test.each(["", "\0", "ä".repeat(128), "\uDC00", null, undefined, 7, {}, ["Phone"]])(
    "answers false for the name %o",
    async (name) => {
      const { passkeys, enroll } = await setUp()
      const { id } = (await enroll("ada")).passkey
      expect(await passkeys.renamePasskey({ userId: "ada", id, name })).toBe(false)
      expect(await passkeys.listPasskeys("ada")).toMatchObject([{ name: "Passkey" }])
    },
  )
})

describe("deletePasskey()", () => {
  test("[PKY-4] deletes a passkey of its user, and of nobody else, and reports it", async () => {
    const { passkeys, enroll, events, now } = await setUp()
    const { passkey, authenticator } = await enroll("ada")
    const { id } = passkey
    expect(await passkeys.deletePasskey({ userId: "grace", id })).toBe(false)
    expect(events).toEqual([])
    expect(await passkeys.deletePasskey({ userId: "ada", id })).toBe(true)
    expect(events).toEqual([{ type: "passkey_removed", at: new Date(now()), userId: "ada" }])
    expect(await passkeys.deletePasskey({ userId: "ada", id })).toBe(false)
    expect(await signIn(passkeys, authenticator)).toBeNull()
  })

  test.each([null, undefined, "", 7, {}, [], "a b", "A".repeat(2000)])("answers false for the id %o", async (id) => {
    const { passkeys, store } = await setUp()
    const asked = () => Promise.reject(new Error("asked"))
    const { passkeys: guarded } = await setUp({ adapter: { ...store, deletePasskey: asked, renamePasskey: asked } })
    expect(await guarded.deletePasskey({ userId: "ada", id })).toBe(false)
    expect(await guarded.renamePasskey({ userId: "ada", id, name: "Phone" })).toBe(false)
    expect(await passkeys.deletePasskey({ userId: "ada", id })).toBe(false)
  })
})

describe("factorsOf()", () => {
  test("names the passkey of a user who has one", async () => {
    const { passkeys, enroll } = await setUp()
    await enroll("ada")
    await enroll("ada")
    expect(await passkeys.factorsOf("ada")).toEqual(["passkey"])
    expect(await passkeys.factorsOf("grace")).toEqual([])
  })
})

describe("resetUser()", () => {
  test("deletes all of a user's passkeys, and no other user's", async () => {
    const { passkeys, enroll, events } = await setUp()
    for (const userId of ["ada", "ada", "grace"]) await enroll(userId)
    await passkeys.resetUser("ada")
    expect(await passkeys.listPasskeys("ada")).toEqual([])
    expect(await passkeys.listPasskeys("grace")).toHaveLength(1)
    expect(events.map(({ type, userId }) => [type, userId])).toEqual([
      ["passkey_removed", "ada"],
      ["passkey_removed", "ada"],
    ])
  })

  test("is what resetAccess() of an adapter with passkeys calls", async () => {
    const { passkeys, enroll, store, auth } = await setUp()
    expect(passkeys[resetsPort]).toBe("listPasskeys")
    const tokens = createTokens({ adapter: store, purposes: {} })
    const totp = { [resetsPort]: "deleteTotp", resetUser: async (id: string) => void (await store.deleteTotp(id)) }
    const resets = [auth, tokens, totp, passkeys]
    const users = createUsers<UserRow>({ adapter: store, passwordHasher: argon2id(), resets })
    const { authenticator } = await enroll("ada")
    expect(await users.resetAccess({ userId: "ada" })).toEqual({ reset: true })
    expect(await signIn(passkeys, authenticator)).toBeNull()
    expect(await auth.getUserSessions("ada")).toEqual([])
  })
})

describe("whether a proof still holds", () => {
  test("depends on the same passkey, with the same key, of the same user", async () => {
    const { passkeys, enroll, store } = await setUp()
    const { authenticator, passkey } = await enroll("ada")
    const evidence: Parameters<(typeof passkeys)[typeof ask]>[0][] = []
    const { passkeys: listening } = await setUp({ adapter: store })
    expect(await signIn(listening, authenticator)).not.toBeNull()
    const { publicKey } = (await store.findPasskey(passkey.id))!
    const { createHash } = await import("node:crypto")
    const mark = createHash("sha256").update(`${passkey.id}\0${publicKey}`).digest("hex")
    evidence.push({ userId: "ada", method: "passkey", mark })
    expect(await passkeys[ask](evidence[0]!)).toBe(true)
    expect(await passkeys[ask]({ ...evidence[0]!, userId: "grace" })).toBe(false)
    expect(await passkeys[ask]({ ...evidence[0]!, method: "totp" })).toBe(false)
    expect(await passkeys[ask]({ userId: "ada", method: "passkey" })).toBe(false)
    await passkeys.deletePasskey({ userId: "ada", id: passkey.id })
    expect(await passkeys[ask](evidence[0]!)).toBe(false)
  })
})

describe("cleanUp()", () => {
  test("deletes the hashes of handles a day after they have expired", async () => {
    const { passkeys, now } = await setUp()
    for (let n = 0; n < 3; n++) await register(passkeys, createAuthenticator(), "ada")
    now.advance(26 * hour - 1)
    expect(await passkeys.cleanUp()).toBe(0)
    now.advance(1)
    expect(await passkeys.cleanUp({ limit: 2 })).toBe(2)
    expect(await passkeys.cleanUp()).toBe(1)
    await expect(passkeys.cleanUp({ limit: 0 })).rejects.toMatchObject({ code: "invalid_option" })
  })
})

describe("withAdapter()", () => {
  test("works over another adapter, with handles and new passkeys of the first", async () => {
    const { passkeys, auth, store } = await setUp()
    const other = passkeys.withAdapter({ ...store })
    const { session } = await auth.createSession("ada")
    const authenticator = createAuthenticator()
    const newPasskey = await register(passkeys, authenticator, "ada")
    expect(await other.addPasskey(newPasskey!, { sessionId: session.id })).not.toBeNull()
    expect(await signIn(other, authenticator)).not.toBeNull()
    expect(await other.listPasskeys("ada")).toHaveLength(1)
    const elsewhere = memoryAdapter<UserRow>()
    expect(await passkeys.withAdapter(elsewhere).listPasskeys("ada")).toEqual([])
  })
})
