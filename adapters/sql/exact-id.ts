import type { Database, OpenDatabase } from "./database.ts"

const ownForm = /^[0-9a-f]{64}$/

/**
 * Returns whether a plain comparison serves for a session id. It does for a hash: only its own spelling is ever stored.
 * Any other id needs {@link hasId}, because a column may take a hash in upper case, or with a blank after it, for equal.
 */
export function isOwnForm(id: string): boolean {
  return ownForm.test(id)
}

/** Makes a condition on a row: its id is the first parameter, byte for byte. */
export function hasId(db: Database, open: OpenDatabase, owner: "session" | "key", column = "id"): string {
  const own = open.catalogue[owner].get("id")
  return own ? db.dialect.sameUser(column, "?1", "text", own) : `${column} = ?1`
}

/** Makes the cheapest condition for a session id, and a name that tells the two conditions' statements apart. */
export function sessionById(db: Database, open: OpenDatabase, id: string, column: "id" | "s.id" = "id") {
  return isOwnForm(id)
    ? { form: "", byId: () => `${column} = ?1` }
    : { form: "\0exactly", byId: () => hasId(db, open, "session", column) }
}
