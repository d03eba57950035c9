import { AuthError } from "../../core/errors.ts"
import type { KeyName, KeyRecord, UserAdapter as UserPort } from "../../core/ports.ts"
import type { KeySchema, OrNull, UserAdapter, UserSchema } from "./lucia-adapter.ts"
import { LuciaError, ofUser } from "./lucia-error.ts"

const maxSwaps = 10

/** Makes an adapter of Lucia v2 out of the user port. Its `deleteUser` deletes keys and sessions too, in one transaction. */
export function overUserPort(port: UserPort<object, object>): UserAdapter {
  const findKey = ({ providerId, providerUserId }: KeyName) => port.findKey(providerId, providerUserId)

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
      // Each round lost means that another writer has changed the hash.
      for (let round = 0; round < maxSwaps; round++) {
        const record = await findKey(key)
        if (!record || (await port.replaceKeyPassword(key, record.passwordHash, hash))) return
      }
      throw new AuthError("store_failed", "The key kept changing while its password was being replaced.")
    },
    async deleteKey(keyId) {
      const record = await findKey(readKeyId(keyId))
      // Lucia deletes the last key as well: an application may add the next one afterwards.
      if (record) await port.deleteKey(record, { evenLast: true })
    },
    async deleteKeysByUserId() {},
  }
}

/** Makes the id under which a key is stored. Throws a `TypeError` for a provider with a colon, which would be read wrong. */
export function createKeyId(providerId: string, providerUserId: string): string {
  if (providerId.includes(":")) throw new TypeError("Provider id must not include any colons (:)")
  return `${providerId}:${providerUserId}`
}

/** Reads what {@link createKeyId} has made: the first colon is the one between the two. */
export function readKeyId(keyId: string): KeyName {
  const [providerId = "", ...rest] = keyId.split(":")
  return { providerId, providerUserId: rest.join(":") }
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
