import { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"

/** The three tables by what they hold. */
export type Owner = "user" | "session" | "key"

/**
 * The names of the tables. Defaults: `user`, `session`, `user_key`. `auth.user` is the table `user` in the schema `auth`:
 * in MySQL a database, in SQLite an attached one.
 */
export interface TableNames {
  user?: string | undefined
  session?: string | undefined
  key?: string | undefined
}

// PostgreSQL cuts a name after 63 bytes; the rest is what every database takes for a plain name.
const plainName = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

/** Fills in the default names. Throws `invalid_option` for a name that is no plain identifier. */
export function tableNames(names: TableNames = {}): Record<Owner, string> {
  checkOptions("tables", names, "user", "session", "key")
  const { user = "user", session = "session", key = "user_key" } = names
  return { user: checkedTable(user), session: checkedTable(session), key: checkedTable(key) }
}

/** Returns the name of a table, with its schema if a dot separates one. Throws `invalid_option` for any other. */
export function checkedTable(name: unknown): string {
  const parts = typeof name === "string" ? name.split(".") : []
  if (parts.length > 0 && parts.length <= 2 && parts.every((part) => plainName.test(part))) return parts.join(".")
  throw new AuthError(
    "invalid_option",
    `tables: ${quoted(name)} is not a table name; use at most 63 letters, digits and "_", not starting with a digit, and a dot after the name of a schema`,
  )
}

/** Separates a table's name from its schema, which is `null` where the database looks for the table itself. */
export function splitTable(name: string): { schema: string | null; table: string } {
  const [first = "", second] = name.split(".")
  return second === undefined ? { schema: null, table: first } : { schema: first, table: second }
}

/** Quotes a table's name, and its schema's, by the way in which a database quotes names. */
export function quotedTable(name: string, quote: (name: string) => string): string {
  return name.split(".").map(quote).join(".")
}

/** Returns a name of letters, digits and `_`, at most 63 of them. Throws `invalid_option` for any other. */
export function checkedName(name: unknown): string {
  if (typeof name === "string" && plainName.test(name)) return name
  throw new AuthError(
    "invalid_option",
    `sessionColumns: ${quoted(name)} is not a column name; use at most 63 letters, digits and "_", not starting with a digit`,
  )
}

/** Quotes any value for a message, shortened to 40 characters. */
export function quoted(value: unknown): string {
  const text = String(value)
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}
