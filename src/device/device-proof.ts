import { toUtf8 } from "../platform/bytes.ts"
import { fromBase64url, isBase64url } from "../platform/encoding.ts"

/** What a browser has signed. */
export interface DeviceProof {
  /** The key that has signed: its two parts with a dot between them. */
  key: string
  challenge: unknown
}

/** How browsers sign (RFC 7518, section 3.1). */
interface Kind {
  name: "ES256" | "RS256"
  algorithm: { name: string; namedCurve?: string; hash: string }
  /** What all keys have in common. */
  jwk: JsonWebKey
  /** The two parts of a key, joined by a dot. */
  parts: RegExp
}

const kinds: Kind[] = [
  {
    name: "ES256",
    algorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
    jwk: { kty: "EC", crv: "P-256" },
    parts: /^(?<x>[\w-]{43})\.(?<y>[\w-]{43})$/,
  },
  {
    name: "RS256",
    algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    jwk: { kty: "RSA" },
    // A modulus of 2,048 to 4,096 bits. No hardware has another exponent than 65537.
    parts: /^(?<n>(?!A)[\w-]{342,683})\.(?<e>AQAB)$/,
  },
]

/**
 * Reads a DBSC proof, a JWT, and checks its signature: by `key` or, at registration, by the key that it brings. `null` for
 * anything else: another type or algorithm, two keys or none.
 */
export async function readProof(jwt: string, key?: string): Promise<DeviceProof | null> {
  const parts = jwt.split(".")
  // 4,096-bit keys and their signatures make about 1,700.
  if (parts.length !== 3 || !parts.every((part) => isBase64url(part, 4096))) return null
  try {
    const [header, payload] = parts.slice(0, 2).map(readJson)
    const kind = kinds.find(({ name }) => name === header!["alg"])
    const own = header!["jwk"] === undefined ? key : key === undefined && kind && readJwk(header!["jwk"], kind)
    const match = kind && own ? kind.parts.exec(own) : null
    if (!kind || !match || header!["typ"] !== "dbsc+jwt") return null
    const jwk = { ...kind.jwk, ...match.groups }
    const imported = await crypto.subtle.importKey("jwk", jwk, kind.algorithm, false, ["verify"])
    const text = toUtf8(`${parts[0]}.${parts[1]}`)
    const isSigned = await crypto.subtle.verify(kind.algorithm, imported, fromBase64url(parts[2]!), text)
    return isSigned ? { key: match[0], challenge: payload!["jti"] } : null
  } catch {
    // No JSON, a point that is not on the curve, or a signature of another length: anyone can send it.
    return null
  }
}

function readJson(part: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(fromBase64url(part))) as Record<string, unknown>
}

/** Reads a JWK, as its key is stored. `null` for a key of another kind. */
function readJwk(jwk: unknown, { jwk: { kty, crv } }: Kind): string | null {
  const key = Object(jwk) as JsonWebKey
  const parts = [key.x ?? key.n, key.y ?? key.e]
  // JSON can hold lists, which would be joined as well.
  const isOfKind = key.kty === kty && key.crv === crv && parts.every((part) => typeof part === "string")
  return isOfKind ? parts.join(".") : null
}
