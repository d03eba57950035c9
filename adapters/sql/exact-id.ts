import type { Database } from "./database.ts"

/**
 * Makes a condition on a row: its id is a parameter's value, byte for byte. A column may take a hash in upper case, or
 * with a blank after it, for equal.
 */
export function hasId({ catalogue, dialect }: Database, owner: "session" | "key", column = "id", value = "?1"): string {
  const own = catalogue[owner].get("id")
  return own ? dialect.sameUser(column, value, "text", own) : `${column} = ${value}`
}
