import type { Column, InferInsertModel, InferSelectModel, Table } from "drizzle-orm"
import { checkOptions } from "../src/core/options.ts"
import type { AuditAdapter } from "../src/audit/audit-port.ts"
import type { SessionAdapter, UserAdapter } from "../src/core/ports.ts"
import type { PasskeyAdapter } from "../src/passkeys/passkey-port.ts"
import type { ThrottleAdapter } from "../src/throttle/throttle-port.ts"
import type { TokenAdapter } from "../src/tokens/token-port.ts"
import type { TotpAdapter } from "../src/totp/totp-port.ts"
import type { Builder } from "./drizzle/builders.ts"
import { createDrizzleExecutor } from "./drizzle/executor.ts"
import type { FeatureTables } from "./drizzle/features.ts"
import { drizzleFeatures, ownedRows } from "./drizzle/features.ts"
import { keyStatements } from "./drizzle/keys.ts"
import { drizzleSessions, sessionStatements } from "./drizzle/sessions.ts"
import { drizzleStore } from "./drizzle/store.ts"
import { checkedTables } from "./drizzle/tables.ts"
import { drizzleUsers } from "./drizzle/users.ts"
import { keyPort } from "./port/key-port.ts"
import { sessionPort } from "./port/session-port.ts"
import { userPort } from "./port/user-port.ts"
import type { DriverExecutor } from "./sql/adapter.ts"
import type { Row } from "./sql/executor.ts"

/** A database or a transaction of Drizzle's, for SQLite, PostgreSQL or MySQL. */
export interface DrizzleDatabase {
  select: (...args: never[]) => unknown
  insert: (...args: never[]) => unknown
  update: (...args: never[]) => unknown
  delete: (...args: never[]) => unknown
  transaction: (...args: never[]) => unknown
}

/** A table of users: the application's own, with a primary key `id`. */
export type DrizzleUserTable = Table & Record<"id", Column>

/** A table of sessions. Its other columns are the session's attributes. */
export type DrizzleSessionTable = Table & Record<"id" | "userId" | "createdAt" | "expiresAt", Column>

/** A table of keys. Its primary key is `id`: `<provider id>:<provider user id>`. */
export type DrizzleKeyTable = Table & Record<"id" | "userId" | "hashedPassword", Column>

/** The session columns that are the application's. */
export type DrizzleSessionRow<Session extends DrizzleSessionTable> = Omit<
  InferSelectModel<Session>,
  "id" | "userId" | "createdAt" | "expiresAt"
>

/** A new user's attributes: what an insert takes, but the id. */
export type DrizzleNewUser<User extends DrizzleUserTable> = Omit<InferInsertModel<User>, "id">

/** The ports whose tables are given: tokens, budgets of throttles, events, authenticator apps and passkeys. */
export type DrizzleFeatures<Token, Attempt, Event, Totp = undefined, Passkey = undefined> = (Token extends Table
  ? TokenAdapter
  : unknown) &
  (Attempt extends Table ? ThrottleAdapter : unknown) &
  (Event extends Table ? AuditAdapter : unknown) &
  (Totp extends Table ? TotpAdapter : unknown) &
  (Passkey extends Table ? Required<PasskeyAdapter> : unknown)

/** The tables of features, each of which may be left out. */
interface DrizzleFeatureTables<Token, Attempt, Event, Totp, Passkey> {
  token?: Token
  attempt?: Attempt
  event?: Event
  totp?: Totp
  passkey?: Passkey
}

/** Both ports over the application's tables. */
export type DrizzleAdapter<User extends DrizzleUserTable, Session extends DrizzleSessionTable> = SessionAdapter<
  InferSelectModel<User>,
  DrizzleSessionRow<Session>
> &
  UserAdapter<InferSelectModel<User>, DrizzleNewUser<User>>

