import { createHash, createPublicKey, verify } from "node:crypto"

import { verifyAuthenticationResponse, verifyRegistrationResponse } from "@simplewebauthn/server"
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server"
import {
  decodeAttestationObject,
  decodeCredentialPublicKey,
  isoCBOR,
  parseAuthenticatorData,
} from "@simplewebauthn/server/helpers"

import { createCborReader } from "../../src/passkeys/cbor.ts"
import type { PasskeyRecord, VerifiedRegistration, VerifiedUse } from "../../src/passkeys.ts"
import { flag } from "./authenticator.ts"
import type { Credential } from "./authenticator.ts"
import { joined, writeCbor } from "./cbor-items.ts"
import { site } from "./set-up.ts"

type Registration = RegistrationResponseJSON
type SignIn = AuthenticationResponseJSON
type Verdict<Verified> = Promise<Verified | null>

/** Asks `@simplewebauthn/server` what it says of a registration; `null` for a refusal, whatever the reason. */
export async function registrationByOracle(response: unknown, challenge: string): Verdict<VerifiedRegistration> {
  try {
    const { registrationInfo } = await verifyRegistrationResponse({
      response: response as Registration,
      expectedChallenge: challenge,
      expectedOrigin: site.origins,
      expectedRPID: site.rpId,
      supportedAlgorithmIDs: [-8, -7, -257],
    })
    if (!registrationInfo) return null
    const { credential, aaguid, credentialDeviceType, credentialBackedUp } = registrationInfo
    return {
      id: credential.id,
      aaguid,
      signCount: credential.counter,
      backupEligible: credentialDeviceType === "multiDevice",
      backedUp: credentialBackedUp,
      ...keyOf(credential.publicKey),
    } as VerifiedRegistration
  } catch {
    return null
  }
}

/** Asks it about a sign-in with the passkey that the response names. */
export async function signInByOracle(
  response: unknown,
  challenge: string,
  { cose, record }: { cose: Credential["cose"]; record: PasskeyRecord },
): Verdict<VerifiedUse> {
  try {
    // Which passkey is meant is looked up by the application.
    if ((response as SignIn).id !== record.id) return null
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as SignIn,
      expectedChallenge: challenge,
      expectedOrigin: site.origins,
      expectedRPID: site.rpId,
      credential: { id: record.id, publicKey: writeCbor(cose), counter: record.signCount },
    })
    const { newCounter, credentialDeviceType, credentialBackedUp } = authenticationInfo
    const backupEligible = credentialDeviceType === "multiDevice"
    return verified ? { signCount: newCounter, backupEligible, backedUp: credentialBackedUp } : null
  } catch {
    return null
  }
}

/**
 * A registration without what the oracle checks and we do not ask for: attestation, token binding, and the one spelling of
 * CBOR that it writes itself.
 */
export function bareRegistration(given: unknown): unknown {
  try {
    const { response, ...others } = given as Registration
    const object = new Map(
      decodeAttestationObject(bytesOf(response.attestationObject)) as unknown as Map<string, unknown>,
    )
    const bare = new Map<string, unknown>([...object, ["fmt", "none"], ["attStmt", new Map()]])
    bare.set("authData", respelled(object.get("authData") as Uint8Array))
    const { tokenBinding: _, ...clientData } = clientDataOf(response.clientDataJSON)
    return {
      ...others,
      response: {
        ...response,
        attestationObject: textOf(isoCBOR.encode(bare as never)),
        clientDataJSON: textOf(Buffer.from(JSON.stringify(clientData))),
      },
    }
  } catch {
    return null
  }
}

