import type { KeyName, KeyRecord, OwnedKeyName, UserAdapter, UserId } from "../../src/core/ports.ts"
import type { Owner } from "./names.ts"
import {
  exceptionOf,
  foundRow,
  keyIdOf,
  newKeyIdOf,
  newPasswordHashOf,
  parseKeyId,
  passwordHashOf,
  withoutUndefined,
} from "./parameters.ts"
import type { Open } from "./session-port.ts"
import { missingUser } from "./user-ids.ts"

/** A key to insert, checked and encoded. */
export interface NewKey {
  id: string
  passwordHash: string | null
}

/** A key as it is stored. */
export interface StoredKey extends NewKey {
  userId: UserId
}

/** The name of a key that must be this user's. */
export interface OwnKey<User> {
  id: string
  user: User
}

/** The sessions that end with a change of password: all of the user's, except this one. */
export interface EndedSessions {
  exceptId: string | null
}

/** The keys of one kind of store, as rows of encoded values. An id is `<provider id>:<provider user id>`. */
export interface KeyRows<Db, User, Attributes> {
  /** Encodes a user id; `null` if no user can have it. Throws `invalid_option` for another JavaScript type. */
  encodeUser(db: Db, id: UserId): User | null
  /** Encodes a user's attributes, none of which is `undefined`. Throws `invalid_option` for an invalid one. */
  encodeAttributes(db: Db, attributes: Record<string, unknown>): Attributes
  /** Returns whether the database refused a write because a value must be unique. */
  isTaken(db: Db, error: unknown): boolean
  /** Returns whether the unique index holds this id. The index's collation may treat another id as equal. */
  hasKey(db: Db, id: string): Promise<boolean>
  /** Inserts a key and writes its user's attributes, both or neither. Throws `user_missing` if the user does not exist. */
  insertKey(db: Db, user: User, key: NewKey, attributes: Attributes): Promise<void>
  findKey(db: Db, id: string): Promise<StoredKey | null>
  /** Lists a user's keys by id. */
  listKeys(db: Db, user: User): Promise<StoredKey[]>
  /** Replaces a hash and ends sessions, both or neither. */
  swapPassword(
    db: Db,
    id: string,
    from: string | null,
    to: string | null,
    ended: EndedSessions | null,
  ): Promise<boolean>
  /** Sets the hash of all of a user's keys of these providers and ends sessions, with the user's row locked. */
  setPasswords(db: Db, user: User, providerIds: readonly string[], hash: string, ended: EndedSessions): Promise<boolean>
  /** Changes a key's id and writes its user's attributes, both or neither, with the user's row locked. */
  renameKey(db: Db, key: OwnKey<User>, to: string, attributes: Attributes): Promise<boolean>
  /** Deletes a key, unless it is the user's last, with the user's row locked. */
  deleteKey(db: Db, key: OwnKey<User>, evenLast: boolean): Promise<boolean>
}

/** The methods of the port that concern keys. */
export type KeyMethods = Pick<
  UserAdapter<unknown, object>,
  "insertKey" | "findKey" | "listKeys" | "replaceKeyPassword" | "replaceUserPasswords" | "renameKey" | "deleteKey"
>

const needed: readonly Owner[] = ["key", "user"]

