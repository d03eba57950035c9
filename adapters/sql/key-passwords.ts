import type { EndedSessions } from "../port/key-port.ts"
import type { Database } from "./database.ts"
import { hasId } from "./exact-id.ts"
import type { SqlStatement, SqlValue } from "./executor.ts"
import { hasOwner, isOwned, lockingUser } from "./user-lookup.ts"

/** Swaps the hash of one key, only while it is `from`. */
export async function swapPassword(
  db: Database,
  id: string,
  from: string | null,
  to: string | null,
  ended: EndedSessions | null,
): Promise<boolean> {
  const swap = () => `UPDATE ${db.tables.key} SET hashed_password = ?3 WHERE ${isUnchanged(db)}`
  const before = ended ? endingSessions(db, id, from, ended) : []
  const counts = await db.store.atomic([...before, db.statement("swapPassword", swap, [id, from, to])])
  return (counts.at(-1) ?? 0) > 0
}

/**
 * The sessions go before the swap, under the same condition, with the key locked: so they go if and only if the swap
 * takes place.
 */
function endingSessions(db: Database, id: string, from: string | null, ended: EndedSessions): SqlStatement[] {
  const { dialect, tables } = db
  const lock = () => `SELECT id FROM ${tables.key} WHERE ${hasId(db, "key")}${dialect.lock}`
  const user = () => `(SELECT user_id FROM ${tables.key} WHERE ${isUnchanged(db)})`
  const isEnded = () => hasOwner(db, "session", user())
  return [
    ...(dialect.lock === null || !hasSessions(db) ? [] : [db.statement("lockKey", lock, [id])]),
    ...ending(db, "endSessions", isEnded, [id, from, ended.exceptId], ended),
  ]
}

function isUnchanged(db: Database): string {
  return `${hasId(db, "key")} AND ${db.dialect.same("hashed_password", "?2")}`
}

/** Sets the hash of all keys of these providers that a user has, with the user's row locked, and ends the sessions. */
export async function setPasswords(
  db: Database,
  user: string | number,
  providerIds: readonly string[],
  hash: string,
  ended: EndedSessions,
): Promise<boolean> {
  const { dialect, tables } = db
  const provider = () => `${dialect.providerOf("id")} IN (${providerIds.map((_, n) => `?${n + 4}`).join(", ")})`
  const keys = () => `${isOwned(db, "key", "?1")} AND ${provider()}`
  const values = [user, hash, ended.exceptId, ...providerIds]
  const isEnded = () => `${isOwned(db, "session", "?1")} AND EXISTS (SELECT 1 FROM ${tables.key} WHERE ${keys()})`
  const set = () => `UPDATE ${tables.key} SET hashed_password = ?2 WHERE ${keys()}`
  const counts = await db.store.atomic([
    ...lockingUser(db, user),
    ...ending(db, `endAll\0${providerIds.length}`, isEnded, values, ended),
    db.statement(`setPasswords\0${providerIds.length}`, set, values),
  ])
  return (counts.at(-1) ?? 0) > 0
}

/** Deletes sessions but for `?3`. Nothing where they are kept elsewhere. */
function ending(
  db: Database,
  name: string,
  condition: () => string,
  values: SqlValue[],
  { exceptId }: EndedSessions,
): SqlStatement[] {
  if (!hasSessions(db)) return []
  const all = () => `DELETE FROM ${db.tables.session} WHERE ${condition()}`
  const others = () => `${all()} AND NOT (${hasId(db, "session", "id", "?3")})`
  return [exceptId === null ? db.statement(name, all, values) : db.statement(`${name}\0butOne`, others, values)]
}

function hasSessions({ catalogue }: Database): boolean {
  return catalogue.session.size > 0
}
