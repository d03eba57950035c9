import type { SessionFields } from "../core/auth.ts"
import { AuthError, guardPort, isAuthError } from "../core/errors.ts"
import { createEmitter } from "../core/events.ts"
import { checkOptions, invalidOption } from "../core/options.ts"
import type { KeyName, KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import { randomText } from "../platform/crypto.ts"
import { checkPassword, checkPolicy } from "../password/check-password.ts"
import { makeProof } from "../proof/proof.ts"

import { guardHasher, isPlausible } from "./guarded-hasher.ts"
import { keyFinder, keyIds } from "./key-finder.ts"
import { checkProviderId } from "./key-id.ts"
import { onePassword } from "./one-password.ts"
import type { Key, KeyReason, NewKey, PasswordAttempt, SignInAuth, Users, UsersOptions } from "./users.ts"

const port = [
  "insertUser",
  "findUser",
  "updateUser",
  "deleteUser",
  "insertKey",
  "findKey",
  "listKeys",
  "replaceKeyPassword",
  "replaceUserPasswords",
  "renameKey",
  "deleteKey",
] as const
const maxSwaps = 10

type Owned<Id extends UserId> = KeyName & { userId: Id }

/** A key whose password was right, and its hashes: as stored, and as hashed again. */
interface Verified {
  record: KeyRecord
  password: string
  hashes: string[]
}

/**
 * Keeps users and the keys they sign in with.
 *
 * Throws `missing_port` for an adapter or a hasher that lacks a method and `invalid_option` for a policy that cannot be right.
 *
 * @example
 * const users = createUsers({ adapter, passwordHasher: argon2id() })
 * const created = await users.createUser({
 *   key: { providerId: "username", providerUserId: username, password },
 *   attributes: { username },
 * })
 * if (!created.user) return badRequest(created.reason)
 * const signedIn = await users.signInWithPassword(auth, { providerId: "username", providerUserId: username, password })
 */
export function createUsers<UserRow extends { id: UserId }, NewUser = Partial<UserRow>>(
  options: UsersOptions<UserRow, NewUser>,
): Users<UserRow, NewUser> {
  type Id = UserRow["id"]

  checkOptions(
    "createUsers()",
    options,
    "adapter",
    "passwordHasher",
    "passwordPolicy",
    "passwordProviders",
    "generateUserId",
    "onEvent",
    "now",
  )
  const { passwordPolicy, passwordProviders = ["username", "email"], now = Date.now } = options
  const { generateUserId } = options
  const emit = createEmitter(options.onEvent, now)
  passwordProviders.forEach(checkProviderId)
  checkPolicy(passwordPolicy)
  const { hash, verify, needsRehash, unreadableFormat } = guardHasher(options.passwordHasher)
  const ids = keyIds(passwordProviders)
  const { choosePassword, settlePassword } = onePassword({ hash, verify, passwordPolicy, passwordProviders })

  return over(guarded(options.adapter))

  function over(adapter: UserAdapter<UserRow, NewUser>): Users<UserRow, NewUser> {
    const { findKey, findEarlierKey, existingId } = keyFinder(adapter, ids)

    async function createUser({ id, key, attributes }: Parameters<Users<UserRow, NewUser>["createUser"]>[0]) {
      const newKey = key && (await toRecord(key))
      if (newKey && "reason" in newKey) return { user: null, reason: newKey.reason }
      if (key && (await findEarlierKey(key))) return { user: null, reason: "key_taken" as const }
      const newId = id ?? (await makeId())
      const result = await adapter.insertUser({ id: newId, attributes }, newKey)
      if ("taken" in result) return { user: null, reason: reasonOf(result.taken) }
      emit("user_created", { userId: result.user.id, ...(key && { providerId: key.providerId }) })
      const method = newKey && newKey.passwordHash !== null ? "password" : "sign_up"
      return { user: result.user, proof: makeProof<Id>(result.user.id, method) }
    }

    /** `undefined` leaves it to the database. */
    async function makeId(): Promise<Id | undefined> {
      if (generateUserId === false) return undefined
      if (generateUserId) return generateUserId()
      // The adapter's ids are those of its rows.
      return (adapter.generateUserId ? await adapter.generateUserId() : randomText(10)) as Id | undefined
    }

    async function updateUser(id: Id, attributes: Partial<NewUser>) {
      const outcome = await adapter.updateUser(id, attributes)
      if (outcome === "updated") return { updated: true } as const
      return { updated: false, reason: outcome === "taken" ? "attribute_taken" : "user_missing" } as const
    }

    async function deleteUser(id: Id) {
      await adapter.deleteUser(id)
      emit("user_deleted", { userId: id })
    }

    async function createKey({
      userId,
      attributes,
      ...newKey
    }: NewKey & { userId: Id; attributes?: Partial<NewUser> | undefined }) {
      const { providerId, password } = newKey
      const providerUserId = ids.toId(newKey)
      if (password != null) requirePasswordProvider(providerId)
      if (providerUserId === null) return { key: null, reason: "key_invalid" as const }
      if (await findEarlierKey(newKey)) return { key: null, reason: "key_taken" as const }
      const choice = await choosePassword(adapter, { userId, providerId, password })
      if ("reason" in choice) return { key: null, reason: choice.reason }
      const record = { providerId, providerUserId, userId, passwordHash: choice.passwordHash }
      const outcome = await adapter.insertKey(record, attributes)
      if (outcome !== "inserted") return { key: null, reason: outcome }
      const stored = await settlePassword(adapter, record, choice)
      return stored ? { key: toKey(stored) } : { key: null, reason: "password_wrong" as const }
    }

    async function getKey(name: KeyName) {
      const record = await findKey(name)
      return record && toKey(record)
    }

    async function getUserKeys(userId: Id) {
      const records = await adapter.listKeys(userId)
      return records.map(toKey)
    }

    async function renameKey(
      { userId, ...name }: Owned<Id>,
      newProviderUserId: string,
      { attributes }: { attributes?: Partial<NewUser> | undefined } = {},
    ) {
      const { providerId } = name
      const renamed = { providerId, providerUserId: newProviderUserId }
      const [from, to] = [await existingId(name), ids.toId(renamed)]
      if (to === null) return { renamed: false, reason: "key_invalid" } as const
      if (from === null) return { renamed: false, reason: "key_missing" } as const
      const taken = await findEarlierKey(renamed)
      if (taken && taken.providerUserId !== from) return { renamed: false, reason: "key_taken" } as const
      const outcome = await adapter.renameKey({ userId, providerId, providerUserId: from }, to, attributes)
      if (outcome === "renamed") return { renamed: true } as const
      return { renamed: false, reason: outcome === "missing" ? "key_missing" : outcome } as const
    }

    async function deleteKey({ userId, ...name }: Owned<Id>) {
      const { providerId } = name
      const id = await existingId(name)
      const outcome = id === null ? "missing" : await adapter.deleteKey({ userId, providerId, providerUserId: id })
      if (outcome === "deleted") return { deleted: true } as const
      return { deleted: false, reason: outcome === "missing" ? "key_missing" : outcome } as const
    }

    async function verifyPassword(attempt: PasswordAttempt) {
      const verified = await verifyAttempt(attempt)
      return verified && makeProof<Id>(verified.record.userId, "password")
    }

    async function signInWithPassword<S extends SessionFields, SessionRow>(
      auth: SignInAuth<S, Id, SessionRow>,
      attempt: PasswordAttempt,
      attributes?: SessionRow,
    ) {
      const verified = await verifyAttempt(attempt)
      if (!verified) return null
      const created = await unlessUserMissing(() => auth.createSession(verified.record.userId as Id, attributes))
      if (!created) return null
      if (await stillHolds(verified)) return { ...created, key: toKey(verified.record) }
      await auth.invalidateSession(created.session.id)
      return null
    }

    async function updateUserPassword(
      { userId, password }: { userId: Id; password: string },
      { except }: { except?: string | undefined } = {},
    ) {
      const reason = await checkPassword(password, passwordPolicy)
      if (reason) return { updated: false, reason } as const
      const isReplaced = await adapter.replaceUserPasswords(userId, passwordProviders, await hash(password), except)
      if (!isReplaced) return { updated: false, reason: "key_missing" } as const
      // Once more, for a sign-in that stored its session while the change was not committed yet.
      await endSessions(userId, except)
      emit("password_changed", { userId })
      return { updated: true } as const
    }

    // With a swap that changes nothing: another change, or a re-hash, may have come between.
    async function endSessions(userId: Id, exceptId?: string) {
      for (let round = 0; round < maxSwaps; round++) {
        const [key] = await adapter.listKeys(userId)
        if (!key) return
        if (await adapter.replaceKeyPassword(key, key.passwordHash, key.passwordHash, { exceptId })) return
      }
      throw new AuthError("store_failed", "The user's key kept changing while sessions were being ended.")
    }

    async function verifyAttempt(attempt: PasswordAttempt): Promise<Verified | null> {
      const { providerId } = attempt
      requirePasswordProvider(providerId)
      const verified = await tryPassword(attempt)
      if (verified) emit("key_used", { userId: verified.record.userId, providerId })
      else emit("key_refused", { providerId })
      return verified
    }

    async function tryPassword({ password, ...name }: PasswordAttempt): Promise<Verified | null> {
      if (!isPlausible(password)) return null
      const record = await findKey(name)
      const isRight = await verify(record?.passwordHash ?? null, password)
      if (record) reportUnreadable(record)
      if (!record || record.passwordHash === null || !isRight) return null
      return { record, password, hashes: await rehash(record, record.passwordHash, password) }
    }

    // Otherwise the format would look like a wrong password for ever.
    function reportUnreadable({ passwordHash, userId, providerId }: KeyRecord): void {
      const reason = passwordHash === null ? null : unreadableFormat(passwordHash)
      if (reason !== null) emit("hash_unreadable", { userId, providerId, reason })
    }

    async function rehash(record: KeyRecord, from: string, password: string): Promise<string[]> {
      if (!needsRehash(from)) return [from]
      const to = await hash(password)
      if (await adapter.replaceKeyPassword(record, from, to)) {
        emit("password_rehashed", { userId: record.userId, providerId: record.providerId })
      }
      return [from, to]
    }

    async function stillHolds({ record, password, hashes }: Verified): Promise<boolean> {
      const current = await adapter.findKey(record.providerId, record.providerUserId)
      if (!current || current.userId !== record.userId || current.passwordHash === null) return false
      // Another sign-in may have re-hashed the same password meanwhile.
      return hashes.includes(current.passwordHash) || verify(current.passwordHash, password)
    }

    return {
      createUser,
      getUser: (id) => adapter.findUser(id),
      updateUser,
      deleteUser,
      createKey,
      getKey,
      getUserKeys,
      renameKey,
      deleteKey,
      verifyPassword,
      signInWithPassword,
      updateUserPassword,
      withAdapter: (other) => over(guarded(other)),
    }
  }

  async function toRecord({
    providerId,
    providerUserId,
    password,
  }: NewKey): Promise<Omit<KeyRecord, "userId"> | { reason: KeyReason }> {
    const id = ids.toId({ providerId, providerUserId })
    if (password != null) requirePasswordProvider(providerId)
    if (id === null) return { reason: "key_invalid" }
    if (password == null) return { providerId, providerUserId: id, passwordHash: null }
    const reason = await checkPassword(password, passwordPolicy)
    return reason ? { reason } : { providerId, providerUserId: id, passwordHash: await hash(password) }
  }

  function requirePasswordProvider(providerId: string): void {
    if (passwordProviders.includes(providerId)) return
    throw invalidOption(
      "providerId",
      providerId,
      "has no passwords; leave the password out, or add it to passwordProviders",
    )
  }
}

async function unlessUserMissing<Result>(call: () => Promise<Result>): Promise<Result | null> {
  try {
    return await call()
  } catch (error) {
    // The user was deleted between the two steps.
    if (isAuthError(error) && error.code === "user_missing") return null
    throw error
  }
}

// An id that is taken reads like any other unique column: whose id it is, is nothing to tell.
function reasonOf(taken: "id" | "key" | "attribute") {
  return taken === "key" ? ("key_taken" as const) : ("attribute_taken" as const)
}

function toKey({ userId, providerId, providerUserId, passwordHash }: KeyRecord): Key {
  return { userId, providerId, providerUserId, hasPassword: passwordHash !== null }
}

function guarded<UserRow, NewUser>(adapter: UserAdapter<UserRow, NewUser>): UserAdapter<UserRow, NewUser> {
  return guardPort(adapter, adapter?.generateUserId ? [...port, "generateUserId"] : port)
}
