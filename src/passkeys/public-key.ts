import { AuthError } from "../core/errors.ts"
import { fromBase64url, fromHex, toBase64url, toHex } from "../platform/encoding.ts"
import { isBytes } from "../platform/realm.ts"
import { createCborReader } from "./cbor.ts"
import type { CborMap, CborReader } from "./cbor.ts"
import type { PasskeyAlgorithm } from "./passkey-port.ts"
import { ensure, wellFormed } from "./well-formed.ts"

/** How a passkey signs, and how its key is written as COSE (RFC 9053, RFC 8230) and as JWK (RFC 7517). */
interface Kind {
  name: string
  kty: string
  /** RSA has no curves. */
  crv?: string
  /** What COSE has under `labels`: a number that is always the same, or a part of the key. */
  cose: (number | Part)[]
}

/** A part of a key: its name in a JWK, and how many bytes it has. */
type Part = [name: "x" | "y" | "n" | "e", min: number, max: number]

const kinds: Record<PasskeyAlgorithm, Kind> = {
  [-8]: { name: "Ed25519", kty: "OKP", crv: "Ed25519", cose: [1, 6, ["x", 32, 32]] },
  [-7]: { name: "ECDSA", kty: "EC", crv: "P-256", cose: [2, 1, ["x", 32, 32], ["y", 32, 32]] },
  // A modulus of 2,048 to 8,192 bits.
  [-257]: { name: "RSASSA-PKCS1-v1_5", kty: "RSA", cose: [3, ["n", 256, 1024], ["e", 3, 3]] },
}

const labels = [1, -1, -2, -3]

/** The algorithms that passkeys may have, the preferred one first. */
export const algorithms: readonly PasskeyAlgorithm[] = [-8, -7, -257]

/** A public key as it is stored. */
export interface StoredKey {
  /** SPKI in base64url. */
  publicKey: string
  algorithm: PasskeyAlgorithm
}

/**
 * Turns a COSE key into one to be stored. `null` for another algorithm, for a label that the algorithm does not have, and
 * for a point that is not on the curve. Throws `unsupported` where the platform lacks the algorithm.
 */
export async function storedKeyOf(cose: CborMap): Promise<StoredKey | null> {
  const algorithm = algorithms.find((known) => known === cose.get(3))
  const jwk = algorithm && wellFormed(() => jwkOf(cose, kinds[algorithm]))
  const key = jwk && (await importKey("jwk", jwk, algorithm))
  if (!key) return null
  const spki = await crypto.subtle.exportKey("spki", key)
  return { algorithm, publicKey: toBase64url(new Uint8Array(spki)) }
}

/** Returns whether a signature is right. Throws `store_failed` for a stored key that cannot be read. */
export async function isSigned(
  { publicKey, algorithm }: StoredKey,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const raw = algorithm === -7 ? rawSignature(signature) : signature
  // workerd throws for another length.
  if (!raw || (algorithm === -8 && raw.length !== 64)) return false
  const key = await importKey("spki", fromBase64url(publicKey), algorithm)
  if (!key) throw new AuthError("store_failed", "A passkey has a broken key.")
  return crypto.subtle.verify(paramsOf(algorithm), key, raw, data)
}

function jwkOf(key: CborMap, { kty, crv, cose }: Kind): JsonWebKey {
  const jwk: JsonWebKey = { kty, crv }
  cose.forEach((is, at) => {
    const value = key.get(labels[at]!)
    if (typeof is === "number") ensure(value === is)
    else jwk[is[0]] = partOf(value, is)
  })
  // The label that is left is that of the algorithm.
  ensure(key.size === cose.length + 1)
  return jwk
}

/** Reads a part of a key: at its only length, or without zeros in front. */
function partOf(bytes: unknown, [name, min, max]: Part): string {
  ensure(isBytes(bytes) && bytes.length >= min && bytes.length <= max && (min === max || bytes[0] !== 0))
  const part = toBase64url(bytes)
  // An authenticator has no other exponent than 65537. An even one is none at all, and WebCrypto may take it.
  ensure(name !== "e" || part === "AQAB")
  return part
}

/** The parameters of an algorithm for WebCrypto, which ignores those that the algorithm does not have. */
function paramsOf(algorithm: PasskeyAlgorithm) {
  const { name, crv } = kinds[algorithm]
  return { name, namedCurve: crv, hash: "SHA-256" }
}

async function importKey(format: "jwk" | "spki", key: object, algorithm: PasskeyAlgorithm): Promise<CryptoKey | null> {
  const params = paramsOf(algorithm)
  try {
    // The types tell the formats apart by the type of the key.
    return await crypto.subtle.importKey(format as "spki", key as BufferSource, params, true, ["verify"])
  } catch (cause) {
    if ((cause as Partial<Error> | null)?.name !== "NotSupportedError") return null
    throw new AuthError("unsupported", `WebCrypto has no ${params.name}; update the runtime`, { cause })
  }
}

/** Reads an ECDSA signature in DER (X9.62) as the two numbers of 32 bytes that WebCrypto takes. `null` if it is malformed. */
function rawSignature(signature: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  return wellFormed(() => {
    const reader = createCborReader(signature)
    ensure(reader.readNumber(1) === 48 && reader.readNumber(1) === signature.length - 2)
    const raw = fromHex(readInteger(reader) + readInteger(reader))
    ensure(reader.isAtEnd())
    return raw
  })
}

/** Reads a positive number of DER, in its only spelling, as 32 bytes in hex. */
function readInteger({ readNumber, take }: CborReader): string {
  ensure(readNumber(1) === 2)
  const digits = toHex(take(readNumber(1)))
  // A zero is in front if the number would be negative without it, and only then.
  ensure(/^(00(?=[89a-f])|(?!00)(?=[0-7]))(..){1,32}$/.test(digits))
  return digits.slice(-64).padStart(64, "0")
}
