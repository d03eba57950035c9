import { AuthError } from "../core/errors.ts"
import { fromBase64url, toBase64url } from "../platform/encoding.ts"
import { isBytes } from "../platform/realm.ts"
import type { CborMap } from "./cbor.ts"
import type { PasskeyAlgorithm } from "./passkey-port.ts"

/** How a passkey signs, and how its key is written as COSE (RFC 9053, RFC 8230) and as JWK. */
interface Kind {
  algorithm: { name: string; namedCurve?: string; hash?: string }
  /** The names of a JWK that are always the same. */
  jwk: JsonWebKey
  /** The labels of COSE that are always the same, but for the algorithm. */
  fixed: [label: number, value: number][]
  /** The parts of the key: the name in a JWK, the label in COSE, and how many bytes it has. */
  parts: [name: "x" | "y" | "n" | "e", label: number, min: number, max: number][]
}

const sha256 = "SHA-256"

const kinds: Record<PasskeyAlgorithm, Kind> = {
  [-8]: {
    algorithm: { name: "Ed25519" },
    jwk: { kty: "OKP", crv: "Ed25519" },
    fixed: [
      [1, 1],
      [-1, 6],
    ],
    parts: [["x", -2, 32, 32]],
  },
  [-7]: {
    algorithm: { name: "ECDSA", namedCurve: "P-256", hash: sha256 },
    jwk: { kty: "EC", crv: "P-256" },
    fixed: [
      [1, 2],
      [-1, 1],
    ],
    parts: [
      ["x", -2, 32, 32],
      ["y", -3, 32, 32],
    ],
  },
  [-257]: {
    algorithm: { name: "RSASSA-PKCS1-v1_5", hash: sha256 },
    jwk: { kty: "RSA" },
    fixed: [[1, 3]],
    // A modulus of 2,048 to 8,192 bits.
    parts: [
      ["n", -1, 256, 1024],
      ["e", -2, 3, 3],
    ],
  },
}

/** The algorithms that passkeys may have, the preferred one first. */
export const algorithms: readonly PasskeyAlgorithm[] = [-8, -7, -257]

/** A public key as it is stored. */
export interface StoredKey {
  /** SPKI in base64url. */
  publicKey: string
  algorithm: PasskeyAlgorithm
}

/**
 * Turns a key of COSE into one to be stored. `null` for another algorithm, for a label that the algorithm does not have, and
 * for a point that is not on the curve. Throws `unsupported` where the platform lacks the algorithm.
 */
export async function storedKeyOf(cose: CborMap): Promise<StoredKey | null> {
  const algorithm = algorithms.find((known) => known === cose.get(3))
  const jwk = algorithm && jwkOf(cose, kinds[algorithm])
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
  // For another length, workerd throws.
  if (!raw || (algorithm === -8 && raw.length !== 64)) return false
  const key = await importKey("spki", fromBase64url(publicKey), algorithm)
  if (!key) throw new AuthError("store_failed", "A passkey has a broken key.")
  return crypto.subtle.verify(kinds[algorithm].algorithm, key, raw, data)
}

function jwkOf(cose: CborMap, { jwk, fixed, parts }: Kind): JsonWebKey | null {
  const isKind = cose.size === 1 + fixed.length + parts.length && fixed.every(([label, is]) => cose.get(label) === is)
  const named = parts.map(([name, label, min, max]) => [name, partOf(cose.get(label), min, max)])
  // An authenticator has no other exponent than 65537. An even one is none at all, and WebCrypto may take it.
  return isKind && named.every(([name, part]) => (name === "e" ? part === "AQAB" : part))
    ? { ...jwk, ...Object.fromEntries(named) }
    : null
}

/** Reads a part of a key: at its only length, or without zeros in front. */
function partOf(bytes: unknown, min: number, max: number): string | null {
  const isPart = isBytes(bytes) && bytes.length >= min && bytes.length <= max && (min === max || bytes[0] !== 0)
  return isPart ? toBase64url(bytes) : null
}

async function importKey(format: "jwk" | "spki", key: object, algorithm: PasskeyAlgorithm): Promise<CryptoKey | null> {
  try {
    // The types tell the formats apart by the type of the key.
    return await crypto.subtle.importKey(format as "spki", key as BufferSource, kinds[algorithm].algorithm, true, [
      "verify",
    ])
  } catch (cause) {
    if ((cause as Partial<Error> | null)?.name !== "NotSupportedError") return null
    throw new AuthError("unsupported", `WebCrypto has no ${kinds[algorithm].algorithm.name}; update the runtime`, {
      cause,
    })
  }
}

/**
 * Reads an ECDSA signature in DER (X9.62) as the two numbers of 32 bytes that WebCrypto takes. `null` unless each is
 * positive and is spelled in the only way.
 */
function rawSignature(der: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const raw = new Uint8Array(64)
  let at = 2
  for (const end of [32, 64]) {
    const [tag, length = 0] = der.subarray(at, at + 2)
    const number = der.subarray(at + 2, at + 2 + length)
    const isPadded = number[0] === 0 && number[1]! >= 128
    const digits = number.subarray(isPadded ? 1 : 0)
    const isNumber =
      tag === 2 && number.length === length && length > 0 && (isPadded || (number[0]! > 0 && number[0]! < 128))
    if (!isNumber || digits.length > 32) return null
    raw.set(digits, end - digits.length)
    at += 2 + length
  }
  return der[0] === 48 && der[1] === at - 2 && der.length === at ? raw : null
}
