import { asc, eq, isNull, ne, sql } from "drizzle-orm"
import type { SQL } from "drizzle-orm"
import type { UserId } from "../../src/core/ports.ts"
import type { EndedSessions, KeyRows, OwnKey, StoredKey } from "../port/key-port.ts"
import type { FeatureTable } from "../port/names.ts"
import { readKey } from "../port/stored-rows.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Row } from "../sql/executor.ts"
import type { Builder } from "./builders.ts"
import { equals, hasProvider, isExactly, slot } from "./conditions.ts"
import { existingUser, hasUser, isRow, lockUser, selected } from "./rows.ts"
import type { DrizzleStore, Step } from "./store.ts"
import type { FeatureRows, KeyTable, Tables } from "./tables.ts"

/** The user and key tables, and their prepared statements. */
export interface UserDb extends Tables {
  store: DrizzleStore
  key: KeyTable
  /** The feature tables whose rows are deleted with their user. Those stored elsewhere, or not at all, are left out. */
  features: Partial<Record<FeatureTable, FeatureRows>>
  statements: ReturnType<typeof keyStatements>
}

type DrizzleKeys = Omit<KeyRows<UserDb, UserId, Row>, "encodeUser" | "encodeAttributes" | "isTaken">

/** Stores keys in a table whose `id` has the form `<provider id>:<provider user id>`. */
export const drizzleKeys: DrizzleKeys = {
  async hasKey({ store, key }, id) {
    const same = (db: Builder) => db.select({ id: key.id }).from(key.table).where(eq(key.id, id))
    return (await store.once((db) => store.lock(same(db)))).count > 0
  },
  // Every transaction that writes the user's row writes it first, so that two of them wait for each other.
  async insertKey(db, user, { id, passwordHash }, attributes) {
    const { store, key } = db
    const row = { id, hashedPassword: passwordHash, userId: existingUser(db, user) }
    const insert: Step = (builder) => store.write(builder.insert(key.table).values(row), key)
    try {
      await store.atomic(...assigning(db, attributes, equals(db, db.user.id, user)), insert)
    } catch (error) {
      throw db.dialect.isUniqueViolation(error) || (await hasUser(db, user)) ? error : missingUser()
    }
  },
  findKey: async ({ statements }, id) => toKey((await statements.find({ id })).rows[0]),
  listKeys: async ({ statements }, userId) =>
    (await statements.list({ userId })).rows.flatMap((row) => toKey(row) ?? []),
  // The sessions are deleted before the swap, under the same condition and with the key locked. So they end if and only
  // if the swap takes place.
  async swapPassword(db, id, from, to, ended) {
    const { store, key, session } = db
    const isKey = equals(db, key.id, id)
    const hash = key.hashedPassword
    const isUnchanged = sql`${isKey} and ${from === null ? isNull(hash) : equals(db, hash, from)}`
    const lock: Step = (builder) => store.lock(builder.select({ id: key.id }).from(key.table).where(isKey))
    const isEnded = sql`${session.userId} = (select ${key.userId} from ${key.table} where ${isUnchanged})`
    const before = ended ? [lock, ending(db, isEnded, ended)] : []
    return (await store.atomic(...before, setHash(db, to, isUnchanged))).count > 0
  },
  // The sessions are deleted first, under the same condition, with the user's row locked.
  async setPasswords(db, user, providerIds, hash, ended) {
    const { store, key, session, dialect } = db
    const isOne = providerIds.map((id) => hasProvider(dialect.name, key.id, id))
    const ofUser = sql`${equals(db, key.userId, user)} and (${sql.join(isOne, sql` or `)})`
    const isEnded = sql`${equals(db, session.userId, user)} and ${isAnyKey(db, ofUser)}`
    return (await store.atomic(lockUser(db, user), ending(db, isEnded, ended), setHash(db, hash, ofUser))).count > 0
  },
  async renameKey(db, own, to, attributes) {
    const { store, key, user } = db
    const isOwn = isOwnKey(db, own)
    const isOwnUser = sql`${equals(db, user.id, own.user)} and ${isAnyKey(db, isOwn)}`
    const rename: Step = (builder) => store.write(builder.update(key.table).set({ id: to }).where(isOwn), key)
    return (await store.atomic(lockUser(db, own.user), ...assigning(db, attributes, isOwnUser), rename)).count > 0
  },
  async deleteKey(db, own, evenLast) {
    const { store, key } = db
    const isOwn = isOwnKey(db, own)
    const isOther = sql`${equals(db, key.userId, own.user)} and ${ne(key.id, own.id)}`
    // MySQL cannot read the table that it deletes from, except through a derived table.
    const another = sql`select ${key.id} from ${key.table} where ${isOther} limit 1`
    const remove = (condition: SQL) => (builder: Builder) =>
      store.write(builder.delete(key.table).where(condition), key)
    const steps = evenLast
      ? [remove(isOwn)]
      : [
          lockUser(db, own.user),
          remove(sql`${isOwn} and (exists (select 1 from (${another}) as other)${orPasskey(db, own.user)})`),
        ]
    return (await store.atomic(...steps)).count > 0
  },
}

/** Writes attributes into the user table, if there are any. */
function assigning({ store, user }: UserDb, attributes: Row, isOwn: SQL): Step[] {
  if (Object.keys(attributes).length === 0) return []
  return [(db) => store.write(db.update(user.table).set(attributes).where(isOwn), user)]
}

function ending(db: UserDb, condition: SQL, { exceptId }: EndedSessions): Step {
  const { store, session } = db
  const ended = exceptId === null ? condition : sql`${condition} and not ${equals(db, session.id, exceptId)}`
  return (builder) => store.write(builder.delete(session.table).where(ended), session)
}

function setHash({ store, key }: UserDb, hashedPassword: string | null, condition: SQL): Step {
  return (db) => store.write(db.update(key.table).set({ hashedPassword }).where(condition), key)
}

/** A passkey lets its user sign in just as a key does. */
function orPasskey(db: UserDb, user: UserId): SQL {
  const { passkey } = db.features
  return passkey ? sql` or exists (select 1 from ${passkey.table} where ${equals(db, passkey.userId, user)})` : sql``
}

function isOwnKey(db: UserDb, { id, user }: OwnKey<UserId>): SQL {
  return sql`${equals(db, db.key.id, id)} and ${equals(db, db.key.userId, user)}`
}

function isAnyKey({ key }: UserDb, condition: SQL): SQL {
  return sql`exists (select 1 from ${key.table} where ${condition})`
}

function toKey(row: Row | undefined): StoredKey | null {
  return isRow(row?.key) ? readKey(row.key) : null
}

/** Prepares the statements that differ only in their values. */
export function keyStatements(store: DrizzleStore, { dialect, user }: Tables, key: KeyTable) {
  const isId = isExactly(dialect.name, key.id, slot(key.id, "id"))
  const isOwn = isExactly(dialect.name, key.userId, slot(key.userId, "userId"))
  const isUser = isExactly(dialect.name, user.id, slot(user.id, "id"))
  const keys = (db: Builder) => db.select({ key: selected(key) }).from(key.table)
  const users = (db: Builder) => db.select({ user: selected(user) }).from(user.table)
  return {
    find: store.prepared((db) => store.read(keys(db).where(isId))),
    list: store.prepared((db) => store.read(keys(db).where(isOwn).orderBy(asc(key.id)))),
    findUser: store.prepared((db) => store.read(users(db).where(isUser))),
  }
}
