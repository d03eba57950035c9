import type { UserAdapter, UserId } from "../../src/core/ports.ts"
import { assign, assigned } from "./attributes.ts"
import type { Database } from "./database.ts"
import type { Row, SqlStatement } from "./executor.ts"
import { insertUser } from "./insert-user.ts"
import { isOwned, isUser, lockingUser } from "./user-lookup.ts"

/** The methods that concern the user table. */
export type SqlUsers = Pick<UserAdapter<Row, Row>, "insertUser" | "findUser" | "updateUser" | "deleteUser">

/** Keeps users in the application's own table. */
export function sqlUsers(db: Database): SqlUsers {
  return {
    insertUser: (user, key) => insertUser(db, user, key),
    findUser: (id) => findUser(db, id),
    updateUser: (id, attributes) => updateUser(db, id, attributes),
    deleteUser: (id) => deleteUser(db, id),
  }
}

/** Finds the application's row. */
export async function findUser(db: Database, id: UserId): Promise<Row | null> {
  const open = await db.open("user")
  const known = open.ids.encode(id)
  if (known === null) return null
  const text = () => `SELECT ${open.users.select} FROM ${db.tables.user} u WHERE ${isUser(db, open, "?1", "u.id")}`
  const [row] = await db.reading(open.statement("findUser", text, [known]))
  return row ? open.users.read(row) : null
}

async function updateUser(db: Database, id: UserId, attributes: object): Promise<"updated" | "missing" | "taken"> {
  const { open, columns, values, name } = await assign(db, "user", attributes)
  const known = open.ids.encode(id)
  if (known === null) return "missing"
  const set = () => columns.map((column, n) => assigned(db, column, n + 2)).join(", ")
  const text = () => `UPDATE ${db.tables.user} SET ${set()} WHERE ${isUser(db, open, "?1", "id")}`
  if (columns.length > 0) {
    const outcome = await changed(db, open.statement(`updateUser\0${name}`, text, [known, ...values]))
    if (outcome !== "nothing") return outcome
  }
  // Also after an update of no row: some of MySQL's drivers count only rows whose values changed.
  return (await findUser(db, id)) ? "updated" : "missing"
}

async function changed(db: Database, statement: SqlStatement): Promise<"updated" | "taken" | "nothing"> {
  try {
    const [count = 0] = await db.store.atomic([statement])
    return count > 0 ? "updated" : "nothing"
  } catch (error) {
    if (db.dialect.isUniqueViolation(error)) return "taken"
    throw error
  }
}

/** The user's row is locked first, so that no session or key is added beside, and deleted last, for foreign keys. */
async function deleteUser(db: Database, id: UserId): Promise<void> {
  const { tables } = db
  const open = await db.open("user")
  const known = open.ids.encode(id)
  if (known === null) return
  const user = () => isUser(db, open, "?1", "id")
  const owned = (owner: "session" | "key") => () =>
    `DELETE FROM ${tables[owner]} WHERE ${isOwned(db, open, owner, "?1")}`

  const statements = lockingUser(db, open, known)
  // Sessions may be kept elsewhere, and keys nowhere.
  for (const owner of ["session", "key"] as const) {
    if (open.catalogue[owner].size === 0) continue
    statements.push(open.statement(`deleteUser\0${owner}`, owned(owner), [known]))
  }
  statements.push(open.statement("deleteUser", () => `DELETE FROM ${tables.user} WHERE ${user()}`, [known]))
  await db.store.atomic(statements)
}
