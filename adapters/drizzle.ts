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

/** A Drizzle database or transaction, for SQLite, PostgreSQL or MySQL. */
export interface DrizzleDatabase {
  select: (...args: never[]) => unknown
  insert: (...args: never[]) => unknown
  update: (...args: never[]) => unknown
  delete: (...args: never[]) => unknown
  transaction: (...args: never[]) => unknown
}

/** Your own user table, with a primary key `id`. */
export type DrizzleUserTable = Table & Record<"id", Column>

/** The session table. Its other columns are the session's attributes. */
export type DrizzleSessionTable = Table & Record<"id" | "userId" | "createdAt" | "expiresAt", Column>

/** The key table. Its primary key `id` has the form `<provider id>:<provider user id>`. */
export type DrizzleKeyTable = Table & Record<"id" | "userId" | "hashedPassword", Column>

/** The application's own session columns. */
export type DrizzleSessionRow<Session extends DrizzleSessionTable> = Omit<
  InferSelectModel<Session>,
  "id" | "userId" | "createdAt" | "expiresAt"
>

/** A new user's attributes: what an insert takes, without the id. */
export type DrizzleNewUser<User extends DrizzleUserTable> = Omit<InferInsertModel<User>, "id">

/** The ports whose tables are given: tokens, rate-limit budgets, events, authenticator apps and passkeys. */
export type DrizzleFeatures<Token, Attempt, Event, Totp = undefined, Passkey = undefined> = (Token extends Table
  ? TokenAdapter
  : unknown) &
  (Attempt extends Table ? ThrottleAdapter : unknown) &
  (Event extends Table ? AuditAdapter : unknown) &
  (Totp extends Table ? TotpAdapter : unknown) &
  (Passkey extends Table ? Required<PasskeyAdapter> : unknown)

/** The tables of features. Each is optional. */
interface DrizzleFeatureTables<Token, Attempt, Event, Totp, Passkey> {
  token?: Token
  attempt?: Attempt
  event?: Event
  totp?: Totp
  passkey?: Passkey
}

/** The session and user ports over the application's tables. */
export type DrizzleAdapter<User extends DrizzleUserTable, Session extends DrizzleSessionTable> = SessionAdapter<
  InferSelectModel<User>,
  DrizzleSessionRow<Session>
> &
  UserAdapter<InferSelectModel<User>, DrizzleNewUser<User>>

/**
 * Stores sessions, users and keys in your own Drizzle tables, whose columns it finds by property name. Without `key` it
 * stores sessions only. With `token`, `attempt`, `totp`, `passkey` and `event` it also stores one-time tokens,
 * rate-limit budgets, authenticator apps, passkeys and events. In the database, the columns of these tables have the
 * same names as in `schema()`.
 *
 * Time columns can be `timestamp`, `datetime`, SQLite's `integer` in any mode, `bigint` of milliseconds, or text.
 * Columns of whole seconds round down, as MySQL's do without `fsp: 3`. In the tables of features, times are integers.
 * Writes of several steps run in a transaction: inside the caller's if `db` is one, and as a batch on Cloudflare D1.
 * The driver must support transactions, which `neon-http` does not. Behind a connection pooler in transaction mode,
 * pass `prepare: false` to postgres.js; `pg` needs no setting. Throws `invalid_option` if a table is unusable.
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
  // The methods that the three dialects' builders share. The tables show which dialect it is.
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
 * Creates an executor from a Drizzle database, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`.
 * It runs raw SQL, for tables that have no Drizzle schema. With a transaction, also pass `inTransaction: true` to
 * `sqlAdapter()`. Timestamp columns are read as text, as Drizzle's drivers return them. Throws `invalid_option` if the
 * database is not SQLite, PostgreSQL or MySQL.
 *
 * @example
 * const executor = drizzleExecutor(db)
 * const revocations = sqlRevocations({ dialect: executor.dialect, executor })
 */
export function drizzleExecutor(db: DrizzleDatabase): DriverExecutor {
  // The methods that the three dialects share. The executor finds out which dialect it is.
  return createDrizzleExecutor(db as unknown as Builder)
}
