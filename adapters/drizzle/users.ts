import { sql } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { NewKey } from "../port/key-port.ts"
import type { UserRows } from "../port/user-port.ts"
import type { Row } from "../sql/executor.ts"
import { checkedAttributes } from "./attributes.ts"
import type { Builder, SelectQuery } from "./builders.ts"
import { equals } from "./conditions.ts"
import type { UserDb } from "./keys.ts"
import { drizzleKeys } from "./keys.ts"
import { newUserId } from "./new-user-id.ts"
import { hasUser, isRow, lockUser } from "./rows.ts"
import type { Outcome, Step } from "./store.ts"
import { returning } from "./store.ts"

/** Keeps users in the application's own table, and their keys in its key table. */
export const drizzleUsers: UserRows<UserDb, UserId, Row, Row> = {
  ...drizzleKeys,
  encodeUser: ({ userId }, id) => userId(id),
  encodeAttributes: ({ user }, attributes) => checkedAttributes(user, attributes),
  isTaken: ({ dialect }, error) => dialect.isUniqueViolation(error),
  generateId: ({ user, dialect }) => newUserId(user.id, dialect.name),
  // What is not given is Drizzle's to make (`$defaultFn`), otherwise the database's.
  defaultId: ({ user }) => user.id.defaultFn?.() as UserId | undefined,
  hasUser,
  insert,
  find,
  update,
  delete: deleteUser,
}

async function find({ statements }: UserDb, id: UserId): Promise<Row | null> {
  const row = (await statements.findUser({ id })).rows[0]?.user
  return isRow(row) ? row : null
}

async function insert(db: UserDb, id: UserId | null, attributes: Row, newKey: NewKey | null): Promise<Row | null> {
  const { store, key } = db
  const insertUser = id === null ? insertTelling(db, attributes) : [insertRow(db, { ...attributes, id })]
  const insertKey = ({ id: keyId, passwordHash }: NewKey): Step => {
    const row = { id: keyId, hashedPassword: passwordHash }
    return (builder, before) =>
      store.write(builder.insert(key.table).values({ ...row, userId: id ?? insertedId(db, builder, before) }), key)
  }
  const outcomes = await store.atomicSteps(...insertUser, ...(newKey ? [insertKey(newKey)] : []))
  return find(db, id ?? madeId(db, outcomes[insertUser.length - 1]))
}

/** SQLite finds it in the statement itself, because D1 takes both statements at once. */
function insertedId(db: UserDb, builder: Builder, before: Outcome): unknown {
  return db.dialect.name === "sqlite" ? sql`${lastUser(db, builder)}` : madeId(db, before)
}

function lastUser({ user }: UserDb, builder: Builder): SelectQuery {
  return builder
    .select({ id: user.id })
    .from(user.table)
    .where(sql`rowid = last_insert_rowid()`)
}

function insertRow({ store, user }: UserDb, row: Row): Step {
  return (builder) => store.write(builder.insert(user.table).values(row), user)
}

/** Inserts a user and returns the id that the database made. */
function insertTelling(db: UserDb, row: Row): Step[] {
  switch (db.dialect.name) {
    case "postgres":
      return [insertRow(db, row)]
    case "mysql":
      return [(builder) => returning(builder.insert(db.user.table).values(row).$returningId())]
    case "sqlite":
      return [insertRow(db, row), (builder) => db.store.read(lastUser(db, builder))]
  }
}

function madeId(db: UserDb, outcome: Outcome | undefined): UserId {
  const made = outcome?.rows[0]?.id
  if (made !== undefined) return db.madeId(made)
  throw new AuthError("unsupported", "id: MySQL returns the id it made only for AUTO_INCREMENT; pass one")
}

async function update(db: UserDb, id: UserId, attributes: Row): Promise<boolean> {
  const { store, user } = db
  const write: Step = (builder) =>
    store.write(
      builder
        .update(user.table)
        .set(attributes)
        .where(equals(db, user.id, id)),
      user,
    )
  return (await store.atomic(write)).count > 0
}

/** The user's row is locked first, so that no session or key is added in the meantime, and deleted last, for foreign keys. */
async function deleteUser(db: UserDb, id: UserId): Promise<void> {
  const { store, user, session, key } = db
  const owned = (table: typeof session | typeof key) => (builder: Builder) =>
    store.write(builder.delete(table.table).where(equals(db, table.userId, id)), table)
  const remove: Step = (builder) => store.write(builder.delete(user.table).where(equals(db, user.id, id)), user)
  await store.atomic(lockUser(db, id), owned(session), owned(key), remove)
}
