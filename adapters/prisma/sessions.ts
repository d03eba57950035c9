import type { UserId } from "../../src/core/ports.ts"
import type { SessionRows } from "../port/session-port.ts"
import { yieldToEventLoop } from "../port/session-port.ts"
import { readSession, sessionRow } from "../port/stored-rows.ts"
import type { Row } from "../sql/executor.ts"
import type { Models, PrismaStore } from "./client.ts"
import { orMissingUser } from "./client.ts"
import type { PrismaFeatures } from "./features.ts"
import type { Fields } from "./fields.ts"

/** The application's models, checked, with their store. */
export interface PrismaDb {
  store: PrismaStore
  fields: Fields
  /** The session model's relation to its user. */
  relation: string
  features: PrismaFeatures | null
}

// A database may refuse a statement with more ids.
const maxBatch = 1000

/** Stores sessions in the application's own model. */
export const prismaSessions: SessionRows<PrismaDb, UserId, Row, Row, Row> = {
  encodeUser: ({ fields }, id) => fields.userId(id),
  encodeAttributes: ({ fields }, attributes) => fields.sessionAttributes(attributes),
  async insert({ store, fields }, session) {
    const data = sessionRow(fields, session)
    try {
      await store.write((models) => models.session.create({ data }))
    } catch (error) {
      throw await orMissingUser(store, session.user, error)
    }
  },
  async find({ store, fields, relation }, id) {
    const query = { where: { id }, include: { [relation]: true as const } }
    const found = await store.once(({ session }) => session.findFirst(query))
    if (!found) return null
    const { [relation]: user, ...row } = found
    const session = readSession(fields, row)
    // MySQL's collations treat different ids as equal.
    return session?.id === id ? { session, user: (user as Row | null) ?? null } : null
  },
  async list({ store, fields }, userId) {
    const orderBy: Record<string, "asc" | "desc">[] = [{ createdAt: "desc" }, { id: "asc" }]
    const rows = await store.once(({ session }) => session.findMany({ where: { userId }, orderBy }))
    return rows.flatMap((row) => readSession(fields, row) ?? [])
  },
  async extend({ store, fields: { expiresAt } }, id, to, limit) {
    const where = { id, expiresAt: { lte: expiresAt.encode(limit) } }
    const data = { expiresAt: expiresAt.encode(to) }
    return (await store.once(({ session }) => session.updateMany({ where, data }))).count > 0
  },
  async update({ store, fields }, id, data, ifNull) {
    const where = changeable(fields, id, ifNull)
    return (await store.write(({ session }) => session.updateMany({ where, data }))).count > 0
  },
  async has({ store, fields }, id, ifNull) {
    const query = { where: changeable(fields, id, ifNull), select: { id: true as const } }
    return (await store.once(({ session }) => session.findFirst(query))) !== null
  },
  replace({ store, fields }, oldId, session) {
    const row = sessionRow(fields, session)
    return store.atomic(async (models) => {
      const data = fields.isWholeSession(row) ? row : await freshRow(models, row)
      return (await models.session.updateMany({ where: { id: oldId }, data })).count > 0
    })
  },
  async delete({ store }, id, userId) {
    const where = userId === null ? { id } : { id, userId }
    return (await store.once(({ session }) => session.deleteMany({ where }))).count > 0
  },
  async deleteOfUser({ store }, userId, exceptId) {
    await store.once(({ session }) => session.deleteMany({ where: othersOf(userId, exceptId) }))
  },
  async deleteExpired({ store, fields }, before, limit) {
    const where = { expiresAt: { lte: fields.expiresAt.encode(before) } }
    let deleted = 0
    while (deleted < limit) {
      const count = await deleteSome(store, where, Math.min(limit - deleted, maxBatch))
      if (count === 0) break
      deleted += count
      await yieldToEventLoop()
    }
    return deleted
  },
}

/** Returns the filter for a user's sessions, except one. */
export function othersOf(userId: UserId, exceptId: string | null): Row {
  return exceptId === null ? { userId } : { userId, id: { not: exceptId } }
}

function changeable(fields: Fields, id: string, ifNull: string | null): Row {
  return ifNull === null ? { id } : { id, ...fields.sessionAttributes({ [ifNull]: null }) }
}

/**
 * Finds out a new row's values in the fields that were not given. The old row then changes in one update, because a new
 * row in its place would escape a sign-out everywhere that has already started.
 */
async function freshRow({ session }: Models, data: Row): Promise<Row> {
  const row = await session.create({ data })
  await session.deleteMany({ where: { id: data.id } })
  const isJson = (name: string) => session.fields[name]?.typeName === "Json"
  // A null in a Json field cannot be written back as it was read.
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => value !== null || !isJson(name)))
}

/** Both statements have the condition, because a session may be extended between them. */
async function deleteSome(store: PrismaStore, where: Row, take: number): Promise<number> {
  const rows = await store.once(({ session }) => session.findMany({ where, select: { id: true }, take }))
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return 0
  return (await store.once(({ session }) => session.deleteMany({ where: { ...where, id: { in: ids } } }))).count
}
