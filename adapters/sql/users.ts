import { AuthError } from "../../src/core/errors.ts"
import type { NewKey } from "../port/key-port.ts"
import { declaredLength, randomId, textId } from "../port/random-id.ts"
import type { UserRows } from "../port/user-port.ts"
import { causedBy } from "../retry/driver-error.ts"
import type { Assignment } from "./attributes.ts"
import { assign, assigned } from "./attributes.ts"
import { idColumn, isOwned, isUser, keptFeatures, lockingUser, ownsRow } from "./conditions.ts"
import type { Database, SqlUserId } from "./database.ts"
import type { Column } from "./dialect.ts"
import type { Row, SqlStatement, SqlValue } from "./executor.ts"
import { sqlKeys } from "./keys.ts"

/** Stores users in the application's own table, and their keys. */
export const sqlUsers: UserRows<Database, SqlUserId, Assignment, Row> = {
  ...sqlKeys,
  encodeUser: ({ ids }, id) => ids.encode(id),
  encodeAttributes: (db, attributes) => assign(db, "user", attributes),
  isTaken: ({ dialect }, error) => dialect.isUniqueViolation(error),
  generateId(db) {
    const id = idColumn(db)
    if (id.hasDefault && id.generated) return undefined
    if (db.ids.type === "integer" || db.ids.type === "bigint") throw noId(id, "no default")
    if (db.ids.type === "uuid" || id.kind === "uuid") return crypto.randomUUID()
    // SQLite keeps a length in the type's name.
    const room = id.size ?? declaredLength(id.type)
    const made = textId(room)
    if (made === null) throw noId(id, `room for ${room} characters`)
    // PostgreSQL pads a "character" with spaces, so the id must fill it.
    return id.type === "bpchar" ? made + randomId(room - made.length) : made
  },
  async hasUser(db, user) {
    const text = () => `SELECT 1 AS found FROM ${db.tables.user} u WHERE ${isUser(db, "?1", "u.id")}${db.dialect.keep}`
    return (await db.store.query(db.statement("hasUser", text, [user]))).length > 0
  },
  insert(db, user, attributes, key) {
    if (user !== null) return insertWithId(db, attributes, key, user)
    return key ? insertKeyed(db, attributes, key) : insertReturning(db, attributes)
  },
  find,
  async update(db, user, attributes) {
    const { values, name } = attributes
    const text = () => `UPDATE ${db.tables.user} SET ${assigned(db, attributes, 2)} WHERE ${isUser(db, "?1", "id")}`
    return (await db.store.atomic([db.statement(`updateUser\0${name}`, text, [user, ...values])])) > 0
  },
  // Locks the user's row first, so that no session or key is added during the deletion. Deletes it last, for foreign
  // keys.
  async delete(db, user) {
    const { tables, catalogue } = db
    const statements = lockingUser(db, user)
    // Sessions may be stored elsewhere, and other tables may not exist. Events outlive the user.
    for (const owner of [...keptFeatures(db), "session", "key"] as const) {
      if (catalogue[owner].size === 0) continue
      const owned = () => `DELETE FROM ${tables[owner]} WHERE ${isOwned(db, owner, "?1")}`
      statements.push(db.statement(`deleteUser\0${owner}`, owned, [user]))
    }
    const own = () => `DELETE FROM ${tables.user} WHERE ${isUser(db, "?1", "id")}`
    await db.store.atomic([...statements, db.statement("deleteUser", own, [user])])
  },
}

function noId({ type }: Column, has: string): AuthError {
  return new AuthError(
    "invalid_option",
    `generateUserId: no id fits the user table, whose column "id" has the type ${type} and ${has}; let the database number the rows (INTEGER PRIMARY KEY, IDENTITY, AUTO_INCREMENT), or pass generateUserId to createUsers()`,
  )
}

async function find(db: Database, user: SqlValue): Promise<Row | null> {
  const text = () => `SELECT ${db.users.select} FROM ${db.tables.user} u WHERE ${isUser(db, "?1", "u.id")}`
  return readUser(db, db.statement("findUser", text, [user]))
}

async function readUser({ store, users }: Database, statement: SqlStatement): Promise<Row | null> {
  const [row] = await store.query(statement)
  return row ? users.read(row) : null
}

async function insertWithId(db: Database, attributes: Assignment, key: NewKey | null, id: SqlValue) {
  const { values, name } = attributes
  const user = () => insertText(db, attributes, true)
  const statements = [db.statement(`insertUser\0${name}`, user, [id, ...values])]
  if (key) {
    const row = () => `(id, user_id, hashed_password) VALUES (?1, ${db.dialect.userId("?3", db.ids.type)}, ?2)`
    const text = () => `INSERT INTO ${db.tables.key} ${row()}`
    statements.push(db.statement("insertKeyOf", text, [key.id, key.passwordHash, id]))
  }
  await db.store.atomic(statements)
  return find(db, id)
}

async function insertKeyed(db: Database, attributes: Assignment, key: NewKey): Promise<Row | null> {
  const isApart = db.dialect.lastUser !== null
  await db.store.atomic(isApart ? insertInTurn(db, attributes, key) : [insertBoth(db, attributes, key)])
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

/** The connection remembers the id that the database created. The key is given to the user found by it. */
function insertInTurn(db: Database, attributes: Assignment, key: NewKey): SqlStatement[] {
  const { values, name } = attributes
  if (!idColumn(db).generated)
    throw new AuthError("unsupported", "id: MySQL returns the id it made only for AUTO_INCREMENT; pass one")
  const text = () => `${keyOfUser(db, 1, 2)} FROM ${db.tables.user} u WHERE ${db.dialect.lastUser}`
  return [
    db.statement(`insertNewUser\0${name}`, () => insertText(db, attributes), values),
    db.statement("insertKeyOfLast", text, [key.id, key.passwordHash]),
  ]
}

function keyOfUser({ dialect, tables, catalogue }: Database, keyId: number, hash: number): string {
  const typed = (value: string, name: string) => {
    const column = catalogue.key.get(name)
    return column ? dialect.typed(value, column) : value
  }
  const values = [typed(`?${keyId}`, "id"), typed("u.id", "user_id"), typed(`?${hash}`, "hashed_password")]
  return `INSERT INTO ${tables.key} (id, user_id, hashed_password) SELECT ${values.join(", ")}`
}

async function insertReturning(db: Database, attributes: Assignment): Promise<Row | null> {
  const { values, name } = attributes
  const id = db.ids.type === "bigint" ? `${db.dialect.asText("id")} AS id` : "id"
  const text = () => `${insertText(db, attributes)} RETURNING ${id}`
  const [row] = await returning(db, db.statement(`insertReturning\0${name}`, text, values))
  return find(db, db.ids.encode(row && db.ids.decode(row.id)))
}

// The error messages of SQLite before 3.35 and of MySQL.
const withoutReturning = /near ['"]RETURNING/

async function returning(db: Database, statement: SqlStatement): Promise<Row[]> {
  try {
    return await db.store.atomicQuery(statement)
  } catch (cause) {
    if (!causedBy(cause, ({ message }) => withoutReturning.test(message))) throw cause
    throw new AuthError("unsupported", "id: this database has no INSERT ... RETURNING; pass one", { cause })
  }
}

/** Inserts the user, with the id `?1` or without an id. */
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
