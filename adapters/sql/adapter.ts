import type { SessionAdapter, UserAdapter, UserId } from "../../src/core/ports.ts"
import { keyPort } from "../port/key-port.ts"
import { sessionPort } from "../port/session-port.ts"
import { userPort } from "../port/user-port.ts"
import { opening } from "./attributes.ts"
import type { SqlOptions } from "./database.ts"
import { openable } from "./database.ts"
import type { Dialect } from "./dialect.ts"
import type { Row } from "./executor.ts"
import { sqlSessions } from "./sessions.ts"
import type { Executor } from "./store.ts"
import { sqlUsers } from "./users.ts"

/** Both ports over one database. A new user's attributes are any of the columns but `id`. */
export type SqlAdapter<UserRow extends { id: UserId }, SessionRow extends object> = SessionAdapter<
  UserRow,
  SessionRow
> &
  UserAdapter<UserRow, Partial<Omit<UserRow, "id">>>

/** Makes an adapter of an executor. Throws `invalid_option` for invalid options. */
export function createSqlAdapter<UserRow extends { id: UserId }, SessionRow extends object>(
  dialect: Dialect,
  executor: Executor,
  options: SqlOptions,
): SqlAdapter<UserRow, SessionRow> {
  const database = openable(dialect, executor, options)
  const openUsers = opening(database, "user")
  const adapter: SessionAdapter<Row, Row> & UserAdapter<Row, object> = {
    ...sessionPort(opening(database, "session"), sqlSessions()),
    ...userPort(openUsers, sqlUsers),
    ...keyPort(openUsers, sqlUsers),
  }
  // Rows are whatever the tables hold: that they have these types is the application's word.
  return adapter as unknown as SqlAdapter<UserRow, SessionRow>
}
