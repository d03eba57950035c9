import type { KeyName, KeyRecord, OwnedKeyName, UserAdapter, UserId } from "../../src/core/ports.ts"
import { keyIdOf, newKeyIdOf, passwordHashOf } from "../port/parameters.ts"
import { readText } from "../port/storable-text.ts"
import type { Assignment } from "./attributes.ts"
import { assign, assigned } from "./attributes.ts"
import type { Database, OpenDatabase } from "./database.ts"
import { hasId } from "./exact-id.ts"
import type { Row, SqlStatement, SqlValue } from "./executor.ts"
import { replaceKeyPassword, replaceUserPasswords } from "./key-passwords.ts"
import { isOwned, isUser, lockingUser } from "./user-lookup.ts"
import { missingUser } from "../port/user-ids.ts"

/** The methods that concern keys. */
export type SqlKeys = Pick<
  UserAdapter<Row>,
  "insertKey" | "findKey" | "listKeys" | "replaceKeyPassword" | "replaceUserPasswords" | "renameKey" | "deleteKey"
>

/** Keeps keys in a table whose `id` is `<provider id>:<provider user id>`. */
export function sqlKeys(db: Database): SqlKeys {
  const find = (name: KeyName) => findKey(db, name)
  return {
    insertKey: (key, attributes) => insertKey(db, key, attributes),
    findKey: (providerId, providerUserId) => find({ providerId, providerUserId }),
    listKeys: (userId) => listKeys(db, userId),
    replaceKeyPassword: (key, from, to, endSessions) => replaceKeyPassword(db, find, key, from, to, endSessions),
    replaceUserPasswords: (...values) => replaceUserPasswords(db, (userId) => listKeys(db, userId), ...values),
    renameKey: (key, to, attributes) => renameKey(db, key, to, attributes),
    deleteKey: (key, options) => deleteKey(db, key, options),
  }
}

/** The user's row comes first, as in every transaction that writes it, so that two of them wait for each other. */
async function insertKey(
  db: Database,
  key: KeyRecord,
  attributes: object = {},
): ReturnType<UserAdapter<Row>["insertKey"]> {
  const [keyId, hash] = [newKeyIdOf(key), passwordHashOf(key.passwordHash)]
  await db.open("key", "user")
  const assignment = await assign(db, "user", attributes)
  const { open } = assignment
  const user = open.ids.encode(key.userId)
  if (user === null) throw missingUser()
  const insert = open.statement("insertKey", () => insertText(db, open), [keyId, user, hash])
  const counts = await unlessTaken(db, [...assigning(db, assignment, user), insert])
  if (counts === "taken") return whatIsTaken(db, assignment, keyId)
  if (counts.at(-1) === 0) throw missingUser()
  return "inserted"
}

async function unlessTaken(db: Database, statements: SqlStatement[]): Promise<number[] | "taken"> {
  try {
    return await db.store.atomic(statements)
  } catch (error) {
    if (db.dialect.isUniqueViolation(error)) return "taken"
    throw error
  }
}

/** Found out afterwards, when nothing is left of the attempt. */
async function whatIsTaken(
  db: Database,
  { open, columns }: Assignment,
  keyId: string,
): Promise<"key_taken" | "attribute_taken"> {
  if (columns.length === 0) return "key_taken"
  const text = () => `SELECT 1 AS found FROM ${db.tables.key} WHERE id = ?1${db.dialect.keep}`
  const rows = await db.store.query(open.statement("isKeyTaken", text, [keyId]))
  return rows.length > 0 ? "key_taken" : "attribute_taken"
}

