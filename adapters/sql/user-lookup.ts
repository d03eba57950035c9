import { AuthError } from "../../src/core/errors.ts"
import type { Column } from "./dialect.ts"
import type { Database } from "./database.ts"
import type { Row, SqlStatement, SqlValue } from "./executor.ts"

/** Makes a condition on the user table: its id is a parameter's value, byte for byte. */
export function isUser(db: Database, parameter: string, column: "id" | "u.id"): string {
  const value = db.dialect.userId(parameter, db.ids.type)
  return db.dialect.sameUser(column, value, db.ids.type, idColumn(db))
}

/** Makes a condition that joins user `u` to a row by the row's `user_id`. */
export function ownsRow(db: Database, userId: "s.user_id" | "k.user_id"): string {
  return db.dialect.sameUser("u.id", userId, db.ids.type, idColumn(db))
}

/** Makes a condition on a session or a key: it is the user's whose id is a parameter's value, byte for byte. */
export function isOwned(
  db: Database,
  owner: "session" | "key",
  parameter: string,
  column: "user_id" | "s.user_id" | "k.user_id" = "user_id",
): string {
  return hasOwner(db, owner, db.dialect.userId(parameter, db.ids.type), column)
}

/** Makes the same condition with any expression for the user's id. */
export function hasOwner(
  { dialect, catalogue, ids }: Database,
  owner: "session" | "key",
  value: string,
  column = "user_id",
): string {
  const own = catalogue[owner].get("user_id")
  return own ? dialect.sameUser(column, value, ids.type, own) : `${column} = ${value}`
}

/**
 * Locks a user's row until the transaction's end, so that no session or key is added, and none of the user's keys changed
 * by another such transaction. Nothing where a transaction that writes is alone anyway.
 */
export function lockingUser(db: Database, user: SqlValue): SqlStatement[] {
  const { dialect, tables } = db
  if (dialect.lock === null) return []
  const lock = () => `SELECT id FROM ${tables.user} WHERE ${isUser(db, "?1", "id")}${dialect.lock}`
  return [db.statement("lockUser", lock, [user])]
}

/** Finds the application's row. */
export async function findUser(db: Database, user: SqlValue): Promise<Row | null> {
  const text = () => `SELECT ${db.users.select} FROM ${db.tables.user} u WHERE ${isUser(db, "?1", "u.id")}`
  return readUser(db, db.statement("findUser", text, [user]))
}

/** Reads the application's row that a statement finds. */
export async function readUser({ store, users }: Database, statement: SqlStatement): Promise<Row | null> {
  const [row] = await store.query(statement)
  return row ? users.read(row) : null
}

/** The user table's column `id`. */
export function idColumn({ catalogue }: Database): Column {
  const column = catalogue.user.get("id")
  if (column) return column
  throw new AuthError("invalid_option", 'tables.user: the table has no column "id"; add it, or name another table')
}
