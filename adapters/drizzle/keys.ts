import { and, asc, isNull, ne, not, or, sql } from "drizzle-orm"
import type { SQL } from "drizzle-orm"
import type { KeyName, KeyRecord, OwnedKeyName, UserAdapter, UserId } from "../../src/core/ports.ts"
import type { Row } from "../sql/executor.ts"
import { keyIdOf, newKeyIdOf, newPasswordHashOf, passwordHashOf, sessionIdOf } from "../port/parameters.ts"
import { missingUser } from "../port/user-ids.ts"
import { checkedAttributes } from "./attributes.ts"
import type { Builder } from "./builders.ts"
import { hasProvider, isExactly, slot, valueOf } from "./conditions.ts"
import { existingUser, selected, toKey } from "./rows.ts"
import type { DrizzleStore, Step } from "./store.ts"
import type { OwnTable, Tables } from "./tables.ts"
import { isKeyTaken } from "./taken-key.ts"
import { coreColumn } from "./tables.ts"
import type { UserLookup } from "./users.ts"

/** The methods that concern keys. */
export type DrizzleKeys = Pick<
  UserAdapter<Row>,
  "insertKey" | "findKey" | "listKeys" | "replaceKeyPassword" | "replaceUserPasswords" | "renameKey" | "deleteKey"
>

