import { sql } from "drizzle-orm"
import type { Column, SQL } from "drizzle-orm"
import type { FoundSession, UserId } from "../../src/core/ports.ts"
import { isUserId, sessionOf } from "../port/stored-rows.ts"
import type { Row } from "../sql/executor.ts"
import type { Builder } from "./builders.ts"
import { equals } from "./conditions.ts"
import type { DrizzleStore, Step } from "./store.ts"
import { nothing } from "./store.ts"
import type { OwnTable, Tables } from "./tables.ts"

/** Returns a table's columns as Drizzle selects them. The id comes first, because it shows whether a join found a row. */
export function selected(table: OwnTable): Record<string, Column> {
  return { id: table.id, ...table.columns }
}

/** Names the columns of both tables flatly, because Drizzle is much slower with nested rows and every request reads one. */
export function joinedRow(tables: Tables) {
  const [session, user] = [selected(tables.session), selected(tables.user)]
  const attributes = Object.keys(session)
    .filter((name) => !Object.hasOwn(tables.session.core, name))
    .map((name) => [name, `session.${name}`] as const)
  const userColumns = Object.keys(user).map((name) => [name, `user.${name}`] as const)
  return {
    columns: { ...prefixed("session.", session), ...prefixed("user.", user) },
    read(row: Row): FoundSession<Row, Row> | null {
      const [id, userId] = [row["session.id"], row["session.userId"]]
      const core = { id, userId, createdAt: row["session.createdAt"], expiresAt: row["session.expiresAt"] }
      const session = sessionOf(tables, core, picked(row, attributes))
      return session && { session, user: isUserId(row["user.id"]) ? picked(row, userColumns) : null }
    },
  }
}

function prefixed(prefix: string, columns: Record<string, Column>): Record<string, Column> {
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [prefix + name, column]))
}

function picked(row: Row, names: (readonly [name: string, column: string])[]): Row {
  const found: Row = {}
  for (const [name, column] of names) found[name] = row[column]
  return found
}

/** Returns whether a selected value is a row. */
export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null
}

/**
 * Selects a user's id from the user's row, and keeps the row until the transaction ends. If the user does not exist or
 * is being deleted, the result is `NULL`, which the column refuses.
 */
export function existingUser(tables: Tables, id: UserId): SQL {
  const { user, dialect } = tables
  const keep = sql.raw(dialect.keep.toLowerCase())
  return sql`(select ${user.id} from ${user.table} where ${equals(tables, user.id, id)}${keep})`
}

/** Returns whether a user exists now, even if the caller's transaction started earlier. */
export async function hasUser(db: Tables & { store: DrizzleStore }, id: UserId): Promise<boolean> {
  const select = lockUser(db, id)
  return (await db.store.once((builder) => select(builder, nothing))).count > 0
}

/** Locks the user's row until the transaction ends. */
export function lockUser(db: Tables & { store: DrizzleStore }, id: UserId): Step {
  const { store, user } = db
  const select = (builder: Builder) => builder.select({ id: user.id }).from(user.table)
  return (builder) => store.lock(select(builder).where(equals(db, user.id, id)))
}
