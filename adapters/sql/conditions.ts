import { AuthError } from "../../src/core/errors.ts"
import type { KeptTable, NamedTable, OwnedTable } from "../port/names.ts"
import { ownedFeatures } from "../port/names.ts"
import type { Database } from "./database.ts"
import type { Column } from "./dialect.ts"
import type { SqlStatement, SqlValue } from "./executor.ts"

/**
 * Makes a condition on a row: its id is a parameter's value, byte for byte. A column may take a hash in upper case, or
 * with a blank after it, for equal.
 */
export function hasId(db: Database, owner: NamedTable, column = "id", value = "?1"): string {
  return hasText(db, owner, "id", value, column)
}

/** Makes a condition on a row: one of its columns, by another name here, is a parameter's text, byte for byte. */
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

/** Makes a condition on the user table: its id is a parameter's value, byte for byte. */
export function isUser(db: Database, parameter: string, column: "id" | "u.id" | "o.id"): string {
  const value = db.dialect.userId(parameter, db.ids.type)
  return db.dialect.sameUser(column, value, db.ids.type, idColumn(db))
}

/** Makes a condition that joins user `u` to a row by the row's `user_id`. */
export function ownsRow(db: Database, userId: "s.user_id" | "k.user_id" | "t.user_id"): string {
  return db.dialect.sameUser("u.id", userId, db.ids.type, idColumn(db))
}

/** Makes a condition on a row `t`: its user exists. */
export function userExists(db: Database): string {
  return `EXISTS (SELECT 1 FROM ${db.tables.user} u WHERE ${ownsRow(db, "t.user_id")})`
}

/** Makes a condition on a row: it is the user's whose id is a parameter's value, byte for byte. */
export function isOwned(db: Database, owner: OwnedTable, parameter: string, column = "user_id"): string {
  return hasOwner(db, owner, db.dialect.userId(parameter, db.ids.type), column)
}

/** Makes the same condition with any expression for the user's id. */
export function hasOwner({ dialect, catalogue, ids }: Database, owner: OwnedTable, value: string, column = "user_id") {
  const own = catalogue[owner].get("user_id")
  return own ? dialect.sameUser(column, value, ids.type, own) : `${column} = ${value}`
}

/** Returns the tables of features whose rows go with their user. One of that name may be the application's own. */
export function keptFeatures({ problems }: Database): (typeof ownedFeatures)[number][] {
  return ownedFeatures.filter((owner) => problems[owner] === null)
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
