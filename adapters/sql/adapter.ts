import type { SessionAdapter, UserAdapter, UserId } from "../../src/core/ports.ts"
import type { SqlOptions } from "./database.ts"
import { openable } from "./database.ts"
import type { Dialect } from "./dialect.ts"
import type { Row } from "./executor.ts"
import { generateUserId } from "./new-user-id.ts"
import { sqlKeys } from "./keys.ts"
import { sqlSessions } from "./sessions.ts"
import type { Executor } from "./store.ts"
import { sqlUsers } from "./users.ts"

/** Both ports over one database. A new user's attributes are any of the columns but `id`. */
export type SqlAdapter<UserRow extends { id: UserId }, SessionRow extends object> = SessionAdapter<
  UserRow,
  SessionRow
> &
  UserAdapter<UserRow, Partial<Omit<UserRow, "id">>>

/** Makes an adapter of an executor. Throws `invalid_option` for options that cannot be right. */
export function createSqlAdapter<UserRow extends { id: UserId }, SessionRow extends object>(
  dialect: Dialect,
  executor: Executor,
  options: SqlOptions,
): SqlAdapter<UserRow, SessionRow> {
  const db = openable(dialect, executor, options)
  const adapter: SessionAdapter<Row, Row> & UserAdapter<Row, Row> = {
    ...sqlSessions(db),
    ...sqlUsers(db),
    ...sqlKeys(db),
    generateUserId: () => generateUserId(db),
  }
  // Rows are whatever the tables hold: that they have these types is the application's word.
  return adapter as unknown as SqlAdapter<UserRow, SessionRow>
}
