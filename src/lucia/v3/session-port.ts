import { AuthError } from "../../core/errors.ts"
import type { SessionAdapter, SessionRecord, UserId } from "../../core/ports.ts"
import type { Turns } from "../../platform/turns.ts"
import { isUniqueViolation } from "./id-column.ts"
import { belongsTo, requireUserId } from "./user-ids.ts"

/** The sessions of a Lucia adapter, which has neither conditional writes nor transactions. */
export interface SessionRows {
  /** Finds the row with exactly this id. Some databases treat an id in another case, or of another type, as equal. */
  find(id: string): Promise<SessionRecord | null>
  /** Lists a user's rows, and those of users whose id the database treats as equal. */
  list(userId: UserId): Promise<SessionRecord[]>
  /** Inserts a row. `old` is the row that it replaces, which was checked before. */
  insert(session: SessionRecord, old?: SessionRecord): Promise<void>
  extend(id: string, expiresAt: Date): Promise<void>
  /** Deletes a row. It may hide errors, as Prisma's adapters do. */
  delete(id: string): Promise<void>
  deleteAll(userId: UserId): Promise<void>
}

type Unshared = "findSession" | "updateSession" | "deleteExpiredSessions" | "checkSession"

const noTurns: Turns = { inTurn: (_name, work) => work(), allSettled: async () => {} }

/**
 * Creates the common part of the session ports over Lucia v2 and v3 adapters. With `Turns`, writes of one session take
 * turns.
 */
export function sessionPort(
  rows: SessionRows,
  { inTurn, allSettled }: Turns = noTurns,
): Omit<SessionAdapter<object>, Unshared> {
  return {
    insertSession: (session) => rows.insert(session),
    listSessions,
    extendSession: (id, expiresAt, ifBefore) =>
      inTurn(id, async () => {
        const session = await rows.find(id)
        if (!session || !(session.expiresAt <= ifBefore)) return false
        return changeRow(rows, id, () => rows.extend(id, expiresAt))
      }),
    replaceSession: (oldId, session) =>
      inTurn(oldId, async () => {
        const old = await rows.find(oldId)
        return old !== null && replaceRow(rows, old, session)
      }),
    deleteSession: (id, userId) =>
      inTurn(id, async () => {
        const session = await rows.find(id)
        if (!session || (userId !== undefined && !belongsTo(session, requireUserId(userId)))) return false
        await removeRow(rows, id)
        return true
      }),
    async deleteUserSessions(userId, exceptId) {
      const listed = await rows.list(userId)
      // If one session stays, or the database matches other users, each session must be ended by its id.
      const isWhole = listed.every((session) => belongsTo(session, userId) && session.id !== exceptId)
      if (isWhole) await rows.deleteAll(userId)
      // A concurrent call that has read a row may still write it back.
      await allSettled()
      await endEach(userId, exceptId)
    },
  }

  async function listSessions(userId: UserId): Promise<SessionRecord[]> {
    const listed = await rows.list(userId)
    return listed.filter((session) => belongsTo(session, userId))
  }

  // Repeats until none is left: a session may have been replaced or extended in the meantime.
  async function endEach(userId: UserId, exceptId: string | undefined): Promise<void> {
    const ended = new Set<string>()
    for (;;) {
      const ids = (await listSessions(userId)).map(({ id }) => id).filter((id) => id !== exceptId)
      if (ids.length === 0) return
      if (ids.every((id) => ended.has(id))) throw notDeleted()
      for (const id of ids) await inTurn(id, () => rows.delete(id))
      for (const id of ids) ended.add(id)
    }
  }
}

/** Changes a row with a call that may reject if the row no longer exists. Resolves to whether it existed. */
export async function changeRow(
  { find }: Pick<SessionRows, "find">,
  id: string,
  change: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await change()
    return true
  } catch (error) {
    if (await find(id)) throw error
    return false
  }
}

// Resolves to `false` if the old row was deleted in the meantime.
async function replaceRow(rows: SessionRows, old: SessionRecord, session: SessionRecord): Promise<boolean> {
  // Some stores overwrite the row, and a second move of one session would then undo the first.
  if (await rows.find(session.id)) throw new AuthError("store_failed", "The new id of the session is taken.")
  try {
    await rows.insert(session, old)
  } catch (error) {
    // The new id may have been taken by a faster request or process.
    if (!isUniqueViolation(error) || (await rows.find(session.id))) throw error
    return insertInPlaceOf(rows, old.id, session)
  }
  // The new row must not outlive a sign-out during this call.
  const isCurrent = (await rows.find(old.id)) !== null
  await (isCurrent ? removeOld(rows, old.id, session.id) : removeRow(rows, session.id))
  return isCurrent
}

// If rows of other tables reference the old session it stays, and then the new one must not.
async function removeOld(rows: SessionRows, oldId: string, newId: string): Promise<void> {
  try {
    await removeRow(rows, oldId)
  } catch (error) {
    await removeRow(rows, newId)
    throw error
  }
}

// A table with a unique user id has room for the new row only without the old one. A crash in between signs the visitor
// out.
async function insertInPlaceOf(rows: SessionRows, oldId: string, session: SessionRecord): Promise<boolean> {
  const old = await rows.find(oldId)
  if (!old) return false
  await removeRow(rows, oldId)
  try {
    await rows.insert(session, old)
    return true
  } catch (error) {
    if (!(await rows.find(session.id))) await rows.insert(old, old)
    throw error
  }
}

// A session that is still alive must not look ended.
async function removeRow(rows: SessionRows, id: string): Promise<void> {
  await rows.delete(id)
  if (await rows.find(id)) throw notDeleted()
}

function notDeleted(): AuthError {
  return new AuthError("store_failed", "The session is still there after its deletion: the adapter may hide an error.")
}
