import type { KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import { randomText } from "../platform/crypto.ts"
import { makeProof } from "../proof/proof.ts"
import type { Proof } from "../proof/proof.ts"
import { hashNew } from "./guarded-hasher.ts"
import { keyFinder } from "./key-finder.ts"
import { requirePasswordProvider } from "./parts.ts"
import type { UsersParts } from "./parts.ts"
import { provePassword } from "./user-proofs.ts"
import type { KeyReason, NewKey, Users, UsersOptions } from "./users.ts"

/** Creates users, with or without a key. */
export function signUp<UserRow extends { id: UserId }, NewUser>(
  adapter: UserAdapter<UserRow, NewUser>,
  parts: UsersParts,
  generateUserId: UsersOptions<UserRow, NewUser>["generateUserId"],
) {
  type Id = UserRow["id"]
  const { emit, ids, realm } = parts
  const { findEarlierKey } = keyFinder(adapter, ids)

  async function createUser({ id, key, attributes }: Parameters<Users<UserRow, NewUser>["createUser"]>[0]) {
    const newKey = key && (await toRecord(key))
    if (newKey && "reason" in newKey) return { user: null, reason: newKey.reason }
    if (key && (await findEarlierKey(key))) return { user: null, reason: "key_taken" as const }
    const newId = id ?? (await makeId())
    const result = await adapter.insertUser({ id: newId, attributes }, newKey)
    if ("taken" in result) return { user: null, reason: reasonOf(result.taken) }
    emit("user_created", { userId: result.user.id, ...(key && { providerId: key.providerId }) })
    return { user: result.user, proof: prove(result.user.id, newKey) }
  }

  // The proof does not ask this adapter later, because its transaction may have ended. It asks `createUsers`.
  function prove(userId: Id, newKey: Omit<KeyRecord, "userId"> | null): Proof<Id> {
    if (!newKey || newKey.passwordHash === null) return makeProof<Id>({ realm, userId, method: "sign_up" })
    return provePassword<Id>({ ...newKey, userId, passwordHash: newKey.passwordHash }, realm)
  }

  /** Returns `undefined` to leave the id to the database. */
  async function makeId(): Promise<Id | undefined> {
    if (generateUserId === false) return undefined
    if (generateUserId) return generateUserId()
    // The adapter makes ids for its own rows.
    return (adapter.generateUserId ? await adapter.generateUserId() : randomText(10)) as Id | undefined
  }

  async function toRecord({
    providerId,
    providerUserId,
    password,
  }: NewKey): Promise<Omit<KeyRecord, "userId"> | { reason: KeyReason }> {
    const id = ids.toId({ providerId, providerUserId })
    if (password != null) requirePasswordProvider(providerId, parts)
    if (id === null) return { reason: "key_invalid" }
    if (password == null) return { providerId, providerUserId: id, passwordHash: null }
    const made = await hashNew(password, parts)
    return "reason" in made ? made : { providerId, providerUserId: id, ...made }
  }

  return { createUser }
}

// A taken id is reported like any other unique column, so that the answer reveals nothing about its owner.
function reasonOf(taken: "id" | "key" | "attribute") {
  return taken === "key" ? ("key_taken" as const) : ("attribute_taken" as const)
}
