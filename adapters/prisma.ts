import { checkOptions } from "../src/core/options.ts"
import type { SessionAdapter, UserAdapter } from "../src/core/ports.ts"
import { keyPort } from "./port/key-port.ts"
import { sessionPort } from "./port/session-port.ts"
import { userPort } from "./port/user-port.ts"
import type { PrismaBase } from "./prisma/client.ts"
import { prismaStore } from "./prisma/client.ts"
import type { RawClient } from "./prisma/executor.ts"
import { createPrismaExecutor } from "./prisma/executor.ts"
import type { FeatureTableNames } from "./prisma/features.ts"
import { prismaFeatures } from "./prisma/features.ts"
import { checkedFields, checkRelation, tableOf } from "./prisma/fields.ts"
import { prismaSessions } from "./prisma/sessions.ts"
import { prismaUsers } from "./prisma/users.ts"
import type { DialectName } from "./sql/dialect.ts"
import type { DriverExecutor, FeaturePorts } from "./sql/adapter.ts"

/** The row of a model, from the type of its Prisma delegate. */
export type PrismaRow<Delegate> = Delegate extends { [K: symbol]: { types: { payload: { scalars: infer Row } } } }
  ? Row
  : never

/** The application's own session fields. */
export type PrismaSessionRow<Delegate> = Omit<PrismaRow<Delegate>, "id" | "userId" | "createdAt" | "expiresAt">

/** What `create()` of a delegate takes for a new row. */
type PrismaInput<Delegate> = Delegate extends {
  [K: symbol]: { types: { operations: { create: { args: { data: infer Input } } } } }
}
  ? Input
  : never

/**
 * A new user's attributes: the columns that `create()` takes, without the id. Those with a default or nullable are
 * optional.
 */
export type PrismaNewUser<Delegate> = Pick<
  PrismaInput<Delegate>,
  Exclude<keyof PrismaInput<Delegate> & keyof PrismaRow<Delegate>, "id">
>

/** The session and user ports over the application's models, and the ports with the library's own tables. */
export type PrismaAdapter<Client, User extends keyof Client, Session extends keyof Client> = SessionAdapter<
  PrismaRow<Client[User]>,
  PrismaSessionRow<Client[Session]>
> &
  UserAdapter<PrismaRow<Client[User]>, PrismaNewUser<Client[User]>> &
  FeaturePorts

/** The names of the models, as properties of the client, and of the tables. */
export interface PrismaNames<User, Session, Key> {
  user?: User | undefined
  session?: Session | undefined
  key?: Key | undefined
  /**
   * The database names of the tables of features. Defaults: `auth_token`, `auth_attempt`, `user_totp`, `user_passkey`
   * and `auth_event`; for `user`, the table that the model is mapped to.
   */
  tables?: FeatureTableNames | undefined
}

/**
 * Stores sessions, users and keys in your own Prisma models, on SQLite or PostgreSQL. Also stores one-time tokens,
 * rate-limit budgets, authenticator apps, passkeys and events, in tables that need no model. Their methods throw
 * `invalid_option` if the table does not exist.
 *
 * Name the models by the client's properties. Give the session model's relation to its user the name of the user model.
 * User ids are foreign keys. Times are `DateTime`, `BigInt` of milliseconds, or `Int` of seconds, rounded down.
 *
 * With the client of an interactive transaction, the adapter writes inside that transaction. Throws `invalid_option` if
 * a model is unusable.
 *
 * @example
 * const adapter = prismaAdapter(new PrismaClient({ adapter: new PrismaPg({ connectionString }) }))
 */
export function prismaAdapter<
  Client extends object,
  User extends keyof Client & string = "user" & keyof Client,
  Session extends keyof Client & string = "session" & keyof Client,
>(client: Client, names: PrismaNames<User, Session, keyof Client & string> = {}): PrismaAdapter<Client, User, Session> {
  checkOptions("prismaAdapter()", names, "user", "session", "key", "tables")
  const { tables = {} } = names
  checkOptions("tables", tables, "user", "token", "attempt", "totp", "passkey", "event")
  const models = { user: names.user ?? "user", session: names.session ?? "session", key: names.key ?? "key" }
  const store = prismaStore(client as unknown as PrismaBase, models)
  const fields = checkedFields(store.models, models)
  checkRelation(client, store.models, models)
  const features = prismaFeatures(client as RawClient, store, fields, tableOf(client, store.models.user), tables)
  const db = { store, fields, relation: models.user, features }
  const adapter = {
    ...sessionPort(() => db, prismaSessions),
    ...userPort(() => db, prismaUsers),
    ...keyPort(() => db, prismaUsers),
    ...features?.ports,
  }
  // The rows are those of the models that the client was generated from.
  return adapter as unknown as PrismaAdapter<Client, User, Session>
}

/**
 * Creates an executor from a Prisma client, for `sqlAdapter()` and `sqlRevocations()` of `nightlatch/adapters/sql`. It
 * runs raw SQL, for tables that have no model. With the client of an interactive transaction, also pass
 * `inTransaction: true` to `sqlAdapter()`. Throws `invalid_option` if the database is not SQLite, PostgreSQL or MySQL.
 * If Prisma does not report its database, pass `dialect`.
 *
 * @example
 * const executor = prismaExecutor(new PrismaClient({ adapter }))
 * const revocations = sqlRevocations({ dialect: executor.dialect, executor })
 */
export function prismaExecutor(client: object, options: { dialect?: DialectName | undefined } = {}): DriverExecutor {
  checkOptions("prismaExecutor()", options, "dialect")
  return createPrismaExecutor(client as RawClient, options.dialect)
}
