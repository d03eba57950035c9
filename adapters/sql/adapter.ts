import { AuthError } from "../../src/core/errors.ts"
import type { AuditAdapter } from "../../src/audit/audit-port.ts"
import type { NewUserOf, SessionAdapter, UserAdapter, UserId } from "../../src/core/ports.ts"
import type { PasskeyAdapter } from "../../src/passkeys/passkey-port.ts"
import type { ThrottleAdapter } from "../../src/throttle/throttle-port.ts"
import type { TokenAdapter } from "../../src/tokens/token-port.ts"
import type { TotpAdapter } from "../../src/totp/totp-port.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import { auditPort } from "../port/audit-port.ts"
import { keyPort } from "../port/key-port.ts"
import type { FeatureTable } from "../port/names.ts"
import { ownedFeatures } from "../port/names.ts"
import { passkeyPort } from "../port/passkey-port.ts"
import { sessionPort } from "../port/session-port.ts"
import { throttlePort } from "../port/throttle-port.ts"
import { tokenPort } from "../port/token-port.ts"
import { totpPort } from "../port/totp-port.ts"
import { userPort } from "../port/user-port.ts"
import { opening } from "./attributes.ts"
import { sqlEvents } from "./audit.ts"
import type { Openable, SqlOptions } from "./database.ts"
import { openable } from "./database.ts"
import type { Dialect, DialectName } from "./dialect.ts"
import type { Executor, Row, SqlExecutor } from "./executor.ts"
import { sqlPasskeys } from "./passkeys.ts"
import { sqlSessions } from "./sessions.ts"
import { sqlAttempts } from "./throttle.ts"
import { sqlTokens } from "./tokens.ts"
import { sqlTotp } from "./totp.ts"
import { sqlUsers } from "./users.ts"

/** The ports with the library's own tables, wherever the application's sessions and users are stored. */
export type FeaturePorts = TokenAdapter & ThrottleAdapter & TotpAdapter & Required<PasskeyAdapter> & AuditAdapter

/**
 * Every port over one database. The attributes of a new user are all columns except the id. Nullable columns are
 * optional, and so are those of `Defaulted`, which have a default in the database.
 */
export type SqlAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object,
  Defaulted extends keyof UserRow = never,
> = SessionAdapter<UserRow, SessionRow> & UserAdapter<UserRow, NewUserOf<UserRow, Defaulted>> & FeaturePorts

/** Creates an adapter from an executor. Throws `invalid_option` for invalid options. */
export function createSqlAdapter<
  UserRow extends { id: UserId },
  SessionRow extends object,
  Defaulted extends keyof UserRow = never,
>(dialect: Dialect, executor: Executor, options: SqlOptions): SqlAdapter<UserRow, SessionRow, Defaulted> {
  const database = openable(dialect, executor, options)
  const openUsers = opening(database, "user")
  const users: typeof sqlUsers = {
    ...sqlUsers,
    delete: async (db, user) => sqlUsers.delete(await database.asking(db, ownedFeatures), user),
    async deleteKey(db, key, evenLast) {
      if (await sqlUsers.deleteKey(db, key, evenLast)) return true
      // A table of passkeys may have been created since, with a passkey of this user.
      const now = await database.asking(db, ["passkey"])
      return now !== db && !evenLast && sqlUsers.deleteKey(now, key, evenLast)
    },
  }
  const adapter: SessionAdapter<Row, Row> & UserAdapter<Row, object> & FeaturePorts = {
    ...sessionPort(opening(database, "session"), sqlSessions()),
    ...userPort(openUsers, users),
    ...keyPort(openUsers, users),
    ...featurePorts(database),
  }
  // Only the caller's types ensure that the rows have these types.
  return adapter as unknown as SqlAdapter<UserRow, SessionRow, Defaulted>
}

/** The port of each table that belongs to the library. */
export interface PortsByTable {
  token: TokenAdapter
  attempt: ThrottleAdapter
  totp: TotpAdapter
  passkey: Required<PasskeyAdapter>
  event: AuditAdapter
}

/** Creates the ports with the library's own tables. They use the user table only for user ids. */
export function portsByTable(database: Openable): PortsByTable {
  const opener = (owner: (typeof ownedFeatures)[number]) => {
    const open = () => database.open([owner, "user"])
    return { open, openIfMade: () => openIfMade(database, owner, open) }
  }
  return {
    token: tokenPort(opener("token"), sqlTokens),
    attempt: throttlePort(() => database.open(["attempt"]), sqlAttempts),
    totp: totpPort(opener("totp"), sqlTotp),
    passkey: passkeyPort(opener("passkey"), sqlPasskeys),
    event: auditPort(() => database.open(["event"]), sqlEvents),
  }
}

/** Creates all of these ports, as one adapter. */
export function featurePorts(database: Openable): FeaturePorts {
  const { token, attempt, totp, passkey, event } = portsByTable(database)
  return { ...token, ...attempt, ...totp, ...passkey, ...event }
}

async function openIfMade<Db>(
  database: Openable,
  owner: FeatureTable,
  open: () => MaybePromise<Db>,
): Promise<Db | null> {
  const { catalogue } = await database.asking(await database.open(["user"]), [owner])
  return catalogue[owner].size > 0 ? open() : null
}

/** An executor created by a driver's entry, with the SQL dialect of its database. */
export interface DriverExecutor extends SqlExecutor {
  readonly dialect: DialectName
}

/** Creates the application's executor from that of an adapter, whose driver may answer synchronously. */
export function driverExecutor(dialect: DialectName, executor: Executor): DriverExecutor {
  return { ...executor, dialect, query: async (sql, params) => executor.query(sql, params) }
}

/** Creates the error of the option `inTransaction` with a client or pool that is not in a transaction. */
export function notInTransaction(instead: string): AuthError {
  return new AuthError("invalid_option", `inTransaction: is not one transaction; pass ${instead}`)
}
