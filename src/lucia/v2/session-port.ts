import type { SessionAdapter, SessionRecord, UserId } from "../../core/ports.ts"
import { createTurns } from "../../platform/turns.ts"
import { changeRow, sessionPort } from "../v3/session-port.ts"
import type { SessionRows } from "../v3/session-port.ts"
import { isUserId } from "../v3/user-ids.ts"
import type { Adapter, SessionColumns, SessionSchema } from "./lucia-adapter.ts"

/** The session port, without the methods that a Lucia v2 auth does not need. */
export type SessionStore = Omit<SessionAdapter<object>, "deleteExpiredSessions" | "checkSession">

/**
 * Creates the session port from an adapter of Lucia v2. It also lists Lucia's own sessions, whose ids may be tokens.
 * `active_expires` is an attribute here, which each new session gets: its idle period is `idlePeriod` milliseconds.
 *
 * That adapter has no conditional write. Within this process, each session's writes take turns. An adapter that reads a
 * row and writes it back therefore revives no session that was ended in the meantime. Writes of other processes are not
 * protected.
 */
export function overSessionAdapter(
  adapter: Adapter,
  { hasUsers, idlePeriod }: { hasUsers: boolean; idlePeriod: number },
): SessionStore {
  const turns = createTurns()
  const rows: SessionRows = {
    async find(id) {
      const row: SessionColumns | null = await adapter.getSession(id)
      return row?.id === id ? toRecord(row) : null
    },
    async list(userId) {
      const listed = await adapter.getSessionsByUserId(toLuciaId(userId))
      return listed.map(toRecord)
    },
    insert: (session) => adapter.setSession(toRow(session, idlePeriod)),
    async extend(id, expiresAt) {
      const idle = expiresAt.getTime()
      await adapter.updateSession(id, { active_expires: idle - idlePeriod, idle_expires: idle })
    },
    delete: (id) => adapter.deleteSession(id),
    deleteAll: (userId) => adapter.deleteSessionsByUserId(toLuciaId(userId)),
  }

  return {
    ...sessionPort(rows, turns),
    async findSession(id) {
      const isJoined = hasUsers && adapter.getSessionAndUser != null
      const [row, user] = isJoined ? await adapter.getSessionAndUser(id) : [await adapter.getSession(id)]
      return row?.id === id ? { session: toRecord(row), user } : null
    },
    updateSession: (id, attributes) =>
      turns.inTurn(id, async () => {
        const isThere = (await rows.find(id)) !== null
        if (!isThere || Object.keys(attributes).length === 0) return isThere
        // Prisma's adapter rejects if the row no longer exists.
        return changeRow(rows, id, () => adapter.updateSession(id, attributes))
      }),
  }
}

/** Reads a stored time. An invalid one makes its session expired. */
export function toTime(value: unknown): number {
  return ["number", "bigint", "string"].includes(typeof value) ? Number(value) : NaN
}

function toRow({ id, userId, expiresAt, attributes }: SessionRecord, idlePeriod: number): SessionSchema {
  const idle = expiresAt.getTime()
  const row = { active_expires: idle - idlePeriod, ...attributes, id, user_id: toLuciaId(userId), idle_expires: idle }
  // The application has declared these columns.
  return row as SessionSchema
}

function toRecord({ id, user_id: userId, idle_expires, ...attributes }: SessionColumns): SessionRecord {
  const expiresAt = new Date(toTime(idle_expires))
  // Lucia v2 does not store when a session was created, and nothing here needs it.
  return { id, userId, createdAt: new Date(0), expiresAt, attributes }
}

/**
 * Converts a user id for an adapter of Lucia v2. A number becomes text, because MySQL treats 0 as equal to any text. An
 * ObjectId stays as it is, despite the adapter's types.
 */
export function toLuciaId(userId: UserId): string {
  return typeof userId === "object" && isUserId(userId) ? userId : String(userId)
}
