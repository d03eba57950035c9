import { equalBytes, randomBytes, toUtf8 } from "../platform/bytes.ts"
import { toHex } from "../platform/encoding.ts"
import { requireHashable } from "./hashable-password.ts"
import { anyScrypt } from "./node-scrypt.ts"

const keyBytes = 64
const blockSize = 16

/**
 * Hashes a password as Lucia 2 and 3 did: `salt:key`. The salt is 16 random bytes in hex, as in Lucia 3, unless given.
 * Rejects with `invalid_option` unless the password is well-formed text of at most 1,024 bytes.
 */
export async function makeLuciaHash(password: unknown, salt = toHex(randomBytes(16))): Promise<string> {
  requireHashable(password)
  return `${salt}:${await deriveKey(password, salt, blockSize)}`
}

/** Resolves to whether a hex key belongs to a password. The block size is 16 in Lucia 2 and 3, and 8 in Lucia 1. */
export async function isLuciaKey(key: string, password: string, salt: string, blockSize: number): Promise<boolean> {
  return equalBytes(toUtf8(await deriveKey(password, salt, blockSize)), toUtf8(key.toLowerCase()))
}

// Like Lucia, it uses the password in NFKC, and the salt as text, not as the bytes that it encodes.
async function deriveKey(password: string, salt: string, r: number): Promise<string> {
  return toHex(await anyScrypt(toUtf8(password.normalize("NFKC")), toUtf8(salt), keyBytes, { N: 2 ** 14, r, p: 1 }))
}
