import { describe, expect, test } from "vitest"

import { createAuthenticator } from "./authenticator.ts"
import { register, setUp, signIn } from "./set-up.ts"

describe("a passkey", () => {
  test.each([[-7], [-8], [-257]] as const)("of algorithm %d is registered, stored and signs in", async (algorithm) => {
    const { passkeys, auth, events, now } = await setUp()
    const authenticator = createAuthenticator({ algorithm })
    const { session } = await auth.createSession("ada")
    const newPasskey = await register(passkeys, authenticator, "ada")
    const passkey = await passkeys.addPasskey(newPasskey!, { name: "My phone", sessionId: session.id })
    expect(passkey).toEqual({
      id: authenticator.credentials[0]!.id.toString("base64url"),
      userId: "ada",
      algorithm,
      backupEligible: true,
      backedUp: true,
      aaguid: "00000000-0000-0000-0000-000000000000",
      transports: ["internal", "hybrid"],
      name: "My phone",
      createdAt: new Date(now()),
      usedAt: null,
    })
    expect(await signIn(passkeys, authenticator)).toMatchObject({ userId: "ada", method: "passkey" })
    expect(await passkeys.listPasskeys("ada")).toEqual([{ ...passkey, usedAt: new Date(now()) }])
    expect(events.map(({ type, userId }) => [type, userId])).toEqual([["passkey_added", "ada"]])
  })
})
