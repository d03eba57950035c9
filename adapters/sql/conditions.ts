import { AuthError } from "../../src/core/errors.ts"
import type { Database } from "./database.ts"
import type { Column } from "./dialect.ts"
import type { SqlStatement, SqlValue } from "./executor.ts"

/** A table whose rows belong to users. */
type Owned = "session" | "key"

/**
 * Makes a condition on a row: its id is a parameter's value, byte for byte. A column may take a hash in upper case, or
 * with a blank after it, for equal.
 */
export function hasId({ catalogue, dialect }: Database, owner: Owned, column = "id", value = "?1"): string {
  const own = catalogue[owner].get("id")
  return own ? dialect.sameUser(column, value, "text", own) : `${column} = ${value}`
}

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
export function isOwned(db: Database, owner: Owned, parameter: string, column = "user_id"): string {
  return hasOwner(db, owner, db.dialect.userId(parameter, db.ids.type), column)
}

/** Makes the same condition with any expression for the user's id. */
export function hasOwner({ dialect, catalogue, ids }: Database, owner: Owned, value: string, column = "user_id") {
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

/** The user table's column `id`. */
export function idColumn({ catalogue }: Database): Column {
  const column = catalogue.user.get("id")
  if (column) return column
  throw new AuthError("invalid_option", 'tables.user: the table has no column "id"; add it, or name another table')
}
