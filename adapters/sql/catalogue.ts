import { AuthError } from "../../src/core/errors.ts"
import type { TableOwner } from "../port/names.ts"
import { forEachTable, splitTable, tableOwners } from "../port/names.ts"
import { readText } from "../port/storable-text.ts"
import type { Column, Dialect } from "./dialect.ts"
import type { Row } from "./executor.ts"
import { bind, template } from "./statement.ts"
import type { Store } from "./store.ts"

/** The columns of each table by name. A table that does not exist has none. */
export type Catalogue = Record<TableOwner, Map<string, Column>>

/** The columns that the library uses. */
export const coreColumns: Record<TableOwner, string[]> = {
  user: ["id"],
  session: ["id", "user_id", "created_at", "expires_at"],
  key: ["id", "user_id", "hashed_password"],
  token: ["id", "user_id", "purpose", "expires_at", "attempts", "data"],
  attempt: ["id", "until"],
  totp: ["user_id", "secret", "used_step", "created_at"],
  passkey: [
    "id",
    "user_id",
    "public_key",
    "algorithm",
    "sign_count",
    "backup_eligible",
    "backed_up",
    "aaguid",
    "transports",
    "name",
    "created_at",
    "used_at",
  ],
  event: ["id", "user_id", "at", "type", "session_id", "detail"],
}

/** Reads the columns of the tables in one query. */
export async function readCatalogue(
  store: Store,
  dialect: Dialect,
  names: Record<TableOwner, string>,
): Promise<Catalogue> {
  const selects = tableOwners.map(
    (owner, n) =>
      `SELECT '${owner}' AS of_table, c.* FROM (${dialect.columns(`?${n + 1}`, splitTable(names[owner]).schema)}) c`,
  )
  const tables = tableOwners.map((owner) => {
    const { schema, table } = splitTable(names[owner])
    return dialect.catalogueName(table, schema)
  })
  const rows = await store.query(bind(template(dialect, inGroups(selects)), tables))
  if (rows[0] && !("of_table" in rows[0])) throw renamedColumns()
  const catalogue: Catalogue = forEachTable(() => new Map<string, Column>())
  for (const row of rows)
    catalogue[readText(row.of_table) as TableOwner].set(readText(row.name), toColumn(row, dialect))
  return catalogue
}

/** Joins queries with UNION in groups of three, because a D1 statement may join at most five. */
function inGroups(selects: string[]): string {
  const groups = selects.flatMap((_, n) => (n % 3 === 0 ? [selects.slice(n, n + 3).join(" UNION ALL ")] : []))
  return groups.map((group, n) => `SELECT * FROM (${group}) g${n}`).join(" UNION ALL ")
}

function renamedColumns(): AuthError {
  return new AuthError(
    "invalid_option",
    "client: it renames columns, as a transform to camel case does; use one that does not",
  )
}

/** Returns whether a column holds an attribute, and not a value of the library. */
export function isAttribute(owner: "user" | "session", { name, writable }: Column): boolean {
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
