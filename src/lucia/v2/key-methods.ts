import { randomText } from "../../platform/crypto.ts"
import type { Key, NewKey } from "./auth.ts"
import type { Settings } from "./configuration.ts"
import type { KeySchema } from "./lucia-adapter.ts"
import { LuciaError } from "./lucia-error.ts"
import type { ErrorMessage } from "./lucia-error.ts"
import type { PasswordHash } from "./password-hash.ts"
import { createKeyId, readKeyId } from "./user-port.ts"

/** Creates the methods for keys. `requireUser` throws `AUTH_INVALID_USER_ID`. */
export function createKeyMethods(
  { stores: { users }, passwordHash, log }: Settings,
  requireUser: (userId: string) => Promise<unknown>,
) {
  let decoy: string | undefined

  return {
    async useKey(providerId: string, providerUserId: string, password: string | null): Promise<Key> {
      const keyId = createKeyId(providerId, providerUserId)
      // Unknown keys, and keys without a password, take as long as known ones.
      const decoyHash = password ? await getDecoy() : null
      const row = await findKey(keyId)
      const isRight = await verify(row?.hashed_password || decoyHash, password)
      if (!row) throw refused("AUTH_INVALID_KEY_ID", "Key not found")
      const isAccepted = row.hashed_password === null ? password === null : !!row.hashed_password && isRight
      if (!isAccepted) throw refused("AUTH_INVALID_PASSWORD", "Password not accepted")
      log("key", "Key accepted")
      return transformDatabaseKey(row)
    },
    async createKey(options: NewKey & { userId: string }): Promise<Key> {
      const row = await newKeyRow(options, options.userId, passwordHash)
      await users.setKey(row)
      return transformDatabaseKey(row)
    },
    getKey,
    async getAllUserKeys(userId: string): Promise<Key[]> {
      const [rows] = await Promise.all([users.getKeysByUserId(userId), requireUser(userId)])
      return rows.map(transformDatabaseKey)
    },
    async updateKeyPassword(providerId: string, providerUserId: string, password: string | null): Promise<Key> {
      const keyId = createKeyId(providerId, providerUserId)
      if (await findKey(keyId)) await users.updateKey(keyId, { hashed_password: await hashed(password, passwordHash) })
      return getKey(providerId, providerUserId)
    },
    async deleteKey(providerId: string, providerUserId: string): Promise<void> {
      const keyId = createKeyId(providerId, providerUserId)
      if (await findKey(keyId)) await users.deleteKey(keyId)
    },
    transformDatabaseKey,
  }

  async function getKey(providerId: string, providerUserId: string): Promise<Key> {
    const row = await findKey(createKeyId(providerId, providerUserId))
    if (!row) throw new LuciaError("AUTH_INVALID_KEY_ID")
    return transformDatabaseKey(row)
  }

  async function findKey(keyId: string): Promise<KeySchema | null> {
    // PostgreSQL rejects NUL with an error, and a visitor chooses the name.
    const row = keyId.includes("\0") ? null : await users.getKey(keyId)
    // Some columns treat other names as equal, such as another case, missing accents, or a trailing space.
    return row?.id === keyId ? row : null
  }

  async function verify(hash: string | null, password: string | null): Promise<boolean> {
    return !!password && hash !== null && passwordHash.validate(password, hash)
  }

  // Each call generates one until one is ready: a promise of another request may never settle.
  async function getDecoy(): Promise<string> {
    return (decoy ??= await passwordHash.generate(randomText(20)))
  }

  function refused(message: ErrorMessage, text: string): LuciaError {
    log("key", text)
    return new LuciaError(message)
  }
}

/** Creates the row of a new key. */
export async function newKeyRow(
  { providerId, providerUserId, password }: NewKey,
  userId: string,
  passwordHash: PasswordHash,
): Promise<KeySchema> {
  const id = createKeyId(providerId, providerUserId)
  return { id, user_id: userId, hashed_password: await hashed(password, passwordHash) }
}

async function hashed(password: string | null, passwordHash: PasswordHash): Promise<string | null> {
  return password === null ? null : passwordHash.generate(password)
}

function transformDatabaseKey({ id, user_id: userId, hashed_password }: KeySchema): Key {
  return { ...readKeyId(id), userId, passwordDefined: !!hashed_password }
}
