/** The session column that holds the key of a bound session, for `sessionColumns` of `schema`. */
export const deviceColumns = { device_key: "TEXT" } as const

/** The column of {@link deviceColumns} as a store returns it. */
export interface DeviceRow {
  device_key?: string | null
}

/** Whether a session is bound to a device. */
export interface BoundDevice {
  /** The public key that the session is bound to, and since when; `null` while it is bound to none. No secret. */
  deviceKey: string | null
}

/**
 * Reads {@link deviceColumns}, for `getSessionAttributes`.
 *
 * @example
 * const auth = createAuth({ adapter, getSessionAttributes: (row) => ({ ...deviceKey(row), label: row.label }) })
 */
export function deviceKey(row: DeviceRow): BoundDevice {
  return { deviceKey: row.device_key ?? null }
}

/** How browsers sign (RFC 7518, section 3.1), and which parts their keys have. */
interface Kind {
  name: "ES256" | "RS256"
  algorithm: { name: string; namedCurve?: string; hash: string }
  jwk: JsonWebKey
  parts: ["x", "y"] | ["n", "e"]
  /** What the parts of a key look like, joined by a dot. */
  spelling: RegExp
}

const kinds: Kind[] = [
  {
    name: "ES256",
    algorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
    jwk: { kty: "EC", crv: "P-256" },
    parts: ["x", "y"],
    spelling: /^[\w-]{43}\.[\w-]{43}$/,
  },
  {
    name: "RS256",
    algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    jwk: { kty: "RSA" },
    parts: ["n", "e"],
    // A modulus of 2,048 to 4,096 bits. No hardware has another exponent than 65537.
    spelling: /^(?!A)[\w-]{342,683}\.AQAB$/,
  },
]

/** Reads a key of a JWK, as it is stored: its two parts with a dot between them. `null` for any but ES256 and RS256. */
export function readJwk(jwk: unknown): string | null {
  const key = Object(jwk) as JsonWebKey
  const kind = kinds.find(({ jwk: { kty, crv } }) => key.kty === kty && key.crv === crv)
  // JSON can hold objects that throw when they are joined, such as { "toString": 1 }.
  const text = kind?.parts.map((part) => typeof key[part] === "string" && key[part]).join(".")
  return kind && kind.spelling.test(text!) ? text! : null
}

/** Returns whether a signature over text is that of a key, by the algorithm that it names. */
export async function isSignedBy(
  key: string,
  {
    algorithm,
    signature,
    text,
  }: { algorithm: unknown; signature: Uint8Array<ArrayBuffer>; text: Uint8Array<ArrayBuffer> },
): Promise<boolean> {
  const kind = kinds.find(({ spelling }) => spelling.test(key))
  if (kind?.name !== algorithm || !kind) return false
  const [first, second] = key.split(".")
  const jwk = { ...kind.jwk, [kind.parts[0]]: first, [kind.parts[1]]: second }
  try {
    const imported = await crypto.subtle.importKey("jwk", jwk, kind.algorithm, false, ["verify"])
    return await crypto.subtle.verify(kind.algorithm, imported, signature, text)
  } catch {
    // A point that is not on the curve, or a signature of another length.
    return false
  }
}
