import { AuthError } from "../../src/core/errors.ts"
import type { KeyRecord, UserId, UserInsert } from "../../src/core/ports.ts"
import { quoted } from "../port/names.ts"
import { newKeyIdOf, passwordHashOf } from "../port/parameters.ts"
import type { Assignment } from "./attributes.ts"
import { assign } from "./attributes.ts"
import type { Database, OpenDatabase } from "./database.ts"
import { causedBy } from "../retry/driver-error.ts"
import type { Row, SqlStatement, SqlValue } from "./executor.ts"
import { isUser, ownsRow } from "./user-lookup.ts"

type NewKey = Omit<KeyRecord, "userId">
type NewKeyValues = [id: string, hash: string | null]
type Outcome = { user: Row } | { taken: "id" | "key" | "attribute" }

// As SQLite before 3.35 and MySQL say it.
const withoutReturning = /near ['"]RETURNING/

/** What is to be stored, checked. */
interface Insertion {
  /** As a parameter; absent if the database is to make it. */
  id?: SqlValue
  attributes: Assignment
  /** Id and password hash. */
  key: NewKeyValues | null
}

/** Inserts a user and, if given, a key: both or neither. What was taken is found out afterwards, when nothing is left. */
export async function insertUser(db: Database, user: UserInsert<Row>, key: NewKey | null): Promise<Outcome> {
  const insertion = await checkedInsertion(db, user, key)
  try {
    return { user: await insert(db, insertion) }
  } catch (error) {
    if (!db.dialect.isUniqueViolation(error)) throw error
    return { taken: await whatIsTaken(db, insertion) }
  }
}

async function checkedInsertion(
  db: Database,
  { id, attributes }: UserInsert<Row>,
  key: NewKey | null,
): Promise<Insertion> {
  const insertion: Insertion = {
    attributes: await assign(db, "user", attributes),
    key: key && [newKeyIdOf(key), passwordHashOf(key.passwordHash)],
  }
  if (id !== undefined) insertion.id = newUserId(insertion.attributes.open, id)
  if (key) await db.open("key")
  return insertion
}

function newUserId({ ids }: OpenDatabase, id: UserId): SqlValue {
  const known = ids.encode(id)
  if (known !== null) return known
  throw new AuthError("invalid_option", `${quoted(id)} cannot be a user id with userIdType: "${ids.type}".`)
}

async function insert(db: Database, insertion: Insertion): Promise<Row> {
  const { id, key } = insertion
  if (id !== undefined) return insertWithId(db, insertion, id)
  return key ? insertKeyed(db, insertion, key) : insertReturning(db, insertion)
}

async function insertWithId(db: Database, { attributes, key }: Insertion, id: SqlValue): Promise<Row> {
  const { open, values, name } = attributes
  const user = () => insertText(db, attributes, true)
  const statements = [open.statement(`insertUser\0${name}`, user, [id, ...values])]
  if (key) {
    const row = () => `(id, user_id, hashed_password) VALUES (?1, ${db.dialect.userId("?3", open.ids.type)}, ?2)`
    statements.push(open.statement("insertKeyOf", () => `INSERT INTO ${db.tables.key} ${row()}`, [...key, id]))
  }
  await db.store.atomic(statements)
  return findInserted(db, open, id)
}

async function insertKeyed(db: Database, { attributes }: Insertion, key: NewKeyValues): Promise<Row> {
  const { open } = attributes
  await db.store.atomic(
    db.dialect.lastUser === null ? [insertBoth(db, attributes, key)] : insertInTurn(db, attributes, key),
  )
  const text = () =>
    `SELECT ${open.users.select} FROM ${db.tables.key} k JOIN ${db.tables.user} u ON ${ownsRow(db, open, "k.user_id")} WHERE k.id = ?1`
  return readBack(db, open, open.statement("userOfKey", text, [key[0]]))
}

function insertBoth(db: Database, attributes: Assignment, key: NewKeyValues): SqlStatement {
  const { open, columns, values, name } = attributes
  const [keyId, hash] = [columns.length + 1, columns.length + 2]
  const text = () => `WITH u AS (${insertText(db, attributes)} RETURNING id) ${keyOfUser(db, open, keyId, hash)} FROM u`
  return open.statement(`insertUserAndKey\0${name}`, text, [...values, ...key])
}

/** The id that the database made stays on the connection: the key is given to the user found by it. */
function insertInTurn(db: Database, attributes: Assignment, key: NewKeyValues): SqlStatement[] {
  const { open, values, name } = attributes
  if (!open.catalogue.user.get("id")?.generated)
    throw new AuthError("unsupported", "MySQL tells the id it made only for AUTO_INCREMENT: pass an id instead.")
  const text = () => `${keyOfUser(db, open, 1, 2)} FROM ${db.tables.user} u WHERE ${db.dialect.lastUser}`
  return [
    open.statement(`insertNewUser\0${name}`, () => insertText(db, attributes), values),
    open.statement("insertKeyOfLast", text, key),
  ]
}

function keyOfUser({ dialect, tables }: Database, { catalogue }: OpenDatabase, keyId: number, hash: number): string {
  const typed = (n: number, name: string) => {
    const column = catalogue.key.get(name)
    return column ? dialect.typed(`?${n}`, column) : `?${n}`
  }
  const owner = catalogue.key.get("user_id")
  const userId = owner ? dialect.typed("u.id", owner) : "u.id"
  return `INSERT INTO ${tables.key} (id, user_id, hashed_password) SELECT ${typed(keyId, "id")}, ${userId}, ${typed(hash, "hashed_password")}`
}

async function insertReturning(db: Database, { attributes }: Insertion): Promise<Row> {
  const { open, values, name } = attributes
  const id = open.ids.type === "bigint" ? `${db.dialect.asText("id")} AS id` : "id"
  const text = () => `${insertText(db, attributes)} RETURNING ${id}`
  const [row] = await returning(db, open.statement(`insertReturning\0${name}`, text, values))
  return findInserted(db, open, open.ids.encode(row && open.ids.decode(row.id)))
}

async function returning(db: Database, statement: SqlStatement): Promise<Row[]> {
  try {
    return await db.store.atomicQuery(statement)
  } catch (cause) {
    if (!causedBy(cause, ({ message }) => withoutReturning.test(message))) throw cause
    throw new AuthError("unsupported", "This database has no INSERT ... RETURNING: pass an id instead.", { cause })
  }
}

/** Inserts the user, with the id that `?1` is, or without one. */
function insertText({ dialect, tables }: Database, { open, columns }: Assignment, withId = false): string {
  const names = columns.map(({ name }) => dialect.quote(name))
  const values = columns.map((column, n) => dialect.value(`?${n + (withId ? 2 : 1)}`, column))
  if (withId) {
    names.unshift("id")
    values.unshift(dialect.userId("?1", open.ids.type))
  }
  const row = names.length > 0 ? `(${names.join(", ")}) VALUES (${values.join(", ")})` : dialect.defaultRow
  return `INSERT INTO ${tables.user} ${row}`
}

function findInserted(db: Database, open: OpenDatabase, id: SqlValue): Promise<Row> {
  const text = () => `SELECT ${open.users.select} FROM ${db.tables.user} u WHERE ${isUser(db, open, "?1", "u.id")}`
  return readBack(db, open, open.statement("findUser", text, [id]))
}

/** Reads the row as stored, with what the database added to it. */
async function readBack(db: Database, { users }: OpenDatabase, statement: SqlStatement): Promise<Row> {
  const [row] = await db.reading(statement)
  const user = row && users.read(row)
  if (user) return user
  throw new AuthError("user_missing", "The user was deleted as soon as inserted.")
}

async function whatIsTaken(db: Database, { id, key, attributes }: Insertion): Promise<"id" | "key" | "attribute"> {
  const { open } = attributes
  const exists = async (name: string, text: () => string, value: SqlValue) =>
    (await db.store.query(open.statement(name, () => `${text()}${db.dialect.keep}`, [value]))).length > 0

  const keyText = () => `SELECT 1 AS found FROM ${db.tables.key} WHERE id = ?1`
  if (key && (await exists("isKeyTaken", keyText, key[0]))) return "key"
  const idText = () => `SELECT 1 AS found FROM ${db.tables.user} u WHERE ${isUser(db, open, "?1", "u.id")}`
  if (id !== undefined && (await exists("isIdTaken", idText, id))) return "id"
  return "attribute"
}
