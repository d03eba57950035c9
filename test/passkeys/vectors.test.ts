import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"

import { createCborReader } from "../../src/passkeys/cbor.ts"
import type { CborMap } from "../../src/passkeys/cbor.ts"
import { isSigned, storedKeyOf } from "../../src/passkeys/public-key.ts"
import { readRegistration, readSignIn } from "../../src/passkeys/responses.ts"
import { webVerifier } from "../../src/passkeys/verifier.ts"
import published from "../vectors/webauthn-level-3.json" with { type: "json" }
import { flag } from "./authenticator.ts"
import { joined } from "./cbor-items.ts"

const { rpId, origin, vectors } = published
type Vector = (typeof vectors)[number]
type ClientData = Record<string, unknown>

/** Why a ceremony is refused that the specification leaves to the relying party. */
type Reason = "not verified" | "in a frame" | "under a top origin" | "unknown algorithm"

const never: Reason[] = []
const notVerified: Reason[] = ["not verified"]

/** What we say of each vector. No reason: it is accepted. */
const verdicts: Record<string, { registration: Reason[]; signIn: Reason[] }> = {
  "none-es256": { registration: notVerified, signIn: notVerified },
  "packed-self-es256": { registration: never, signIn: notVerified },
  "none-es256-crossOrigin": { registration: ["in a frame"], signIn: ["in a frame"] },
  "none-es256-topOrigin": {
    registration: ["not verified", "in a frame", "under a top origin"],
    signIn: ["in a frame", "under a top origin"],
  },
  "none-es256-long-credential-id": { registration: notVerified, signIn: never },
  "packed-es256": { registration: never, signIn: never },
  "packed-es384": { registration: ["not verified", "unknown algorithm"], signIn: ["unknown algorithm"] },
  "packed-es512": { registration: ["unknown algorithm"], signIn: ["not verified", "unknown algorithm"] },
  "packed-rs256": { registration: never, signIn: notVerified },
  "packed-eddsa": { registration: notVerified, signIn: notVerified },
  "packed-ed448": { registration: ["not verified", "unknown algorithm"], signIn: ["unknown algorithm"] },
  "tpm-es256": { registration: never, signIn: never },
  "android-key-es256": { registration: never, signIn: notVerified },
  "apple-es256": { registration: notVerified, signIn: notVerified },
  "fido-u2f-es256": { registration: notVerified, signIn: notVerified },
}

const known = vectors.filter(({ id }) => !verdicts[id]!.registration.includes("unknown algorithm"))

test("every vector of the specification has a verdict", () => {
  expect(vectors.map(({ id }) => id)).toEqual(Object.keys(verdicts))
})

describe("a registration of Web Authentication Level 3", () => {
  test.each(vectors)("$id: $title", async (vector) => {
    const reasons = verdicts[vector.id]!.registration
    // Nothing else is wrong with it: it is accepted as soon as every reason is mended, and not before.
    for (const left of reasons) expect(await register(vector, without(reasons, left)), left).toBeNull()
    const registered = await register(vector, reasons)
    if (reasons.includes("unknown algorithm")) return expect(registered).toBeNull()
    const { authData, key } = read(vector)
    const { credential_id: id, aaguid } = vector.registration
    expect(registered).toEqual({
      id: toBase64url(hex(id)),
      aaguid: aaguid.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
      algorithm: key.get(3),
      publicKey: (await storedKeyOf(key))!.publicKey,
      signCount: 0,
      backupEligible: (authData[32]! & flag.BE) > 0,
      backedUp: (authData[32]! & flag.BS) > 0,
    })
  })
})

