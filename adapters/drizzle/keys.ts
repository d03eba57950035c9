import { and, asc, isNull, not, sql } from "drizzle-orm"
import type { SQL } from "drizzle-orm"
import type { KeyRecord, UserAdapter, UserId } from "../../src/core/ports.ts"
import type { Row } from "../sql/executor.ts"
import { keyIdOf, newKeyIdOf, passwordHashOf, sessionIdOf } from "../values/parameters.ts"
import { missingUser } from "../sql/user-lookup.ts"
import type { Builder } from "./builders.ts"
import { isExactly, slot, valueOf } from "./conditions.ts"
import { existingUser, selected, toKey } from "./rows.ts"
import type { DrizzleStore, Step } from "./store.ts"
import type { OwnTable, Tables } from "./tables.ts"
import { coreColumn } from "./tables.ts"
import type { UserLookup } from "./users.ts"

type KeyName = Pick<KeyRecord, "providerId" | "providerUserId">

/** The methods that concern keys. */
export type DrizzleKeys = Pick<
  UserAdapter<Row>,
  "insertKey" | "findKey" | "listKeys" | "replaceKeyPassword" | "deleteKey"
>

/** Keeps keys in a table whose `id` is `<provider id>:<provider user id>`. */
export function drizzleKeys(
  store: DrizzleStore,
  tables: Tables,
  key: OwnTable,
  userExists: UserLookup["userExists"],
): DrizzleKeys {
  const { session, dialect } = tables
  const columns = {
    id: coreColumn(key, "id"),
    owner: coreColumn(key, "userId"),
    hash: coreColumn(key, "hashedPassword"),
  }
  const isKey = (id: string) => isExactly(dialect.name, columns.id, valueOf(columns.id, id))
  const statements = keyStatements(store, tables, key)

  async function insertKey(given: KeyRecord): Promise<boolean> {
    const userId = tables.userId(given.userId)
    const row = { id: newKeyIdOf(given), hashedPassword: passwordHashOf(given.passwordHash) }
    if (userId === null) throw missingUser()
    try {
      await store.atomic((db) =>
        store.write(db.insert(key.table).values({ ...row, userId: existingUser(tables, userId) }), key),
      )
      return true
    } catch (error) {
      if (dialect.isTaken(error)) return false
      throw (await userExists(userId)) ? error : missingUser()
    }
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

  async function deleteKey(providerId: string, providerUserId: string): Promise<void> {
    const id = keyIdOf({ providerId, providerUserId })
    if (id !== null) await statements.remove({ id })
  }

  return { insertKey, findKey, listKeys, replaceKeyPassword, deleteKey }
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
    remove: store.prepared((db) => store.write(db.delete(key.table).where(isId), key)),
  }
}
