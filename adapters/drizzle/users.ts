import { sql } from "drizzle-orm"
import type { Column } from "drizzle-orm"
import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { NewKey } from "../port/key-port.ts"
import { declaredLength, textId } from "../port/random-id.ts"
import type { UserRows } from "../port/user-port.ts"
import type { DialectName } from "../sql/dialect.ts"
import type { Row } from "../sql/executor.ts"
import { checkedAttributes } from "./attributes.ts"
import type { Builder, SelectQuery } from "./builders.ts"
import { equals } from "./conditions.ts"
import type { UserDb } from "./keys.ts"
import { drizzleKeys } from "./keys.ts"
import { hasUser, isRow, lockUser } from "./rows.ts"
import type { Outcome, Step } from "./store.ts"
import { returning } from "./store.ts"
import type { Written } from "./tables.ts"

/** Stores users in the application's own table, and their keys in its key table. */
export const drizzleUsers: UserRows<UserDb, UserId, Row, Row> = {
  ...drizzleKeys,
  encodeUser: ({ userId }, id) => userId(id),
  encodeAttributes: ({ user }, attributes) => checkedAttributes(user, attributes),
  isTaken: ({ dialect }, error) => dialect.isUniqueViolation(error),
  generateId: ({ user, dialect }) => newUserId(user.id, dialect.name),
  // An id that was not passed comes from Drizzle (`$defaultFn`), otherwise from the database.
  defaultId: ({ user }) => user.id.defaultFn?.() as UserId | undefined,
  hasUser,
  async insert(db, id, attributes, newKey) {
    const steps = id === null ? insertTelling(db, attributes) : [insertRow(db, { ...attributes, id })]
    const insertKey = newKey ? [insertKeyOf(db, newKey, id)] : []
    const outcomes = await db.store.atomicSteps(...steps, ...insertKey)
    return find(db, id ?? madeId(db, outcomes[steps.length - 1]))
  },
  find,
  async update({ store, user, dialect }, id, attributes) {
    const isUser = equals({ dialect }, user.id, id)
    const write: Step = (builder) => store.write(builder.update(user.table).set(attributes).where(isUser), user)
    return (await store.atomic(write)).count > 0
  },
  // Locks the user's row first, so that no session or key is added during the deletion. Deletes it last, for foreign
  // keys.
  async delete(db, id) {
    const { store, user, session, key, features } = db
    const remove = (table: Written, owner: Column) => (builder: Builder) =>
      store.write(builder.delete(table.table).where(equals(db, owner, id)), table)
    const owned = [session, key, ...Object.values(features)].map((table) => remove(table, table.userId))
    await store.atomic(lockUser(db, id), ...owned, remove(user, user.id))
  },
}

const text = /^(?:text|varchar|char|character|citext|uuid)\b/i

/** Creates an id that fits a user table; `undefined` if Drizzle or the database creates it and returns it. */
export function newUserId(id: Column, dialect: DialectName): UserId | undefined {
  // Of the ids that MySQL creates, Drizzle receives only numbers.
  const isTold = id.hasDefault && (dialect !== "mysql" || id.defaultFn !== undefined)
  const type = id.getSQLType()
  if (isTold || !isText(id, type)) return undefined
  const made = type.toLowerCase() === "uuid" ? crypto.randomUUID() : textId(declaredLength(type))
  if (made !== null) return made
  throw new AuthError(
    "invalid_option",
    `generateUserId: no id fits the user table, whose column "${id.name}" is ${type}; give it a $defaultFn(), or pass generateUserId to createUsers()`,
  )
}

/** A column of customType() exposes only its SQL type. */
function isText({ dataType }: Column, type: string): boolean {
  return dataType === "string" || (dataType === "custom" && text.test(type))
}

async function find({ statements }: UserDb, id: UserId): Promise<Row | null> {
  const row = (await statements.findUser({ id })).rows[0]?.user
  return isRow(row) ? row : null
}

function insertKeyOf(db: UserDb, { id, passwordHash }: NewKey, user: UserId | null): Step {
  const { store, key } = db
  return (builder, before) => {
    const row = { id, hashedPassword: passwordHash, userId: user ?? insertedId(db, builder, before) }
    return store.write(builder.insert(key.table).values(row), key)
  }
}

/** SQLite finds the id in the statement itself, because D1 takes both statements at once. */
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

/** Inserts a user and returns the id that the database created. */
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
