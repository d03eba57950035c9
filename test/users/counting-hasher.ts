import { createHash, randomBytes } from "node:crypto"
import type { PasswordHasher } from "../../src/password/password-hasher.ts"

/** A hasher that costs nothing and remembers what it was asked. */
export interface CountingHasher extends PasswordHasher {
  /** The methods called since the last look, which empties it. */
  takeCalls(): string[]
}

/** Creates a hasher whose hashes contain their `version`. Those of another version must be rehashed. */
export function countingHasher(version = 1): CountingHasher {
  const calls: string[] = []
  return {
    async hash(password) {
      calls.push("hash")
      const salt = randomBytes(8).toString("hex")
      return `v${version}$${salt}$${digest(salt, password)}`
    },
    async verify(hash, password) {
      calls.push("verify")
      const [, salt = "", key] = hash.split("$")
      return key === digest(salt, password)
    },
    needsRehash: (hash) => !hash.startsWith(`v${version}$`),
    takeCalls: () => calls.splice(0),
  }
}

function digest(salt: string, password: string): string {
  return createHash("sha256").update(salt).update(password).digest("hex")
}
