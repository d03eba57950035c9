import { AuthError } from "../../core/errors.ts"
import type { SessionAdapter as SessionPort, SessionRecord, UserId } from "../../core/ports.ts"
import { isUniqueViolation } from "../v3/id-column.ts"
import { belongsTo, isUserId, notDeleted } from "../v3/stored-session.ts"
import type { SessionAdapter, SessionColumns, SessionSchema } from "./lucia-adapter.ts"
import { createTurns } from "./turns.ts"

type Join = (sessionId: string) => Promise<{ row: SessionColumns | null; user: object | null }>

/** What {@link overSessionAdapter} is made of. */
export interface OverSessionAdapter {
  adapter: SessionAdapter
  /** Finds a row, and its user. */
  join: Join
  /** How long a session lives after its active period, in milliseconds. */
  idlePeriod: number
}

/**
 * Makes the session port out of an adapter of Lucia v2, for sessions of Lucia's own too: what it lists may be tokens.
 * `active_expires` is an attribute here.
 *
 * That contract has no conditional write. Within this process each session's writes take turns, so that an adapter which
 * reads a row and puts it back revives none that was ended meanwhile; other processes are out of reach.
 */
export function overSessionAdapter({ adapter, join, idlePeriod }: OverSessionAdapter): SessionPort<object> {
  const { inTurn, allSettled } = createTurns()

  return {
    insertSession: (session) => adapter.setSession(toRow(session)),
    async findSession(id) {
      const { row, user } = await join(id)
      return row?.id === id ? { session: toRecord(row), user } : null
    },
    async listSessions(userId) {
      const rows = await rowsOf(userId)
      return rows.map(toRecord)
    },
    extendSession: (id, expiresAt, ifBefore) =>
      inTurn(id, async () => {
        const row = await find(id)
        if (!row || !(toRecord(row).expiresAt <= ifBefore)) return false
        const idle = expiresAt.getTime()
        return update(id, { active_expires: idle - idlePeriod, idle_expires: idle })
      }),
    updateSession: (id, attributes) =>
      inTurn(id, async () => {
        if (!(await find(id))) return false
        return Object.keys(attributes).length === 0 || update(id, attributes)
      }),
    replaceSession: (oldId, session) =>
      inTurn(oldId, async () => {
        if (!(await find(oldId))) return false
        // Some stores overwrite the row, and a second move of one session would then take back the first.
        if (await find(session.id)) throw new AuthError("store_failed", "The new id of the session is taken.")
        try {
          await adapter.setSession(toRow(session))
        } catch (error) {
          // The new id may be what is taken, by another process that was faster.
          if (!isUniqueViolation(error) || (await find(session.id))) throw error
          return insertInPlaceOf(oldId, session)
        }
        // The new row must not outlive a sign-out that ran beside it.
        const isCurrent = (await find(oldId)) !== null
        await (isCurrent ? removeOld(oldId, session.id) : remove(session.id))
        return isCurrent
      }),
    deleteSession: (id, userId) =>
      inTurn(id, async () => {
        const row = await find(id)
        if (!row || (userId !== undefined && !isOwn(row, userId))) return false
        await remove(id)
        return true
      }),
    async deleteUserSessions(userId, exceptId) {
      if (exceptId === undefined) await adapter.deleteSessionsByUserId(toLuciaId(userId))
      // What has read a row by now may put it back.
      await allSettled()
      await removeOthers(userId, exceptId)
    },
    async deleteExpiredSessions() {
      throw new AuthError("unsupported", "An adapter of Lucia v2 lists sessions of one user only.")
    },
  }

  async function find(id: string): Promise<SessionColumns | null> {
    const row: SessionColumns | null = await adapter.getSession(id)
    // Some databases take an id in another case for the same.
    return row?.id === id ? row : null
  }

  async function rowsOf(userId: UserId): Promise<SessionColumns[]> {
    const rows = await adapter.getSessionsByUserId(toLuciaId(userId))
    return rows.filter((row) => isOwn(row, userId))
  }

  // Prisma's adapter rejects where there is no row any more.
  async function update(id: string, changed: Partial<SessionSchema>): Promise<boolean> {
    try {
      await adapter.updateSession(id, changed)
      return true
    } catch (error) {
      if (await find(id)) throw error
      return false
    }
  }

  // Some adapters hide every error of a deletion, and a session that lives on must not look ended.
  async function remove(id: string): Promise<void> {
    await adapter.deleteSession(id)
    if (await find(id)) throw notDeleted()
  }

  // Where rows of other tables refer to the old session it stays, and a second one must not.
  async function removeOld(oldId: string, newId: string): Promise<void> {
    try {
      await remove(oldId)
    } catch (error) {
      await remove(newId)
      throw error
    }
  }

  // In a table with a unique user id there is room for the new row only without the old one. A crash in between signs
  // the visitor out.
  async function insertInPlaceOf(oldId: string, session: SessionRecord): Promise<boolean> {
    const old = await find(oldId)
    if (!old) return false
    await remove(oldId)
    try {
      await adapter.setSession(toRow(session))
      return true
    } catch (error) {
      if (!(await find(session.id))) await adapter.setSession(old as SessionSchema)
      throw error
    }
  }

  // Looks until none is left: a session may have been replaced or extended meanwhile.
  async function removeOthers(userId: UserId, exceptId: string | undefined): Promise<void> {
    const ended = new Set<string>()
    for (let ids = await othersOf(userId, exceptId); ids.length > 0; ids = await othersOf(userId, exceptId)) {
      if (ids.every((id) => ended.has(id))) throw notDeleted()
      for (const id of ids) await inTurn(id, () => adapter.deleteSession(id))
      for (const id of ids) ended.add(id)
    }
  }

  async function othersOf(userId: UserId, exceptId: string | undefined): Promise<string[]> {
    const rows = await rowsOf(userId)
    return rows.map(({ id }) => id).filter((id) => id !== exceptId)
  }
}

/** Reads a time that a database kept. What is none is never live. */
export function toTime(value: unknown): number {
  return ["number", "bigint", "string"].includes(typeof value) ? Number(value) : NaN
}

function toRow({ id, userId, expiresAt, attributes }: SessionRecord): SessionSchema {
  // With the end of the active period, and the columns that the application has declared.
  return { ...attributes, id, user_id: toLuciaId(userId), idle_expires: expiresAt.getTime() } as SessionSchema
}

function toRecord({ id, user_id: userId, idle_expires, ...attributes }: SessionColumns): SessionRecord {
  const expiresAt = new Date(toTime(idle_expires))
  // Lucia v2 does not keep when a session was created, and nothing here asks.
  return { id, userId, createdAt: new Date(0), expiresAt, attributes }
}

function isOwn(row: { user_id: UserId }, userId: UserId): boolean {
  return belongsTo({ userId: row.user_id }, userId)
}

/**
 * Makes of a user's id what an adapter of Lucia v2 is given. A number becomes text, because MySQL takes 0 for any text;
 * an ObjectId stays, whatever the adapter's types say.
 */
export function toLuciaId(userId: UserId): string {
  return typeof userId === "object" && isUserId(userId) ? userId : String(userId)
}
