import { toUtf8 } from "../platform/bytes.ts"
import { fromBase64url, isBase64url } from "../platform/encoding.ts"
import { isSignedBy, readJwk } from "./device-key.ts"

/** What a browser has signed. */
export interface DeviceProof {
  /** The key that has signed. */
  key: string
  challenge: string
}

/**
 * Reads a DBSC proof, a JWT, and checks its signature: by `key` or, at registration, by the key that it brings. `null` for
 * anything else: another type or algorithm, two keys or none.
 */
export async function readProof(jwt: string, key?: string): Promise<DeviceProof | null> {
  const parts = jwt.split(".")
  // 4,096-bit keys and their signatures make about 1,700.
  if (parts.length !== 3 || !parts.every((part) => isBase64url(part, 4096))) return null
  const [header, payload] = parts.map(readJson)
  const own = key ?? readJwk(header?.["jwk"])
  const hasOneKey = own !== null && (key === undefined || header?.["jwk"] === undefined)
  const challenge = payload?.["jti"]
  if (!hasOneKey || header?.["typ"] !== "dbsc+jwt" || typeof challenge !== "string") return null
  const signed = {
    algorithm: header["alg"],
    signature: fromBase64url(parts[2]!),
    text: toUtf8(`${parts[0]}.${parts[1]}`),
  }
  return (await isSignedBy(own, signed)) ? { key: own, challenge } : null
}

function readJson(part: string): Record<string, unknown> | null {
  try {
    return Object(JSON.parse(new TextDecoder().decode(fromBase64url(part)))) as Record<string, unknown>
  } catch {
    return null
  }
}
