import { AuthError } from "../../src/core/errors.ts"
import type { Owner } from "../values/names.ts"
import { readText } from "../values/storable-text.ts"
import type { UserIds } from "../values/user-ids.ts"
import type { Column, Dialect } from "./dialect.ts"
import type { Row } from "./executor.ts"
import { bind, template } from "./statement.ts"
import type { Store } from "./store.ts"

/** The columns of the three tables by name; none for a table that does not exist. */
export type Catalogue = Record<Owner, Map<string, Column>>

const owners = ["user", "session", "key"] as const satisfies Owner[]

const required: Record<Owner, string[]> = {
  user: ["id"],
  session: ["id", "user_id", "created_at", "expires_at"],
  key: ["id", "user_id", "hashed_password"],
}

const integer = /^(?:big|medium|small|tiny)?int(?:eger)?\b/i

/** Reads the columns of the three tables in one query. */
export async function readCatalogue(store: Store, dialect: Dialect, names: Record<Owner, string>): Promise<Catalogue> {
  const selects = owners.map(
    (owner, n) => `SELECT '${owner}' AS of_table, c.* FROM (${dialect.columns(`?${n + 1}`)}) c`,
  )
  const tables = owners.map((owner) => dialect.catalogueName(names[owner]))
  const rows = await store.query(bind(template(dialect, selects.join(" UNION ALL ")), tables))
  if (rows[0] && !("of_table" in rows[0])) throw renamedColumns()
  return { user: columnsOf(rows, "user"), session: columnsOf(rows, "session"), key: columnsOf(rows, "key") }
}

/** Tells of each table why it cannot serve; `null` if it can. */
export function problemsOf(catalogue: Catalogue, dialect: Dialect, ids: UserIds): Record<Owner, string | null> {
  const problem = (owner: Owner) => problemOf(catalogue[owner], owner, dialect, ids)
  return { user: problem("user"), session: problem("session"), key: problem("key") }
}

/** Makes the error of a table that cannot serve. It names what is missing or wrong, and what to do. */
export function unusableTable(owner: Owner, name: string, problem: string, dialect: Dialect): AuthError {
  const remedy =
    owner === "user"
      ? `It is the application's own: create it, or say what it is like in the options tables.user and userId.`
      : `Run the statements of schema("${dialect.name}") from "nightlatch/adapters/sql", or name yours in the option tables.${owner}.`
  return new AuthError("invalid_option", `The table "${name}" ${problem}. ${remedy}`)
}

function renamedColumns(): AuthError {
  return new AuthError(
    "invalid_option",
    "The client renames columns, as a transform to camel case does: give the adapter a client that does not.",
  )
}

/** Tells whether a column holds an attribute, that is, anything but what the library keeps there itself. */
export function isAttribute(owner: Owner, { name, writable }: Column): boolean {
  return writable && !required[owner].includes(name)
}

function problemOf(columns: Map<string, Column>, owner: Owner, dialect: Dialect, { type }: UserIds): string | null {
  if (columns.size === 0) return "does not exist"
  const missing = required[owner].filter((name) => !columns.has(name))
  if (missing.length > 0) return `has no column ${missing.map((name) => `"${name}"`).join(", ")}`
  if (owner !== "user") return idProblem(columns, dialect)
  // Databases compare text with integers as numbers, so that "5.0" would be user 5.
  const isMistaken = (type === "text" || type === "uuid") && integer.test(columns.get("id")?.type ?? "")
  return isMistaken ? `has integers for ids, where userId is "${type}"` : null
}

function idProblem(columns: Map<string, Column>, dialect: Dialect): string | null {
  for (const name of ["id", "user_id"]) {
    const column = columns.get(name)
    const problem = column ? dialect.idProblem(column) : null
    if (problem !== null) return `cannot be used: its column "${name}" ${problem}`
  }
  return null
}

function columnsOf(rows: Row[], owner: Owner): Map<string, Column> {
  const columns = rows.filter((row) => readText(row.of_table) === owner).map(toColumn)
  return new Map(columns.map((column) => [column.name, column]))
}

function toColumn(row: Row): Column {
  return {
    name: readText(row.name),
    type: readText(row.type),
    writable: Number(row.writable) === 1,
    charset: nullable(row.charset),
    collation: nullable(row.collation),
    fresh: nullable(row.fresh) ?? "NULL",
    generated: Number(row.generated) === 1,
  }
}

function nullable(value: unknown): string | null {
  return value === null || value === undefined ? null : readText(value)
}
