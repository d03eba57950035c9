import { AuthError } from "../../src/core/errors.ts"
import type { Column } from "./dialect.ts"
import type { Database, OpenDatabase } from "./database.ts"
import type { SqlStatement, SqlValue } from "./executor.ts"

/** Makes a condition on the user table: its id is a parameter's value, byte for byte. */
export function isUser(db: Database, open: OpenDatabase, parameter: string, column: "id" | "u.id"): string {
  const value = db.dialect.userId(parameter, open.ids.type)
  return db.dialect.sameUser(column, value, open.ids.type, idColumn(open))
}

/** Makes a condition that joins user `u` to a row by the row's `user_id`. */
export function ownsRow(db: Database, open: OpenDatabase, userId: "s.user_id" | "k.user_id"): string {
  return db.dialect.sameUser("u.id", userId, open.ids.type, idColumn(open))
}

/** Makes a condition on a session or a key: it is the user's whose id is a parameter's value, byte for byte. */
export function isOwned(
  db: Database,
  open: OpenDatabase,
  owner: "session" | "key",
  parameter: string,
  column: "user_id" | "s.user_id" | "k.user_id" = "user_id",
): string {
  return hasOwner(db, open, owner, db.dialect.userId(parameter, open.ids.type), column)
}

/** Makes the same condition with any expression for the user's id. */
export function hasOwner(
  { dialect }: Database,
  { catalogue, ids }: OpenDatabase,
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
export function lockingUser(db: Database, open: OpenDatabase, user: SqlValue): SqlStatement[] {
  const { dialect, tables } = db
  if (dialect.lock === null) return []
  const lock = () => `SELECT id FROM ${tables.user} WHERE ${isUser(db, open, "?1", "id")}${dialect.lock}`
  return [open.statement("lockUser", lock, [user])]
}

/** The user table's column `id`. */
export function idColumn({ catalogue }: OpenDatabase): Column {
  const column = catalogue.user.get("id")
  if (column) return column
  throw new AuthError("invalid_option", `The user table has no column "id".`)
}
