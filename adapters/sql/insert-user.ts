import { AuthError } from "../../src/core/errors.ts"
import type { NewKey } from "../port/key-port.ts"
import { causedBy } from "../retry/driver-error.ts"
import type { Assignment } from "./attributes.ts"
import type { Database } from "./database.ts"
import type { Row, SqlStatement, SqlValue } from "./executor.ts"
import { findUser, ownsRow, readUser } from "./user-lookup.ts"

// As SQLite before 3.35 and MySQL say it.
const withoutReturning = /near ['"]RETURNING/

/** Inserts a user and, if given, a key: both or neither. Resolves to the row as stored, with what the database added. */
export async function insertUser(
  db: Database,
  user: SqlValue,
  attributes: Assignment,
  key: NewKey | null,
): Promise<Row | null> {
  if (user !== null) return insertWithId(db, attributes, key, user)
  return key ? insertKeyed(db, attributes, key) : insertReturning(db, attributes)
}

async function insertWithId(
  db: Database,
  attributes: Assignment,
  key: NewKey | null,
  id: SqlValue,
): Promise<Row | null> {
  const { values, name } = attributes
  const user = () => insertText(db, attributes, true)
  const statements = [db.statement(`insertUser\0${name}`, user, [id, ...values])]
  if (key) {
    const row = () => `(id, user_id, hashed_password) VALUES (?1, ${db.dialect.userId("?3", db.ids.type)}, ?2)`
    const text = () => `INSERT INTO ${db.tables.key} ${row()}`
    statements.push(db.statement("insertKeyOf", text, [key.id, key.passwordHash, id]))
  }
  await db.store.atomic(statements)
  return findUser(db, id)
}

async function insertKeyed(db: Database, attributes: Assignment, key: NewKey): Promise<Row | null> {
  await db.store.atomic(
    db.dialect.lastUser === null ? [insertBoth(db, attributes, key)] : insertInTurn(db, attributes, key),
  )
  const text = () =>
    `SELECT ${db.users.select} FROM ${db.tables.key} k JOIN ${db.tables.user} u ON ${ownsRow(db, "k.user_id")} WHERE k.id = ?1`
  return readUser(db, db.statement("userOfKey", text, [key.id]))
}

function insertBoth(db: Database, attributes: Assignment, key: NewKey): SqlStatement {
  const { columns, values, name } = attributes
  const [keyId, hash] = [columns.length + 1, columns.length + 2]
  const text = () => `WITH u AS (${insertText(db, attributes)} RETURNING id) ${keyOfUser(db, keyId, hash)} FROM u`
  return db.statement(`insertUserAndKey\0${name}`, text, [...values, key.id, key.passwordHash])
}

/** The id that the database made stays on the connection: the key is given to the user found by it. */
function insertInTurn(db: Database, attributes: Assignment, key: NewKey): SqlStatement[] {
  const { values, name } = attributes
  if (!db.catalogue.user.get("id")?.generated)
    throw new AuthError("unsupported", "id: MySQL returns the id it made only for AUTO_INCREMENT; pass one")
  const text = () => `${keyOfUser(db, 1, 2)} FROM ${db.tables.user} u WHERE ${db.dialect.lastUser}`
  return [
    db.statement(`insertNewUser\0${name}`, () => insertText(db, attributes), values),
    db.statement("insertKeyOfLast", text, [key.id, key.passwordHash]),
  ]
}

function keyOfUser({ dialect, tables, catalogue }: Database, keyId: number, hash: number): string {
  const typed = (n: number, name: string) => {
    const column = catalogue.key.get(name)
    return column ? dialect.typed(`?${n}`, column) : `?${n}`
  }
  const owner = catalogue.key.get("user_id")
  const userId = owner ? dialect.typed("u.id", owner) : "u.id"
  return `INSERT INTO ${tables.key} (id, user_id, hashed_password) SELECT ${typed(keyId, "id")}, ${userId}, ${typed(hash, "hashed_password")}`
}

async function insertReturning(db: Database, attributes: Assignment): Promise<Row | null> {
  const { values, name } = attributes
  const id = db.ids.type === "bigint" ? `${db.dialect.asText("id")} AS id` : "id"
  const text = () => `${insertText(db, attributes)} RETURNING ${id}`
  const [row] = await returning(db, db.statement(`insertReturning\0${name}`, text, values))
  return findUser(db, db.ids.encode(row && db.ids.decode(row.id)))
}

async function returning(db: Database, statement: SqlStatement): Promise<Row[]> {
  try {
    return await db.store.atomicQuery(statement)
  } catch (cause) {
    if (!causedBy(cause, ({ message }) => withoutReturning.test(message))) throw cause
    throw new AuthError("unsupported", "id: this database has no INSERT ... RETURNING; pass one", { cause })
  }
}

/** Inserts the user, with the id that `?1` is, or without one. */
function insertText({ dialect, tables, ids }: Database, { columns }: Assignment, withId = false): string {
  const names = columns.map(({ name }) => dialect.quote(name))
  const values = columns.map((column, n) => dialect.value(`?${n + (withId ? 2 : 1)}`, column))
  if (withId) {
    names.unshift("id")
    values.unshift(dialect.userId("?1", ids.type))
  }
  const row = names.length > 0 ? `(${names.join(", ")}) VALUES (${values.join(", ")})` : dialect.defaultRow
  return `INSERT INTO ${tables.user} ${row}`
}
