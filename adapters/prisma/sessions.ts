import { AuthError } from "../../src/core/errors.ts"
import type { FoundSession, SessionAdapter, SessionRecord, UserId } from "../../src/core/ports.ts"
import type { Row } from "../sql/executor.ts"
import { newSessionIdOf, sessionIdOf, timeOf } from "../port/parameters.ts"
import { yieldToEventLoop } from "../retry/queue.ts"
import { missingUser } from "../port/user-ids.ts"
import type { Models, PrismaStore } from "./client.ts"
import { isIdentifier, orMissingUser } from "./client.ts"
import type { Fields } from "./fields.ts"

type Session = SessionRecord<Row>

// More ids in one statement than this, and a database may refuse it.
const maxBatch = 1000

/** Keeps sessions in the application's own model, whose relation `relation` leads to the user. */
export function prismaSessions(store: PrismaStore, fields: Fields, relation: string): SessionAdapter<Row, Row> {
  async function insertSession(session: Session): Promise<void> {
    const data = dataOf(session)
    try {
      await store.write((models) => models.session.create({ data }))
    } catch (error) {
      throw await orMissingUser(store, fields.userId(session.userId), error)
    }
  }

  function dataOf(session: Session): Row {
    const [id, userId] = [newSessionIdOf(session.id), fields.userId(session.userId)]
    const core = {
      id,
      userId,
      createdAt: fields.createdAt.encode(timeOf(session.createdAt)),
      expiresAt: fields.expiresAt.encode(timeOf(session.expiresAt)),
    }
    const attributes = fields.sessionAttributes(session.attributes)
    if (userId === null) throw missingUser()
    return { ...attributes, ...core }
  }

  function toSession({ id, userId, createdAt, expiresAt, ...attributes }: Row): Session | null {
    const [created, expires] = [fields.createdAt.decode(createdAt), fields.expiresAt.decode(expiresAt)]
    if (typeof id !== "string" || !isIdentifier(userId) || !created || !expires) return null
    return { id, userId, createdAt: created, expiresAt: expires, attributes }
  }

  async function findSession(id: string): Promise<FoundSession<Row, Row> | null> {
    const known = sessionIdOf(id)
    if (known === null) return null
    const query = { where: { id: known }, include: { [relation]: true as const } }
    const found = await store.once(({ session }) => session.findFirst(query))
    if (!found) return null
    const { [relation]: user, ...row } = found
    const session = toSession(row)
    // MySQL's collations take different ids for equal.
    if (session?.id !== known) return null
    return { session, user: (user as Row | null) ?? null }
  }

  async function listSessions(userId: UserId): Promise<Session[]> {
    const user = fields.userId(userId)
    if (user === null) return []
    const rows = await store.once(({ session }) =>
      session.findMany({ where: { userId: user }, orderBy: [{ createdAt: "desc" }, { id: "asc" }] }),
    )
    return rows.flatMap((row) => toSession(row) ?? [])
  }

  async function extendSession(id: string, expiresAt: Date, ifBefore: Date): Promise<boolean> {
    const known = sessionIdOf(id)
    const data = { expiresAt: fields.expiresAt.encode(timeOf(expiresAt)) }
    const lte = fields.expiresAt.encode(timeOf(ifBefore))
    if (known === null) return false
    const query = { where: { id: known, expiresAt: { lte } }, data }
    return (await store.once(({ session }) => session.updateMany(query))).count > 0
  }

  async function updateSession(id: string, attributes: object): Promise<boolean> {
    const known = sessionIdOf(id)
    const data = fields.sessionAttributes(attributes)
    if (known === null) return false
    if (Object.keys(data).length === 0) return hasSession(known)
    return (await store.write(({ session }) => session.updateMany({ where: { id: known }, data }))).count > 0
  }

  async function hasSession(id: string): Promise<boolean> {
    return (await store.once(({ session }) => session.findFirst({ where: { id }, select: { id: true } }))) !== null
  }

  async function replaceSession(oldId: string, next: Session): Promise<boolean> {
    const known = sessionIdOf(oldId)
    const data = dataOf(next)
    if (known === null) return false
    return store.atomic(async (models) => {
      const whole = fields.isWholeSession(data) ? data : await freshRow(models, data)
      return (await models.session.updateMany({ where: { id: known }, data: whole })).count > 0
    })
  }

  /**
   * Learns what a new row has in the fields that are not given. The old row is then changed in one update: a new row in
   * its place would escape a sign-out everywhere that has begun.
   */
  async function freshRow({ session }: Models, data: Row): Promise<Row> {
    const row = await session.create({ data })
    await session.deleteMany({ where: { id: data.id } })
    // What is null in a Json field cannot be written back as it is read.
    return Object.fromEntries(
      Object.entries(row).filter(([name, value]) => value !== null || !isJson(session.fields[name])),
    )
  }

  async function deleteSession(id: string, userId?: UserId): Promise<boolean> {
    const known = sessionIdOf(id)
    const user = userId === undefined ? undefined : fields.userId(userId)
    if (known === null || user === null) return false
    const where = user === undefined ? { id: known } : { id: known, userId: user }
    return (await store.once(({ session }) => session.deleteMany({ where }))).count > 0
  }

  async function deleteUserSessions(userId: UserId, exceptId?: string): Promise<void> {
    const user = fields.userId(userId)
    const except = exceptId === undefined ? null : sessionIdOf(exceptId)
    if (user === null) return
    const where = except === null ? { userId: user } : { userId: user, id: { not: except } }
    await store.once(({ session }) => session.deleteMany({ where }))
  }

  async function deleteExpiredSessions(before: Date, limit: number): Promise<number> {
    const where = { expiresAt: { lte: fields.expiresAt.encode(timeOf(before)) } }
    if (!Number.isSafeInteger(limit) || limit < 0)
      throw new AuthError("invalid_option", "limit: not a whole number from 0; use one such as 1000")
    let deleted = 0
    while (deleted < limit) {
      const count = await deleteSome(where, Math.min(limit - deleted, maxBatch))
      if (count === 0) break
      deleted += count
      await yieldToEventLoop()
    }
    return deleted
  }

  /** The condition stands in both statements: a session may be extended between them. */
  async function deleteSome(where: Row, take: number): Promise<number> {
    const rows = await store.once(({ session }) => session.findMany({ where, select: { id: true }, take }))
    const ids = rows.map(({ id }) => id)
    if (ids.length === 0) return 0
    return (await store.once(({ session }) => session.deleteMany({ where: { ...where, id: { in: ids } } }))).count
  }

  return {
    insertSession,
    findSession,
    listSessions,
    extendSession,
    updateSession,
    replaceSession,
    deleteSession,
    deleteUserSessions,
    deleteExpiredSessions,
  }
}

function isJson(field: { typeName: string } | undefined): boolean {
  return field?.typeName === "Json"
}