/**
 * Keeps sessions, users and keys in the application's own Drizzle tables, found by the names of their properties.
 * Without `key` it keeps sessions only. With `token`, `attempt`, `totp`, `passkey` and `event` it also keeps one-time
 * tokens, the budgets of throttles, authenticator apps, passkeys and events. The columns of these tables have the names of
 * `schema()` in the database.
 *
 * Times may be `timestamp`, `datetime`, SQLite's `integer` in any mode, `bigint` of milliseconds, or text; a column of
 * whole seconds rounds down, as MySQL's do unless they have `fsp: 3`. In the tables of features they are integers.
 * Writes of several steps run in a transaction, inside the caller's if `db` is one, and in a batch on Cloudflare D1. The
 * driver must have transactions: `neon-http` has none. Behind a connection pooler in transaction mode, give postgres.js
 * `prepare: false`; `pg` needs nothing. Throws `invalid_option` for tables that cannot serve.
 *
 * @example
 * const adapter = drizzleAdapter(db, { user: users, session: sessions, key: userKeys, token: tokens })
 */
export function drizzleAdapter<
  User extends DrizzleUserTable,
  Session extends DrizzleSessionTable,
  Token extends Table | undefined = undefined,
  Attempt extends Table | undefined = undefined,
  Event extends Table | undefined = undefined,
  Totp extends Table | undefined = undefined,
  Passkey extends Table | undefined = undefined,
>(
  db: DrizzleDatabase,
  tables: { user: User; session: Session; key: DrizzleKeyTable } & DrizzleFeatureTables<
    Token,
    Attempt,
    Event,
    Totp,
    Passkey
  >,
): DrizzleAdapter<User, Session> & DrizzleFeatures<Token, Attempt, Event, Totp, Passkey>
export function drizzleAdapter<
  User extends DrizzleUserTable,
  Session extends DrizzleSessionTable,
  Token extends Table | undefined = undefined,
  Attempt extends Table | undefined = undefined,
  Event extends Table | undefined = undefined,
  Totp extends Table | undefined = undefined,
  Passkey extends Table | undefined = undefined,
>(
  db: DrizzleDatabase,
  tables: { user: User; session: Session; key?: undefined } & DrizzleFeatureTables<
    Token,
    Attempt,
    Event,
    Totp,
    Passkey
  >,
): SessionAdapter<InferSelectModel<User>, DrizzleSessionRow<Session>> &
  DrizzleFeatures<Token, Attempt, Event, Totp, Passkey>
export function drizzleAdapter(
  db: DrizzleDatabase,
  own: { user: Table; session: Table; key?: Table | undefined } & FeatureTables,
): SessionAdapter<Row, Row> {
  checkOptions("drizzleAdapter()", own, "user", "session", "key", "token", "attempt", "totp", "passkey", "event")
  const tables = checkedTables(own.user, own.session, own.key)
  // What the three dialects' builders have in common; the tables say which of them it is.
  const builder = db as unknown as Builder
  const store = drizzleStore(builder, tables.dialect)
  const session = { ...tables, store, statements: sessionStatements(store, tables) }
  const adapter = { ...sessionPort(() => session, drizzleSessions), ...drizzleFeatures(builder, tables, own) }
  const { key } = tables
  if (!key) return adapter
  const user = { ...tables, key, features: ownedRows(own), store, statements: keyStatements(store, tables, key) }
  return { ...adapter, ...userPort(() => user, drizzleUsers), ...keyPort(() => user, drizzleUsers) }
}

/**
 * Makes an executor of Drizzle, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`: raw SQL, for tables
 * that need no Drizzle schema. Over a transaction, give `sqlAdapter()` `inTransaction: true` as well. Columns of
 * timestamps come as Drizzle's drivers give them, as text. Throws `invalid_option` for another SQL than that of SQLite,
 * PostgreSQL and MySQL.
 *
 * @example
 * const executor = drizzleExecutor(db)
 * const revocations = sqlRevocations({ dialect: executor.dialect, executor })
 */
export function drizzleExecutor(db: DrizzleDatabase): DriverExecutor {
  // What the three dialects have in common; the executor finds out which of them it is.
  return createDrizzleExecutor(db as unknown as Builder)
}
