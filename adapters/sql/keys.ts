import type { EndedSessions, KeyRows, StoredKey } from "../port/key-port.ts"
import { readText } from "../port/storable-text.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Assignment } from "./attributes.ts"
import { assigned } from "./attributes.ts"
import { hasId, hasOwner, isOwned, isUser, keptFeatures, lockingUser } from "./conditions.ts"
import type { Database, SqlUserId } from "./database.ts"
import type { Row, SqlStatement, SqlValue } from "./executor.ts"
import { insertOwned } from "./insert-owned.ts"

type SqlKeys = Omit<KeyRows<Database, SqlUserId, Assignment>, "encodeUser" | "encodeAttributes" | "isTaken">

/** Stores keys in a table whose `id` has the form `<provider id>:<provider user id>`. */
export const sqlKeys: SqlKeys = {
  async hasKey(db, id) {
    const text = () => `SELECT 1 AS found FROM ${db.tables.key} WHERE id = ?1${db.dialect.keep}`
    return (await db.store.query(db.statement("hasKey", text, [id]))).length > 0
  },
  // Every transaction that writes the user's row writes it first, so that two of them wait for each other.
  async insertKey(db, user, key, attributes) {
    const insert = db.statement("insertKey", () => insertOwned(db, "key"), [key.id, user, key.passwordHash])
    if ((await db.store.atomic([...assigning(db, attributes, user), insert])) === 0) throw missingUser()
  },
  async findKey(db, id) {
    const text = () => `SELECT ${keyColumns(db)} FROM ${db.tables.key} k WHERE ${hasId(db, "key", "k.id")}`
    const [row] = await db.store.query(db.statement("findKey", text, [id]))
    return row ? toKey(db, row, id) : null
  },
  async listKeys(db, user) {
    const text = () =>
      `SELECT k.id AS id, ${keyColumns(db)} FROM ${db.tables.key} k WHERE ${owned(db, "?1")} ORDER BY k.id`
    const rows = await db.store.query(db.statement("listKeys", text, [user]))
    return rows.map((row) => toKey(db, row, readText(row.id)))
  },
  async swapPassword(db, id, from, to, ended) {
    const swap = () => `UPDATE ${db.tables.key} SET hashed_password = ?3 WHERE ${isUnchanged(db)}`
    const before = ended ? endingSessions(db, id, from, ended) : []
    return (await db.store.atomic([...before, db.statement("swapPassword", swap, [id, from, to])])) > 0
  },
  async setPasswords(db, user, providerIds, hash, ended) {
    const { dialect, tables } = db
    const provider = () => `${dialect.providerOf("id")} IN (${providerIds.map((_, n) => `?${n + 4}`).join(", ")})`
    const keys = () => `${isOwned(db, "key", "?1")} AND ${provider()}`
    const values = [user, hash, ended.exceptId, ...providerIds]
    const isEnded = () => `${isOwned(db, "session", "?1")} AND EXISTS (SELECT 1 FROM ${tables.key} WHERE ${keys()})`
    const set = () => `UPDATE ${tables.key} SET hashed_password = ?2 WHERE ${keys()}`
    const count = await db.store.atomic([
      ...lockingUser(db, user),
      ...ending(db, `endAll\0${providerIds.length}`, isEnded, values, ended),
      db.statement(`setPasswords\0${providerIds.length}`, set, values),
    ])
    return count > 0
  },
  async renameKey(db, { id, user }, to, attributes) {
    const text = () => `UPDATE ${db.tables.key} SET id = ?3 WHERE ${isOwn(db)}`
    const rename = db.statement("renameKey", text, [id, user, to])
    return (await db.store.atomic([...lockingUser(db, user), ...assigning(db, attributes, user, id), rename])) > 0
  },
  async deleteKey(db, { id, user }, evenLast) {
    const any = () => `DELETE FROM ${db.tables.key} WHERE ${isOwn(db)}`
    // MySQL cannot read the table that it deletes from, except through a derived table.
    const another = () => `SELECT k.id FROM ${db.tables.key} k WHERE ${owned(db, "?2")} AND k.id <> ?1 LIMIT 1`
    const oneOfMany = () => `${any()} AND (EXISTS (SELECT 1 FROM (${another()}) other)${orPasskey(db)})`
    const statements = evenLast
      ? [db.statement("deleteKey", any, [id, user])]
      : [...lockingUser(db, user), db.statement("deleteOneOfKeys", oneOfMany, [id, user])]
    return (await db.store.atomic(statements)) > 0
  },
}

/** A passkey lets its user sign in just as a key does. Returns nothing if there is no table of passkeys. */
function orPasskey(db: Database): string {
  if (!keptFeatures(db).includes("passkey")) return ""
  return ` OR EXISTS (SELECT 1 FROM ${db.tables.passkey} p WHERE ${isOwned(db, "passkey", "?2", "p.user_id")})`
}

/** Writes a user's attributes, if there are any. With a key's id, only while that key belongs to the user. */
function assigning(db: Database, attributes: Assignment, user: SqlValue, keyId?: string): SqlStatement[] {
  const { columns, values, name } = attributes
  if (columns.length === 0) return []
  const key = () => `SELECT 1 FROM ${db.tables.key} k WHERE ${hasId(db, "key", "k.id")} AND ${owned(db, "?2")}`
  const owner = () => (keyId === undefined ? "" : ` AND EXISTS (${key()})`)
  const set = () => assigned(db, attributes, 3)
  const text = () => `UPDATE ${db.tables.user} SET ${set()} WHERE ${isUser(db, "?2", "id")}${owner()}`
  const statement = keyId === undefined ? "assignUser" : "assignOwner"
  return [db.statement(`${statement}\0${name}`, text, [keyId ?? null, user, ...values])]
}

/**
 * The sessions are deleted before the swap, under the same condition and with the key locked. So they end if and only
 * if the swap takes place.
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

/** Deletes all sessions except `?3`. Returns nothing if sessions are stored elsewhere. */
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

function isUnchanged(db: Database): string {
  return `${hasId(db, "key")} AND ${db.dialect.same("hashed_password", "?2")}`
}

function isOwn(db: Database): string {
  return `${hasId(db, "key")} AND ${isOwned(db, "key", "?2")}`
}

function owned(db: Database, user: "?1" | "?2"): string {
  return isOwned(db, "key", user, "k.user_id")
}

function keyColumns({ dialect, ids }: Database): string {
  const userId = ids.type === "bigint" ? dialect.asText("k.user_id") : "k.user_id"
  return `${userId} AS user_id, k.hashed_password AS hashed_password`
}

function toKey({ ids }: Database, row: Row, id: string): StoredKey {
  const passwordHash = row.hashed_password === null ? null : readText(row.hashed_password)
  return { id, userId: ids.decode(row.user_id), passwordHash }
}