describe("a sign-in of Web Authentication Level 3", () => {
  test.each(vectors)("$id: $title", async (vector) => {
    const verdict = verdicts[vector.id]!
    if (verdict.registration.includes("unknown algorithm")) return
    const used = await signIn(vector)
    if (verdict.signIn.length > 0) return expect(used).toBeNull()
    const flags = hex(vector.authentication.authenticatorData)[32]!
    expect(used).toMatchObject({
      signCount: 0,
      backupEligible: (flags & flag.BE) > 0,
      backedUp: (flags & flag.BS) > 0,
    })
  })

  test.each(known)("$id: is signed, and with a bit changed it is not", async (vector) => {
    const key = (await storedKeyOf(read(vector).key))!
    const { authenticatorData, clientDataJSON, signature } = vector.authentication
    const data = joined(hex(authenticatorData), sha256(hex(clientDataJSON)))
    const signed = hex(signature)
    expect(await isSigned(key, signed, data)).toBe(true)
    for (let at = 0; at < data.length; at++) expect(await isSigned(key, signed, flipped(data, at))).toBe(false)
    for (let at = 0; at < signed.length; at++) expect(await isSigned(key, flipped(signed, at), data)).toBe(false)
  })

  test.each(known)("$id: is not signed by the key of another vector", async (vector) => {
    const { authenticatorData, clientDataJSON, signature } = vector.authentication
    const data = joined(hex(authenticatorData), sha256(hex(clientDataJSON)))
    for (const other of known.filter((each) => each !== vector)) {
      const key = (await storedKeyOf(read(other).key))!
      expect(await isSigned(key, hex(signature), data)).toBe(false)
    }
  })
})

/** Verifies the registration, after mending what we refuse. The attestation is not checked, so its signature may break. */
async function register({ registration }: Vector, mended: Reason[]) {
  const attestationObject = hex(registration.attestationObject)
  const flags = authDataAt(attestationObject) + 32
  if (mended.includes("not verified")) attestationObject[flags]! |= flag.UV
  const clientData = JSON.parse(Buffer.from(hex(registration.clientDataJSON)).toString()) as ClientData
  if (mended.includes("in a frame")) delete clientData.crossOrigin
  if (mended.includes("under a top origin")) delete clientData.topOrigin
  const clientDataJSON = mended.length > 0 ? Buffer.from(JSON.stringify(clientData)) : hex(registration.clientDataJSON)
  const response = answer(registration.credential_id, { clientDataJSON, attestationObject })
  const given = readRegistration(response, expectedOf(registration))
  return given && webVerifier.verifyRegistration(given, expectedOf(registration))
}

async function signIn(vector: Vector) {
  const { authentication, registration } = vector
  const key = (await storedKeyOf(read(vector).key))!
  const clientDataJSON = hex(authentication.clientDataJSON)
  const [authenticatorData, signature] = [hex(authentication.authenticatorData), hex(authentication.signature)]
  const response = answer(registration.credential_id, { clientDataJSON, authenticatorData, signature })
  const given = readSignIn(response, expectedOf(authentication))
  const passkey = { id: toBase64url(hex(registration.credential_id)), ...key }
  return given && webVerifier.verifySignIn(given, { ...expectedOf(authentication), passkey })
}

function expectedOf({ challenge }: { challenge: string }) {
  return { rpId, origins: [origin], challenge: toBase64url(hex(challenge)) }
}

function answer(credentialId: string, bytes: Record<string, Uint8Array>) {
  const id = toBase64url(hex(credentialId))
  const response = Object.fromEntries(Object.entries(bytes).map(([name, value]) => [name, toBase64url(value)]))
  return { id, rawId: id, type: "public-key", clientExtensionResults: {}, response }
}

/** The authenticator data of a registration and its key, found by their place and not by reading the object. */
function read({ registration }: Vector): { authData: Uint8Array<ArrayBuffer>; key: CborMap } {
  const bytes = hex(registration.attestationObject)
  const authData = bytes.subarray(authDataAt(bytes))
  const id = hex(registration.credential_id)
  return { authData, key: createCborReader(authData.subarray(55 + id.length)).read() as CborMap }
}

function authDataAt(attestationObject: Uint8Array): number {
  return Buffer.from(attestationObject).indexOf(sha256(Buffer.from(rpId)))
}

function without(reasons: Reason[], left: Reason): Reason[] {
  return reasons.filter((reason) => reason !== left)
}

function flipped(bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte))
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest()
}

function hex(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "hex"))
}

function toBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url")
}
