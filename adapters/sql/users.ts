import type { UserRows } from "../port/user-port.ts"
import type { Assignment } from "./attributes.ts"
import { assign, assigned } from "./attributes.ts"
import type { Database } from "./database.ts"
import type { Row } from "./executor.ts"
import { insertUser } from "./insert-user.ts"
import { sqlKeys } from "./keys.ts"
import { generateUserId } from "./new-user-id.ts"
import { findUser, isOwned, isUser, lockingUser } from "./user-lookup.ts"

type User = string | number

/** Keeps users in the application's own table, and their keys. */
export const sqlUsers: UserRows<Database, User, Assignment, Row> = {
  ...sqlKeys,
  encodeUser: ({ ids }, id) => ids.encode(id),
  encodeAttributes: (db, attributes) => assign(db, "user", attributes),
  isTaken: ({ dialect }, error) => dialect.isUniqueViolation(error),
  generateId: generateUserId,
  hasUser,
  insert: insertUser,
  find: findUser,
  update,
  delete: deleteUser,
}

async function hasUser(db: Database, user: User): Promise<boolean> {
  const text = () => `SELECT 1 AS found FROM ${db.tables.user} u WHERE ${isUser(db, "?1", "u.id")}${db.dialect.keep}`
  return (await db.store.query(db.statement("hasUser", text, [user]))).length > 0
}

async function update(db: Database, user: User, attributes: Assignment): Promise<boolean> {
  const { values, name } = attributes
  const text = () => `UPDATE ${db.tables.user} SET ${assigned(db, attributes, 2)} WHERE ${isUser(db, "?1", "id")}`
  const [count = 0] = await db.store.atomic([db.statement(`updateUser\0${name}`, text, [user, ...values])])
  return count > 0
}

/** The user's row is locked first, so that no session or key is added in the meantime, and deleted last, for foreign keys. */
async function deleteUser(db: Database, user: User): Promise<void> {
  const { tables, catalogue } = db
  const statements = lockingUser(db, user)
  // Sessions may be kept elsewhere, and keys nowhere.
  for (const owner of ["session", "key"] as const) {
    if (catalogue[owner].size === 0) continue
    const owned = () => `DELETE FROM ${tables[owner]} WHERE ${isOwned(db, owner, "?1")}`
    statements.push(db.statement(`deleteUser\0${owner}`, owned, [user]))
  }
  const own = () => `DELETE FROM ${tables.user} WHERE ${isUser(db, "?1", "id")}`
  await db.store.atomic([...statements, db.statement("deleteUser", own, [user])])
}