/** Keeps keys in a table whose `id` is `<provider id>:<provider user id>`. */
export function drizzleKeys(
  store: DrizzleStore,
  tables: Tables,
  key: OwnTable,
  userExists: UserLookup["userExists"],
): DrizzleKeys {
  const { user, session, dialect } = tables
  const columns = {
    id: coreColumn(key, "id"),
    owner: coreColumn(key, "userId"),
    hash: coreColumn(key, "hashedPassword"),
  }
  const userIdColumn = coreColumn(user, "id")
  const isKey = (id: string) => isExactly(dialect.name, columns.id, valueOf(columns.id, id))
  const isOwner = (known: UserId) => isExactly(dialect.name, columns.owner, valueOf(columns.owner, known))
  const isUser = (known: UserId) => isExactly(dialect.name, userIdColumn, valueOf(userIdColumn, known))
  const statements = keyStatements(store, tables, key)

  /** The user's row comes first, as in every transaction that writes it, so that two of them wait for each other. */
  async function insertKey(given: KeyRecord, attributes: object = {}): ReturnType<DrizzleKeys["insertKey"]> {
    const userId = tables.userId(given.userId)
    const row = { id: newKeyIdOf(given), hashedPassword: passwordHashOf(given.passwordHash) }
    const changes = checkedAttributes(user, attributes)
    if (userId === null) throw missingUser()
    const insert = (db: Builder) =>
      store.write(db.insert(key.table).values({ ...row, userId: existingUser(tables, userId) }), key)
    try {
      await store.atomic(...assigning(changes, isUser(userId)), insert)
      return "inserted"
    } catch (error) {
      if (dialect.isUniqueViolation(error)) return whatIsTaken(changes, row.id)
      throw (await userExists(userId)) ? error : missingUser()
    }
  }

  /** Writes attributes into the user table, if there are any. */
  function assigning(changes: Row, isOwn: SQL): Step[] {
    if (Object.keys(changes).length === 0) return []
    return [(db) => store.write(db.update(user.table).set(changes).where(isOwn), user)]
  }

  /** Found out afterwards, when nothing is left of the attempt. */
  async function whatIsTaken(changes: Row, keyId: string): Promise<"key_taken" | "attribute_taken"> {
    if (Object.keys(changes).length === 0) return "key_taken"
    return (await isKeyTaken(store, key, keyId)) ? "key_taken" : "attribute_taken"
  }

  async function findKey(providerId: string, providerUserId: string): Promise<KeyRecord | null> {
    const id = keyIdOf({ providerId, providerUserId })
    if (id === null) return null
    return toKey((await statements.find({ id })).rows[0]?.key)
  }

  async function listKeys(userId: UserId): Promise<KeyRecord[]> {
    const user = tables.userId(userId)
    if (user === null) return []
    return (await statements.list({ userId: user })).rows.flatMap((row) => toKey(row.key) ?? [])
  }

  async function replaceKeyPassword(
    name: KeyName,
    from: string | null,
    to: string | null,
    endSessions?: { exceptId?: string | undefined },
  ): Promise<boolean> {
    const [id, known, next] = [keyIdOf(name), passwordHashOf(from), passwordHashOf(to)]
    const except = endSessions?.exceptId === undefined ? null : sessionIdOf(endSessions.exceptId)
    if (id === null) return false
    const isUnchanged = and(isKey(id), isHash(known)) ?? isKey(id)
    const swap = (db: Builder) =>
      store.write(db.update(key.table).set({ hashedPassword: next }).where(isUnchanged), key)
    const before = endSessions ? endingSessions(id, isUnchanged, except) : []
    if ((await store.atomic(...before, swap)).count > 0) return true
    // Some of MySQL's drivers count only rows whose values changed.
    return from === to && (await findKey(name.providerId, name.providerUserId))?.passwordHash === to
  }

  function isHash(hash: string | null): SQL {
    return hash === null ? isNull(columns.hash) : isExactly(dialect.name, columns.hash, valueOf(columns.hash, hash))
  }

  /**
   * The sessions go before the swap, under the same condition, with the key locked: so they go if and only if the swap
   * takes place.
   */
  function endingSessions(id: string, isUnchanged: SQL, except: string | null): Step[] {
    const [sessionId, owner] = [coreColumn(session, "id"), coreColumn(session, "userId")]
    const lock = (db: Builder) => store.lock(db.select({ id: columns.id }).from(key.table).where(isKey(id)))
    const mine = sql`${owner} = (select ${columns.owner} from ${key.table} where ${isUnchanged})`
    const ended =
      except === null ? mine : (and(mine, not(isExactly(dialect.name, sessionId, valueOf(sessionId, except)))) ?? mine)
    return [lock, (db: Builder) => store.write(db.delete(session.table).where(ended), session)]
  }

  /** The sessions go first, under the same condition, with the user's row locked. */
  async function replaceUserPasswords(
    userId: UserId,
    providerIds: readonly string[],
    hash: string,
    exceptId?: string,
  ): Promise<boolean> {
    const [known, next] = [tables.userId(userId), newPasswordHashOf(hash)]
    const except = exceptId === undefined ? null : sessionIdOf(exceptId)
    if (known === null || providerIds.length === 0) return false
    const isOne = or(...providerIds.map((id) => hasProvider(dialect.name, columns.id, id)))
    const ofUser = and(isOwner(known), isOne) ?? isOwner(known)
    const [sessionId, owner] = [coreColumn(session, "id"), coreColumn(session, "userId")]
    const mine = and(isExactly(dialect.name, owner, valueOf(owner, known)), isAnyKey(ofUser))
    const ended =
      except === null ? mine : and(mine, not(isExactly(dialect.name, sessionId, valueOf(sessionId, except))))
    const { count } = await store.atomic(
      lockUser(known),
      (db) => store.write(db.delete(session.table).where(ended ?? ofUser), session),
      (db) => store.write(db.update(key.table).set({ hashedPassword: next }).where(ofUser), key),
    )
    if (count > 0) return true
    // Some of MySQL's drivers count only rows whose values changed.
    return (await listKeys(userId)).some(({ providerId }) => providerIds.includes(providerId))
  }

  async function renameKey(
    name: OwnedKeyName,
    to: string,
    attributes: object = {},
  ): ReturnType<DrizzleKeys["renameKey"]> {
    const [id, next, userId] = [keyIdOf(name), newKeyIdOf({ ...name, providerUserId: to }), tables.userId(name.userId)]
    const changes = checkedAttributes(user, attributes)
    if (id === null || userId === null) return "missing"
    const isOwn = isOwnKey(id, userId)
    const isOwnUser = and(isUser(userId), isAnyKey(isOwn)) ?? isOwn
    const rename = (db: Builder) => store.write(db.update(key.table).set({ id: next }).where(isOwn), key)
    try {
      const { count } = await store.atomic(lockUser(userId), ...assigning(changes, isOwnUser), rename)
      if (count > 0) return "renamed"
    } catch (error) {
      if (!dialect.isUniqueViolation(error)) throw error
      return id === next ? "attribute_taken" : whatIsTaken(changes, next)
    }
    // Some of MySQL's drivers count only rows whose values changed.
    return id === next && (await owns(name)) ? "renamed" : "missing"
  }

  async function deleteKey(
    name: OwnedKeyName,
    { evenLast = false }: { evenLast?: boolean | undefined } = {},
  ): ReturnType<DrizzleKeys["deleteKey"]> {
    const [id, userId] = [keyIdOf(name), tables.userId(name.userId)]
    if (id === null || userId === null) return "missing"
    const isOwn = isOwnKey(id, userId)
    const isOther = and(isOwner(userId), ne(columns.id, id))
    // A table of its own, because MySQL does not read the table that it deletes from.
    const another = sql`select ${columns.id} from ${key.table} where ${isOther} limit 1`
    const isOneOfMany = and(isOwn, sql`exists (select 1 from (${another}) as other)`) ?? isOwn
    const remove = (condition: SQL) => (db: Builder) => store.write(db.delete(key.table).where(condition), key)
    const { count } = evenLast
      ? await store.atomic(remove(isOwn))
      : await store.atomic(lockUser(userId), remove(isOneOfMany))
    if (count > 0) return "deleted"
    return (await owns(name)) ? "last_key" : "missing"
  }

  function isOwnKey(id: string, userId: UserId): SQL {
    return and(isKey(id), isOwner(userId)) ?? isKey(id)
  }

  function isAnyKey(condition: SQL): SQL {
    return sql`exists (select 1 from ${key.table} where ${condition})`
  }

  function lockUser(known: UserId): Step {
    return (db) => store.lock(db.select({ id: userIdColumn }).from(user.table).where(isUser(known)))
  }

  async function owns({ providerId, providerUserId, userId }: OwnedKeyName): Promise<boolean> {
    return (await findKey(providerId, providerUserId))?.userId === userId
  }

  return { insertKey, findKey, listKeys, replaceKeyPassword, replaceUserPasswords, renameKey, deleteKey }
}

function keyStatements(store: DrizzleStore, { dialect }: Tables, key: OwnTable) {
  const [id, owner] = [coreColumn(key, "id"), coreColumn(key, "userId")]
  const isId = isExactly(dialect.name, id, slot(id, "id"))
  const isOwn = isExactly(dialect.name, owner, slot(owner, "userId"))
  const select = (db: Builder, condition: SQL) =>
    db
      .select({ key: selected(key) })
      .from(key.table)
      .where(condition)
  return {
    find: store.prepared((db) => store.read(select(db, isId))),
    list: store.prepared((db) => store.read(select(db, isOwn).orderBy(asc(id)))),
  }
}
