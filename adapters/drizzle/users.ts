import { sql } from "drizzle-orm"
import type { KeyRecord, UserAdapter, UserId, UserInsert } from "../../src/core/ports.ts"
import { AuthError } from "../../src/core/errors.ts"
import type { Row } from "../sql/executor.ts"
import { quoted } from "../port/names.ts"
import { newKeyIdOf, passwordHashOf } from "../port/parameters.ts"
import { checkedAttributes } from "./attributes.ts"
import type { Builder, SelectQuery } from "./builders.ts"
import { isExactly, slot, valueOf } from "./conditions.ts"
import { newUserId as idFor } from "./new-user-id.ts"
import { isRow, selected } from "./rows.ts"
import { isKeyTaken } from "./taken-key.ts"
import type { DrizzleStore, Outcome, Step } from "./store.ts"
import { returning } from "./store.ts"
import type { OwnTable, Tables } from "./tables.ts"
import { coreColumn } from "./tables.ts"

type NewKey = Omit<KeyRecord, "userId">
type Inserted = { user: Row } | { taken: "id" | "key" | "attribute" }

/** The methods that concern the user table. */
export type DrizzleUsers = Pick<
  UserAdapter<Row, Row>,
  "generateUserId" | "insertUser" | "findUser" | "updateUser" | "deleteUser"
>

/** Finds one user at a time. */
export interface UserLookup {
  findUser(id: UserId): Promise<Row | null>
  userExists(id: UserId): Promise<boolean>
}

/** Looks users up by their ids. */
export function userLookup(store: DrizzleStore, { user, dialect, userId }: Tables): UserLookup {
  const id = coreColumn(user, "id")
  const isId = isExactly(dialect.name, id, slot(id, "id"))
  const find = store.prepared((db) =>
    store.read(
      db
        .select({ user: selected(user) })
        .from(user.table)
        .where(isId),
    ),
  )
  // The row as it is now, not as it was when the caller's transaction began.
  const exists = (known: UserId) => (db: Builder) =>
    store.lock(
      db
        .select({ id })
        .from(user.table)
        .where(isExactly(dialect.name, id, valueOf(id, known))),
    )
  return {
    async findUser(given) {
      const known = userId(given)
      if (known === null) return null
      const row = (await find({ id: known })).rows[0]?.user
      return isRow(row) ? row : null
    },
    userExists: async (given) => (await store.once(exists(given))).count > 0,
  }
}