/** Why we refuse registrations that the oracle accepts. Each is looked for by other means than ours. */
export const registrationReasons: Record<string, (given: Registration) => boolean> = {
  "a text is not base64url in its only spelling": ({ id, rawId, response }) =>
    ![id, rawId, response.clientDataJSON, response.attestationObject].every(isSpelled),
  "the browser names another passkey than the authenticator": (given) =>
    textOf(dataOf(given).credentialID!) !== given.id,
  "the page is in a frame": ({ response }) => isFramed(response.clientDataJSON),
  "the id is shorter or longer than the specification allows": (given) => {
    const { length } = dataOf(given).credentialID!
    return length < 16 || length > 1023
  },
  "bytes are left behind the attestation object": ({ response }) => {
    const bytes = bytesOf(response.attestationObject)
    return isoCBOR.encode(isoCBOR.decodeFirst(bytes)).length < bytes.length
  },
  "a length runs past the end": (given) => isCutRegistration(given),
  "the attestation statement is not a map": ({ response }) =>
    !((decodeAttestationObject(bytesOf(response.attestationObject)).get("attStmt") as unknown) instanceof Map),
  "the attestation object holds what authenticators may not write": ({ response }) =>
    !isPlain(decodeAttestationObject(bytesOf(response.attestationObject)), 8),
  "the extensions are not a map that authenticators may write": (given) => hasOddExtensions(dataOf(given)),
  "the key is not one of its algorithm, label by label": (given) => keyOf(dataOf(given).credentialPublicKey!) === null,
}

/** Why we refuse sign-ins that the oracle accepts. */
export const signInReasons: Record<
  string,
  (given: SignIn, passkey: { record: PasskeyRecord; userHandle: string }) => boolean
> = {
  "a text is not base64url in its only spelling": ({ id, rawId, response }) =>
    ![id, rawId, response.clientDataJSON, response.authenticatorData, response.signature].every(isSpelled),
  "the page is in a frame": ({ response }) => isFramed(response.clientDataJSON),
  "the user handle is missing or another user's": ({ response }, { userHandle }) => response.userHandle !== userHandle,
  "a sign-in makes a passkey": (given) => (flagsOf(given) & flag.AT) > 0,
  "the passkey may be copied, and could not be, or the other way round": (given, { record }) =>
    (flagsOf(given) & flag.BE) > 0 !== record.backupEligible,
  "the extensions are not a map that authenticators may write": ({ response }) =>
    hasOddExtensions(parseAuthenticatorData(bytesOf(response.authenticatorData))),
  "a length runs past the end": (given) =>
    (flagsOf(given) & flag.ED) > 0 && isCut(bytesOf(given.response.authenticatorData).slice(37)),
  "the signature is not DER": ({ response }, { record }) => !isDer(response, record),
}

/** Why the oracle refuses sign-ins that we accept. */
export const laxerSignIns: Record<string, (given: SignIn) => boolean> = {
  // Level 3 of the specification reserves the name, and no browser sends it.
  "token binding is not read": ({ response }) => Boolean(clientDataOf(response.clientDataJSON).tokenBinding),
  // It takes floats and lengths that were written otherwise for bytes that are left over. What is signed is the same.
  "the oracle measures extensions by writing them again": ({ response }) => {
    const data = bytesOf(response.authenticatorData)
    return respelled(data).length !== data.length
  },
}

/** Writes the key and the extensions of authenticator data again. */
function respelled(data: Uint8Array): Uint8Array {
  const reader = createCborReader(new Uint8Array(data))
  const fixed = reader.take(37)
  const id = fixed[32]! & flag.AT ? [reader.take(16), reader.take(2)] : []
  const parts = [...id, ...id.slice(1).map(([high, low]) => reader.take(high! * 256 + low!))]
  const items: Uint8Array[] = []
  while (!reader.isAtEnd()) items.push(writeCbor(reader.read()))
  return joined(fixed, ...parts, ...items)
}

function keyOf(publicKey: Uint8Array): { publicKey: string; algorithm: number } | null {
  try {
    const cose = decodeCredentialPublicKey(publicKey as never) as unknown as Map<number, unknown>
    const algorithm = cose.get(3) as number
    const spki = createPublicKey({ format: "jwk", key: jwkOf(cose, algorithm) }).export({
      format: "der",
      type: "spki",
    })
    return { algorithm, publicKey: spki.toString("base64url") }
  } catch {
    return null
  }
}

