import { isHashable } from "../../password/hashable-password.ts"
import { isLuciaKey, makeLuciaHash } from "../../password/lucia-hash.ts"

/** Hashes and verifies passwords. The hash is the first argument. */
export interface PasswordHashingAlgorithm {
  hash(password: string): Promise<string>
  verify(hash: string, password: string): Promise<boolean>
}

/**
 * The password hashes of Lucia v3, `salt:key`, computed off the event loop if the platform has scrypt. They are below
 * today's recommendations. `luciaScrypt()` of `nightlatch/password` replaces each hash when its user signs in.
 *
 * `hash` rejects with `invalid_option` if the password is not well-formed text or has over 1,024 bytes. `verify`
 * resolves to `false` for any other text.
 */
export class Scrypt implements PasswordHashingAlgorithm {
  async hash(password: string): Promise<string> {
    return makeLuciaHash(password)
  }

  async verify(hash: string, password: string): Promise<boolean> {
    const { version, salt, key } = luciaHash.exec(hash)?.groups ?? {}
    return version === undefined && matches(key, password, salt, 16)
  }
}

/** The password hashes of Lucia v2, `s2:salt:key`. It also reads those of v1. Otherwise like {@link Scrypt}. */
export class LegacyScrypt implements PasswordHashingAlgorithm {
  async hash(password: string): Promise<string> {
    return `s2:${await makeLuciaHash(password)}`
  }

  async verify(hash: string, password: string): Promise<boolean> {
    const { version, salt, key } = luciaHash.exec(hash)?.groups ?? {}
    const isRight = await matches(key, password, salt, version ? 16 : 8)
    // Also does the other version's work, so that a failure's time does not reveal which one is stored.
    if (!isRight) await matches(key, password, salt, version ? 8 : 16)
    return isRight
  }
}

/** A hash of Lucia v3 or v1, or of v2 with its version. */
export const luciaHash = /^(?<version>s2:)?(?<salt>[^:]{0,255}):(?<key>[0-9a-f]{128})$/i

async function matches(key = "", password: string, salt = "", blockSize: number): Promise<boolean> {
  return key !== "" && isHashable(password) && isLuciaKey(key, password, salt, blockSize)
}
