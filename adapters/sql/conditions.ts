import { AuthError } from "../../src/core/errors.ts"
import type { KeptTable, NamedTable, OwnedTable } from "../port/names.ts"
import { ownedFeatures } from "../port/names.ts"
import type { Database } from "./database.ts"
import type { Column } from "./dialect.ts"
import type { SqlStatement, SqlValue } from "./executor.ts"

/**
 * Returns the condition that a row's id equals a parameter byte for byte. A column's collation may treat a hash in
 * upper case, or with a trailing space, as equal.
 */
export function hasId(db: Database, owner: NamedTable, column = "id", value = "?1"): string {
  return hasText(db, owner, "id", value, column)
}

/** Returns the condition that a column of a row, by another name here, equals a parameter's text byte for byte. */
export function hasText(
  { catalogue, dialect }: Database,
  owner: KeptTable,
  name: string,
  value: string,
  column = name,
) {
  const own = catalogue[owner].get(name)
  return own ? dialect.sameUser(column, value, "text", own) : `${column} = ${value}`
}

/** Returns the condition that the user table's id equals a parameter byte for byte. */
export function isUser(db: Database, parameter: string, column: "id" | "u.id" | "o.id"): string {
  const value = db.dialect.userId(parameter, db.ids.type)
  return db.dialect.sameUser(column, value, db.ids.type, idColumn(db))
}

/** Returns the condition that joins user `u` to a row by the row's `user_id`. */
export function ownsRow(db: Database, userId: "s.user_id" | "k.user_id" | "t.user_id"): string {
  return db.dialect.sameUser("u.id", userId, db.ids.type, idColumn(db))
}

/** Returns the condition that the user of row `t` exists. */
export function userExists(db: Database): string {
  return `EXISTS (SELECT 1 FROM ${db.tables.user} u WHERE ${ownsRow(db, "t.user_id")})`
}

/** Returns the condition that a row's `user_id` equals a parameter byte for byte. */
export function isOwned(db: Database, owner: OwnedTable, parameter: string, column = "user_id"): string {
  return hasOwner(db, owner, db.dialect.userId(parameter, db.ids.type), column)
}

/** Returns the same condition with any expression for the user's id. */
export function hasOwner({ dialect, catalogue, ids }: Database, owner: OwnedTable, value: string, column = "user_id") {
  const own = catalogue[owner].get("user_id")
  return own ? dialect.sameUser(column, value, ids.type, own) : `${column} = ${value}`
}

/**
 * Returns the tables of features whose rows are deleted with their user. Skips the application's own tables of these
 * names.
 */
export function keptFeatures({ problems }: Database): (typeof ownedFeatures)[number][] {
  return ownedFeatures.filter((owner) => problems[owner] === null)
}

/**
 * Locks a user's row until the transaction ends. Until then, no other such transaction adds a session or key, or
 * changes the user's keys. Returns nothing if a transaction that writes is alone anyway.
 */
export function lockingUser(db: Database, user: SqlValue): SqlStatement[] {
  const { dialect, tables } = db
  if (dialect.lock === null) return []
  const lock = () => `SELECT id FROM ${tables.user} WHERE ${isUser(db, "?1", "id")}${dialect.lock}`
  return [db.statement("lockUser", lock, [user])]
}

/** Returns the user table's column `id`. */
export function idColumn({ catalogue }: Database): Column {
  const column = catalogue.user.get("id")
  if (column) return column
  throw new AuthError("invalid_option", 'tables.user: the table has no column "id"; add it, or name another table')
}
