import { hashText } from "../platform/crypto.ts"
import { toBase64url, toHex } from "../platform/encoding.ts"
import { createCborReader } from "./cbor.ts"
import type { CborMap, CborReader } from "./cbor.ts"

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

// The flags of Web Authentication Level 3, section 6.1.
const userPresent = 0x01
const userVerified = 0x04
const backupEligible = 0x08
const backedUp = 0x10
const hasCredential = 0x40
const hasExtensions = 0x80

const fixedBytes = 37
const minIdBytes = 16

/**
 * Reads authenticator data (Web Authentication Level 3, section 6.1). `null` if it is malformed to the last byte, is for
 * another site, or says that the user was not present or not verified.
 */
export function readAuthenticatorData(bytes: Uint8Array<ArrayBuffer>, rpId: string): AuthenticatorData | null {
  const reader = createCborReader(bytes)
  const fixed = reader.take(fixedBytes)
  if (!fixed || toHex(fixed.subarray(0, 32)) !== hashText(rpId)) return null
  const view = new DataView(fixed.buffer, fixed.byteOffset)
  const flags = view.getUint8(32)
  const has = (flag: number) => (flags & flag) === flag
  if (!has(userPresent | userVerified) || (has(backedUp) && !has(backupEligible))) return null
  const made = has(hasCredential) ? readCredential(reader) : null
  if (made === undefined || (has(hasExtensions) && !(reader.read() instanceof Map)) || !reader.isAtEnd()) return null
  return { signCount: view.getUint32(33), backupEligible: has(backupEligible), backedUp: has(backedUp), made }
}

function readCredential(reader: CborReader): MadeCredential | undefined {
  const [aaguid, length] = [reader.take(16), reader.take(2)]
  const idBytes = length ? length[0]! * 256 + length[1]! : 0
  // Section 4 asks for 16 bytes at least. The most is a matter of the id that the browser names.
  if (!aaguid || idBytes < minIdBytes) return undefined
  const [id, key] = [reader.take(idBytes), reader.read()]
  return id && key instanceof Map ? { aaguid: toUuid(aaguid), id: toBase64url(id), key } : undefined
}

function toUuid(bytes: Uint8Array): string {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
}
