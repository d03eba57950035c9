import type { SessionFields } from "../core/auth.ts"
import { isAuthError } from "../core/errors.ts"
import type { KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import { makeProof } from "../proof/proof.ts"
import { isPlausible } from "./guarded-hasher.ts"
import { keyFinder } from "./key-finder.ts"
import { requirePasswordProvider } from "./parts.ts"
import type { UsersParts } from "./parts.ts"
import { toKey } from "./user-keys.ts"
import type { PasswordAttempt, SignInAuth } from "./users.ts"

type Store = Pick<UserAdapter<{ id: UserId }>, "findKey" | "findUser" | "replaceKeyPassword">

/** A key whose password was right, and its hashes: as stored, and as hashed again. */
interface Verified {
  record: KeyRecord
  password: string
  hashes: string[]
}

/** Signs in by password. */
export function passwordSignIn<Id extends UserId>(store: Store, parts: UsersParts) {
  const { emit, hash, ids, needsRehash, unreadableFormat, verify } = parts
  const { findKey } = keyFinder(store, ids)

  async function verifyPassword(attempt: PasswordAttempt) {
    const verified = await verifyAttempt(attempt)
    return verified && makeProof(verified.record.userId as Id, "password")
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

  async function verifyAttempt(attempt: PasswordAttempt): Promise<Verified | null> {
    const { providerId } = attempt
    requirePasswordProvider(providerId, parts)
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
    // It was right, so that the user signs in all the same.
    if (to === null) return [from]
    if (await store.replaceKeyPassword(record, from, to)) {
      emit("password_rehashed", { userId: record.userId, providerId: record.providerId })
    }
    return [from, to]
  }

  async function stillHolds({ record, password, hashes }: Verified): Promise<boolean> {
    const current = await store.findKey(record.providerId, record.providerUserId)
    if (!current || current.userId !== record.userId || current.passwordHash === null) return false
    // Another sign-in may have re-hashed the same password meanwhile.
    return hashes.includes(current.passwordHash) || verify(current.passwordHash, password)
  }

  return { verifyPassword, signInWithPassword }
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
