import type { SessionFields } from "../core/auth.ts"
import { isAuthError } from "../core/errors.ts"
import type { KeyRecord, UserAdapter, UserId } from "../core/ports.ts"
import type { Proof } from "../proof/proof.ts"
import { nullIfUserMissing } from "../proof/user-missing.ts"
import { isPlausible } from "./guarded-hasher.ts"
import { keyFinder } from "./key-finder.ts"
import { requirePasswordProvider } from "./parts.ts"
import type { UsersParts } from "./parts.ts"
import { toKey } from "./user-keys.ts"
import { provePassword } from "./user-proofs.ts"
import type { PasswordKey } from "./user-proofs.ts"
import type { Key, PasswordAttempt, SignInAuth, SignInDoor } from "./users.ts"

type Store = Pick<UserAdapter<{ id: UserId }>, "findKey" | "findUser" | "listKeys" | "replaceKeyPassword">

/** A key whose password matched, with the hash that is stored now. */
interface Verified<Id extends UserId> {
  key: PasswordKey<Id>
  password: string
}

/** Signs users in by password. */
export function passwordSignIn<Id extends UserId>(store: Store, parts: UsersParts) {
  const { emit, hash, ids, needsRehash, passwordProviders, realm, unreadableFormat, verify } = parts
  const { findKey } = keyFinder(store, ids)

  async function verifyPassword(attempt: PasswordAttempt) {
    const verified = await verifyAttempt(attempt)
    return verified && prove(verified)
  }

  async function verifyUserPassword({ userId, password }: { userId: Id; password: unknown }) {
    const verified = isPlausible(password) ? await tryKeys(await passwordKeysOf(userId), password) : null
    if (!verified) {
      emit("key_refused", { userId })
      return null
    }
    emit("key_used", { userId, providerId: verified.key.providerId })
    return prove(verified)
  }

  function signInWithPassword<Begun, Attributes>(
    door: SignInDoor<Id, Begun, Attributes>,
    attempt: PasswordAttempt,
    attributes?: Attributes,
  ): Promise<Begun | null>
  function signInWithPassword<S extends SessionFields, SessionRow>(
    auth: SignInAuth<S, Id, SessionRow>,
    attempt: PasswordAttempt,
    attributes?: SessionRow,
  ): Promise<{ session: S; token: string; key: Key<Id> } | null>
  async function signInWithPassword(
    door: SignInDoor<Id, unknown, unknown> | SignInAuth<SessionFields, Id, unknown>,
    attempt: PasswordAttempt,
    attributes?: unknown,
  ) {
    const verified = await verifyAttempt(attempt)
    if (!verified) return null
    const begun = "beginSignIn" in door ? begin(door, verified, attributes) : createSession(door, verified, attributes)
    // The user was deleted between the two steps.
    return begun.catch(nullIfUserMissing)
  }

  async function begin<Begun>(door: SignInDoor<Id, Begun, unknown>, verified: Verified<Id>, attributes: unknown) {
    // A failed check is final. The first password may be set again later, but the door has already refused the user.
    let held = true
    const stillHeld = async () => (held &&= await stillHolds(verified))
    try {
      return await door.beginSignIn(provePassword(verified.key, realm, stillHeld), attributes)
    } catch (error) {
      // `null` if the password changed or the user was deleted. Otherwise the developer passed a void proof.
      if (isAuthError(error) && error.code === "proof_void" && !(await stillHeld())) return null
      throw error
    }
  }

  async function createSession(
    auth: SignInAuth<SessionFields, Id, unknown>,
    verified: Verified<Id>,
    attributes: unknown,
  ) {
    const created = await auth.createSession(verified.key.userId, attributes)
    if (await stillHolds(verified)) return { ...created, key: toKey(verified.key) }
    await auth.invalidateSession(created.session.id)
    return null
  }

  async function verifyAttempt(attempt: PasswordAttempt): Promise<Verified<Id> | null> {
    const { providerId } = attempt
    requirePasswordProvider(providerId, parts)
    const verified = await tryPassword(attempt)
    if (verified) emit("key_used", { userId: verified.key.userId, providerId })
    else emit("key_refused", { providerId })
    return verified
  }

  async function tryPassword({ password, ...name }: PasswordAttempt): Promise<Verified<Id> | null> {
    return isPlausible(password) ? tryKey(await findKey(name), password) : null
  }

  /** Costs one verify, even if there is no key. */
  async function tryKey(record: KeyRecord | null, password: string): Promise<Verified<Id> | null> {
    const key = record && withPassword(record)
    const isRight = await verify(key?.passwordHash ?? null, password)
    if (key) reportUnreadable(key)
    const passwordHash = key && isRight ? await rehash(key, password) : null
    return key && passwordHash !== null ? { key: { ...key, passwordHash }, password } : null
  }

  /** Tries each key. A user has one password, but rows from another library may have one for each key. */
  async function tryKeys([first, ...others]: KeyRecord[], password: string): Promise<Verified<Id> | null> {
    const verified = await tryKey(first ?? null, password)
    return verified || others.length === 0 ? verified : tryKeys(others, password)
  }

  // Otherwise the format would always look like a wrong password.
  function reportUnreadable({ passwordHash, userId, providerId }: PasswordKey): void {
    const reason = unreadableFormat(passwordHash)
    if (reason !== null) emit("hash_unreadable", { userId, providerId, reason })
  }

  /** Resolves to the hash that is stored now, or to `null` if the user now has another password. */
  async function rehash(key: PasswordKey<Id>, password: string): Promise<string | null> {
    if (!needsRehash(key.passwordHash)) return key.passwordHash
    const to = await hash(password)
    // The password was right, so the user still signs in.
    if (to === null) return key.passwordHash
    if (!(await store.replaceKeyPassword(key, key.passwordHash, to))) return readAgain(key, password)
    emit("password_rehashed", { userId: key.userId, providerId: key.providerId })
    return to
  }

  // Another sign-in may have re-hashed the same password.
  async function readAgain(key: PasswordKey<Id>, password: string): Promise<string | null> {
    const current = await currentKey(key)
    return current && (await verify(current.passwordHash, password)) ? current.passwordHash : null
  }

  async function stillHolds({ key, password }: Verified<Id>): Promise<boolean> {
    const current = await currentKey(key)
    if (!current) return false
    return current.passwordHash === key.passwordHash || verify(current.passwordHash, password)
  }

  async function currentKey({ userId, providerId, providerUserId }: PasswordKey<Id>): Promise<PasswordKey<Id> | null> {
    const record = await store.findKey(providerId, providerUserId)
    return record?.userId === userId ? withPassword(record) : null
  }

  /** Lists the user's password keys, one for each different hash. */
  async function passwordKeysOf(userId: Id): Promise<KeyRecord[]> {
    const keys = (await store.listKeys(userId)).filter(({ providerId }) => isPasswordProvider(providerId))
    const byHash = new Map(keys.toReversed().map((key) => [key.passwordHash, key]))
    byHash.delete(null)
    return [...byHash.values()].toReversed()
  }

  function isPasswordProvider(providerId: string): boolean {
    return passwordProviders.includes(providerId)
  }

  function prove(verified: Verified<Id>): Proof<Id> {
    return provePassword(verified.key, realm, () => stillHolds(verified))
  }

  // The adapter's keys have the ids of its rows.
  function withPassword({ passwordHash, ...record }: KeyRecord): PasswordKey<Id> | null {
    return passwordHash === null ? null : { ...record, userId: record.userId as Id, passwordHash }
  }

  return { verifyPassword, verifyUserPassword, signInWithPassword }
}
