import type { KeyRows, NewKey, OwnKey, StoredKey } from "../port/key-port.ts"
import { readText } from "../port/storable-text.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Assignment } from "./attributes.ts"
import { assigned } from "./attributes.ts"
import type { Database } from "./database.ts"
import { hasId } from "./exact-id.ts"
import type { Row, SqlStatement, SqlValue } from "./executor.ts"
import { setPasswords, swapPassword } from "./key-passwords.ts"
import { isOwned, isUser, lockingUser } from "./user-lookup.ts"

type User = string | number

/** Keeps keys in a table whose `id` is `<provider id>:<provider user id>`. */
export const sqlKeys: Omit<KeyRows<Database, User, Assignment>, "encodeUser" | "encodeAttributes" | "isTaken"> = {
  hasKey,
  insertKey,
  findKey,
  listKeys,
  swapPassword,
  setPasswords,
  renameKey,
  deleteKey,
}

async function hasKey(db: Database, id: string): Promise<boolean> {
  const text = () => `SELECT 1 AS found FROM ${db.tables.key} WHERE id = ?1${db.dialect.keep}`
  return (await db.store.query(db.statement("hasKey", text, [id]))).length > 0
}

/** The user's row comes first, as in every transaction that writes it, so that two of them wait for each other. */
async function insertKey(db: Database, user: User, key: NewKey, attributes: Assignment): Promise<void> {
  const insert = db.statement("insertKey", () => insertText(db), [key.id, user, key.passwordHash])
  const counts = await db.store.atomic([...assigning(db, attributes, user), insert])
  if (counts.at(-1) === 0) throw missingUser()
}

/** Writes the attributes of a user, if there are any; with a key's id only while that key is the user's. */
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

/** From the user's row, so that no key is stored for a user who is not there, or is being deleted. */
function insertText(db: Database): string {
  const { dialect, tables, catalogue, ids } = db
  const parameters = { id: "?1", user_id: dialect.userId("?2", ids.type), hashed_password: "?3" }
  const values = Object.entries(parameters).map(([name, parameter]) => {
    const column = catalogue.key.get(name)
    return column ? dialect.typed(parameter, column) : parameter
  })
  const found = `FROM ${tables.user} u WHERE ${isUser(db, "?2", "u.id")}${dialect.keep}`
  return `INSERT INTO ${tables.key} (${Object.keys(parameters).join(", ")}) SELECT ${values.join(", ")} ${found}`
}

async function findKey(db: Database, id: string): Promise<StoredKey | null> {
  const text = () => `SELECT ${keyColumns(db)} FROM ${db.tables.key} k WHERE ${hasId(db, "key", "k.id")}`
  const [row] = await db.store.query(db.statement("findKey", text, [id]))
  return row ? toKey(db, row, id) : null
}

async function listKeys(db: Database, user: User): Promise<StoredKey[]> {
  const text = () =>
    `SELECT k.id AS id, ${keyColumns(db)} FROM ${db.tables.key} k WHERE ${owned(db, "?1")} ORDER BY k.id`
  const rows = await db.store.query(db.statement("listKeys", text, [user]))
  return rows.map((row) => toKey(db, row, readText(row.id)))
}

async function renameKey(
  db: Database,
  { id, user }: OwnKey<User>,
  to: string,
  attributes: Assignment,
): Promise<boolean> {
  const text = () => `UPDATE ${db.tables.key} SET id = ?3 WHERE ${isOwn(db)}`
  const rename = db.statement("renameKey", text, [id, user, to])
  const counts = await db.store.atomic([...lockingUser(db, user), ...assigning(db, attributes, user, id), rename])
  return (counts.at(-1) ?? 0) > 0
}

async function deleteKey(db: Database, { id, user }: OwnKey<User>, evenLast: boolean): Promise<boolean> {
  const any = () => `DELETE FROM ${db.tables.key} WHERE ${isOwn(db)}`
  // A derived table, because MySQL does not read the table that it deletes from.
  const another = () => `SELECT k.id FROM ${db.tables.key} k WHERE ${owned(db, "?2")} AND k.id <> ?1 LIMIT 1`
  const oneOfMany = () => `${any()} AND EXISTS (SELECT 1 FROM (${another()}) other)`
  const counts = await db.store.atomic(
    evenLast
      ? [db.statement("deleteKey", any, [id, user])]
      : [...lockingUser(db, user), db.statement("deleteOneOfKeys", oneOfMany, [id, user])],
  )
  return (counts.at(-1) ?? 0) > 0
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
