import { AuthError } from "../../core/errors.ts"
import type { KeyName, KeyRecord, UserAdapter as UserPort } from "../../core/ports.ts"
import type { KeySchema, OrNull, UserAdapter, UserSchema } from "./lucia-adapter.ts"
import { LuciaError, ofUser } from "./lucia-error.ts"

const maxSwaps = 10

/**
 * Creates an adapter of Lucia v2 from the user port. Its `deleteUser` also deletes keys and sessions, in one
 * transaction.
 */
export function overUserPort(port: UserPort<object, object>): UserAdapter {
  const findKey = ({ providerId, providerUserId }: KeyName) => port.findKey(providerId, providerUserId)

  return {
    // The application has declared the columns that the store returns.
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
      const record = await findKey(readKeyId(keyId))
      return record && toSchema(record)
    },
    async getKeysByUserId(userId) {
      const records = await port.listKeys(userId)
      return records.map(toSchema)
    },
    async setKey(key) {
      if ((await ofUser(port.insertKey(toRecord(key)))) !== "inserted") throw duplicate("key")
    },
    async updateKey(keyId, { hashed_password: hash = null }) {
      const key = readKeyId(keyId)
      // A round fails only if another writer has changed the hash.
      for (let round = 0; round < maxSwaps; round++) {
        const record = await findKey(key)
        if (!record || (await port.replaceKeyPassword(key, record.passwordHash, hash))) return
      }
      throw new AuthError("store_failed", "The key kept changing while its password was being replaced.")
    },
    async deleteKey(keyId) {
      const record = await findKey(readKeyId(keyId))
      // Lucia also deletes the last key: an application may add the next one afterwards.
      if (record) await port.deleteKey(record, { evenLast: true })
    },
    async deleteKeysByUserId() {},
  }
}

/**
 * Creates the id under which a key is stored. Throws a `TypeError` for a provider id with a colon, which could not be
 * parsed.
 */
export function createKeyId(providerId: string, providerUserId: string): string {
  if (providerId.includes(":")) throw new TypeError("Provider id must not include any colons (:)")
  return `${providerId}:${providerUserId}`
}

/** Parses an id from {@link createKeyId}, at its first colon. */
export function readKeyId(keyId: string): KeyName {
  const [providerId = "", ...rest] = keyId.split(":")
  return { providerId, providerUserId: rest.join(":") }
}

// The detail names what was taken, unless it was the key. Lucia left that to the driver's own error.
function duplicate(taken: "id" | "key" | "attribute"): LuciaError {
  return new LuciaError("AUTH_DUPLICATE_KEY_ID", taken === "key" ? "" : taken)
}

function toRecord({ id, user_id: userId, hashed_password: passwordHash }: KeySchema): KeyRecord {
  return { ...readKeyId(id), userId, passwordHash }
}

function toSchema({ providerId, providerUserId, userId, passwordHash }: KeyRecord): KeySchema {
  return { id: createKeyId(providerId, providerUserId), user_id: String(userId), hashed_password: passwordHash }
}
