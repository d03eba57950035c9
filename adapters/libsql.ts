import { AuthError } from "../src/core/errors.ts"
import type { UserId } from "../src/core/ports.ts"
import type { LibsqlClient, LibsqlTransaction } from "./libsql/executor.ts"
import { libsqlClientExecutor } from "./libsql/executor.ts"
import type { SqlAdapter } from "./sql/adapter.ts"
import { createSqlAdapter } from "./sql/adapter.ts"
import type { SqlOptions } from "./sql/database.ts"
import type { DriverExecutor } from "./sql/driver-executor.ts"
import { driverExecutor } from "./sql/driver-executor.ts"
import { sqlite } from "./sql/sqlite-dialect.ts"

export type { LibsqlClient, LibsqlTransaction } from "./libsql/executor.ts"

/**
 * Keeps sessions, users and keys in SQLite through `@libsql/client`. The tables are those of `schema("sqlite")` from
 * `nightlatch/adapters/sql`, next to the application's own user table.
 *
 * Over what `client.transaction("write")` resolves to, it writes inside that transaction. Give a client of a file the
 * `timeout` in milliseconds that it waits for another writer: a write of the application's own that is refused leaves its
 * connection unable to commit (`@libsql/client` 0.18). A database in memory has one connection, so that while the
 * application's transaction is open every other call rejects. The application's own columns hold no integer beyond 2^53
 * unless the client's `intMode` is `"bigint"`; user ids are exact with `userIdType: "bigint"`. Throws `invalid_option` for
 * invalid options.
 *
 * @example
 * const adapter = libsqlAdapter<{ id: string; username: string }>(createClient({ url: "file:app.db", timeout: 2000 }))
 */
export function libsqlAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object = {},
  Defaulted extends keyof UserRow = never,
>(client: LibsqlClient | LibsqlTransaction, options: SqlOptions = {}): SqlAdapter<UserRow, SessionRow, Defaulted> {
  const isClient = "transaction" in client
  if (isClient && options.inTransaction)
    throw new AuthError(
      "invalid_option",
      "inTransaction: this client is not in one transaction; pass what client.transaction() resolves to, not the client",
    )
  return createSqlAdapter(sqlite, libsqlClientExecutor(client), { ...options, inTransaction: !isClient })
}

/**
 * Makes an executor of `@libsql/client`, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`. Over what
 * `client.transaction("write")` resolves to, give `sqlAdapter()` `inTransaction: true` as well.
 *
 * @example
 * const executor = libsqlExecutor(createClient({ url: "file:app.db", timeout: 2000 }))
 * const revocations = sqlRevocations({ dialect: "sqlite", executor })
 */
export function libsqlExecutor(client: LibsqlClient | LibsqlTransaction): DriverExecutor {
  return driverExecutor("sqlite", libsqlClientExecutor(client))
}
