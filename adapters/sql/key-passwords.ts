import type { KeyName, KeyRecord, UserId } from "../../src/core/ports.ts"
import { keyIdOf, newPasswordHashOf, passwordHashOf, sessionIdOf } from "../port/parameters.ts"
import type { Database, OpenDatabase } from "./database.ts"
import { hasId } from "./exact-id.ts"
import type { SqlStatement } from "./executor.ts"
import { hasOwner, isOwned, lockingUser } from "./user-lookup.ts"

/** Swaps the hash of one key, only while it is `from`. */
export async function replaceKeyPassword(
  db: Database,
  find: (key: KeyName) => Promise<KeyRecord | null>,
  key: KeyName,
  from: string | null,
  to: string | null,
  endSessions?: { exceptId?: string | undefined },
): Promise<boolean> {
  const [keyId, known, next] = [keyIdOf(key), passwordHashOf(from), passwordHashOf(to)]
  const except = endSessions?.exceptId === undefined ? null : sessionIdOf(endSessions.exceptId)
  if (keyId === null) return false
  const open = await db.open("key")
  const swap = () => `UPDATE ${db.tables.key} SET hashed_password = ?3 WHERE ${isUnchanged(db, open)}`
  const before = endSessions ? endingSessions(db, open, keyId, known, except) : []
  const counts = await db.store.atomic([...before, open.statement("swapPassword", swap, [keyId, known, next])])
  if ((counts.at(-1) ?? 0) > 0) return true
  // Some of MySQL's drivers count only rows whose values changed.
  return from === to && (await find(key))?.passwordHash === to
}

/**
 * The sessions go before the swap, under the same condition, with the key locked: so they go if and only if the swap
 * takes place.
 */
function endingSessions(
  db: Database,
  open: OpenDatabase,
  keyId: string,
  from: string | null,
  except: string | null,
): SqlStatement[] {
  if (open.catalogue.session.size === 0) return []
  const { dialect, tables } = db
  const lock = () => `SELECT id FROM ${tables.key} WHERE ${hasId(db, open, "key")}${dialect.lock}`
  const user = () => `(SELECT user_id FROM ${tables.key} WHERE ${isUnchanged(db, open)})`
  const all = () => `DELETE FROM ${tables.session} WHERE ${hasOwner(db, open, "session", user())}`
  const others = () => `${all()} AND id <> ?3`
  const end =
    except === null
      ? open.statement("endSessions", all, [keyId, from])
      : open.statement("endOtherSessions", others, [keyId, from, except])
  return dialect.lock === null ? [end] : [open.statement("lockKey", lock, [keyId]), end]
}

function isUnchanged(db: Database, open: OpenDatabase): string {
  return `${hasId(db, open, "key")} AND ${db.dialect.same("hashed_password", "?2")}`
}

/** Sets the hash of all keys of these providers that a user has, with the user's row locked, and ends the sessions. */
export async function replaceUserPasswords(
  db: Database,
  list: (userId: UserId) => Promise<KeyRecord[]>,
  userId: UserId,
  providerIds: readonly string[],
  hash: string,
  exceptId?: string,
): Promise<boolean> {
  const next = newPasswordHashOf(hash)
  const except = exceptId === undefined ? null : sessionIdOf(exceptId)
  const open = await db.open("key", "user")
  const user = open.ids.encode(userId)
  if (user === null || providerIds.length === 0) return false
  const { dialect, tables } = db
  const provider = `${dialect.providerOf("id")} IN (${providerIds.map((_, n) => `?${n + 4}`).join(", ")})`
  const keys = `${isOwned(db, open, "key", "?1")} AND ${provider}`
  const values = [user, next, except, ...providerIds]
  const statement = (name: string, text: string) => open.statement(`${name}\0${providerIds.length}`, () => text, values)

  const others = except === null ? "" : " AND id <> ?3"
  const end = `DELETE FROM ${tables.session} WHERE ${isOwned(db, open, "session", "?1")} AND EXISTS (SELECT 1 FROM ${tables.key} WHERE ${keys})${others}`
  const set = `UPDATE ${tables.key} SET hashed_password = ?2 WHERE ${keys}`
  const counts = await db.store.atomic([
    ...lockingUser(db, open, user),
    ...(open.catalogue.session.size > 0 ? [statement(except === null ? "endAll" : "endAllOthers", end)] : []),
    statement("setPasswords", set),
  ])
  if ((counts.at(-1) ?? 0) > 0) return true
  // Some of MySQL's drivers count only rows whose values changed.
  return (await list(userId)).some(({ providerId }) => providerIds.includes(providerId))
}
