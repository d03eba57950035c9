import { AuthError } from "../../src/core/errors.ts"
import type { UserAdapter, UserId } from "../../src/core/ports.ts"
import type { MaybePromise } from "../../src/platform/maybe-promise.ts"
import type { KeyRows, NewKey } from "./key-port.ts"
import { newKeyOf, unlessTaken } from "./key-port.ts"
import type { Owner } from "./names.ts"
import { foundRow, withoutUndefined } from "./parameters.ts"
import type { Open } from "./session-port.ts"
import { impossibleUser } from "./user-ids.ts"

/** The users and keys of one kind of store, as rows of encoded values. {@link userPort} and `keyPort` build on them. */
export interface UserRows<Db, User, Attributes, UserRow> extends KeyRows<Db, User, Attributes> {
  /** Creates an id that fits the store; `undefined` leaves it to the database. */
  generateId(db: Db): MaybePromise<UserId | undefined>
  /** Creates the id of a user who is inserted without one, if the store's own schema does so. */
  defaultId?(db: Db): UserId | undefined
  /** Returns whether a user has this id now. */
  hasUser(db: Db, user: User): Promise<boolean>
  /** Inserts both or neither and resolves to the stored row. With `null`, the database creates the id. */
  insert(db: Db, user: User | null, attributes: Attributes, key: NewKey | null): Promise<UserRow | null>
  find(db: Db, user: User): Promise<UserRow | null>
  update(db: Db, user: User, attributes: Attributes): Promise<boolean>
  delete(db: Db, user: User): Promise<void>
}

/** The methods of the port for users. */
export type UserMethods<UserRow> = Pick<
  UserAdapter<UserRow, object>,
  "generateUserId" | "insertUser" | "findUser" | "updateUser" | "deleteUser"
>

const users: readonly Owner[] = ["user"]
const usersAndKeys: readonly Owner[] = ["key", "user"]

/** Creates the methods for users from rows. It checks and encodes their arguments and finds out what was taken. */
export function userPort<Db, User, Attributes, UserRow>(
  open: Open<Db>,
  rows: UserRows<Db, User, Attributes, UserRow>,
): UserMethods<UserRow> {
  function newUserOf(db: Db, id: UserId | undefined = rows.defaultId?.(db)): User | null {
    if (id === undefined) return null
    const user = rows.encodeUser(db, id)
    if (user === null) throw impossibleUser(id)
    return user
  }

  /** Called after a failed write, when nothing of it is left. */
  async function whatIsTaken(db: Db, user: User | null, key: NewKey | null): Promise<"id" | "key" | "attribute"> {
    if (key && (await rows.hasKey(db, key.id))) return "key"
    return user !== null && (await rows.hasUser(db, user)) ? "id" : "attribute"
  }

  return {
    generateUserId: async () => rows.generateId(await open(users)),
    async insertUser({ id, attributes }, newKey) {
      const [key, given] = [newKey && newKeyOf(newKey), withoutUndefined(attributes)]
      const db = await open(key ? usersAndKeys : users, given)
      const encoded = rows.encodeAttributes(db, given)
      const user = newUserOf(db, id)
      const stored = await unlessTaken(db, rows, () => rows.insert(db, user, encoded, key))
      if (stored === "taken") return { taken: await whatIsTaken(db, user, key) }
      if (stored) return { user: stored }
      throw new AuthError("user_missing", "The user was deleted as soon as inserted.")
    },
    async findUser(id) {
      const db = await open(users)
      const user = rows.encodeUser(db, id)
      return user === null ? null : rows.find(db, user)
    },
    async updateUser(id, attributes) {
      const given = withoutUndefined(attributes)
      const db = await open(users, given)
      const [user, encoded] = [rows.encodeUser(db, id), rows.encodeAttributes(db, given)]
      if (user === null) return "missing"
      const isEmpty = Object.keys(given).length === 0
      const updated = !isEmpty && (await unlessTaken(db, rows, () => rows.update(db, user, encoded)))
      if (updated === "taken") return "taken"
      const isThere = await foundRow(updated, async () => (await rows.find(db, user)) !== null)
      return isThere ? "updated" : "missing"
    },
    async deleteUser(id) {
      const db = await open(users)
      const user = rows.encodeUser(db, id)
      if (user !== null) await rows.delete(db, user)
    },
  }
}
