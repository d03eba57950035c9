import { equalBytes, toUtf8 } from "../platform/bytes.ts"

/** How many digits a code has. Authenticator apps know no other number for certain. */
export const digits = 6

/** In milliseconds, the default of RFC 6238, section 5.2. */
const stepTime = 30_000

/** Makes the code of a counter: HOTP (RFC 4226, section 5.3) over HMAC-SHA-1. */
export async function hotpOf(seed: Uint8Array<ArrayBuffer>, counter: number): Promise<string> {
  const message = new DataView(new ArrayBuffer(8))
  message.setBigUint64(0, BigInt(counter))
  const key = await crypto.subtle.importKey("raw", seed, { name: "HMAC", hash: "SHA-1" }, false, ["sign"])
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, message))
  const at = mac.getUint8(19) & 15
  return `${(mac.getUint32(at) & 0x7fffffff) % 10 ** digits}`.padStart(digits, "0")
}

/**
 * Finds the time step that a code is of: the present one, or the one before or after it (RFC 6238, section 5.2). `null` for a
 * wrong code. The time it takes does not depend on the code.
 */
export async function stepOf(seed: Uint8Array<ArrayBuffer>, code: string, now: number): Promise<number | null> {
  const present = Math.floor(now / stepTime)
  const steps = [present - 1, present, present + 1]
  const codes = await Promise.all(steps.map((step) => hotpOf(seed, step)))
  // The latest, so that no other step of the same code is left.
  return steps.filter((_, n) => equalBytes(toUtf8(codes[n]!), toUtf8(code))).at(-1) ?? null
}
