import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server"
import { cose, decodeCredentialPublicKey, isoBase64URL } from "@simplewebauthn/server/helpers"
import { describe, expect, test } from "vitest"

import type { PasskeyAlgorithm, PasskeyVerifier } from "../../src/passkeys.ts"
import { createAuthenticator, flag } from "./authenticator.ts"
import { register, setUp, signIn } from "./set-up.ts"

/** What the guide on passkeys shows: another library that checks what authenticators sign. */
const simpleWebAuthn: PasskeyVerifier = {
  async verifyRegistration(response, { rpId, origins, challenge }) {
    const { registrationInfo: info } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: [...origins],
      expectedRPID: rpId,
    }).catch(() => ({ registrationInfo: undefined }))
    if (!info) return null
    const algorithm = decodeCredentialPublicKey(info.credential.publicKey).get(cose.COSEKEYS.alg) as PasskeyAlgorithm
    return {
      id: info.credential.id,
      publicKey: isoBase64URL.fromBuffer(info.credential.publicKey),
      algorithm,
      signCount: info.credential.counter,
      backupEligible: info.credentialDeviceType === "multiDevice",
      backedUp: info.credentialBackedUp,
      aaguid: info.aaguid,
    }
  },

  async verifySignIn(response, { rpId, origins, challenge, passkey }) {
    const { authenticationInfo: info } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      credential: { id: passkey.id, publicKey: isoBase64URL.toBuffer(passkey.publicKey), counter: 0 },
    }).catch(() => ({ authenticationInfo: undefined }))
    if (!info) return null
    const backupEligible = info.credentialDeviceType === "multiDevice"
    return { signCount: info.newCounter, backupEligible, backedUp: info.credentialBackedUp }
  },
}

describe("@simplewebauthn/server as the verifier", () => {
  test.each([[-7], [-8], [-257]] as const)("registers and signs in with algorithm %d", async (algorithm) => {
    const { passkeys, enroll } = await setUp({ verifier: simpleWebAuthn })
    const { authenticator, passkey } = await enroll("ada", { algorithm, counts: true })
    expect(passkey.algorithm).toBe(algorithm)
    expect(await signIn(passkeys, authenticator)).toMatchObject({ userId: "ada", method: "passkey" })
  })

  test("does not do without a verified user, a right origin and a right signature", async () => {
    const { passkeys, enroll } = await setUp({ verifier: simpleWebAuthn })
    const { authenticator } = await enroll()
    expect(await register(passkeys, createAuthenticator(), "ada", { clear: flag.UV })).toBeNull()
    expect(await signIn(passkeys, authenticator, "ada", { clear: flag.UV })).toBeNull()
    expect(await signIn(passkeys, authenticator, "ada", { clientData: { origin: "https://evil.example" } })).toBeNull()
    expect(await signIn(passkeys, authenticator, "ada", { inner: { signature: "AAAA" } })).toBeNull()
    expect(await signIn(passkeys, authenticator, "ada")).not.toBeNull()
  })
})

describe("a verifier of the application", () => {
  const verified = { publicKey: "AAAA", algorithm: -7, signCount: 0, backupEligible: true, backedUp: true } as const
  const aaguid = "00000000-0000-0000-0000-000000000000"

  test("is asked with client data that fit, and only then", async () => {
    const asked: unknown[] = []
    const verifier: PasskeyVerifier = {
      verifyRegistration: async (response, expected) => (asked.push([response, expected]), null),
      verifySignIn: async (response, expected) => (asked.push([response, expected]), null),
    }
    const { passkeys } = await setUp({ verifier })
    const authenticator = createAuthenticator()
    await register(passkeys, authenticator, "ada", { clientData: { origin: "https://evil.example" } })
    expect(asked).toEqual([])
    const { options, handle } = await passkeys.registrationOptions({ userId: "ada", name: "ada" })
    const response = await authenticator.register(options)
    await passkeys.verifyRegistration({ handle, response })
    const { challenge } = options
    const origins = ["https://example.com", "https://app.example.com"]
    const { id, rawId, type, response: inner } = response as Record<string, Record<string, unknown>>
    const { clientDataJSON, attestationObject, transports } = inner!
    const given = { id, rawId, type, clientExtensionResults: {} }
    expect(asked).toEqual([
      [
        { ...given, response: { clientDataJSON, attestationObject, transports } },
        { rpId: "example.com", origins, challenge },
      ],
    ])
  })

  test("cannot name another passkey, make it eligible for backups later, or lower its counter", async () => {
    let id = ""
    let use = { signCount: 5, backupEligible: true, backedUp: true }
    const verifier: PasskeyVerifier = {
      verifyRegistration: async (response) => ({ ...verified, signCount: 5, aaguid, id: id || response.id }),
      verifySignIn: async () => use,
    }
    const { passkeys, enroll, events } = await setUp({ verifier })
    id = "AAAA"
    expect(await register(passkeys, createAuthenticator(), "ada")).toBeNull()
    id = ""
    const { authenticator } = await enroll()
    expect(await signIn(passkeys, authenticator)).toBeNull()
    expect(events).toMatchObject([{ type: "passkey_cloned" }])
    use = { signCount: 6, backupEligible: false, backedUp: false }
    expect(await signIn(passkeys, authenticator)).toBeNull()
    use = { signCount: 6, backupEligible: true, backedUp: false }
    expect(await signIn(passkeys, authenticator)).not.toBeNull()
  })

  test("that throws is an outage, and no wrong passkey: the handle stays good", async () => {
    const verifyRegistration = () => Promise.reject(new Error("no list of authenticators"))
    const { passkeys } = await setUp({ verifier: { verifyRegistration, verifySignIn: async () => null } })
    await expect(register(passkeys, createAuthenticator(), "ada")).rejects.toThrow("no list of authenticators")
  })

  test("that lacks a method is named when passkeys are made", async () => {
    const verifier = { verifySignIn: async () => null } as never
    await expect(setUp({ verifier })).rejects.toMatchObject({ code: "missing_port" })
  })
})
