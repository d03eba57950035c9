import { AuthError } from "../../src/core/errors.ts"
import { checkOptions } from "../../src/core/options.ts"

/** The application's user table and the two tables that every application has, by content. */
export type Owner = "user" | "session" | "key"

/** The tables of optional features. An application that does not use a feature does not have its table. */
export type FeatureTable = "token" | "attempt" | "totp" | "passkey" | "event"

/** Every table, by content. */
export type TableOwner = Owner | FeatureTable

/** A table that belongs to the library. */
export type KeptTable = Exclude<TableOwner, "user">

/** A table whose rows have an id. */
export type NamedTable = Exclude<KeptTable, "totp">

/** A table whose rows belong to users. */
export type OwnedTable = Exclude<KeptTable, "attempt">

/**
 * The names of the tables. Defaults: `user`, `session`, `user_key`, `auth_token`, `auth_attempt`, `user_totp`,
 * `user_passkey`, `auth_event`. `auth.user` is the table `user` in the schema `auth`. In MySQL a schema is a database,
 * in SQLite an attached database.
 */
export interface TableNames {
  user?: string | undefined
  session?: string | undefined
  key?: string | undefined
  token?: string | undefined
  attempt?: string | undefined
  totp?: string | undefined
  passkey?: string | undefined
  event?: string | undefined
}

/** The default names of the tables. */
export const defaultTableNames: Record<TableOwner, string> = {
  user: "user",
  session: "session",
  key: "user_key",
  token: "auth_token",
  attempt: "auth_attempt",
  totp: "user_totp",
  passkey: "user_passkey",
  event: "auth_event",
}

/** Every table, in the order of creation: tables that refer to users come after them. */
export const tableOwners = [
  "user",
  "session",
  "key",
  "token",
  "attempt",
  "totp",
  "passkey",
  "event",
] as const satisfies TableOwner[]

/** The tables of features whose rows are deleted with their user. */
export const ownedFeatures = ["token", "totp", "passkey"] as const satisfies FeatureTable[]

// PostgreSQL truncates a name after 63 bytes. Every database accepts these characters in a plain name.
const plainName = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

/** Fills in the default names. Throws `invalid_option` for a name that is not a plain identifier. */
export function tableNames(names: TableNames = {}): Record<TableOwner, string> {
  checkOptions("tables", names, ...tableOwners)
  return forEachTable((owner) => {
    const { [owner]: name = defaultTableNames[owner] } = names
    return checkedTable(name)
  })
}

/** Creates a value for each table. */
export function forEachTable<Value>(make: (owner: TableOwner) => Value): Record<TableOwner, Value> {
  // Every table has its entry.
  return Object.fromEntries(tableOwners.map((owner) => [owner, make(owner)])) as Record<TableOwner, Value>
}

/** Returns whether text is a table name, optionally with a schema before a dot. */
export function isTableName(name: string): boolean {
  const parts = name.split(".")
  return parts.length <= 2 && parts.every((part) => plainName.test(part))
}

/** Returns the name of a table. Throws `invalid_option` for a name that {@link isTableName} rejects. */
export function checkedTable(name: unknown): string {
  if (typeof name === "string" && isTableName(name)) return name
  throw new AuthError(
    "invalid_option",
    `tables: ${quoted(name)} is not a table name; use at most 63 letters, digits and "_", not starting with a digit, and a dot after the name of a schema`,
  )
}

/** Splits a table's name into schema and table. The schema is `null` if the database is to find the table itself. */
export function splitTable(name: string): { schema: string | null; table: string } {
  const [first = "", second] = name.split(".")
  return second === undefined ? { schema: null, table: first } : { schema: first, table: second }
}

/** Quotes a table's name and its schema with the database's quotes. */
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
