import { requireColumns } from "../v3/columns.ts"
import { generateRandomString } from "../v3/generate-id.ts"
import { belongsTo, isUserId } from "../v3/user-ids.ts"
import type { NewKey, UserFields } from "./auth.ts"
import type { Settings } from "./configuration.ts"
import { newKeyRow } from "./key-methods.ts"
import type { OrNull, UserSchema } from "./lucia-adapter.ts"
import { LuciaError } from "./lucia-error.ts"

/** Creates the methods for users. */
export function createUserMethods({ stores, passwordHash, getUserAttributes }: Settings) {
  const { users } = stores

  return {
    getUser,
    async createUser(options: { userId?: string; key: NewKey | null; attributes: object }): Promise<UserFields> {
      const { userId = generateRandomString(15), key, attributes } = options
      requireColumns("user attributes", Object.keys(attributes ?? {}), "id")
      // The application has declared these columns.
      const row = { ...attributes, id: userId } as UserSchema
      await users.setUser(row, key && (await newKeyRow(key, userId, passwordHash)))
      return transformDatabaseUser(row)
    },
    async updateUserAttributes(userId: string, attributes: object): Promise<UserFields> {
      requireColumns("user attributes", Object.keys(attributes), "id")
      const id = await storedId(userId)
      if (id === null) throw new LuciaError("AUTH_INVALID_USER_ID")
      if (Object.keys(attributes).length > 0) await users.updateUser(id, attributes)
      return getUser(userId)
    },
    async deleteUser(userId: string): Promise<void> {
      const id = await storedId(userId)
      if (id !== null) await stores.deleteUser(id)
    },
    transformDatabaseUser,
  }

  async function getUser(userId: string): Promise<UserFields> {
    const row = await findRow(userId)
    if (!row) throw new LuciaError("AUTH_INVALID_USER_ID")
    return transformDatabaseUser(row)
  }

  async function findRow(userId: unknown): Promise<OrNull<UserSchema>> {
    if (!isPossibleId(userId)) return null
    const row: OrNull<UserSchema> = await users.getUser(userId)
    // MySQL treats an id in another case as equal, and the number 0 as equal to any text.
    return row && belongsTo({ userId: row.id }, userId) ? row : null
  }

  // A number must not get into a write statement, see above.
  async function storedId(userId: unknown): Promise<string | null> {
    if (typeof userId === "string") return isPossibleId(userId) ? userId : null
    const row = await findRow(userId)
    return row && row.id
  }

  function transformDatabaseUser(row: UserSchema): UserFields {
    return { ...getUserAttributes(row), userId: row.id }
  }
}

// Some applications have numbers or ObjectIds, despite the types. PostgreSQL rejects NUL with an error.
function isPossibleId(userId: unknown): userId is string {
  return typeof userId === "string" ? !userId.includes("\0") : isUserId(userId)
}
