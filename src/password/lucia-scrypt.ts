import { attemptHash } from "./attempt-hash.ts"
import { equalBytes } from "./equal-bytes.ts"
import { isHashable, requireHashable } from "./hashable-password.ts"
import { nodeScrypt } from "./node-scrypt.ts"
import type { PasswordHasher } from "./password-hasher.ts"

interface LuciaHash {
  salt: string
  key: string
  /** The block sizes by which the key may have been made. */
  blockSizes: number[]
}

const encoder = new TextEncoder()
const saltBytes = 16
const keyBytes = 64

/**
 * Verifies the password hashes of Lucia 1, 2 and 3, which are below today's recommendations: put it among the `accepted`
 * of `passwordHasher`, and each one is replaced when its user signs in. `hash` writes the form of Lucia 3.
 *
 * As Lucia did, it takes passwords in NFKC and salts as text. Needs `node:crypto`.
 */
export function luciaScrypt(): PasswordHasher {
  return {
    async hash(password: unknown) {
      requireHashable(password)
      const salt = toHex(crypto.getRandomValues(new Uint8Array(saltBytes)))
      return `${salt}:${await deriveKey(password, salt, 16)}`
    },
    async verify(hash: unknown, password: unknown) {
      const stored = read(hash)
      return stored !== null && isHashable(password) && matches(stored, password)
    },
    needsRehash: () => true,
    recognizes: (hash: unknown) => read(hash) !== null,
  }
}

function read(hash: unknown): LuciaHash | null {
  if (typeof hash !== "string") return null
  const [, version, salt, key] = /^(s2:)?([A-Za-z0-9_-]{1,64}):([0-9a-f]{128})$/.exec(hash) ?? []
  if (!salt || !key) return null
  // Lucia 3 and Lucia 1 write alike, with different block sizes.
  return { salt, key, blockSizes: version ? [16] : [16, 8] }
}

async function matches({ salt, key, blockSizes }: LuciaHash, password: string): Promise<boolean> {
  for (const blockSize of blockSizes) {
    const derived = await deriveKey(password, salt, blockSize)
    if (equalBytes(encoder.encode(derived), encoder.encode(key))) return true
  }
  return false
}

async function deriveKey(password: string, salt: string, r: number): Promise<string> {
  const bytes = encoder.encode(password.normalize("NFKC"))
  return toHex(await attemptHash(() => nodeScrypt(bytes, encoder.encode(salt), keyBytes, { N: 2 ** 14, r, p: 1 })))
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
}