/** Writes the attributes of a user, if there are any; with a key's id only while that key is the user's. */
function assigning(
  db: Database,
  { open, columns, values, name }: Assignment,
  user: SqlValue,
  keyId?: string,
): SqlStatement[] {
  if (columns.length === 0) return []
  const set = () => columns.map((column, n) => assigned(db, column, n + 3)).join(", ")
  const key = () =>
    `SELECT 1 FROM ${db.tables.key} k WHERE ${hasId(db, open, "key", "k.id")} AND ${owned(db, open, "?2")}`
  const owner = () => (keyId === undefined ? "" : ` AND EXISTS (${key()})`)
  const text = () => `UPDATE ${db.tables.user} SET ${set()} WHERE ${isUser(db, open, "?2", "id")}${owner()}`
  const statement = keyId === undefined ? "assignUser" : "assignOwner"
  return [open.statement(`${statement}\0${name}`, text, [keyId ?? null, user, ...values])]
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
  const text = () =>
    `SELECT k.id AS id, ${keyColumns(db, open)} FROM ${db.tables.key} k WHERE ${owned(db, open, "?1")} ORDER BY k.id`
  const rows = await db.reading(open.statement("listKeys", text, [user]))
  return rows.map((row) => toKey(open, row, parseKeyId(readText(row.id))))
}

async function renameKey(
  db: Database,
  key: OwnedKeyName,
  to: string,
  attributes: object = {},
): ReturnType<UserAdapter<Row>["renameKey"]> {
  const [keyId, next] = [keyIdOf(key), newKeyIdOf({ ...key, providerUserId: to })]
  await db.open("key", "user")
  const assignment = await assign(db, "user", attributes)
  const { open } = assignment
  const user = open.ids.encode(key.userId)
  if (keyId === null || user === null) return "missing"
  const text = () => `UPDATE ${db.tables.key} SET id = ?3 WHERE ${isOwn(db, open)}`
  const rename = open.statement("renameKey", text, [keyId, user, next])
  const counts = await unlessTaken(db, [
    ...lockingUser(db, open, user),
    ...assigning(db, assignment, user, keyId),
    rename,
  ])
  if (counts === "taken") return keyId === next ? "attribute_taken" : whatIsTaken(db, assignment, next)
  if ((counts.at(-1) ?? 0) > 0) return "renamed"
  // Some of MySQL's drivers count only rows whose values changed.
  return keyId === next && (await owns(db, open, user, keyId)) ? "renamed" : "missing"
}

async function deleteKey(
  db: Database,
  key: OwnedKeyName,
  { evenLast = false }: { evenLast?: boolean | undefined } = {},
): ReturnType<UserAdapter<Row>["deleteKey"]> {
  const keyId = keyIdOf(key)
  const open = await db.open("key", "user")
  const user = open.ids.encode(key.userId)
  if (keyId === null || user === null) return "missing"
  const any = () => `DELETE FROM ${db.tables.key} WHERE ${isOwn(db, open)}`
  // A table of its own, because MySQL does not read the table that it deletes from.
  const another = () => `SELECT k.id FROM ${db.tables.key} k WHERE ${owned(db, open, "?2")} AND k.id <> ?1 LIMIT 1`
  const oneOfMany = () => `${any()} AND EXISTS (SELECT 1 FROM (${another()}) other)`
  const counts = evenLast
    ? await db.store.atomic([open.statement("deleteKey", any, [keyId, user])])
    : await db.store.atomic([
        ...lockingUser(db, open, user),
        open.statement("deleteOneOfKeys", oneOfMany, [keyId, user]),
      ])
  if ((counts.at(-1) ?? 0) > 0) return "deleted"
  return (await owns(db, open, user, keyId)) ? "last_key" : "missing"
}

async function owns(db: Database, open: OpenDatabase, user: SqlValue, keyId: string): Promise<boolean> {
  const text = () => `SELECT 1 AS found FROM ${db.tables.key} WHERE ${isOwn(db, open)}`
  return (await db.store.query(open.statement("ownsKey", text, [keyId, user]))).length > 0
}

function isOwn(db: Database, open: OpenDatabase): string {
  return `${hasId(db, open, "key")} AND ${isOwned(db, open, "key", "?2")}`
}

function owned(db: Database, open: OpenDatabase, user: "?1" | "?2"): string {
  return isOwned(db, open, "key", user, "k.user_id")
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
