import { describe, expect, test } from "vitest"

import type { PasskeyVerifier } from "../../src/passkeys.ts"
import { createAuthenticator, flag } from "../passkeys/authenticator.ts"
import { register, setUp, signIn } from "../passkeys/set-up.ts"

// Mistakes of other libraries with passkeys. Each number is an advisory.

describe("CVE-2025-71400: a passkey was removed by its id alone, whoever owned it", () => {
  test("[PKY-4] nobody deletes, renames or lists another user's passkey", async () => {
    const { passkeys, enroll, events } = await setUp()
    const { passkey, authenticator } = await enroll("ada")
    await enroll("grace")
    const { id } = passkey
    expect(await passkeys.deletePasskey({ userId: "grace", id })).toBe(false)
    expect(await passkeys.renamePasskey({ userId: "grace", id, name: "Mine now" })).toBe(false)
    expect(await passkeys.listPasskeys("ada")).toEqual([passkey])
    expect(events).toEqual([])
    expect(await signIn(passkeys, authenticator)).toMatchObject({ userId: "ada" })
  })

  test("a passkey that another user has registered is not replaced by its id", async () => {
    const { passkeys, enroll, auth } = await setUp()
    const { credential, passkey, authenticator } = await enroll("ada")
    const { session } = await auth.createSession("grace")
    const id = { id: passkey.id, rawId: passkey.id }
    const taken = await register(passkeys, createAuthenticator(), "grace", {
      credentialId: credential.id,
      response: id,
    })
    expect(await passkeys.addPasskey(taken!, { sessionId: session.id })).toBeNull()
    expect(await signIn(passkeys, authenticator)).toMatchObject({ userId: "ada" })
  })
})

describe("CVE-2026-134320: user verification and origin were taken for granted", () => {
  test.each([
    ["a user who was present and not verified", { clear: flag.UV }],
    ["a user who was not present", { clear: flag.UP }],
    ["another origin", { clientData: { origin: "https://evil.example" } }],
    ["another origin on the same domain", { clientData: { origin: "https://evil.example.com" } }],
    ["no origin", { clientData: { origin: undefined } }],
    ["another site", { rpId: "evil.example" }],
  ])("[PKY-1] %s adds no passkey and signs nobody in", async (_, knobs) => {
    const { passkeys, enroll } = await setUp()
    const { authenticator } = await enroll("ada")
    expect(await register(passkeys, createAuthenticator(), "ada", knobs)).toBeNull()
    expect(await signIn(passkeys, authenticator, undefined, knobs)).toBeNull()
    expect(await signIn(passkeys, authenticator, "ada", knobs)).toBeNull()
    expect(await signIn(passkeys, authenticator)).not.toBeNull()
  })
})

describe("GitLab 585333: what the verifier returned was not looked at", () => {
  test("[PKY-2] a signature by another key adds nothing to a session, and signs nobody in", async () => {
    const { passkeys, enroll } = await setUp()
    const { passkey } = await enroll("ada")
    const thief = await enroll("grace")
    const id = { id: passkey.id, rawId: passkey.id }
    const inner = { userHandle: passkeys.userHandleOf("ada") }
    for (const userId of [undefined, "ada"]) {
      const { options, handle } = await passkeys.signInOptions(userId ? { userId } : {})
      const { credential } = thief
      const response = await thief.authenticator.signIn(options, { credential, response: id, inner })
      expect(await passkeys.verifyPasskey({ handle, response })).toBeNull()
    }
  })

  test("a verifier says no by returning nothing: there is no verdict next to the data", async () => {
    const verifier: PasskeyVerifier = { verifyRegistration: async () => null, verifySignIn: async () => null }
    const { store, enroll } = await setUp()
    const { authenticator } = await enroll("ada")
    const { passkeys } = await setUp({ verifier, adapter: { ...store } })
    expect(await register(passkeys, createAuthenticator(), "ada")).toBeNull()
    expect(await signIn(passkeys, authenticator)).toBeNull()
  })
})
