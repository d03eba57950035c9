import { AuthError } from "../../src/core/errors.ts"
import type { Owner } from "../port/names.ts"
import { splitTable } from "../port/names.ts"
import { readText } from "../port/storable-text.ts"
import type { Column, Dialect } from "./dialect.ts"
import type { Row } from "./executor.ts"
import { bind, template } from "./statement.ts"
import type { Store } from "./store.ts"

/** The columns of the three tables by name; none for a table that does not exist. */
export type Catalogue = Record<Owner, Map<string, Column>>

const owners = ["user", "session", "key"] as const satisfies Owner[]

/** The columns that the library keeps. */
export const coreColumns: Record<Owner, string[]> = {
  user: ["id"],
  session: ["id", "user_id", "created_at", "expires_at"],
  key: ["id", "user_id", "hashed_password"],
}

/** Reads the columns of the three tables in one query. */
export async function readCatalogue(store: Store, dialect: Dialect, names: Record<Owner, string>): Promise<Catalogue> {
  const selects = owners.map(
    (owner, n) =>
      `SELECT '${owner}' AS of_table, c.* FROM (${dialect.columns(`?${n + 1}`, splitTable(names[owner]).schema)}) c`,
  )
  const tables = owners.map((owner) => {
    const { schema, table } = splitTable(names[owner])
    return dialect.catalogueName(table, schema)
  })
  const rows = await store.query(bind(template(dialect, selects.join(" UNION ALL ")), tables))
  if (rows[0] && !("of_table" in rows[0])) throw renamedColumns()
  const catalogue: Catalogue = { user: new Map(), session: new Map(), key: new Map() }
  for (const row of rows) catalogue[readText(row.of_table) as Owner].set(readText(row.name), toColumn(row, dialect))
  return catalogue
}

function renamedColumns(): AuthError {
  return new AuthError(
    "invalid_option",
    "client: it renames columns, as a transform to camel case does; use one that does not",
  )
}

/** Returns whether a column holds an attribute, that is, anything but what the library keeps there itself. */
export function isAttribute(owner: Owner, { name, writable }: Column): boolean {
  return writable && !coreColumns[owner].includes(name)
}

function toColumn(row: Row, { kindOf }: Dialect): Column {
  const type = readText(row.type)
  return {
    name: readText(row.name),
    type,
    kind: kindOf(type),
    size: row.size === null || row.size === undefined ? null : Number(row.size),
    writable: isTrue(row.writable),
    charset: nullable(row.charset),
    collation: nullable(row.collation),
    fresh: nullable(row.fresh) ?? "NULL",
    hasDefault: isTrue(row.has_default),
    generated: isTrue(row.is_generated),
  }
}

function isTrue(value: unknown): boolean {
  return Number(value) === 1
}

function nullable(value: unknown): string | null {
  return value === null || value === undefined ? null : readText(value)
}