/** Creates the methods for keys from rows. It checks and encodes their arguments and finds out what was taken. */
export function keyPort<Db, User, Attributes>(open: Open<Db>, rows: KeyRows<Db, User, Attributes>): KeyMethods {
  /** Called after a failed write, when nothing of it is left. */
  async function whatIsTaken(db: Db, id: string, attributes: object): Promise<"key_taken" | "attribute_taken"> {
    return Object.keys(attributes).length === 0 || (await rows.hasKey(db, id)) ? "key_taken" : "attribute_taken"
  }

  function ownKeyOf(db: Db, name: OwnedKeyName): OwnKey<User> | null {
    const [id, user] = [keyIdOf(name), rows.encodeUser(db, name.userId)]
    return id === null || user === null ? null : { id, user }
  }

  async function owns(db: Db, { id }: OwnKey<User>, { userId }: OwnedKeyName): Promise<boolean> {
    return (await rows.findKey(db, id))?.userId === userId
  }

  return {
    async insertKey(newKey, attributes = {}) {
      const [key, given] = [newKeyOf(newKey), withoutUndefined(attributes)]
      const db = await open(needed, given)
      const [user, encoded] = [rows.encodeUser(db, newKey.userId), rows.encodeAttributes(db, given)]
      if (user === null) throw missingUser()
      const outcome = await unlessTaken(db, rows, () => rows.insertKey(db, user, key, encoded))
      return outcome === "taken" ? whatIsTaken(db, key.id, given) : "inserted"
    },
    async findKey(providerId, providerUserId) {
      const id = keyIdOf({ providerId, providerUserId })
      const key = id === null ? null : await rows.findKey(await open(needed), id)
      return key && toKey(key, { providerId, providerUserId })
    },
    async listKeys(userId) {
      const db = await open(needed)
      const user = rows.encodeUser(db, userId)
      const keys = user === null ? [] : await rows.listKeys(db, user)
      return keys.flatMap((key) => toKey(key, parseKeyId(key.id)) ?? [])
    },
    async replaceKeyPassword(name, from, to, endSessions) {
      const [id, before, next] = [keyIdOf(name), passwordHashOf(from), passwordHashOf(to)]
      const ended = endSessions ? { exceptId: exceptionOf(endSessions.exceptId) } : null
      if (id === null) return false
      const db = await open(needed)
      const isSwapped = await rows.swapPassword(db, id, before, next, ended)
      return foundRow(isSwapped, async () => from === to && (await rows.findKey(db, id))?.passwordHash === to)
    },
    async replaceUserPasswords(userId, providerIds, hash, exceptId) {
      const [next, ended] = [newPasswordHashOf(hash), { exceptId: exceptionOf(exceptId) }]
      const db = await open(needed)
      const user = rows.encodeUser(db, userId)
      if (user === null || providerIds.length === 0) return false
      const isSet = await rows.setPasswords(db, user, providerIds, next, ended)
      const isOne = ({ id }: StoredKey) => providerIds.includes(parseKeyId(id)?.providerId ?? "")
      return foundRow(isSet, async () => (await rows.listKeys(db, user)).some(isOne))
    },
    async renameKey(name, to, attributes = {}) {
      const [next, given] = [newKeyIdOf({ ...name, providerUserId: to }), withoutUndefined(attributes)]
      const db = await open(needed, given)
      const [key, encoded] = [ownKeyOf(db, name), rows.encodeAttributes(db, given)]
      if (!key) return "missing"
      const isSame = key.id === next
      const renamed = await unlessTaken(db, rows, () => rows.renameKey(db, key, next, encoded))
      if (renamed === "taken") return isSame ? "attribute_taken" : whatIsTaken(db, next, given)
      return (await foundRow(renamed, async () => isSame && owns(db, key, name))) ? "renamed" : "missing"
    },
    async deleteKey(name, { evenLast = false } = {}) {
      const db = await open(needed)
      const key = ownKeyOf(db, name)
      if (!key) return "missing"
      if (await rows.deleteKey(db, key, evenLast)) return "deleted"
      return (await owns(db, key, name)) ? "last_key" : "missing"
    },
  }
}

function toKey({ userId, passwordHash }: StoredKey, name: KeyName | null): KeyRecord | null {
  return name && { ...name, userId, passwordHash }
}

/** Checks a key to insert. */
export function newKeyOf(key: Omit<KeyRecord, "userId">): NewKey {
  return { id: newKeyIdOf(key), passwordHash: passwordHashOf(key.passwordHash) }
}

/** Runs a write that the database may refuse because a value must be unique. */
export async function unlessTaken<Db, Result>(
  db: Db,
  { isTaken }: { isTaken(db: Db, error: unknown): boolean },
  write: () => Promise<Result>,
): Promise<Result | "taken"> {
  try {
    return await write()
  } catch (error) {
    if (isTaken(db, error)) return "taken"
    throw error
  }
}
