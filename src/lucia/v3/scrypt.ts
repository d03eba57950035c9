import { isHashable } from "../../password/hashable-password.ts"
import { isLuciaKey, makeLuciaHash } from "../../password/lucia-hash.ts"

/** Turns passwords into hashes, and checks them. The hash comes first. */
export interface PasswordHashingAlgorithm {
  hash(password: string): Promise<string>
  verify(hash: string, password: string): Promise<boolean>
}

/**
 * The password hashes of Lucia v3, `salt:key`, off the event loop where the platform has scrypt. They are below today's
 * recommendations: `luciaScrypt()` of `nightlatch/password` replaces each when its user signs in.
 *
 * `hash` rejects with `invalid_option` if the password is not well-formed text or has over 1,024 bytes. `verify` is
 * `false` for any other text.
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

/** The password hashes of Lucia v2, `s2:salt:key`, which reads those of v1 too. Otherwise like {@link Scrypt}. */
export class LegacyScrypt implements PasswordHashingAlgorithm {
  async hash(password: string): Promise<string> {
    return `s2:${await makeLuciaHash(password)}`
  }

  async verify(hash: string, password: string): Promise<boolean> {
    const { version, salt, key } = luciaHash.exec(hash)?.groups ?? {}
    const isRight = await matches(key, password, salt, version ? 16 : 8)
    // The other version's work too, so that the time of a refusal does not tell which one is stored.
    if (!isRight) await matches(key, password, salt, version ? 8 : 16)
    return isRight
  }
}

/** A hash of Lucia v3 or v1, and of v2 with its version. */
export const luciaHash = /^(?<version>s2:)?(?<salt>[^:]{0,255}):(?<key>[0-9a-f]{128})$/i

async function matches(key = "", password: string, salt = "", blockSize: number): Promise<boolean> {
  return key !== "" && isHashable(password) && isLuciaKey(key, password, salt, blockSize)
}
