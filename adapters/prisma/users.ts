import type { UserId } from "../../src/core/ports.ts"
import type { UserRows } from "../port/user-port.ts"
import type { Row } from "../sql/executor.ts"
import type { Models } from "./client.ts"
import { brokenReference, hasCode } from "./client.ts"
import type { RawClient } from "./executor.ts"
import { prismaKeys } from "./keys.ts"
import type { PrismaDb } from "./sessions.ts"

const uniqueViolation = "P2002"

/** Stores users and keys in the application's own models. */
export const prismaUsers: UserRows<PrismaDb, UserId, Row, Row> = {
  ...prismaKeys,
  encodeUser: ({ fields }, id) => fields.userId(id),
  encodeAttributes: ({ fields }, attributes) => fields.userAttributes(attributes),
  isTaken: (_, error) => hasCode(error, uniqueViolation),
  // Prisma does not report which defaults a model has. A UUID fits any text or UUID column.
  generateId: ({ fields }) => (fields.hasTextIds ? crypto.randomUUID() : undefined),
  hasUser: async (db, id) => (await find(db, id)) !== null,
  insert({ store }, id, attributes, newKey) {
    const data = id === null ? attributes : { ...attributes, id }
    if (!newKey) return store.write(({ user }) => user.create({ data }))
    return store.atomic(async ({ user, key }) => {
      const inserted = await user.create({ data })
      await key.create({ data: { id: newKey.id, hashedPassword: newKey.passwordHash, userId: inserted.id } })
      return inserted
    })
  },
  find,
  update: async ({ store }, id, data) =>
    (await store.write(({ user }) => user.updateMany({ where: { id }, data }))).count > 0,
  async delete({ store, features }, userId) {
    const deletions = (await features?.deletions(userId)) ?? []
    const run = async ({ session, key, user }: Models, inside: object) => {
      for (const { sql, params } of deletions) await (inside as RawClient).$executeRawUnsafe(sql, ...params)
      await session.deleteMany({ where: { userId } })
      await key.deleteMany({ where: { userId } })
      await user.deleteMany({ where: { id: userId } })
    }
    // A sign-in may come in between. Its session refers to the user, and the next try deletes it.
    await store.atomic(run, [brokenReference])
  },
}

function find({ store }: PrismaDb, id: UserId): Promise<Row | null> {
  return store.once(({ user }) => user.findFirst({ where: { id } }))
}
