import type { KeyRecord, UserAdapter, UserId } from "../../src/core/ports.ts"
import { keyIdOf, newKeyIdOf, passwordHashOf, sessionIdOf } from "../values/parameters.ts"
import { readText } from "../values/storable-text.ts"
import type { Database, OpenDatabase } from "./database.ts"
import { hasId } from "./exact-id.ts"
import type { Row, SqlStatement } from "./executor.ts"
import { isUser, missingUser } from "./user-lookup.ts"

type KeyName = Pick<KeyRecord, "providerId" | "providerUserId">

/** The methods that concern keys. */
export type SqlKeys = Pick<UserAdapter<Row>, "insertKey" | "findKey" | "listKeys" | "replaceKeyPassword" | "deleteKey">

/** Keeps keys in a table whose `id` is `<provider id>:<provider user id>`. */
export function sqlKeys(db: Database): SqlKeys {
  return {
    insertKey: (key) => insertKey(db, key),
    findKey: (providerId, providerUserId) => findKey(db, { providerId, providerUserId }),
    listKeys: (userId) => listKeys(db, userId),
    replaceKeyPassword: (key, from, to, endSessions) => replaceKeyPassword(db, key, from, to, endSessions),
    deleteKey: (providerId, providerUserId) => deleteKey(db, { providerId, providerUserId }),
  }
}

async function insertKey(db: Database, key: KeyRecord): Promise<boolean> {
  const [keyId, hash] = [newKeyIdOf(key), passwordHashOf(key.passwordHash)]
  const open = await db.open("key", "user")
  const user = open.ids.encode(key.userId)
  if (user === null) throw missingUser()
  const inserted = await insertedOrTaken(
    db,
    open.statement("insertKey", () => insertText(db, open), [keyId, user, hash]),
  )
  if (inserted === 0) throw missingUser()
  return inserted !== "taken"
}

async function insertedOrTaken(db: Database, statement: SqlStatement): Promise<number | "taken"> {
  try {
    const [count = 0] = await db.store.atomic([statement])
    return count
  } catch (error) {
    if (db.dialect.isTaken(error)) return "taken"
    throw error
  }
}

/** From the user's row, so that no key is stored for a user who is not there, or is being deleted. */
function insertText(db: Database, open: OpenDatabase): string {
  const { dialect, tables } = db
  const parameters = { id: "?1", user_id: dialect.userId("?2", open.ids.type), hashed_password: "?3" }
  const values = Object.entries(parameters).map(([name, parameter]) => {
    const column = open.catalogue.key.get(name)
    return column ? dialect.typed(parameter, column) : parameter
  })
  const found = `FROM ${tables.user} u WHERE ${isUser(db, open, "?2", "u.id")}${dialect.keep}`
  return `INSERT INTO ${tables.key} (${Object.keys(parameters).join(", ")}) SELECT ${values.join(", ")} ${found}`
}

async function findKey(db: Database, name: KeyName): Promise<KeyRecord | null> {
  const keyId = keyIdOf(name)
  if (keyId === null) return null
  const open = await db.open("key", "user")
  const text = () => `SELECT ${keyColumns(db, open)} FROM ${db.tables.key} k WHERE ${hasId(db, open, "key", "k.id")}`
  const [row] = await db.reading(open.statement("findKey", text, [keyId]))
  return row ? toKey(open, row, name) : null
}

async function listKeys(db: Database, userId: UserId): Promise<KeyRecord[]> {
  const open = await db.open("key", "user")
  const user = open.ids.encode(userId)
  if (user === null) return []
  const owned = () => `k.user_id = ${db.dialect.userId("?1", open.ids.type)}`
  const text = () => `SELECT k.id AS id, ${keyColumns(db, open)} FROM ${db.tables.key} k WHERE ${owned()} ORDER BY k.id`
  const rows = await db.reading(open.statement("listKeys", text, [user]))
  return rows.map((row) => toKey(open, row, parseKeyId(readText(row.id))))
}

async function replaceKeyPassword(
  db: Database,
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
  return from === to && (await findKey(db, key))?.passwordHash === to
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
  const all = () =>
    `DELETE FROM ${tables.session} WHERE user_id = (SELECT user_id FROM ${tables.key} WHERE ${isUnchanged(db, open)})`
  const others = () => `${all()} AND id <> ?3`
  const end =
    except === null
      ? open.statement("endSessions", all, [keyId, from])
      : open.statement("endOtherSessions", others, [keyId, from, except])
  return dialect.lock === null ? [end] : [open.statement("lockKey", lock, [keyId]), end]
}

async function deleteKey(db: Database, name: KeyName): Promise<void> {
  const keyId = keyIdOf(name)
  if (keyId === null) return
  const open = await db.open("key")
  const text = () => `DELETE FROM ${db.tables.key} WHERE ${hasId(db, open, "key")}`
  await db.store.execute(open.statement("deleteKey", text, [keyId]))
}

function isUnchanged(db: Database, open: OpenDatabase): string {
  return `${hasId(db, open, "key")} AND ${db.dialect.same("hashed_password", "?2")}`
}

function keyColumns({ dialect }: Database, { ids }: OpenDatabase): string {
  const userId = ids.type === "bigint" ? dialect.asText("k.user_id") : "k.user_id"
  return `${userId} AS user_id, k.hashed_password AS hashed_password`
}

function toKey({ ids }: OpenDatabase, row: Row, { providerId, providerUserId }: KeyName): KeyRecord {
  const passwordHash = row.hashed_password === null ? null : readText(row.hashed_password)
  return { providerId, providerUserId, userId: ids.decode(row.user_id), passwordHash }
}

function parseKeyId(id: string): KeyName {
  const end = id.indexOf(":")
  return { providerId: id.slice(0, end), providerUserId: id.slice(end + 1) }
}
