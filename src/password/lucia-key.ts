import { attemptHash } from "./attempt-hash.ts"
import { anyScrypt } from "./node-scrypt.ts"

const encoder = new TextEncoder()
const keyBytes = 64

/**
 * Makes the key of a hash as Lucia did, as hex: of the password in NFKC, and of the salt as text, not as the bytes that it
 * spells. The block size `r` is 16 in Lucia 2 and 3 and 8 in Lucia 1.
 */
export async function deriveLuciaKey(password: string, salt: string, r: number): Promise<string> {
  const bytes = encoder.encode(password.normalize("NFKC"))
  return toHex(await attemptHash(() => anyScrypt(bytes, encoder.encode(salt), keyBytes, { N: 2 ** 14, r, p: 1 })))
}

/** Writes bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}
