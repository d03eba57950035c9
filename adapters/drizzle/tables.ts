import { getTableColumns } from "drizzle-orm"
import type { Column, Table } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { Owner } from "../port/names.ts"
import { coreFields } from "../port/stored-rows.ts"
import type { UserIds, UserIdType } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"
import type { Dialect } from "../sql/dialect.ts"
import { mysql } from "../sql/mysql-dialect.ts"
import { postgres } from "../sql/postgres-dialect.ts"
import { sqlite } from "../sql/sqlite-dialect.ts"
import type { TimeColumn } from "./time-column.ts"
import { timeColumn } from "./time-column.ts"

/** A table with its columns by property name. */
export interface OwnTable {
  owner: Owner
  table: Table
  id: Column
  columns: Record<string, Column>
  /** The columns that the library uses. */
  core: Record<string, Column>
}

/** A table whose rows belong to users. */
export interface OwnedTable extends OwnTable {
  userId: Column
}

/** The table of keys. */
export interface KeyTable extends OwnedTable {
  hashedPassword: Column
}

/** What writing to a table needs. */
export type Written = Pick<OwnTable, "table" | "id">

/** What finding and deleting a user's rows in a feature's table needs. */
export interface FeatureRows extends Written {
  userId: Column
}

/** The application's tables, checked. */
export interface Tables {
  dialect: Dialect
  user: OwnTable
  session: OwnedTable
  key: KeyTable | null
  createdAt: TimeColumn
  expiresAt: TimeColumn
  userIdType: UserIdType
  /** Returns the parameter for a user id; `null` if no user can have it. Throws `invalid_option` for another type. */
  userId(id: unknown): UserId | null
  /** Reads a user id that the driver returned for an `AUTO_INCREMENT`. */
  madeId(id: unknown): UserId
}

/** Checks the application's tables. Throws `invalid_option` if one is unusable. */
export function checkedTables(userTable: Table, sessionTable: Table, keyTable: Table | undefined): Tables {
  const user = ownTable("user", userTable)
  const session = ownedTable("session", sessionTable)
  const key = keyTable ? ownedTable("key", keyTable) : null
  const dialect = dialectOf(user.id)
  for (const table of [session, key]) if (table) checkOwner(table, user)
  const ids = userIds(user.id)
  return {
    user,
    session,
    key: key && { ...key, hashedPassword: columnOf(key, "hashedPassword") },
    dialect,
    createdAt: timeColumn(columnOf(session, "createdAt"), dialect.name),
    expiresAt: timeColumn(columnOf(session, "expiresAt"), dialect.name),
    userIdType: ids.type,
    userId: (id) => (ids.encode(id) === null ? null : (id as UserId)),
    madeId: ids.decode,
  }
}

function ownTable(owner: Owner, table: Table): OwnTable {
  const columns = getTableColumns(table)
  const core = Object.fromEntries(coreFields[owner].map((name) => [name, columnOf({ owner, columns }, name)]))
  return { owner, table, id: columnOf({ owner, columns }, "id"), columns, core }
}

function ownedTable(owner: Owner, table: Table): OwnedTable {
  const own = ownTable(owner, table)
  return { ...own, userId: columnOf(own, "userId") }
}

function columnOf({ owner, columns }: Pick<OwnTable, "owner" | "columns">, name: string): Column {
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined
  if (column) return column
  throw new AuthError("invalid_option", `${owner}: the table has no column "${name}"; add the property to its schema`)
}

/** Without NOT NULL, inserting for a user who does not exist would leave a row that belongs to no user. */
function checkOwner({ userId: owner, ...table }: OwnedTable, { id }: OwnTable): void {
  if (!owner.notNull)
    throw new AuthError("invalid_option", `${table.owner}: the column "userId" may be null; add .notNull()`)
  if (owner.dataType === id.dataType) return
  throw new AuthError(
    "invalid_option",
    `${table.owner}: the column "userId" holds a ${owner.dataType} and the user's "id" a ${id.dataType}; give both one type`,
  )
}

function dialectOf({ columnType }: Column): Dialect {
  if (columnType.startsWith("SQLite")) return sqlite
  if (columnType.startsWith("Pg")) return postgres
  if (columnType.startsWith("MySql")) return mysql
  throw new AuthError("invalid_option", "user: not a table of Drizzle for SQLite, PostgreSQL or MySQL; use one of them")
}

function userIds(id: Column): UserIds {
  if (id.dataType === "number") return userIdsOf("integer")
  if (id.dataType === "bigint") return userIdsOf("bigint")
  return userIdsOf(id.getSQLType() === "uuid" ? "uuid" : "text")
}
