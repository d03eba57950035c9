import { AuthError, isAuthError } from "../../core/errors.ts"
import type { KeyRecord, UserAdapter as UserPort } from "../../core/ports.ts"
import { createKeyId, readKeyId } from "./key-id.ts"
import type { KeySchema, OrNull, UserAdapter, UserSchema } from "./lucia-adapter.ts"
import { LuciaError } from "./lucia-error.ts"

const maxSwaps = 10

/** Makes an adapter of Lucia v2 out of the user port. Its `deleteUser` deletes keys and sessions too, in one transaction. */
export function overUserPort(port: UserPort<object, object>): UserAdapter {
  return {
    // The store gives the columns that the application has declared.
    getUser: (userId) => port.findUser(userId) as Promise<OrNull<UserSchema>>,
    async setUser({ id, ...attributes }, key) {
      const result = await port.insertUser({ id, attributes }, key && toRecord(key))
      if ("taken" in result) throw duplicate(result.taken)
    },
    async updateUser(userId, attributes) {
      if ((await port.updateUser(userId, attributes)) === "taken") throw duplicate("attribute")
    },
    deleteUser: (userId) => port.deleteUser(userId),
    async getKey(keyId) {
      const { providerId, providerUserId } = readKeyId(keyId)
      const record = await port.findKey(providerId, providerUserId)
      return record && toSchema(record)
    },
    async getKeysByUserId(userId) {
      const records = await port.listKeys(userId)
      return records.map(toSchema)
    },
    async setKey(key) {
      if ((await insertKey(toRecord(key))) !== "inserted") throw duplicate("key")
    },
    updateKey: (keyId, { hashed_password: hash = null }) => swapPassword(readKeyId(keyId), hash),
    async deleteKey(keyId) {
      const { providerId, providerUserId } = readKeyId(keyId)
      const record = await port.findKey(providerId, providerUserId)
      // Lucia deletes the last key as well: an application may add the next one afterwards.
      if (record) await port.deleteKey(record, { evenLast: true })
    },
    async deleteKeysByUserId() {},
  }

  async function insertKey(record: KeyRecord): ReturnType<typeof port.insertKey> {
    try {
      return await port.insertKey(record)
    } catch (error) {
      throw isAuthError(error) && error.code === "user_missing" ? new LuciaError("AUTH_INVALID_USER_ID") : error
    }
  }

  async function swapPassword(key: Pick<KeyRecord, "providerId" | "providerUserId">, to: string | null): Promise<void> {
    // Each round lost means that another writer has changed the hash.
    for (let round = 0; round < maxSwaps; round++) {
      const record = await port.findKey(key.providerId, key.providerUserId)
      if (!record || (await port.replaceKeyPassword(key, record.passwordHash, to))) return
    }
    throw new AuthError("store_failed", "The key kept changing while its password was being replaced.")
  }
}

// The detail says what was taken if it was not the key: Lucia left that to the driver's own error.
function duplicate(taken: "id" | "key" | "attribute"): LuciaError {
  return new LuciaError("AUTH_DUPLICATE_KEY_ID", taken === "key" ? "" : taken)
}

function toRecord({ id, user_id: userId, hashed_password: passwordHash }: KeySchema): KeyRecord {
  return { ...readKeyId(id), userId, passwordHash }
}

function toSchema({ providerId, providerUserId, userId, passwordHash }: KeyRecord): KeySchema {
  return { id: createKeyId(providerId, providerUserId), user_id: String(userId), hashed_password: passwordHash }
}
