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
    return matches(/^([^:]{0,255}):([0-9a-f]{128})$/i.exec(hash), password, 16)
  }
}

/** The password hashes of Lucia v2, `s2:salt:key`, which reads those of v1 too. Else like {@link Scrypt}. */
export class LegacyScrypt implements PasswordHashingAlgorithm {
  async hash(password: string): Promise<string> {
    return `s2:${await makeLuciaHash(password)}`
  }

  async verify(hash: string, password: string): Promise<boolean> {
    const second = /^s2:([^:]{0,255}):([0-9a-f]{128})$/i.exec(hash)
    const parts = second ?? /^([^:]{0,255}):([0-9a-f]{128})$/i.exec(hash)
    const [own, other] = second ? ([16, 8] as const) : ([8, 16] as const)
    if (await matches(parts, password, own)) return true
    // The other version's work too, so that the time of a refusal does not tell which one is stored.
    await matches(parts, password, other)
    return false
  }
}

async function matches(parts: RegExpExecArray | null, password: string, blockSize: number): Promise<boolean> {
  const [, salt, key] = parts ?? []
  if (salt === undefined || key === undefined || !isHashable(password)) return false
  return isLuciaKey(key, password, salt, blockSize)
}
