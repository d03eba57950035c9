import { AuthError } from "../../src/core/errors.ts"
import type { KeyRecord, UserAdapter, UserId, UserInsert } from "../../src/core/ports.ts"
import type { Row } from "../sql/executor.ts"
import { quoted } from "../values/names.ts"
import { keyIdOf, newKeyIdOf, passwordHashOf, sessionIdOf } from "../values/parameters.ts"
import { missingUser } from "../sql/user-lookup.ts"
import type { PrismaStore } from "./client.ts"
import { hasCode, isIdentifier } from "./client.ts"
import type { Fields } from "./fields.ts"

type KeyName = Pick<KeyRecord, "providerId" | "providerUserId">
type NewKey = Omit<KeyRecord, "userId">
type Inserted = { user: Row } | { taken: "id" | "key" | "attribute" }

const uniqueViolation = "P2002"
const missingReference = "P2003"

/** Keeps users and keys in the application's own models. */
export function prismaUsers(store: PrismaStore, fields: Fields): UserAdapter<Row, Row> {
  async function insertUser({ id, attributes }: UserInsert<Row>, newKey: NewKey | null): Promise<Inserted> {
    const userId = id === undefined ? undefined : newUserId(id)
    const data = { ...fields.userAttributes(attributes), ...(userId === undefined ? {} : { id: userId }) }
    const keyRow = newKey && { id: newKeyIdOf(newKey), hashedPassword: passwordHashOf(newKey.passwordHash) }
    try {
      return { user: await insert(data, keyRow) }
    } catch (error) {
      if (!hasCode(error, uniqueViolation)) throw error
      return { taken: await whatIsTaken(userId, keyRow?.id) }
    }
  }

  function newUserId(id: UserId): UserId {
    const known = fields.userId(id)
    if (known !== null) return known
    throw new AuthError("invalid_option", `${quoted(id)} cannot be the id of a user.`)
  }

  function insert(data: Row, keyRow: Row | null): Promise<Row> {
    if (!keyRow) return store.write(({ user }) => user.create({ data }))
    return store.atomic(async ({ user, key }) => {
      const inserted = await user.create({ data })
      await key.create({ data: { ...keyRow, userId: inserted.id } })
      return inserted
    })
  }

  async function whatIsTaken(
    userId: UserId | undefined,
    keyId: string | undefined,
  ): Promise<"id" | "key" | "attribute"> {
    if (keyId !== undefined && (await findKeyRow(keyId))) return "key"
    if (userId !== undefined && (await findUser(userId))) return "id"
    return "attribute"
  }

  async function findUser(id: UserId): Promise<Row | null> {
    const known = fields.userId(id)
    if (known === null) return null
    return store.once(({ user }) => user.findUnique({ where: { id: known } }))
  }

  async function updateUser(id: UserId, attributes: object): Promise<"updated" | "missing" | "taken"> {
    const known = fields.userId(id)
    const data = fields.userAttributes(attributes)
    if (known === null) return "missing"
    if (Object.keys(data).length === 0) return (await findUser(known)) ? "updated" : "missing"
    try {
      const { count } = await store.write(({ user }) => user.updateMany({ where: { id: known }, data }))
      return count > 0 ? "updated" : "missing"
    } catch (error) {
      if (hasCode(error, uniqueViolation)) return "taken"
      throw error
    }
  }

  async function deleteUser(id: UserId): Promise<void> {
    const userId = fields.userId(id)
    if (userId === null) return
    const run: Parameters<typeof store.atomic<void>>[0] = async ({ session, key, user }) => {
      await session.deleteMany({ where: { userId } })
      await key.deleteMany({ where: { userId } })
      await user.deleteMany({ where: { id: userId } })
    }
    // A sign-in may come between: its session refers to the user, and the next try finds it.
    await store.atomic(run, [missingReference])
  }

  async function insertKey(given: KeyRecord): Promise<boolean> {
    const userId = fields.userId(given.userId)
    const data = { id: newKeyIdOf(given), userId, hashedPassword: passwordHashOf(given.passwordHash) }
    if (userId === null) throw missingUser()
    try {
      await store.write(({ key }) => key.create({ data }))
      return true
    } catch (error) {
      if (hasCode(error, uniqueViolation)) return false
      throw hasCode(error, missingReference) ? missingUser() : error
    }
  }

  function findKeyRow(id: string): Promise<Row | null> {
    return store.once(({ key }) => key.findUnique({ where: { id } }))
  }

  async function findKey(providerId: string, providerUserId: string): Promise<KeyRecord | null> {
    const id = keyIdOf({ providerId, providerUserId })
    const row = id === null ? null : await findKeyRow(id)
    // MySQL's collations take different ids for equal.
    return row?.id === id ? toKeyRecord(row) : null
  }

  async function listKeys(userId: UserId): Promise<KeyRecord[]> {
    const user = fields.userId(userId)
    if (user === null) return []
    const rows = await store.once(({ key }) => key.findMany({ where: { userId: user }, orderBy: [{ id: "asc" }] }))
    return rows.flatMap((row) => toKeyRecord(row) ?? [])
  }

  async function replaceKeyPassword(
    name: KeyName,
    from: string | null,
    to: string | null,
    endSessions?: { exceptId?: string | undefined },
  ): Promise<boolean> {
    const [id, known, next] = [keyIdOf(name), passwordHashOf(from), passwordHashOf(to)]
    const except = endSessions?.exceptId === undefined ? null : sessionIdOf(endSessions.exceptId)
    if (id === null) return false
    return store.atomic(async ({ key, session }) => {
      const swap = { where: { id, hashedPassword: known }, data: { hashedPassword: next } }
      if ((await key.updateMany(swap)).count === 0) return false
      if (!endSessions) return true
      // The swap has locked the key until the transaction's end.
      const owner = await key.findUnique({ where: { id }, select: { userId: true } })
      const others = except === null ? {} : { id: { not: except } }
      if (owner) await session.deleteMany({ where: { userId: owner.userId, ...others } })
      return true
    })
  }

  async function deleteKey(providerId: string, providerUserId: string): Promise<void> {
    const id = keyIdOf({ providerId, providerUserId })
    if (id !== null) await store.once(({ key }) => key.deleteMany({ where: { id } }))
  }

  return {
    insertUser,
    findUser,
    updateUser,
    deleteUser,
    insertKey,
    findKey,
    listKeys,
    replaceKeyPassword,
    deleteKey,
  }
}

function toKeyRecord({ id, userId, hashedPassword }: Row): KeyRecord | null {
  const end = typeof id === "string" ? id.indexOf(":") : -1
  if (typeof id !== "string" || end < 0 || !isIdentifier(userId)) return null
  const passwordHash = typeof hashedPassword === "string" ? hashedPassword : null
  return { providerId: id.slice(0, end), providerUserId: id.slice(end + 1), userId, passwordHash }
}
