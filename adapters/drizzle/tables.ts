import { getTableColumns } from "drizzle-orm"
import type { Column, Table } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { Dialect } from "../sql/dialect.ts"
import { mysql } from "../sql/mysql-dialect.ts"
import type { Owner } from "../port/names.ts"
import { postgres } from "../sql/postgres-dialect.ts"
import { sqlite } from "../sql/sqlite-dialect.ts"
import type { UserIds } from "../port/user-ids.ts"
import { userIdsOf } from "../port/user-ids.ts"
import type { TimeColumn } from "./time-column.ts"
import { timeColumn } from "./time-column.ts"

/** A table with its columns by the names of their properties. */
export interface OwnTable {
  owner: Owner
  table: Table
  columns: Record<string, Column>
  /** The columns that the library keeps. */
  core: Record<string, Column>
}

/** The application's tables, checked. */
export interface Tables {
  dialect: Dialect
  user: OwnTable
  session: OwnTable
  key: OwnTable | null
  createdAt: TimeColumn
  expiresAt: TimeColumn
  /** Makes a parameter of a user id; `null` if no user can have it. Throws `invalid_option` for another type. */
  userId(id: unknown): UserId | null
  /** Reads a user id that the driver made of an `AUTO_INCREMENT`. */
  madeId(id: unknown): UserId
}

const coreColumns: Record<Owner, string[]> = {
  user: ["id"],
  session: ["id", "userId", "createdAt", "expiresAt"],
  key: ["id", "userId", "hashedPassword"],
}

/** Looks at the tables of an application. Throws `invalid_option` if they cannot serve. */
export function checkedTables(user: Table, session: Table, key: Table | undefined): Tables {
  const tables = {
    user: ownTable("user", user),
    session: ownTable("session", session),
    key: key ? ownTable("key", key) : null,
  }
  const dialect = dialectOf(coreColumn(tables.user, "id"))
  for (const table of [tables.session, tables.key]) if (table) checkOwner(table, tables.user)
  const ids = userIds(coreColumn(tables.user, "id"))
  return {
    ...tables,
    dialect,
    createdAt: timeColumn(coreColumn(tables.session, "createdAt"), dialect.name),
    expiresAt: timeColumn(coreColumn(tables.session, "expiresAt"), dialect.name),
    userId: (id) => (ids.encode(id) === null ? null : (id as UserId)),
    madeId: ids.decode,
  }
}

/** A column that the library keeps. */
export function coreColumn({ core, owner }: OwnTable, name: string): Column {
  const column = core[name]
  if (column) return column
  throw new AuthError("invalid_option", `The ${owner} table has no column "${name}".`)
}

function ownTable(owner: Owner, table: Table): OwnTable {
  const columns = getTableColumns(table)
  const own: OwnTable = { owner, table, columns, core: {} }
  own.core = Object.fromEntries(coreColumns[owner].map((name) => [name, existing(own, name)]))
  return own
}

function existing({ owner, columns }: OwnTable, name: string): Column {
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined
  if (column) return column
  throw new AuthError("invalid_option", `The ${owner} table has no column "${name}": add the property to its schema.`)
}

/** A row of nobody's would be left where the user of a new one is not there. */
function checkOwner(table: OwnTable, user: OwnTable): void {
  const [owner, id] = [coreColumn(table, "userId"), coreColumn(user, "id")]
  if (!owner.notNull)
    throw new AuthError(
      "invalid_option",
      `The column "userId" of the ${table.owner} table may be null: add .notNull().`,
    )
  if (owner.dataType === id.dataType) return
  throw new AuthError(
    "invalid_option",
    `The column "userId" of the ${table.owner} table holds a ${owner.dataType}, the user's "id" a ${id.dataType}.`,
  )
}

function dialectOf({ columnType }: Column): Dialect {
  if (columnType.startsWith("SQLite")) return sqlite
  if (columnType.startsWith("Pg")) return postgres
  if (columnType.startsWith("MySql")) return mysql
  throw new AuthError("invalid_option", "The tables are those of Drizzle for SQLite, PostgreSQL or MySQL.")
}

function userIds(id: Column): UserIds {
  if (id.dataType === "number") return userIdsOf("integer")
  if (id.dataType === "bigint") return userIdsOf("bigint")
  return userIdsOf(id.getSQLType() === "uuid" ? "uuid" : "text")
}
