import { missingUser } from "../port/user-ids.ts"
import { coreColumns } from "./catalogue.ts"
import { isUser } from "./conditions.ts"
import type { Database } from "./database.ts"
import type { Column } from "./dialect.ts"
import type { SqlStatement } from "./executor.ts"

/**
 * Returns the `INSERT` of a row, with parameters in the order of the table's columns, followed by attributes. It
 * selects from the user's row, so that nothing is stored for a user who does not exist or is being deleted.
 */
export function insertOwned(
  db: Database,
  owner: "session" | "key" | "totp" | "passkey",
  attributes: Column[] = [],
): string {
  const { dialect, tables, catalogue, ids } = db
  const columns = [...coreColumns[owner].flatMap((name) => catalogue[owner].get(name) ?? []), ...attributes]
  const user = `?${coreColumns[owner].indexOf("user_id") + 1}`
  const values = columns.map((column, n) =>
    dialect.typed(column.name === "user_id" ? dialect.userId(user, ids.type) : `?${n + 1}`, column),
  )
  const names = columns.map(({ name }) => dialect.quote(name)).join(", ")
  const found = `FROM ${tables.user} u WHERE ${isUser(db, user, "u.id")}${dialect.keep}`
  return `INSERT INTO ${tables[owner]} (${names}) SELECT ${values.join(", ")} ${found}`
}

/** Runs an insertion by {@link insertOwned}: `false` if the row already exists. Throws `user_missing`. */
export async function insertedOnce(db: Database, insertion: SqlStatement): Promise<boolean> {
  const count = await unlessThere(db, [insertion])
  if (count === 0) throw missingUser()
  return count !== null
}

/** Runs statements, the last of which inserts. Resolves to how many rows it inserted; `null` if an id already exists. */
export async function unlessThere({ store, dialect }: Database, statements: SqlStatement[]): Promise<number | null> {
  try {
    return await store.atomic(statements)
  } catch (error) {
    if (dialect.isUniqueViolation(error)) return null
    throw error
  }
}
