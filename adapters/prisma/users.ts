import { AuthError } from "../../src/core/errors.ts"
import type { KeyName, KeyRecord, OwnedKeyName, UserAdapter, UserId, UserInsert } from "../../src/core/ports.ts"
import type { Row } from "../sql/executor.ts"
import { quoted } from "../port/names.ts"
import { keyIdOf, newKeyIdOf, newPasswordHashOf, passwordHashOf, sessionIdOf } from "../port/parameters.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Model, PrismaStore } from "./client.ts"
import { brokenReference, hasCode, isIdentifier, orMissingUser } from "./client.ts"
import type { Fields } from "./fields.ts"

type PrismaUsers = UserAdapter<Row, Row>
type NewKey = Omit<KeyRecord, "userId">
type Inserted = { user: Row } | { taken: "id" | "key" | "attribute" }

const uniqueViolation = "P2002"

/** Keeps users and keys in the application's own models. */
export function prismaUsers(store: PrismaStore, fields: Fields): PrismaUsers {
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

  /** Prisma does not say which ids a model makes itself. A UUID fits any column of text or of UUIDs. */
  async function generateUserId(): Promise<UserId | undefined> {
    return fields.hasTextIds ? crypto.randomUUID() : undefined
  }

  function newUserId(id: UserId): UserId {
    const known = fields.userId(id)
    if (known !== null) return known
    throw new AuthError("invalid_option", `id: ${quoted(id)} does not fit the model; use an id of its type`)
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
    return store.once(({ user }) => user.findFirst({ where: { id: known } }))
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
    await store.atomic(run, [brokenReference])
  }

  /** The user's row is written first, so that it waits for another transaction that changes the user's keys. */
  async function insertKey(given: KeyRecord, attributes: object = {}): ReturnType<PrismaUsers["insertKey"]> {
    const userId = fields.userId(given.userId)
    const data = { id: newKeyIdOf(given), userId, hashedPassword: passwordHashOf(given.passwordHash) }
    const changes = fields.userAttributes(attributes)
    if (userId === null) throw missingUser()
    try {
      const isInserted = await store.atomic(async ({ user, key }) => {
        if (!(await lockUser(user, userId, changes))) return false
        await key.create({ data })
        return true
      })
      if (isInserted) return "inserted"
    } catch (error) {
      if (hasCode(error, uniqueViolation)) return whatKeyIsTaken(data.id)
      throw await orMissingUser(store, userId, error)
    }
    throw missingUser()
  }

  async function whatKeyIsTaken(keyId: string): Promise<"key_taken" | "attribute_taken"> {
    return (await findKeyRow(keyId)) ? "key_taken" : "attribute_taken"
  }

  function findKeyRow(id: string): Promise<Row | null> {
    return store.once(({ key }) => key.findFirst({ where: { id } }))
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
      const owner = await key.findFirst({ where: { id }, select: { userId: true } })
      const others = except === null ? {} : { id: { not: except } }
      if (owner) await session.deleteMany({ where: { userId: owner.userId, ...others } })
      return true
    })
  }

  async function replaceUserPasswords(
    userId: UserId,
    providerIds: readonly string[],
    hash: string,
    exceptId?: string,
  ): Promise<boolean> {
    const [known, next] = [fields.userId(userId), newPasswordHashOf(hash)]
    const except = exceptId === undefined ? null : sessionIdOf(exceptId)
    if (known === null) return false
    return store.atomic(async ({ user, key, session }) => {
      if (!(await lockUser(user, known))) return false
      // Chosen here: a database may ignore case where Prisma asks for a prefix.
      const keys = (await key.findMany({ where: { userId: known } })).flatMap((row) => toKeyRecord(row) ?? [])
      const ids = keys.filter(({ providerId }) => providerIds.includes(providerId)).map(newKeyIdOf)
      if (ids.length === 0) return false
      await key.updateMany({ where: { userId: known, id: { in: ids } }, data: { hashedPassword: next } })
      const others = except === null ? {} : { id: { not: except } }
      await session.deleteMany({ where: { userId: known, ...others } })
      return true
    })
  }

  async function renameKey(
    name: OwnedKeyName,
    to: string,
    attributes: object = {},
  ): ReturnType<PrismaUsers["renameKey"]> {
    const [id, next, userId] = [keyIdOf(name), newKeyIdOf({ ...name, providerUserId: to }), fields.userId(name.userId)]
    const changes = fields.userAttributes(attributes)
    if (id === null || userId === null) return "missing"
    try {
      return await store.atomic(async ({ user, key }) => {
        if (!(await lockUser(user, userId))) return "missing"
        // Before the attributes: a key that is not there changes none.
        const { count } = await key.updateMany({ where: { id, userId }, data: { id: next } })
        if (count === 0) return "missing"
        if (Object.keys(changes).length > 0) await user.updateMany({ where: { id: userId }, data: changes })
        return "renamed"
      })
    } catch (error) {
      if (!hasCode(error, uniqueViolation)) throw error
      return id === next ? "attribute_taken" : whatKeyIsTaken(next)
    }
  }

  async function deleteKey(
    name: OwnedKeyName,
    { evenLast = false }: { evenLast?: boolean | undefined } = {},
  ): ReturnType<PrismaUsers["deleteKey"]> {
    const [id, userId] = [keyIdOf(name), fields.userId(name.userId)]
    if (id === null || userId === null) return "missing"
    return store.atomic(async ({ user, key }) => {
      if (!(await lockUser(user, userId))) return "missing"
      const keys = await key.findMany({ where: { userId }, select: { id: true } })
      if (!keys.some((row) => row.id === id)) return "missing"
      if (keys.length === 1 && !evenLast) return "last_key"
      await key.deleteMany({ where: { id, userId } })
      return "deleted"
    })
  }

  return {
    generateUserId,
    insertUser,
    findUser,
    updateUser,
    deleteUser,
    insertKey,
    findKey,
    listKeys,
    replaceKeyPassword,
    replaceUserPasswords,
    renameKey,
    deleteKey,
  }
}

/** Locks a user's row until the transaction's end, by writing it: its own id, if there is nothing else to write. */
async function lockUser(user: Model, id: UserId, changes: Row = {}): Promise<boolean> {
  return (await user.updateMany({ where: { id }, data: { id, ...changes } })).count > 0
}

function toKeyRecord({ id, userId, hashedPassword }: Row): KeyRecord | null {
  const end = typeof id === "string" ? id.indexOf(":") : -1
  if (typeof id !== "string" || end < 0 || !isIdentifier(userId)) return null
  const passwordHash = typeof hashedPassword === "string" ? hashedPassword : null
  return { providerId: id.slice(0, end), providerUserId: id.slice(end + 1), userId, passwordHash }
}
