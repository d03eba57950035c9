import { AuthError } from "../../src/core/errors.ts"
import type { NewUserOf, SessionAdapter, UserAdapter, UserId } from "../../src/core/ports.ts"
import { keyPort } from "../port/key-port.ts"
import { sessionPort } from "../port/session-port.ts"
import { userPort } from "../port/user-port.ts"
import { opening } from "./attributes.ts"
import type { SqlOptions } from "./database.ts"
import { openable } from "./database.ts"
import type { Dialect, DialectName } from "./dialect.ts"
import type { Executor, Row, SqlExecutor } from "./executor.ts"
import { sqlSessions } from "./sessions.ts"
import { sqlUsers } from "./users.ts"

/**
 * Both ports over one database. A new user has every column but the id; those that may be null, and those of
 * `Defaulted`, to which the database gives a value, may be left out.
 */
export type SqlAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object,
  Defaulted extends keyof UserRow = never,
> = SessionAdapter<UserRow, SessionRow> & UserAdapter<UserRow, NewUserOf<UserRow, Defaulted>>

/** Makes an adapter of an executor. Throws `invalid_option` for invalid options. */
export function createSqlAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object,
  Defaulted extends keyof UserRow = never,
>(dialect: Dialect, executor: Executor, options: SqlOptions): SqlAdapter<UserRow, SessionRow, Defaulted> {
  const database = openable(dialect, executor, options)
  const openUsers = opening(database, "user")
  const adapter: SessionAdapter<Row, Row> & UserAdapter<Row, object> = {
    ...sessionPort(opening(database, "session"), sqlSessions()),
    ...userPort(openUsers, sqlUsers),
    ...keyPort(openUsers, sqlUsers),
  }
  // Rows are whatever the tables hold: that they have these types is the application's word.
  return adapter as unknown as SqlAdapter<UserRow, SessionRow, Defaulted>
}

/** An executor that the entry of a driver makes, with the SQL dialect of its database. */
export interface DriverExecutor extends SqlExecutor {
  readonly dialect: DialectName
}

/** Makes an executor for the application of the one that an adapter uses, whose driver may answer at once. */
export function driverExecutor(dialect: DialectName, executor: Executor): DriverExecutor {
  return { ...executor, dialect, query: async (sql, params) => executor.query(sql, params) }
}

/** Makes the error of the option `inTransaction` with a client or a pool that is in none. */
export function notInTransaction(instead: string): AuthError {
  return new AuthError("invalid_option", `inTransaction: this is not in one transaction; pass ${instead}`)
}
