import { hashText } from "../platform/crypto.ts"
import { toBase64url, toHex } from "../platform/encoding.ts"
import { createCborReader, mapOf } from "./cbor.ts"
import type { CborMap, CborReader } from "./cbor.ts"
import { backedUp, backupEligible, hasCredential, hasExtensions, userPresent, userVerified } from "./flags.ts"
import { minIdBytes } from "./limits.ts"
import { ensure } from "./well-formed.ts"

/** What an authenticator says of one use, checked. */
export interface AuthenticatorData {
  signCount: number
  backupEligible: boolean
  backedUp: boolean
  /** The passkey that was made; `null` when one was used. */
  made: MadeCredential | null
}

/** A new passkey, whose key is still as COSE. */
export interface MadeCredential {
  aaguid: string
  id: string
  key: CborMap
}

/**
 * Reads authenticator data (Web Authentication Level 3, section 6.1). Throws if it is malformed to the last byte, is for
 * another site, or says that the user was not present or not verified.
 */
export function readAuthenticatorData(bytes: Uint8Array<ArrayBuffer>, rpId: string): AuthenticatorData {
  const reader = createCborReader(bytes)
  ensure(toHex(reader.take(32)) === hashText(rpId))
  const flags = reader.readNumber(1)
  const has = (flag: number) => (flags & flag) === flag
  ensure(has(userPresent | userVerified) && (has(backupEligible) || !has(backedUp)))
  const signCount = reader.readNumber(4)
  const made = has(hasCredential) ? readCredential(reader) : null
  if (has(hasExtensions)) mapOf(reader.read())
  ensure(reader.isAtEnd())
  return { signCount, backupEligible: has(backupEligible), backedUp: has(backedUp), made }
}

function readCredential({ take, readNumber, read }: CborReader): MadeCredential {
  const aaguid = toUuid(take(16))
  const idBytes = readNumber(2)
  // How long it is at most was checked of the id that the browser names.
  ensure(idBytes >= minIdBytes)
  return { aaguid, id: toBase64url(take(idBytes)), key: mapOf(read()) }
}

function toUuid(bytes: Uint8Array): string {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
}
