import type { UserId } from "../../src/core/ports.ts"
import type { KeyRows } from "../port/key-port.ts"
import { parseKeyId } from "../port/parameters.ts"
import { readKey } from "../port/stored-rows.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Row, SqlStatement } from "../sql/executor.ts"
import type { Model } from "./client.ts"
import { orMissingUser } from "./client.ts"
import type { RawClient } from "./executor.ts"
import type { PrismaDb } from "./sessions.ts"
import { othersOf } from "./sessions.ts"

type PrismaKeys = Omit<KeyRows<PrismaDb, UserId, Row>, "encodeUser" | "encodeAttributes" | "isTaken">

/** Stores keys in the application's own model. */
export const prismaKeys: PrismaKeys = {
  hasKey: async (db, id) => (await findRow(db, id)) !== null,
  // Writes the user's row first, so that it waits for another transaction that changes the user's keys.
  async insertKey({ store }, user, { id, passwordHash }, changes) {
    const data = { id, hashedPassword: passwordHash, userId: user }
    const insert = store.atomic(async (models) => {
      if (!(await lockUser(models.user, user, changes))) throw missingUser()
      await models.key.create({ data })
    })
    await insert.catch(async (error: unknown) => {
      throw await orMissingUser(store, user, error)
    })
  },
  async findKey(db, id) {
    const row = await findRow(db, id)
    // MySQL's collations treat different ids as equal.
    return row?.id === id ? readKey(row) : null
  },
  async listKeys({ store }, userId) {
    const rows = await store.once(({ key }) => key.findMany({ where: { userId }, orderBy: [{ id: "asc" }] }))
    return rows.flatMap((row) => readKey(row) ?? [])
  },
  swapPassword: ({ store }, id, from, to, ended) =>
    store.atomic(async ({ key, session }) => {
      const swap = { where: { id, hashedPassword: from }, data: { hashedPassword: to } }
      if ((await key.updateMany(swap)).count === 0) return false
      // The swap has locked the key until the transaction ends.
      const owner = ended && readKey((await key.findFirst({ where: { id } })) ?? {})
      if (owner) await session.deleteMany({ where: othersOf(owner.userId, ended.exceptId) })
      return true
    }),
  setPasswords: ({ store }, userId, providerIds, hash, { exceptId }) =>
    store.atomic(async ({ user, key, session }) => {
      if (!(await lockUser(user, userId))) return false
      const isOne = ({ id }: Row) => providerIds.includes(parseKeyId(String(id))?.providerId ?? "")
      // Filtered here, because a database may ignore case when Prisma queries a prefix.
      const ids = (await key.findMany({ where: { userId } })).filter(isOne).map(({ id }) => id)
      if (ids.length === 0) return false
      await key.updateMany({ where: { userId, id: { in: ids } }, data: { hashedPassword: hash } })
      await session.deleteMany({ where: othersOf(userId, exceptId) })
      return true
    }),
  renameKey: ({ store }, { id, user: userId }, to, changes) =>
    store.atomic(async ({ user, key }) => {
      if (!(await lockUser(user, userId))) return false
      // A collation may treat another key as equal.
      if ((await key.findFirst({ where: { id, userId } }))?.id !== id) return false
      // Renamed before the attributes are written: if the key does not exist, nothing changes.
      const { count } = await key.updateMany({ where: { id, userId }, data: { id: to } })
      if (count > 0 && Object.keys(changes).length > 0) await user.updateMany({ where: { id: userId }, data: changes })
      return count > 0
    }),
  async deleteKey({ store, features }, { id, user: userId }, evenLast) {
    const passkeys = evenLast ? null : await features?.anyPasskey(userId)
    return store.atomic(async ({ user, key }, inside) => {
      if (!(await lockUser(user, userId))) return false
      const keys = await key.findMany({ where: { userId }, select: { id: true } })
      if (keys.length === 1 && !evenLast && !(await finds(inside, passkeys))) return false
      // A collation may treat another of the user's keys as equal.
      if (!keys.some((row) => row.id === id)) return false
      return (await key.deleteMany({ where: { id, userId } })).count > 0
    })
  },
}

/** Returns whether a query finds a row, in the transaction of the client `inside`. */
async function finds(inside: object, query: SqlStatement | null | undefined): Promise<boolean> {
  return query ? (await (inside as RawClient).$queryRawUnsafe(query.sql, ...query.params)).length > 0 : false
}

function findRow({ store }: PrismaDb, id: string): Promise<Row | null> {
  return store.once(({ key }) => key.findFirst({ where: { id } }))
}

/** Locks a user's row until the transaction ends by writing it: its own id, if there is nothing else to write. */
async function lockUser(user: Model, id: UserId, changes: Row = {}): Promise<boolean> {
  return (await user.updateMany({ where: { id }, data: { id, ...changes } })).count > 0
}
