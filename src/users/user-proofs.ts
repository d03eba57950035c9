import type { KeyName, KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import { hashText } from "../platform/crypto.ts"
import { makeProof } from "../proof/proof.ts"
import type { Evidence, Proof } from "../proof/proof.ts"

type Store = Pick<UserAdapter<{ id: UserId }>, "findKey" | "findUser">

/** A key that has a password. */
export interface PasswordKey<Id extends UserId = UserId> extends KeyRecord {
  userId: Id
  passwordHash: string
}

/** Makes the proof of a password that the visitor has just typed or set. */
export function provePassword<Id extends UserId>(
  { userId, providerId, providerUserId, passwordHash }: PasswordKey<Id>,
  realm: string,
  stillHolds?: () => Promise<boolean>,
): Proof<Id> {
  const key = { providerId, providerUserId }
  return makeProof<Id>({ realm, userId, method: "password", key, mark: hashText(passwordHash), stillHolds })
}

/** Makes the function that checks whether evidence still holds, with one read of the store. */
export function evidenceReader(store: Store) {
  async function stillHolds({ userId, method, key, mark }: Evidence): Promise<boolean> {
    switch (method) {
      case "password": {
        const hash = (await ownKey(userId, key))?.passwordHash
        return typeof hash === "string" && hashText(hash) === mark
      }
      case "oauth":
        return (await ownKey(userId, key)) !== null
      case "email":
      case "sign_up":
      case "recovery":
        return (await store.findUser(userId)) !== null
      // The modules that keep authenticators and passkeys check these.
      case "totp":
      case "passkey":
      default:
        return false
    }
  }

  async function ownKey(userId: UserId, key: KeyName | undefined): Promise<KeyRecord | null> {
    const record = key ? await store.findKey(key.providerId, key.providerUserId) : null
    return record?.userId === userId ? record : null
  }

  return stillHolds
}
