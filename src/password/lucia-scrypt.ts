import { isHashable } from "./hashable-password.ts"
import { isLuciaKey, makeLuciaHash } from "./lucia-hash.ts"
import type { PasswordHasher } from "./password-hasher.ts"

interface LuciaHash {
  salt: string
  key: string
  /** Whether only block size 16 is valid, as in Lucia 2. Hashes of Lucia 3 and Lucia 1 look alike, with 16 and 8. */
  isVersion2: boolean
}

/**
 * Verifies the password hashes of Lucia 1, 2 and 3, which are below current recommendations. Add it to `accepted` of
 * `passwordHasher`, so that each hash is replaced when its user signs in. `hash` writes the format of Lucia 3.
 *
 * Like Lucia, it uses passwords in NFKC and salts as text. It is slow without `node:crypto`.
 */
export function luciaScrypt(): PasswordHasher {
  return {
    hash: (password: unknown) => makeLuciaHash(password),
    async verify(hash: unknown, password: unknown) {
      const stored = read(hash)
      return stored !== null && isHashable(password) && matches(stored, password)
    },
    needsRehash: () => true,
    recognizes: (hash: unknown) => read(hash) !== null,
    decoy: `${"0".repeat(32)}:${"0".repeat(128)}`,
  }
}

function read(hash: unknown): LuciaHash | null {
  if (typeof hash !== "string") return null
  const [, version, salt, key] = /^(s2:)?([A-Za-z0-9_-]{1,64}):([0-9a-f]{128})$/.exec(hash) ?? []
  if (!salt || !key) return null
  return { salt, key, isVersion2: version !== undefined }
}

// A wrong password is tried with both block sizes for every version, so that refusals take the same time.
async function matches({ salt, key, isVersion2 }: LuciaHash, password: string): Promise<boolean> {
  return (await isLuciaKey(key, password, salt, 16)) || ((await isLuciaKey(key, password, salt, 8)) && !isVersion2)
}
