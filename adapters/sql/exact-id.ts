import { isHash } from "../port/parameters.ts"
import type { Database } from "./database.ts"

/** Makes a condition on a row: its id is the first parameter, byte for byte. */
export function hasId({ catalogue, dialect }: Database, owner: "session" | "key", column = "id"): string {
  const own = catalogue[owner].get("id")
  return own ? dialect.sameUser(column, "?1", "text", own) : `${column} = ?1`
}

/**
 * Makes the cheapest condition for a session id, and a name that tells the two conditions' statements apart. A plain
 * comparison serves for a hash: only its own spelling is ever stored. Any other id needs {@link hasId}, because a column
 * may take a hash in upper case, or with a blank after it, for equal.
 */
export function sessionById(db: Database, id: string, column: "id" | "s.id" = "id", isOwn = isHash(id)) {
  return isOwn
    ? { form: "", byId: () => `${column} = ?1` }
    : { form: "\0exactly", byId: () => hasId(db, "session", column) }
}
