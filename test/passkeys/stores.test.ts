import { beforeEach, describe, expect, test } from "vitest"

import { createAuth } from "../../src/index.ts"
import { createPasskeys } from "../../src/passkeys.ts"
import { manualClock } from "../../src/testing.ts"
import { featureStores } from "../adapters/feature-stores.ts"
import { createAuthenticator } from "./authenticator.ts"
import { hour, register, signIn, site } from "./set-up.ts"

for (const { name, adapter, reset, run } of await featureStores()) {
  describe(`passkeys over ${name}`, () => {
    beforeEach(reset)

    async function setUp() {
      const now = manualClock()
      const auth = createAuth({ adapter, now })
      const passkeys = createPasskeys({ adapter, auth, ...site, now })
      const { session } = await auth.createSession("alice")
      return { now, auth, passkeys, sessionId: session.id }
    }

    test.each([[-7], [-8], [-257]] as const)("are kept, used and deleted, of algorithm %d", async (algorithm) => {
      const { passkeys, now, sessionId } = await setUp()
      const authenticator = createAuthenticator({ algorithm, counts: true })
      const newPasskey = await register(passkeys, authenticator, "alice")
      const passkey = await passkeys.addPasskey(newPasskey!, { name: "Alice’s 🔑", sessionId })
      expect(await passkeys.listPasskeys("alice")).toEqual([passkey])
      now.advance(hour)
      expect(await signIn(passkeys, authenticator)).toMatchObject({ userId: "alice", method: "passkey" })
      expect(await passkeys.listPasskeys("alice")).toEqual([{ ...passkey, usedAt: new Date(now()) }])
      const { id } = passkey!
      expect(await passkeys.renamePasskey({ userId: "bob", id, name: "Bob's" })).toBe(false)
      expect(await passkeys.deletePasskey({ userId: "bob", id })).toBe(false)
      expect(await passkeys.deletePasskey({ userId: "alice", id })).toBe(true)
      expect(await signIn(passkeys, authenticator)).toBeNull()
    })

    test("[PKY-3][PKY-6] are good once for a handle and once for a count, among callers at the same time", async () => {
      const { passkeys, sessionId } = await setUp()
      const authenticator = createAuthenticator({ counts: true })
      const begun = await passkeys.registrationOptions({ userId: "alice", name: "alice" })
      const response = await authenticator.register(begun.options)
      const answer = { handle: begun.handle, response }
      const added = (await Promise.all([0, 1, 2].map(() => passkeys.verifyRegistration(answer)))).filter(Boolean)
      expect(added).toHaveLength(1)
      await passkeys.addPasskey(added[0]!, { sessionId })
      const counted = [0, 1, 2].map(() => signIn(passkeys, authenticator, "alice", { signCount: 9 }))
      expect((await Promise.all(counted)).filter(Boolean)).toHaveLength(1)
    })

    test("have ids of up to 1,023 bytes, and nothing in the table signs in", async () => {
      const { passkeys, sessionId } = await setUp()
      const authenticator = createAuthenticator()
      const bytes = Buffer.alloc(1023, 0xfb)
      const id = bytes.toString("base64url")
      const { options, handle } = await passkeys.registrationOptions({ userId: "alice", name: "alice" })
      const named = { credentialId: bytes, response: { id, rawId: id } }
      const response = await authenticator.register(options, named)
      const newPasskey = await passkeys.verifyRegistration({ handle, response })
      expect(await passkeys.addPasskey(newPasskey!, { sessionId })).toMatchObject({ id })
      expect(await signIn(passkeys, authenticator, undefined, { response: { id, rawId: id } })).not.toBeNull()
      const tokens = JSON.stringify(await run("SELECT * FROM auth_token"))
      expect(tokens).not.toContain(handle)
    })

    test("all go when their user is deleted or reset", async () => {
      const { passkeys, auth, sessionId } = await setUp()
      const ofBob = createAuthenticator()
      const { session } = await auth.createSession("bob")
      await passkeys.addPasskey((await register(passkeys, createAuthenticator(), "alice"))!, { sessionId })
      await passkeys.addPasskey((await register(passkeys, ofBob, "bob"))!, { sessionId: session.id })
      await passkeys.resetUser("alice")
      expect(await passkeys.factorsOf("alice")).toEqual([])
      expect(await passkeys.factorsOf("bob")).toEqual(["passkey"])
      await adapter.deleteUser("bob")
      expect(await signIn(passkeys, ofBob)).toBeNull()
    })
  })
}