/** A key as JWK, if it has the labels of its algorithm and no others. */
function jwkOf(cose: Map<number, unknown>, algorithm: number): Record<string, string> {
  const labels = [...cose.keys()].map(Number).sort((one, other) => one - other).join() // prettier-ignore
  const [x, y, n, e] = [-2, -3, -1, -2].map((label) => cose.get(label) as Uint8Array)
  if (algorithm === -7 && labels === "-3,-2,-1,1,3" && cose.get(1) === 2 && cose.get(-1) === 1 && isOf(32, x, y))
    return { kty: "EC", crv: "P-256", x: textOf(x!), y: textOf(y!) }
  if (algorithm === -8 && labels === "-2,-1,1,3" && cose.get(1) === 1 && cose.get(-1) === 6 && isOf(32, x))
    return { kty: "OKP", crv: "Ed25519", x: textOf(x!) }
  if (
    algorithm === -257 &&
    labels === "-2,-1,1,3" &&
    cose.get(1) === 3 &&
    isModulus(n) &&
    isOf(3, e) &&
    textOf(e!) === "AQAB"
  )
    return { kty: "RSA", n: textOf(n!), e: textOf(e!) }
  throw new Error("It is a key of another kind.")
}

function isOf(length: number, ...parts: unknown[]): boolean {
  return parts.every((part) => part instanceof Uint8Array && part.length === length)
}

function isModulus(n: unknown): boolean {
  return n instanceof Uint8Array && n.length >= 256 && n.length <= 1024 && n[0] !== 0
}

function isSpelled(value: unknown): boolean {
  return typeof value === "string" && value !== "" && Buffer.from(value, "base64url").toString("base64url") === value
}

function isFramed(clientData: string): boolean {
  const { crossOrigin, topOrigin } = clientDataOf(clientData)
  return (crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined
}

/** Whether the extensions are not a map, or have in them what CTAP forbids: tags, other keys, or too many levels. */
function hasOddExtensions({ extensionsDataBuffer }: ReturnType<typeof parseAuthenticatorData>): boolean {
  if (!extensionsDataBuffer) return false
  const extensions: unknown = isoCBOR.decodeFirst(extensionsDataBuffer)
  return !(extensions instanceof Map) || !isPlain(extensions, 8)
}

function isPlain(item: unknown, levels: number): boolean {
  if (levels < 0) return false
  // Text that is not UTF-8 was read as this.
  if (typeof item === "string") return !item.includes("\uFFFD")
  if (item instanceof Uint8Array || typeof item !== "object" || item === null) return true
  if (Array.isArray(item)) return item.every((each) => isPlain(each, levels - 1))
  const isMap =
    item instanceof Map && [...item.keys()].every((key) => ["number", "string"].includes(typeof key) && isPlain(key, 0))
  return isMap && [...item.values()].every((each) => isPlain(each, levels - 1))
}

/** Whether a length runs past the end, where the oracle takes what there is: with more bytes it reads more. */
function isCut(bytes: Uint8Array): boolean {
  const lengthOf = (each: Uint8Array) => isoCBOR.encode(isoCBOR.decodeFirst(new Uint8Array(each))).length
  return lengthOf(bytes) !== lengthOf(joined(bytes, new Uint8Array(256)))
}

function isCutRegistration(given: Registration): boolean {
  const object = bytesOf(given.response.attestationObject)
  const data = decodeAttestationObject(object).get("authData")
  const { credentialID, credentialPublicKey, flags } = dataOf(given)
  const keyAt = 55 + credentialID!.length
  const extensionsAt = keyAt + credentialPublicKey!.length
  return isCut(object) || isCut(data.slice(keyAt)) || (flags.ed && isCut(data.slice(extensionsAt)))
}

function isDer({ signature, authenticatorData, clientDataJSON }: SignIn["response"], record: PasskeyRecord): boolean {
  const key = createPublicKey({ key: Buffer.from(record.publicKey, "base64url"), format: "der", type: "spki" })
  const hash = createHash("sha256").update(bytesOf(clientDataJSON)).digest()
  const data = Buffer.concat([bytesOf(authenticatorData), hash])
  return verify(record.algorithm === -8 ? null : "sha256", data, key, bytesOf(signature))
}

function dataOf({ response }: Registration) {
  return parseAuthenticatorData(decodeAttestationObject(bytesOf(response.attestationObject)).get("authData"))
}

function flagsOf({ response }: SignIn): number {
  return bytesOf(response.authenticatorData)[32]!
}

function clientDataOf(text: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(bytesOf(text))) as Record<string, unknown>
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "base64url"))
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url")
}
