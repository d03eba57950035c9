import type { Database } from "./database.ts"

/**
 * Makes a condition on a row: its id is the first parameter, byte for byte. A column may take a hash in upper case, or
 * with a blank after it, for equal.
 */
export function hasId({ catalogue, dialect }: Database, owner: "session" | "key", column = "id"): string {
  const own = catalogue[owner].get("id")
  return own ? dialect.sameUser(column, "?1", "text", own) : `${column} = ?1`
}
