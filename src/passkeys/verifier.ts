import { joinBytes } from "../platform/bytes.ts"
import { fromBase64url } from "../platform/encoding.ts"
import { readAuthenticatorData } from "./authenticator-data.ts"
import { createCborReader, mapOf } from "./cbor.ts"
import type { PasskeyAlgorithm } from "./passkey-port.ts"
import { isSigned, storedKeyOf } from "./public-key.ts"
import type { SignInResponse, RegistrationResponse } from "./responses.ts"
import { ensure, wellFormed } from "./well-formed.ts"

/** What a response must fit. Its client data were compared with this before: a verifier may do it again. */
export interface Expected {
  rpId: string
  origins: readonly string[]
  /** In base64url. */
  challenge: string
}

/** A passkey that signed in, as it is stored. */
export interface ExpectedPasskey {
  id: string
  /** What `verifyRegistration` of the verifier resolved to. */
  publicKey: string
  algorithm: PasskeyAlgorithm
}

/** What a verifier has read of a new passkey, and checked. */
export interface VerifiedRegistration extends VerifiedUse, ExpectedPasskey {
  /** A UUID in lower case. */
  aaguid: string
}

/** What a verifier has read of one use, and checked. */
export interface VerifiedUse {
  signCount: number
  backupEligible: boolean
  backedUp: boolean
}

/**
 * Checks what authenticators sign: that it is well-formed and for this `rpId`, that the user was present and verified, and
 * the signature. Each method returns what it has checked, or `null`, so that nobody can forget to look at a verdict. It must
 * not throw for what a visitor sends; what it throws is thrown by the method that was called.
 */
export interface PasskeyVerifier {
  verifyRegistration(response: RegistrationResponse, expected: Expected): Promise<VerifiedRegistration | null>
  /** The counter is compared by the caller. */
  verifySignIn(response: SignInResponse, expected: Expected & { passkey: ExpectedPasskey }): Promise<VerifiedUse | null>
}

/** The verifier over WebCrypto. Attestation is not asked for, and not checked. */
export const webVerifier: PasskeyVerifier = {
  async verifyRegistration({ response }, { rpId }) {
    const data = wellFormed(() => readAuthenticatorData(readAttestation(response.attestationObject), rpId))
    if (!data?.made) return null
    const { made, ...use } = data
    const { key, ...credential } = made
    const stored = await storedKeyOf(key)
    return stored && { ...use, ...credential, ...stored }
  },

  async verifySignIn({ response }, { rpId, passkey }) {
    const signed = fromBase64url(response.authenticatorData)
    const data = wellFormed(() => readAuthenticatorData(signed, rpId))
    if (!data || data.made) return null
    const hash = await crypto.subtle.digest("SHA-256", fromBase64url(response.clientDataJSON))
    const isRight = await isSigned(passkey, fromBase64url(response.signature), joinBytes(signed, new Uint8Array(hash)))
    return isRight ? data : null
  },
}

/** Reads the authenticator data in an attestation object. */
function readAttestation(text: string): Uint8Array<ArrayBuffer> {
  const reader = createCborReader(fromBase64url(text))
  const attestation = mapOf(reader.read())
  const data = attestation.get("authData")
  mapOf(attestation.get("attStmt"))
  ensure(typeof attestation.get("fmt") === "string" && data instanceof Uint8Array && reader.isAtEnd())
  return data
}
