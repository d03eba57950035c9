import { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"

/** The three tables by what they hold. */
export type Owner = "user" | "session" | "key"

/** The names of the tables. Defaults: `user`, `session`, `user_key`. */
export interface TableNames {
  user?: string | undefined
  session?: string | undefined
  key?: string | undefined
}

const defaults: Record<Owner, string> = { user: "user", session: "session", key: "user_key" }

// PostgreSQL cuts a name after 63 bytes; the rest is what every database takes for a plain name.
const plainName = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

/** Fills in the default names. Throws `invalid_option` for a name that is no plain identifier. */
export function tableNames(given: TableNames = {}): Record<Owner, string> {
  checkOptions("tables", given, "user", "session", "key")
  return {
    user: checkedName(given.user ?? defaults.user, "table"),
    session: checkedName(given.session ?? defaults.session, "table"),
    key: checkedName(given.key ?? defaults.key, "table"),
  }
}

/** Returns a name of letters, digits and `_`, at most 63 of them. Throws `invalid_option` for any other. */
export function checkedName(name: unknown, what: "table" | "column"): string {
  if (typeof name === "string" && plainName.test(name)) return name
  throw new AuthError(
    "invalid_option",
    `${quoted(name)} is not a ${what} name. Use letters, digits and "_", not beginning with a digit, at most 63.`,
  )
}

/** Quotes any value for a message, shortened to 40 characters. */
export function quoted(value: unknown): string {
  const text = String(value)
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}