/** Keeps users in the application's own table, and their first key in its key table. */
export function drizzleUsers(
  store: DrizzleStore,
  tables: Tables,
  key: OwnTable,
  { findUser, userExists }: UserLookup,
): DrizzleUsers {
  const { user, session, dialect } = tables
  const id = coreColumn(user, "id")
  const isUser = (known: UserId) => isExactly(dialect.name, id, valueOf(id, known))

  async function insertUser({ id: given, attributes }: UserInsert<Row>, newKey: NewKey | null): Promise<Inserted> {
    const userId = newUserId(given)
    const row = { ...checkedAttributes(user, attributes), ...(userId === undefined ? {} : { id: userId }) }
    const keyRow = newKey && { id: newKeyIdOf(newKey), hashedPassword: passwordHashOf(newKey.passwordHash) }
    try {
      return { user: await insert(row, userId, keyRow) }
    } catch (error) {
      if (!dialect.isUniqueViolation(error)) throw error
      return { taken: await whatIsTaken(userId, keyRow) }
    }
  }

  /** An id that is not given is Drizzle's to make (`$defaultFn`), else the database's. */
  function newUserId(given: UserId | undefined): UserId | undefined {
    const made = given ?? id.defaultFn?.()
    if (made === undefined) return undefined
    const known = tables.userId(made)
    if (known !== null) return known
    throw new AuthError("invalid_option", `${quoted(made)} cannot be the id of a user.`)
  }

  async function insert(row: Row, userId: UserId | undefined, keyRow: Row | null): Promise<Row> {
    const insertKey: Step = (db, before) =>
      store.write(db.insert(key.table).values({ ...keyRow, userId: userId ?? insertedId(db, before) }), key)
    const insertUser = userId === undefined ? insertTelling(row) : [insertRow(row)]
    const outcomes = await store.atomicSteps(...insertUser, ...(keyRow ? [insertKey] : []))
    const stored = await findUser(userId ?? madeId(outcomes[insertUser.length - 1]))
    if (stored) return stored
    throw new AuthError("user_missing", "The user was deleted as soon as inserted.")
  }

  /** SQLite finds it in the statement itself, because D1 takes both statements at once. */
  function insertedId(db: Builder, before: Outcome): unknown {
    return dialect.name === "sqlite" ? sql`${lastUser(db)}` : madeId(before)
  }

  function lastUser(db: Builder): SelectQuery {
    return db
      .select({ id })
      .from(user.table)
      .where(sql`rowid = last_insert_rowid()`)
  }

  function insertRow(row: Row): Step {
    return (db) => store.write(db.insert(user.table).values(row), user)
  }

  /** Inserts a user and tells the id that the database made. */
  function insertTelling(row: Row): Step[] {
    switch (dialect.name) {
      case "postgres":
        return [insertRow(row)]
      case "mysql":
        return [(db) => returning(db.insert(user.table).values(row).$returningId())]
      case "sqlite":
        return [insertRow(row), (db) => store.read(lastUser(db))]
    }
  }

  function madeId(outcome: Outcome | undefined): UserId {
    const made = outcome?.rows[0]?.id
    if (made !== undefined) return tables.madeId(made)
    throw new AuthError("unsupported", "MySQL tells the id it made only for AUTO_INCREMENT: pass an id instead.")
  }

  async function whatIsTaken(
    userId: UserId | undefined,
    keyRow: { id: string } | null,
  ): Promise<"id" | "key" | "attribute"> {
    if (keyRow && (await isKeyTaken(store, key, keyRow.id))) return "key"
    if (userId !== undefined && (await userExists(userId))) return "id"
    return "attribute"
  }

  async function updateUser(given: UserId, attributes: object): Promise<"updated" | "missing" | "taken"> {
    const known = tables.userId(given)
    const row = checkedAttributes(user, attributes)
    if (known === null) return "missing"
    if (Object.keys(row).length > 0) {
      const outcome = await changed(known, row)
      if (outcome !== "nothing") return outcome
    }
    // Also after an update of no row: some of MySQL's drivers count only rows whose values changed.
    return (await findUser(known)) ? "updated" : "missing"
  }

  async function changed(known: UserId, row: Row): Promise<"updated" | "taken" | "nothing"> {
    const update = (db: Builder) => store.write(db.update(user.table).set(row).where(isUser(known)), user)
    try {
      return (await store.atomic(update)).count > 0 ? "updated" : "nothing"
    } catch (error) {
      if (dialect.isUniqueViolation(error)) return "taken"
      throw error
    }
  }

  /** The user's row is locked first, so that no session or key is added beside, and deleted last, for foreign keys. */
  async function deleteUser(given: UserId): Promise<void> {
    const known = tables.userId(given)
    if (known === null) return
    const lock = (db: Builder) => store.lock(db.select({ id }).from(user.table).where(isUser(known)))
    const owned = (table: OwnTable) => (db: Builder) => {
      const owner = coreColumn(table, "userId")
      return store.write(db.delete(table.table).where(isExactly(dialect.name, owner, valueOf(owner, known))), table)
    }
    const remove = (db: Builder) => store.write(db.delete(user.table).where(isUser(known)), user)
    await store.atomic(lock, owned(session), owned(key), remove)
  }

  const generateUserId = async () => idFor(id, dialect.name)

  return { generateUserId, insertUser, findUser, updateUser, deleteUser }
}
