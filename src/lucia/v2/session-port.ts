import { AuthError } from "../../core/errors.ts"
import type { SessionAdapter as SessionPort, SessionRecord, UserId } from "../../core/ports.ts"
import { createTurns } from "../../platform/turns.ts"
import { changeRow, removeRow, removeRows, replaceRow } from "../v3/session-rows.ts"
import type { SessionRows } from "../v3/session-rows.ts"
import { belongsTo, isUserId } from "../v3/stored-session.ts"
import type { SessionAdapter, SessionColumns, SessionSchema } from "./lucia-adapter.ts"

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
 * reads a row and puts it back revives none that was ended in the meantime; other processes are out of reach.
 */
export function overSessionAdapter({ adapter, join, idlePeriod }: OverSessionAdapter): SessionPort<object> {
  const { inTurn, allSettled } = createTurns()
  const rows = rowsOf(adapter)

  return {
    insertSession: rows.insert,
    async findSession(id) {
      const { row, user } = await join(id)
      return row?.id === id ? { session: toRecord(row), user } : null
    },
    async listSessions(userId) {
      const listed = await rows.list(userId)
      return listed.map(toRecord)
    },
    extendSession: (id, expiresAt, ifBefore) =>
      inTurn(id, async () => {
        const row = await rows.find(id)
        if (!row || !(toRecord(row).expiresAt <= ifBefore)) return false
        const idle = expiresAt.getTime()
        return update(id, { active_expires: idle - idlePeriod, idle_expires: idle })
      }),
    updateSession: (id, attributes, { ifNull } = {}) =>
      inTurn(id, async () => {
        const row = await rows.find(id)
        // As good as Lucia's contract: racing callers of other processes both write.
        if (!row || (ifNull !== undefined && (row[ifNull as keyof typeof row] ?? null) !== null)) return false
        return Object.keys(attributes).length === 0 || update(id, attributes)
      }),
    replaceSession: (oldId, session) =>
      inTurn(oldId, async () => {
        if (!(await rows.find(oldId))) return false
        return replaceRow(rows, oldId, session)
      }),
    deleteSession: (id, userId) =>
      inTurn(id, async () => {
        const row = await rows.find(id)
        if (!row || (userId !== undefined && !isOwn(row, userId))) return false
        await removeRow(rows, id)
        return true
      }),
    async deleteUserSessions(userId, exceptId) {
      if (exceptId === undefined) await adapter.deleteSessionsByUserId(toLuciaId(userId))
      // What has read a row by now may put it back.
      await allSettled()
      await removeRows({ ...rows, delete: (id) => inTurn(id, () => rows.delete(id)) }, userId, exceptId)
    },
    async deleteExpiredSessions() {
      throw new AuthError(
        "unsupported",
        "deleteExpiredSessions(): an adapter of Lucia v2 lists sessions of one user only; delete the rows with a statement of your own",
      )
    },
  }

  // Prisma's adapter rejects where there is no row any more.
  function update(id: string, changed: Partial<SessionSchema>): Promise<boolean> {
    return changeRow(rows, id, () => adapter.updateSession(id, changed))
  }
}

function rowsOf(adapter: SessionAdapter): SessionRows<SessionColumns> {
  return {
    async find(id) {
      const row: SessionColumns | null = await adapter.getSession(id)
      return row?.id === id ? row : null
    },
    async list(userId) {
      const rows = await adapter.getSessionsByUserId(toLuciaId(userId))
      return rows.filter((row) => isOwn(row, userId))
    },
    insert: (session) => adapter.setSession(toRow(session)),
    restore: (row) => adapter.setSession(row as SessionSchema),
    delete: (id) => adapter.deleteSession(id),
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
