import type { FoundSession, SessionRecord, UserId } from "../../src/core/ports.ts"
import { yieldToEventLoop } from "../port/event-loop.ts"
import type { NewSession, SessionRows } from "../port/session-port.ts"
import { readSession } from "../port/stored-rows.ts"
import type { Row } from "../sql/executor.ts"
import type { Models, PrismaStore } from "./client.ts"
import { orMissingUser } from "./client.ts"
import type { Fields } from "./fields.ts"

type Session = NewSession<UserId, Row>

/** The application's models, checked, and what reaches them. */
export interface PrismaDb {
  store: PrismaStore
  fields: Fields
  /** The session model's relation to its user. */
  relation: string
}

// More ids in one statement than this, and a database may refuse it.
const maxBatch = 1000

/** Keeps sessions in the application's own model. */
export const prismaSessions: SessionRows<PrismaDb, UserId, Row, Row, Row> = {
  encodeUser: ({ fields }, id) => fields.userId(id),
  encodeAttributes: ({ fields }, attributes) => fields.sessionAttributes(attributes),
  insert,
  find,
  list,
  extend: async ({ store, fields: { expiresAt } }, id, to, limit) => {
    const where = { id, expiresAt: { lte: expiresAt.encode(limit) } }
    const data = { expiresAt: expiresAt.encode(to) }
    return (await store.once(({ session }) => session.updateMany({ where, data }))).count > 0
  },
  update: async ({ store, fields }, id, data, ifNull) => {
    const where = changeable(fields, id, ifNull)
    return (await store.write(({ session }) => session.updateMany({ where, data }))).count > 0
  },
  has: async ({ store, fields }, id, ifNull) => {
    const query = { where: changeable(fields, id, ifNull), select: { id: true as const } }
    return (await store.once(({ session }) => session.findFirst(query))) !== null
  },
  replace,
  delete: async ({ store }, id, userId) => {
    const where = userId === null ? { id } : { id, userId }
    return (await store.once(({ session }) => session.deleteMany({ where }))).count > 0
  },
  deleteOfUser: async ({ store }, userId, exceptId) => {
    await store.once(({ session }) => session.deleteMany({ where: othersOf(userId, exceptId) }))
  },
  deleteExpired,
}

/** Finds all sessions of a user but for one. */
export function othersOf(userId: UserId, exceptId: string | null): Row {
  return exceptId === null ? { userId } : { userId, id: { not: exceptId } }
}

async function insert({ store, fields }: PrismaDb, session: Session): Promise<void> {
  const data = rowOf(fields, session)
  try {
    await store.write((models) => models.session.create({ data }))
  } catch (error) {
    throw await orMissingUser(store, session.user, error)
  }
}

function rowOf(fields: Fields, { id, user, createdAt, expiresAt, attributes }: Session): Row {
  const times = { createdAt: fields.createdAt.encode(createdAt), expiresAt: fields.expiresAt.encode(expiresAt) }
  return { ...attributes, id, userId: user, ...times }
}

function toSession(
  fields: Fields,
  { id, userId, createdAt, expiresAt, ...attributes }: Row,
): SessionRecord<Row> | null {
  return readSession({ id, userId }, fields.createdAt.decode(createdAt), fields.expiresAt.decode(expiresAt), attributes)
}

async function find({ store, fields, relation }: PrismaDb, id: string): Promise<FoundSession<Row, Row> | null> {
  const query = { where: { id }, include: { [relation]: true as const } }
  const found = await store.once(({ session }) => session.findFirst(query))
  if (!found) return null
  const { [relation]: user, ...row } = found
  const session = toSession(fields, row)
  // MySQL's collations take different ids for equal.
  return session?.id === id ? { session, user: (user as Row | null) ?? null } : null
}

async function list({ store, fields }: PrismaDb, userId: UserId): Promise<SessionRecord<Row>[]> {
  const rows = await store.once(({ session }) =>
    session.findMany({ where: { userId }, orderBy: [{ createdAt: "desc" }, { id: "asc" }] }),
  )
  return rows.flatMap((row) => toSession(fields, row) ?? [])
}

function changeable(fields: Fields, id: string, ifNull: string | null): Row {
  return ifNull === null ? { id } : { id, ...fields.sessionAttributes({ [ifNull]: null }) }
}

async function replace({ store, fields }: PrismaDb, oldId: string, session: Session): Promise<boolean> {
  const given = rowOf(fields, session)
  return store.atomic(async (models) => {
    const data = fields.isWholeSession(given) ? given : await freshRow(models, given)
    return (await models.session.updateMany({ where: { id: oldId }, data })).count > 0
  })
}

/**
 * Learns what a new row has in the fields that are not given. The old row is then changed in one update: a new row in
 * its place would escape a sign-out everywhere that has started.
 */
async function freshRow({ session }: Models, data: Row): Promise<Row> {
  const row = await session.create({ data })
  await session.deleteMany({ where: { id: data.id } })
  const isJson = (name: string) => session.fields[name]?.typeName === "Json"
  // What is null in a Json field cannot be written back as it is read.
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => value !== null || !isJson(name)))
}

async function deleteExpired({ store, fields }: PrismaDb, before: number, limit: number): Promise<number> {
  const where = { expiresAt: { lte: fields.expiresAt.encode(before) } }
  let deleted = 0
  while (deleted < limit) {
    const count = await deleteSome(store, where, Math.min(limit - deleted, maxBatch))
    if (count === 0) break
    deleted += count
    await yieldToEventLoop()
  }
  return deleted
}

/** The condition stands in both statements: a session may be extended between them. */
async function deleteSome(store: PrismaStore, where: Row, take: number): Promise<number> {
  const rows = await store.once(({ session }) => session.findMany({ where, select: { id: true }, take }))
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return 0
  return (await store.once(({ session }) => session.deleteMany({ where: { ...where, id: { in: ids } } }))).count
}
